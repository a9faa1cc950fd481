/** Reads the audit trail, for operators and tests. The bridge itself only writes it. */
import type { AuditEvent, AuditEventType } from '../core/audit-event.ts';
import type { PersonId } from '../core/identity.ts';
import type { Instant } from '../core/time.ts';
import type { WorkloadId } from '../core/workload.ts';

interface AuditQuery {
  /** Events at this instant or later. */
  readonly from?: Instant | undefined;
  /** Events before this instant. */
  readonly to?: Instant | undefined;
  /** Events that concern this user or workload. */
  readonly principal?: PersonId | WorkloadId | undefined;
  readonly type?: AuditEventType | undefined;
  /** At most this many events, 1 to 10,000; other values become the nearer bound. */
  readonly limit: number;
}

export interface AuditReader {
  /** The matching events, newest first. Throws `unavailable`. */
  readAudit(query: AuditQuery): Promise<readonly AuditEvent[]>;
}
