/** Errors in the log and, where no use case has recorded them, in the audit trail. */
import type { Request, Response } from 'express';
import { actorOf, recordable } from '../core/audit-event.ts';
import { type BridgeError, ERRORS } from '../core/errors.ts';
import type { AuditSink, Clock } from '../core/ports.ts';
import type { Logger } from '../log.ts';
import { knownSessionIn } from './current-session.ts';
import { actorBehind, contextOf, isRecorded } from './request-context.ts';

const MAX_RECORDED_PATH = 256;

export interface Recording {
  readonly audit: AuditSink;
  readonly clock: Clock;
}

export function logError(log: Logger, { code, message: why, cause }: BridgeError): void {
  const level = ERRORS[code].record.log;
  log[level]({ code, why, cause: describeCause(cause) }, 'refused');
}

/** Name, message and stack of a cause. Its other fields may contain requests, bodies and tokens. */
function describeCause(cause: unknown): object | undefined {
  if (cause === undefined) return undefined;
  if (!(cause instanceof Error)) return { kind: typeof cause };
  return { name: cause.name, message: cause.message, stack: cause.stack };
}

/**
 * Records an error that no use case has recorded. Nothing is handed out here, so an audit trail
 * that cannot be written (it says so in the log) does not change the response.
 */
export async function recordAtEdge(
  { code, message: why }: BridgeError,
  { request, response }: { readonly request: Request; readonly response: Response },
  { audit, clock }: Recording,
): Promise<void> {
  const isRefusal = ERRORS[code].record.audit === 'edge' && isRecorded(response);
  // Programs that check links send HEAD, for which no handler ever runs.
  if (!isRefusal || request.method === 'HEAD') return;
  const session = knownSessionIn(response);
  const { method, path: asked } = request;
  await audit
    .record({
      type: 'request.refused',
      at: clock.now(),
      origin: contextOf(response).origin,
      actor: session === undefined ? actorBehind(response) : actorOf(session.identity),
      method,
      path: recordable(asked, MAX_RECORDED_PATH),
      code,
      why,
    })
    .catch(() => {});
}
