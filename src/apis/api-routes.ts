/**
 * Routes from the rows of the bearer API: reads the token and the input, asks the row, answers in
 * JSON.
 */
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { ContainerAccess } from '../bridge/container-access.ts';
import type { Caller } from '../bridge/token-callers.ts';
import type { Tokens } from '../bridge/tokens.ts';
import { BridgeError } from '../core/errors.ts';
import type { AuditSink, Clock } from '../core/ports.ts';
import { bearerIn, containerTokenIn } from '../http/bearer.ts';
import { apiFace, containerFace } from '../http/error-responses.ts';
import { limitPerAddress } from '../http/guards.ts';
import { jsonBody, readJson, readPath, readQuery } from '../http/read.ts';
import { contextOf } from '../http/request-context.ts';
import type { InputPlace, Operation } from './api-operation.ts';
import { openApiDocument } from './openapi.ts';

const API_ROOT = '/api/v1';

export interface ApiRoutesParts {
  readonly operations: readonly Operation[];
  readonly baseUrl: string;
  readonly tokens: Tokens;
  readonly containerAccess: ContainerAccess;
  readonly audit: AuditSink;
  readonly clock: Clock;
}

const BODY_BYTES = 8 * 1024;
/** From one address: an office whose terminals all begin work at nine. */
const REQUESTS_PER_MINUTE = 3000;
/** Short, so that a new version is seen soon. */
const DOCUMENT_CACHE_CONTROL = 'public, max-age=300';

const READERS = { body: readJson, query: readQuery, path: readPath } as const satisfies Record<
  InputPlace,
  unknown
>;

export function apiRoutes({
  operations,
  baseUrl,
  tokens,
  containerAccess,
  audit,
  clock,
}: ApiRoutesParts): Router {
  const document = JSON.stringify(openApiDocument({ operations, baseUrl }));
  const login = Router();
  const container = Router();

  const callerOf = (
    operation: Operation,
    request: Request,
    response: Response,
  ): Promise<Caller> => {
    const { origin } = contextOf(response);
    return operation.token === 'container'
      ? containerAccess.callerOf(containerTokenIn(request), origin)
      : tokens.callerOf(bearerIn(request), origin);
  };

  const answer =
    (operation: Operation): RequestHandler =>
    async (request, response) => {
      const caller = await callerOf(operation, request, response);
      const input = operation.input && READERS[operation.input.in](request, operation.input.schema);
      const output = await operation.handle({ caller, input });
      if (operation.output === undefined) response.status(204).end();
      else response.json(output);
    };

  const limit = limitPerAddress({
    perMinute: REQUESTS_PER_MINUTE,
    shownLive: async request => {
      const token = containerTokenIn(request);
      return token === undefined ? undefined : tokens.sessionBehind(token);
    },
  });
  for (const operation of operations) {
    const router = operation.token === 'container' ? container : login;
    const reading =
      operation.input?.in === 'body' ? [jsonBody(operation.input.maxBytes ?? BODY_BYTES)] : [];
    router[operation.method](routeOf(operation.path), limit, ...reading, answer(operation));
  }
  login.get('/openapi.json', (_request, response) => {
    response.setHeader('Cache-Control', DOCUMENT_CACHE_CONTROL);
    response.type('application/json').send(document);
  });

  // A known address with another method, then an unknown one.
  const methods = Map.groupBy(operations, ({ path }) => path);
  for (const [path, known] of methods) {
    const router = known[0]!.token === 'container' ? container : login;
    router.all(routeOf(path), limit, (_request, response) => {
      response.setHeader('Allow', known.map(({ method }) => method.toUpperCase()).join(', '));
      throw new BridgeError('method_not_allowed', 'a known address was asked by another method');
    });
  }
  container.use(containerFace({ audit, clock }));
  login.use(limit, request => {
    throw new BridgeError('not_found', `no operation for ${request.method}`, {
      hint: `${API_ROOT}/openapi.json lists the operations.`,
    });
  });
  login.use(apiFace({ audit, clock }));
  return Router().use(API_ROOT, container, login);
}

/** `/sessions/{id}` as express writes it. */
function routeOf(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}
