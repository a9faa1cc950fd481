/** What belongs to an elevation besides itself: who was told what, and what was handed out. */
import type { AuditEvent } from './audit-event.ts';
import type { Elevation } from './elevation.ts';

/** An elevation with events that a target was not told. */
export interface Notice {
  readonly elevation: Elevation;
  /** How many of its events the target was told. */
  readonly told: number;
  /** Failures since the last success. */
  readonly failures: number;
}

/** A hand-out by an elevation. Its access key id leads to the actions in CloudTrail. */
export type HandOut = Extract<
  AuditEvent,
  { readonly type: 'credentials.issued' | 'console-link.issued' }
>;
