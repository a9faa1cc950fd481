/** What the bridge asks of AWS for one role, and what it gets. */
import type { AwsCredentials } from './credentials.ts';
import type { PersonId } from './identity.ts';
import type { Account, RoleArn, RoleName, RoleSessionName } from './role.ts';
import type { RoleSession } from './session.ts';
import type { CorporateProof } from './sign-in.ts';
import type { Instant, Seconds } from './time.ts';

/** What we say of a person toward AWS, for one role. */
export interface AssertionSubject {
  readonly person: PersonId;
  readonly account: Account;
  readonly role: RoleArn;
  readonly sessionName: RoleSessionName;
  readonly session: RoleSession;
  /**
   * When the person proved who they are, at their own identity provider; undefined where it did not
   * say.
   */
  readonly authenticatedAt: Instant | undefined;
}

export interface AssumeRequest extends AssertionSubject {
  readonly roleName: RoleName;
  /** When the person's identity provider said who they are: another sign-in is another request. */
  readonly assertedAt: Instant;
  readonly corporateProof?: CorporateProof | undefined;
}

export interface AssumedRole {
  readonly credentials: AwsCredentials;
  /** The session's ARN: `arn:aws:sts::111122223333:assumed-role/Admin/alice-...`. */
  readonly assumedRoleArn: string;
  /**
   * Obtained by AssumeRole from another role's session: the console takes no SessionDuration for
   * it.
   */
  readonly chained: boolean;
  readonly stsRequestId: string;
  /** Length that was asked of STS in the call that succeeded. */
  readonly durationSeconds: Seconds;
  /**
   * Set when STS allowed less than the rule gives: the role's MaxSessionDuration, or the hour of
   * role chaining.
   */
  readonly reducedFrom?: Seconds | undefined;
}

export interface ConsoleLinkRequest {
  readonly account: Account;
  readonly assumed: AssumedRole;
  /** As the person asked; undefined means the console's home. */
  readonly destination?: string | undefined;
  /** Where the console sends people when the session ends. */
  readonly issuerUrl: string;
  readonly consoleSeconds?: Seconds | undefined;
}

export interface ConsoleLink {
  /** A bearer secret for 15 minutes: redirect to it, never log it. */
  readonly url: string;
  readonly destination: string;
  /** What the console was asked for; undefined when it follows the credentials. */
  readonly consoleSeconds?: Seconds | undefined;
}
