/**
 * The query API: reads a request, finds its service and operation, writes the answer. Owns the wire
 * (parameters, XML, request ids, transport faults, the codes of requests that reach no operation)
 * and no rule of any operation.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from './events.ts';
import { type ArmedFaults, TRANSPORT_FAULTS, type TransportFault } from './faults.ts';
import {
  answerOf,
  errorAnswer,
  formatOf,
  invalidAction,
  malformed,
  type Reply,
  resultAnswer,
} from './query-answers.ts';
import { commonError, QueryError } from './query-error.ts';
import type { QueryCall, QueryService } from './query-service.ts';
import {
  type Answer,
  BodyTooLarge,
  headersOf,
  isForm,
  parseForm,
  readBody,
  send,
  sourceIpOf,
} from './web.ts';

const MAX_BODY = 10_000_000;

export interface QuerySurface {
  /** By the Version of a request; one that names none of them is answered as the first. */
  readonly services: readonly [QueryService, ...QueryService[]];
  readonly faults: ArmedFaults;
  readonly log: Log;
}

/** A request that names an operation, and how it is answered. */
interface Asked {
  readonly service: QueryService;
  readonly action: string;
  readonly reply: Reply;
}

/** Serves `/`. */
export function createQuerySurface(
  surface: QuerySurface,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const received = await receive(surface, request);
    if ('status' in received) return send(response, received);
    const { asked, call } = received;
    if ((await strike(surface, asked, response)) === 'done') return;
    send(response, await perform(surface, asked, call));
  };
}

interface Received {
  readonly asked: Asked;
  readonly call: QueryCall;
}

/** The call, or the answer to a request that reaches no operation. */
async function receive(
  { services, log }: QuerySurface,
  request: IncomingMessage,
): Promise<Received | Answer> {
  const [first] = services;
  const requestId = randomUUID();
  const replyOf = ({ namespace, speaksJson }: QueryService): Reply => ({
    requestId,
    namespace,
    format: speaksJson ? formatOf(request) : 'xml',
  });
  const body = await readText(request, replyOf(first));
  if (typeof body !== 'string') return body;
  const query = request.url?.split('?')[1] ?? '';
  const parameters = parseForm(request.method === 'GET' ? query : body);
  if (parameters === undefined) return malformed(replyOf(first), 'too many parameters');

  const action = parameters.get('Action');
  const isCall = request.method === 'GET' || (request.method === 'POST' && isForm(request));
  if (action === null || !isCall) return toProductPage(parameters, request.method);
  const version = parameters.get('Version');
  const service = services.find(one => one.version === version);
  const reply = replyOf(service ?? first);
  if (service === undefined || !service.has(action)) {
    const { surface } = service ?? first;
    const code = 'InvalidAction';
    log({ outcome: 'refused', surface, action: printable(action), requestId, code });
    return invalidAction(action, version, reply);
  }
  const signed = {
    method: request.method ?? '',
    url: request.url ?? '/',
    headers: headersOf(request),
    body,
  };
  return {
    asked: { service, action, reply },
    call: { parameters, request: signed, sourceIp: sourceIpOf(request) },
  };
}

async function readText(request: IncomingMessage, reply: Reply): Promise<string | Answer> {
  try {
    const body = await readBody(request, MAX_BODY);
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch (cause) {
    return cause instanceof BodyTooLarge
      ? { status: 413, headers: { connection: 'close' } }
      : malformed(reply, 'the body is not UTF-8');
  }
}

async function perform(
  { log }: QuerySurface,
  { service, action, reply }: Asked,
  call: QueryCall,
): Promise<Answer> {
  const line = { surface: service.surface, action, requestId: reply.requestId } as const;
  try {
    const { result, principal } = await service.perform(action, call);
    log({ outcome: 'answered', ...line, principal });
    return resultAnswer(action, result, reply);
  } catch (cause) {
    const error = cause instanceof QueryError ? cause : defect(cause);
    log({ outcome: 'refused', ...line, code: error.code, reason: error.reason });
    return errorAnswer(error, reply);
  }
}

function defect(cause: unknown): QueryError {
  const reason = `defect: ${(cause as Error)?.stack ?? cause}`;
  return commonError('InternalFailure', 'An internal error has occurred', reason);
}

/** What is no API call at all is sent to the product page. */
function toProductPage(parameters: URLSearchParams, method: string | undefined): Answer {
  const version = parameters.get('Version');
  const query =
    method === 'GET' && version !== null ? `?${new URLSearchParams({ Version: version })}` : '';
  return { status: 302, headers: { location: `https://aws.amazon.com/iam${query}` } };
}

function printable(name: string): string {
  return /^[A-Za-z]{1,64}$/.test(name) ? name : '(not a name)';
}

type Fault = (
  faults: ArmedFaults,
  response: ServerResponse,
  reply: Reply,
) => Promise<'done' | 'go on'>;

const FAULTS: Readonly<Record<TransportFault, Fault>> = {
  throttling: async (_faults, response, reply) =>
    answered(response, errorAnswer(commonError('Throttling', 'Rate exceeded'), reply)),
  serverError: async (_faults, response, reply) =>
    answered(
      response,
      errorAnswer(commonError('InternalFailure', 'An internal error has occurred'), reply),
    ),
  hold: async faults => {
    await faults.untilReleased();
    return 'go on';
  },
  hang: async () => 'done',
  oversized: async (_faults, response, reply) =>
    answered(
      response,
      answerOf(200, reply, {
        root: 'Oversized',
        tree: { Filler: 'a'.repeat(8 * 1024 * 1024) },
      }),
    ),
  notXml: async (_faults, response) =>
    answered(response, {
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<html><body>This is not AWS</body></html>',
    }),
};

function answered(response: ServerResponse, answer: Answer): 'done' {
  send(response, answer);
  return 'done';
}

async function strike(
  { faults, log }: QuerySurface,
  { service, action, reply }: Asked,
  response: ServerResponse,
): Promise<'done' | 'go on'> {
  const { surface } = service;
  for (const fault of TRANSPORT_FAULTS) {
    if (!faults.strikes(surface, fault)) continue;
    log({ outcome: 'fault', surface, action, requestId: reply.requestId, code: fault });
    if ((await FAULTS[fault](faults, response, reply)) === 'done') return 'done';
  }
  return 'go on';
}
