/**
 * The audit trail: every event goes to every sink and, as one structured line, to the log.
 *
 * Owns: that nothing counts as done unless every sink has kept it, what is left out in a flood and
 * that it is told, and how an event looks in the log.
 * Does not own: what is recorded (core/audit-event), nor where it is kept (the sinks).
 */
import { randomUUID } from 'node:crypto';
import { type AuditEvent, KEPT, type Origin } from '../core/audit-event.ts';
import { BridgeError } from '../core/errors.ts';
import type { AuditSink } from '../core/ports.ts';
import { type Instant, MINUTE } from '../core/time.ts';
import type { Logger } from '../log.ts';
import { createLeftOut, type LeftOutEvent } from './left-out.ts';
import { createTrailBudget } from './trail-budget.ts';

export interface AuditTrailParts {
  readonly sinks: readonly AuditSink[];
  readonly log: Logger;
}

export interface AuditTrail extends AuditSink {
  /** Tells what was left out, and waits until it is kept. Comes before the sinks are closed. */
  close(): Promise<void>;
}

/** The longest time until the trail tells what it has left out. */
const TELL_AFTER_MILLISECONDS: number = MINUTE * 1000;

/**
 * An AuditSink over several. `record` throws `unavailable` when one of them did not keep the event:
 * what the event records must not happen then. The line in the log is written either way; `kept`
 * says how it went. What exceeds its budget (trail-budget) is in the log alone; an event
 * `events.left-out` says how much that was, within a minute or at `close`.
 */
export function createAuditTrail({ sinks, log }: AuditTrailParts): AuditTrail {
  // The trail is complete whatever else the operator wants to read in the log.
  const trail = log.child({}, { level: 'info' });
  const budget = createTrailBudget();
  const leftOut = createLeftOut();
  const telling = new Set<Promise<void>>();
  /** When the first event was left out that is not told yet. */
  let since: Instant | undefined;
  let timer: NodeJS.Timeout | undefined;

  const keep = async (event: AuditEvent): Promise<void> => {
    const outcomes = await Promise.allSettled(sinks.map(async sink => sink.record(event)));
    const failures = outcomes
      .filter(outcome => outcome.status === 'rejected')
      .map(outcome => outcome.reason as unknown);
    const fields = { audit: true, kept: failures.length === 0, ...fieldsOf(event) };
    if (failures.length === 0) {
      trail.info(fields, event.type);
      return;
    }
    const cause =
      failures.length === 1
        ? failures[0]
        : new AggregateError(failures, 'several audit sinks failed');
    trail.error({ ...fields, err: cause }, event.type);
    throw new BridgeError('unavailable', `the audit event ${event.type} was not kept`, { cause });
  };

  const tellOne = async (event: LeftOutEvent): Promise<void> => {
    await keep(event).catch(() => {
      // The sinks are given a minute, whatever comes in between.
      leftOut.putBack(event);
      tellLater();
    });
  };
  const tell = (): void => {
    clearTimeout(timer);
    [timer, since] = [undefined, undefined];
    for (const event of leftOut.take(originOfBridge)) {
      const told = tellOne(event).finally(() => telling.delete(told));
      telling.add(told);
    }
  };
  // The timer tells also when nothing comes after a flood.
  const tellLater = (): void => {
    timer ??= setTimeout(tell, TELL_AFTER_MILLISECONDS).unref();
  };
  // The clock of the events may be turned back.
  const isTimeToTell = (now: Instant): boolean =>
    since !== undefined && Math.abs(now - since) >= TELL_AFTER_MILLISECONDS;

  return {
    record: async event => {
      if (isTimeToTell(event.at)) tell();
      if (KEPT[event.type] === 'always' || budget.admits(event)) return keep(event);
      leftOut.add(event);
      since ??= event.at;
      tellLater();
      trail.warn({ audit: true, kept: false, ...fieldsOf(event) }, event.type);
    },
    close: async () => {
      tell();
      await Promise.all(telling);
      clearTimeout(timer);
    },
  };
}

function originOfBridge(): Origin {
  return { correlationId: randomUUID(), address: 'local', userAgent: 'rolebridge-server' };
}

/** The line of an event that the store has already, and that another process recorded. */
export function logKept(log: Logger, event: AuditEvent): void {
  log
    .child({}, { level: 'info' })
    .info({ audit: true, kept: true, ...fieldsOf(event) }, event.type);
}

/** Fields of an event that are points in time. */
const TIMES = ['at', 'expiresAt', 'from', 'to'] as const;

/**
 * The event as one flat record: no field of actor or origin shares a name with a field of an event.
 */
function fieldsOf(event: AuditEvent): Record<string, unknown> {
  const { type: _becomesTheMessage, origin, actor, ...rest } = { actor: undefined, ...event };
  const flat: Record<string, unknown> = { ...rest, ...origin, ...actor };
  for (const name of TIMES) if (typeof flat[name] === 'number') flat[name] = timeOf(flat[name]);
  return flat;
}

function timeOf(instant: Instant): string {
  return new Date(instant).toISOString();
}
