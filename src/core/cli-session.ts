/**
 * The session of a user in a terminal: opened by a confirmation in the browser, used by tokens,
 * ended by the user, an operator or its limit.
 */
import type { ConnectorId, Identity, IdentitySource, PersonId, Unconfirmed } from './identity.ts';
import type { NamedClient } from './oauth-client.ts';
import type { CorporateProof } from './sign-in.ts';
import type { StepUp } from './step-up.ts';
import type { Instant } from './time.ts';

/**
 * How the login was confirmed: by a user code (RFC 8628), or in the browser of the same machine
 * (RFC 6749 section 4.1 with RFC 7636).
 */
export type CliGrant = 'device_code' | 'authorization_code';

/** What lists show of a session. Nothing in it is a secret. */
export interface CliSessionSummary {
  /**
   * Names the session in lists, in the audit trail and to operators; gives access to nothing. 20
   * hexadecimal digits.
   */
  readonly publicId: string;
  readonly person: PersonId;
  /** Where the user had signed in. */
  readonly connector: ConnectorId;
  readonly source: IdentitySource;
  readonly username: string;
  readonly client: NamedClient;
  /** The host name that the terminal gave, unchecked. */
  readonly deviceName?: string | undefined;
  readonly grant: CliGrant;
  /**
   * The public id of the browser session that confirmed it; undefined if it had none, or the
   * session is one of an earlier version.
   */
  readonly browserSession?: string | undefined;
  /** The address that asked for the login. */
  readonly address: string;
  readonly createdAt: Instant;
  /** Undefined until the terminal has picked the session up. */
  readonly lastUsedAt?: Instant | undefined;
  readonly lastUsedAddress?: string | undefined;
  /** The newest step-up. Undefined if there was none since the login. */
  readonly steppedUpAt?: Instant | undefined;
  /** The absolute limit; before the pick-up, the time by which it must happen. */
  readonly expiresAt: Instant;
}

/** The session itself, as the tokens lead to it. */
export interface CliSession {
  /**
   * A secret that only the tokens lead to. The store keeps its hash and seals the rest under it.
   */
  readonly id: string;
  readonly summary: CliSessionSummary;
  /** As the newest sign-in of the user limits it (core/person-record). */
  readonly identity: Identity;
  readonly corporateProof?: CorporateProof | undefined;
  /** As in `Session`. */
  readonly providerSession?: string | undefined;
  /** The newest step-up of this session. */
  readonly steppedUp?: StepUp | undefined;
  /** A step-up of which the session has not been used since. */
  readonly waitingStepUp?: CliStepUp | undefined;
  /** As in `Session`. */
  readonly confirmedAt: Instant;
  /** As in `Session`. */
  readonly unconfirmed?: Unconfirmed | undefined;
  /** As in `Session`. */
  readonly generation: number;
  /** The absolute limit. */
  readonly notAfter: Instant;
}

/**
 * What a step-up in a browser gives a session in a terminal. It waits under the public id, and the
 * next use of the session takes it into its own sealed record.
 */
export interface CliStepUp {
  readonly steppedUp: StepUp;
  /** When the identity provider stated it. */
  readonly assertedAt: Instant;
  /** SAML `SessionNotOnOrAfter`: the session ends no later. */
  readonly notAfter?: Instant | undefined;
  readonly corporateProof?: CorporateProof | undefined;
  readonly providerSession?: string | undefined;
}
