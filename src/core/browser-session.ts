/** The session of a user in a browser. */
import type { Origin } from './audit-event.ts';
import type { ConnectorId, Identity, IdentitySource, PersonId, Unconfirmed } from './identity.ts';
import type { CorporateProof, ReceivedClaims } from './sign-in.ts';
import type { StepUp } from './step-up.ts';
import type { Instant, Seconds } from './time.ts';

/** What lists show of a session. Nothing in it is a secret. */
export interface BrowserSessionSummary {
  /**
   * Names the session in lists, in the audit trail and to operators; gives access to nothing. 20
   * hexadecimal digits.
   */
  readonly publicId: string;
  readonly person: PersonId;
  readonly connector: ConnectorId;
  readonly source: IdentitySource;
  readonly username: string;
  readonly openedFrom: OpenedFrom;
  readonly createdAt: Instant;
  readonly lastUsedAt: Instant;
  /** The step-up that the session came of. */
  readonly steppedUpAt?: Instant | undefined;
  /** The absolute limit, as in `Session`. */
  readonly expiresAt: Instant;
}

/** Where a sign-in came from. */
export type OpenedFrom = Pick<Origin, 'address' | 'userAgent'>;

/** One session. */
export interface Session {
  /**
   * The cookie's value. A secret: the store keeps its hash, and seals the rest with a key derived
   * from it and from the bridge's sealing secret.
   */
  readonly id: string;
  /** As in the summary; undefined for a session of an earlier version, which no list shows. */
  readonly publicId?: string | undefined;
  /** Undefined for a session of an earlier version. */
  readonly openedFrom?: OpenedFrom | undefined;
  /** As the newest sign-in of the user limits it (core/person-record). */
  readonly identity: Identity;
  /**
   * From the newest sign-in of the user only: an older one states what the provider has withdrawn
   * since.
   */
  readonly corporateProof?: CorporateProof | undefined;
  /** The id of the session at the provider (core/provider-session). A secret. */
  readonly providerSession?: string | undefined;
  /** The step-up that this session came of. */
  readonly steppedUp?: StepUp | undefined;
  /** When the provider confirmed the user last, by any sign-in or refresh. Not stored here. */
  readonly confirmedAt: Instant;
  /** Set when the provider has not confirmed the user in time. Not stored. */
  readonly unconfirmed?: Unconfirmed | undefined;
  /** What the sign-in's provider sent, by name; undefined for a sign-in of an older version. */
  readonly received?: ReceivedClaims | undefined;
  /** The user's generation at the sign-in; the session ends once they have another one. */
  readonly generation: number;
  /** Bound to the session; every state-changing form carries it. */
  readonly csrfToken: string;
  readonly createdAt: Instant;
  readonly lastUsedAt: Instant;
  /** The absolute limit. The idle limit is `idleEndOf`. */
  readonly expiresAt: Instant;
  /**
   * SAML `SessionNotOnOrAfter`: nothing that this sign-in leads to is valid longer, including CLI
   * sessions.
   */
  readonly notAfter?: Instant | undefined;
}

/** When the session ends if it is not used again: by the idle limit, or by the absolute one. */
export function idleEndOf(
  { lastUsedAt, expiresAt }: Pick<Session, 'lastUsedAt' | 'expiresAt'>,
  idleSeconds: Seconds,
): Instant {
  return Math.min(lastUsedAt + idleSeconds * 1000, expiresAt);
}
