/** Tokens that workloads get in exchange for a proof (RFC 8693), as records. */
import type { NamedWorkload } from './audit-event.ts';
import type { AccountId, RoleName } from './role.ts';
import { type Instant, MINUTE, type Seconds } from './time.ts';
import type { VerifiedWorkload } from './workload.ts';

/** Enough for a job that asks a few times; the platform gives new proofs at any time. */
export const WORKLOAD_TOKEN_SECONDS: Seconds = 15 * MINUTE;
/** Live tokens of one workload: the jobs of one branch are one workload. */
export const MOST_WORKLOAD_TOKENS = 1_000;

export interface WorkloadToken extends VerifiedWorkload {
  /** The roles at the exchange: later rules add none. */
  readonly roles: readonly { readonly account: AccountId; readonly role: RoleName }[];
  /** The exchange has used up the `jti` of the proof, for a rule that accepts each token once. */
  readonly isOnce?: true | undefined;
  /**
   * Names the token in lists, in the audit trail and to operators; gives access to nothing. 20
   * hexadecimal digits.
   */
  readonly publicId: string;
}

/** What lists show of a token. Nothing in it is a secret. */
export interface WorkloadTokenSummary extends NamedWorkload {
  readonly publicId: string;
  readonly roleCount: number;
  /** The address that it was exchanged from. */
  readonly address: string;
  readonly createdAt: Instant;
  readonly lastUsedAt?: Instant | undefined;
  readonly lastUsedAddress?: string | undefined;
  readonly expiresAt: Instant;
}
