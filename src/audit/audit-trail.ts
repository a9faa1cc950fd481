/**
 * The audit trail: every event goes to every sink and, as one structured line, to the log.
 *
 * Owns: that nothing counts as done unless every sink has kept it, and how an event looks in the log.
 * Does not own: what is recorded (core/audit-event), nor where it is kept (the sinks).
 */
import type { AuditEvent } from '../core/audit-event.ts';
import { BridgeError } from '../core/errors.ts';
import type { AuditSink } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';
import type { Logger } from '../log.ts';

export interface AuditTrailParts {
  readonly sinks: readonly AuditSink[];
  readonly log: Logger;
}

/** Refusals of strangers that the sinks keep in a minute: the trail is never pruned, and a stranger must not fill the disk. */
const STRANGERS_PER_MINUTE = 1000;

/**
 * An AuditSink over several. `record` throws `unavailable` when one of them did not keep the event: what the event
 * records must not happen then. The line in the log is written either way; `kept` says how it went. In a flood, the refusals of people who are
 * not signed in go to the log alone.
 */
export function createAuditTrail({ sinks, log }: AuditTrailParts): AuditSink {
  // The trail is complete whatever else the operator wants to read in the log.
  const trail = log.child({}, { level: 'info' });
  const isFlood = strangersBudget();
  return {
    record: async event => {
      if (isFlood(event)) {
        trail.warn({ audit: true, kept: false, ...fieldsOf(event) }, event.type);
        return;
      }
      const outcomes = await Promise.allSettled(sinks.map(async sink => sink.record(event)));
      const failures = outcomes.filter(outcome => outcome.status === 'rejected').map(outcome => outcome.reason as unknown);
      const fields = { audit: true, kept: failures.length === 0, ...fieldsOf(event) };
      if (failures.length === 0) {
        trail.info(fields, event.type);
        return;
      }
      const cause = failures.length === 1 ? failures[0] : new AggregateError(failures, 'several audit sinks failed');
      trail.error({ ...fields, err: cause }, event.type);
      throw new BridgeError('unavailable', `the audit event ${event.type} was not kept`, { cause });
    },
  };
}

/** Counts by the events' own clock. */
function strangersBudget(): (event: AuditEvent) => boolean {
  let minute = 0;
  let used = 0;
  return event => {
    if ('actor' in event && event.actor !== undefined) return false;
    const now = Math.floor(event.at / 60_000);
    if (now !== minute) [minute, used] = [now, 0];
    used += 1;
    return used > STRANGERS_PER_MINUTE;
  };
}

/** The event as one flat record: no field of actor or origin shares a name with a field of an event. */
function fieldsOf(event: AuditEvent): Record<string, unknown> {
  const { type: _becomesTheMessage, origin, actor, ...rest } = { actor: undefined, ...event };
  const times = { at: timeOf(event.at), ...('expiresAt' in event && { expiresAt: timeOf(event.expiresAt) }) };
  return { ...rest, ...origin, ...actor, ...times };
}

function timeOf(instant: Instant): string {
  return new Date(instant).toISOString();
}
