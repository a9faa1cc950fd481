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

/**
 * An AuditSink over several. `record` throws `unavailable` when one of them did not keep the event: what the event
 * records must not happen then. The line in the log is written either way; `kept` says how it went.
 */
export function createAuditTrail({ sinks, log }: AuditTrailParts): AuditSink {
  // The trail is complete whatever else the operator wants to read in the log.
  const trail = log.child({}, { level: 'info' });
  return {
    record: async event => {
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

/** The event as one flat record: no field of actor or origin shares a name with a field of an event. */
function fieldsOf(event: AuditEvent): Record<string, unknown> {
  const { type: _becomesTheMessage, origin, actor, ...rest } = { actor: undefined, ...event };
  const times = { at: timeOf(event.at), ...('expiresAt' in event && { expiresAt: timeOf(event.expiresAt) }) };
  const flat = { ...rest, ...origin, ...actor, ...times };
  return Object.fromEntries(Object.entries(flat).map(([name, value]) => [name, printable(value)]));
}

function timeOf(instant: Instant): string {
  return new Date(instant).toISOString();
}

// JSON escapes what is below U+0020. These it leaves as they are, and a terminal or a viewer may obey them:
// DEL and C1 controls, line and paragraph separators, and the marks that turn the direction of text.
const OBEYED = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function printable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(printable);
  if (typeof value !== 'string') return value;
  return value.replace(OBEYED, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
