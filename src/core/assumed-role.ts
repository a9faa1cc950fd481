/** What the bridge requests from AWS for one role, and what it receives. */
import type { AwsCredentials } from './credentials.ts';
import type { PersonId } from './identity.ts';
import type { Account, RoleArn, RoleName, RoleSessionName } from './role.ts';
import type { RoleSession } from './session.ts';
import type { CorporateProof } from './sign-in.ts';
import type { Instant, Seconds } from './time.ts';
import type { ActiveElevation } from './unmet-approval.ts';
import type { WorkloadId } from './workload.ts';

/** A user or a workload, as AWS knows them. */
export type PrincipalId = PersonId | WorkloadId;

/** What the bridge asserts about a caller toward AWS, for one role. */
export interface AssertionSubject {
  readonly principal: PrincipalId;
  readonly account: Account;
  readonly role: RoleArn;
  readonly sessionName: RoleSessionName;
  readonly session: RoleSession;
  /** When a user authenticated at their own identity provider; undefined if it did not say. */
  readonly authenticatedAt: Instant | undefined;
}

export interface AssumeRequest extends AssertionSubject {
  readonly roleName: RoleName;
  /** When it was stated who the caller is: another sign-in is another request. */
  readonly assertedAt: Instant;
  readonly corporateProof?: CorporateProof | undefined;
  /** Only requests with the same proof of a workload share credentials. */
  readonly proofId?: string | undefined;
  /** The credentials end with it, and only requests of the same elevation share them. */
  readonly elevation?: Pick<ActiveElevation, 'id' | 'endsAt'> | undefined;
}

export interface AssumedRole {
  readonly credentials: AwsCredentials;
  /** The session's ARN: `arn:aws:sts::111122223333:assumed-role/Admin/alice-...`. */
  readonly assumedRoleArn: string;
  /**
   * Obtained by AssumeRole from another role's session: the console accepts no SessionDuration for
   * it.
   */
  readonly chained: boolean;
  readonly stsRequestId: string;
  /** The length requested from STS in the call that succeeded. */
  readonly durationSeconds: Seconds;
  /**
   * Set when STS allowed less than the rule gives: the role's MaxSessionDuration, or the hour of
   * role chaining.
   */
  readonly reducedFrom?: Seconds | undefined;
  /**
   * How much of the space for session policies and tags is used (STS: PackedPolicySize), in
   * percent; behind a hub the larger one of the two calls. Undefined if STS does not say.
   */
  readonly packedPolicyPercent?: number | undefined;
  /**
   * Keys of optional tags that the session lacks: the caller has no value that AWS accepts, or AWS
   * found the session too large with them.
   */
  readonly tagsLeftOut: readonly string[];
}

export interface ConsoleLinkRequest {
  readonly account: Account;
  readonly assumed: AssumedRole;
  /** As requested; undefined means the console's home. */
  readonly destination?: string | undefined;
  /** Where the console sends the user when the session ends. */
  readonly issuerUrl: string;
  readonly consoleSeconds?: Seconds | undefined;
}

export interface ConsoleLink {
  /** A bearer secret for 15 minutes: redirect to it, never log it. */
  readonly url: string;
  readonly destination: string;
  /** The length requested from the console; undefined when it follows the credentials. */
  readonly consoleSeconds?: Seconds | undefined;
}
