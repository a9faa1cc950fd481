/** An audit event as one flat record, as the log, exports and archives write it. */
import type { AuditEvent } from './audit-event.ts';
import { printableJson } from './printable.ts';
import type { Instant } from './time.ts';

/** Fields of an event that are points in time. */
const TIMES = [
  ...['at', 'authenticatedAt', 'expiresAt', 'from', 'to', 'signedInAt'],
  ...['startsAt', 'endsAt', 'reviewBy', 'dueAt'],
] as const;

/**
 * The fields of an event without its type. No field of actor, workload or origin has the name of an
 * event's field.
 */
export function fieldsOf(event: AuditEvent): Record<string, unknown> {
  const {
    type: _becomesTheMessage,
    origin,
    actor,
    workload,
    ...rest
  } = { actor: undefined, workload: undefined, ...event };
  const flat: Record<string, unknown> = { ...rest, ...origin, ...actor, ...workload };
  for (const name of TIMES) if (typeof flat[name] === 'number') flat[name] = timeOf(flat[name]);
  return flat;
}

/**
 * A stored event as one line of JSON, without a line feed: the line of the log, without its level
 * and time. No character is in it that a terminal could interpret.
 */
export function lineOf(event: AuditEvent): string {
  const fields = { audit: true, kept: true, msg: event.type, ...fieldsOf(event) };
  return printableJson(JSON.stringify(fields));
}

function timeOf(instant: Instant): string {
  return new Date(instant).toISOString();
}
