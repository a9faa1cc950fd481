/** The record of what has ended. */
import type { AuditEvent } from '../core/audit-event.ts';
import type { AuditSink } from '../core/ports.ts';

/**
 * Records something that has ended already. Nothing is handed out, and it stays ended whatever
 * becomes of the record: a trail that cannot be written says so in the log, and the caller who
 * ended it gets no error.
 */
export async function recordEnd(audit: AuditSink, event: AuditEvent): Promise<void> {
  await audit.record(event).catch(() => {});
}
