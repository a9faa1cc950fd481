/** What STS answered to a call that failed, without anything of the proof. */
import type { RoleArn } from './role.ts';

export interface AwsAnswer {
  /** The role of the call: behind a hub, that of the hub or of the account. */
  readonly role: RoleArn;
  /** The code on the wire without a final `Exception`; undefined without a readable answer. */
  readonly code?: string | undefined;
  /** A known text of STS. */
  readonly text?: string | undefined;
  /** STS throttled the call, or had an internal error. */
  readonly isPassing: boolean;
  /** Whether STS answered at all. */
  readonly isAnswered: boolean;
}
