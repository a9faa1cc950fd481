/**
 * What every request carries from its first step to its last: where it came from, its correlation
 * id, its log.
 */
import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import type { Request, RequestHandler, Response } from 'express';
import { type Actor, type Origin, recordable } from '../core/audit-event.ts';
import { type LocalPath, localPath } from '../core/local-path.ts';
import type { Logger } from '../log.ts';

export interface RequestContext {
  readonly origin: Origin;
  readonly log: Logger;
}

const MAX_USER_AGENT = 256;

/**
 * Gives the request its correlation id (a new one: a caller's own id is not believed) and answers
 * with it in `x-correlation-id`.
 */
export function requestContext(log: Logger, seePeer: (request: Request) => void): RequestHandler {
  return (request, response, next) => {
    seePeer(request);
    const correlationId = randomUUID();
    const started = process.hrtime.bigint();
    const userAgent = request.get('user-agent');
    const origin: Origin = {
      correlationId,
      address: addressOf(request),
      userAgent: userAgent === undefined ? undefined : recordable(userAgent, MAX_USER_AGENT),
    };
    // Few requests write more than their one line, and a logger costs as much as a line.
    const context: RequestContext = {
      origin,
      get log() {
        return log.child({ correlationId });
      },
    };
    response.locals.context = context;
    response.setHeader('x-correlation-id', correlationId);
    // The path alone: a query may hold codes and states.
    response.on('finish', () =>
      log.info(
        {
          correlationId,
          method: request.method,
          path: request.baseUrl + request.path,
          status: response.statusCode,
          milliseconds: Number((process.hrtime.bigint() - started) / 1_000_000n),
          address: origin.address,
        },
        'request',
      ),
    );
    next();
  };
}

/**
 * What a trusted proxy has passed on may be no address at all; the connection's own is, as long as
 * it lives.
 */
function addressOf({ ip, socket }: Request): string {
  return ip !== undefined && isIP(ip) !== 0 ? ip : (socket.remoteAddress ?? 'unknown');
}

export function contextOf(response: Response): RequestContext {
  return response.locals.context as RequestContext;
}

/** Keeps the refusal of this request out of the audit trail; the log has it. */
export function leaveUnrecorded(response: Response): void {
  response.locals.unrecorded = true;
}

export function isRecorded(response: Response): boolean {
  return response.locals.unrecorded !== true;
}

/** The user behind a token, for the event of a refusal. */
export function rememberActor(response: Response, actor: Actor): void {
  response.locals.actor = actor;
}

export function actorBehind(response: Response): Actor | undefined {
  return response.locals.actor as Actor | undefined;
}

/**
 * Where a user comes back to after a sign-in that a refusal asks for. Default: the requested
 * address.
 */
export function rememberReturnTo(response: Response, path: string): void {
  response.locals.returnTo = path;
}

export function returnToOf(request: Request, response: Response): LocalPath {
  const said: unknown = response.locals.returnTo;
  return localPath(said ?? (request.method === 'GET' ? request.originalUrl : '/'));
}
