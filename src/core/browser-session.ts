/** The session of a user in a browser. */
import type { Identity } from './identity.ts';
import type { CorporateProof } from './sign-in.ts';
import type { Instant } from './time.ts';

/** A browser session of a person. */
export interface Session {
  /**
   * The cookie's value. A secret: the store keeps its hash, and seals the rest with a key derived
   * from it and from the bridge's sealing secret.
   */
  readonly id: string;
  /** As the newest sign-in of the person bounds it (core/person-record). */
  readonly identity: Identity;
  /**
   * Of the newest sign-in of the person only: an older one says what the provider has taken back
   * since.
   */
  readonly corporateProof?: CorporateProof | undefined;
  /**
   * The person's generation when they signed in; the session is over once they have another one.
   */
  readonly generation: number;
  /** Bound to the session; every state-changing form carries it. */
  readonly csrfToken: string;
  readonly createdAt: Instant;
  readonly lastUsedAt: Instant;
  /** The absolute limit. The idle limit is the reader's rule. */
  readonly expiresAt: Instant;
  /**
   * SAML `SessionNotOnOrAfter`: nothing that comes of this sign-in lives longer, a CLI session
   * neither.
   */
  readonly notAfter?: Instant | undefined;
}
