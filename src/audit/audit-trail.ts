/**
 * The audit trail: every event goes to every sink and, as one structured line, to the log.
 *
 * Owns: that nothing happens unless every sink has kept its event, which events are left out in a
 * flood and that they are counted, and the line of an event in the log. Does not own: what is
 * recorded (core/audit-event), nor where it is kept (the sinks).
 */
import { randomUUID } from 'node:crypto';
import { type AuditEvent, KEPT, type Origin } from '../core/audit-event.ts';
import { fieldsOf } from '../core/audit-line.ts';
import { BridgeError } from '../core/errors.ts';
import type { AuditSink } from '../core/ports.ts';
import { type Instant, MINUTE } from '../core/time.ts';
import type { Logger } from '../log.ts';
import { createLeftOut, type LeftOut, type LeftOutEvent } from './left-out.ts';
import { createTrailBudget, type TrailBudget } from './trail-budget.ts';

export interface AuditTrailParts {
  readonly sinks: readonly AuditSink[];
  readonly log: Logger;
}

export interface AuditTrail extends AuditSink {
  /** Records what was left out, and waits until that is kept. Call it before sinks are closed. */
  close(): Promise<void>;
}

/** The longest time until the trail records what it has left out. */
const TELL_AFTER_MILLISECONDS: number = MINUTE * 1000;

interface Trail {
  readonly sinks: readonly AuditSink[];
  readonly log: Logger;
  readonly budget: TrailBudget;
  readonly leftOut: LeftOut;
  /** Events about left-out events that are being recorded. */
  readonly telling: Set<Promise<void>>;
  /** When the first event was left out that no `events.left-out` counts yet. */
  since: Instant | undefined;
  timer: NodeJS.Timeout | undefined;
}

/**
 * An AuditSink over several. `record` throws `unavailable` if one of them did not keep the event:
 * what the event records must not happen then. The line in the log is written either way; `kept`
 * says how it went. What exceeds its budget (trail-budget) is in the log alone. An event
 * `events.left-out` counts it, within a minute or at `close`.
 */
export function createAuditTrail({ sinks, log }: AuditTrailParts): AuditTrail {
  const trail: Trail = {
    sinks,
    // The trail is complete at every log level.
    log: log.child({}, { level: 'info' }),
    budget: createTrailBudget(),
    leftOut: createLeftOut(),
    telling: new Set(),
    ...{ since: undefined, timer: undefined },
  };
  return {
    record: event => record(trail, event),
    close: async () => {
      tell(trail);
      await Promise.all(trail.telling);
      clearTimeout(trail.timer);
    },
  };
}

async function record(trail: Trail, event: AuditEvent): Promise<void> {
  if (isTimeToTell(trail, event.at)) tell(trail);
  if (KEPT[event.type] === 'always' || trail.budget.admits(event)) return keep(trail, event);
  trail.leftOut.add(event);
  trail.since ??= event.at;
  tellLater(trail);
  trail.log.warn({ audit: true, kept: false, ...fieldsOf(event) }, event.type);
}

async function keep({ sinks, log }: Trail, event: AuditEvent): Promise<void> {
  const outcomes = await Promise.allSettled(sinks.map(async sink => sink.record(event)));
  const failures = outcomes
    .filter(outcome => outcome.status === 'rejected')
    .map(outcome => outcome.reason as unknown);
  const fields = { audit: true, kept: failures.length === 0, ...fieldsOf(event) };
  if (failures.length === 0) {
    log.info(fields, event.type);
    return;
  }
  const cause =
    failures.length === 1
      ? failures[0]
      : new AggregateError(failures, 'several audit sinks failed');
  log.error({ ...fields, err: cause }, event.type);
  throw new BridgeError('unavailable', `the audit event ${event.type} was not kept`, { cause });
}

/** The clock of the events may be turned back. */
function isTimeToTell({ since }: Trail, now: Instant): boolean {
  return since !== undefined && Math.abs(now - since) >= TELL_AFTER_MILLISECONDS;
}

function tell(trail: Trail): void {
  clearTimeout(trail.timer);
  trail.timer = undefined;
  trail.since = undefined;
  for (const event of trail.leftOut.take(originOfBridge)) {
    const told = tellOne(trail, event).finally(() => trail.telling.delete(told));
    trail.telling.add(told);
  }
}

async function tellOne(trail: Trail, event: LeftOutEvent): Promise<void> {
  await keep(trail, event).catch(() => {
    // The next try is in a minute, whatever happens before.
    trail.leftOut.putBack(event);
    tellLater(trail);
  });
}

/** The timer also tells if no event follows a flood. */
function tellLater(trail: Trail): void {
  trail.timer ??= setTimeout(() => tell(trail), TELL_AFTER_MILLISECONDS).unref();
}

/** Of what the bridge does by itself. */
export function originOfBridge(): Origin {
  return { correlationId: randomUUID(), address: 'local', userAgent: 'rolebridge-server' };
}

/** Writes the log line of an event that another process has recorded in the store. */
export function logKept(log: Logger, event: AuditEvent): void {
  log
    .child({}, { level: 'info' })
    .info({ audit: true, kept: true, ...fieldsOf(event) }, event.type);
}
