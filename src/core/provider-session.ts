/**
 * A user's session at their OpenID provider, as one sign-in left it: what ends it there, and what
 * renews the knowledge of the user.
 *
 * The browser session of the sign-in and all CLI sessions that came of it share one record. Its id
 * is a secret inside their sealed records alone, so nothing can be renewed without a secret that
 * only the user has: nothing refreshes in the background.
 */
import type { CliSessionSummary } from './cli-session.ts';
import type { ConnectorId, PersonId } from './identity.ts';
import type { Instant } from './time.ts';

export interface ProviderSession {
  /** A secret: the store keeps its hash, and seals the rest under it. */
  readonly id: string;
  readonly person: PersonId;
  readonly connector: ConnectorId;
  /** The OIDC issuer. */
  readonly issuer: string;
  /** OIDC `sub`. */
  readonly subject: string;
  /** OIDC `sid`, if the provider names its sessions. */
  readonly sid?: string | undefined;
  /** The newest id_token, for `id_token_hint`. A secret. */
  readonly idToken: string;
  /** The newest refresh token of the provider, if it gave one. A secret. */
  readonly refreshToken?: string | undefined;
  readonly refresh?: RefreshState | undefined;
  /** No session that came of the sign-in is valid longer. */
  readonly expiresAt: Instant;
}

/** How far the present refresh has come. Absent before the first one. */
export interface RefreshState {
  /** When the provider confirmed the user by this session last. */
  readonly confirmedAt?: Instant | undefined;
  /** Who may use the refresh token until when; undefined if no instance does at present. */
  readonly lease?: { readonly holder: string; readonly until: Instant } | undefined;
  /** No attempt before this time, because the last one failed. */
  readonly retryAt?: Instant | undefined;
  /** An answer was lost: the provider may have used the token up and given a new one. */
  readonly isAnswerLost?: boolean | undefined;
  /** The provider requires the user to sign in again since then. */
  readonly signInNeededSince?: Instant | undefined;
}

/**
 * A sign-out in a browser, which can go on at the provider once. Sealed under a secret of that
 * browser.
 */
export interface ProviderSignOut {
  readonly connector: ConnectorId;
  /** What has ended here. */
  readonly ended: 'this browser' | 'everywhere';
  /** How many terminals stay signed in; undefined if that is unknown. */
  readonly terminals: number | undefined;
  /** What tells the provider who signs out. Secrets; removed when the browser goes there. */
  readonly hints?: Pick<ProviderSession, 'issuer' | 'idToken' | 'sid'> | undefined;
  /** Whether the browser was sent to the provider. */
  readonly isTaken: boolean;
  readonly expiresAt: Instant;
}

/** What ended together with a session at the provider. */
export interface EndedSessions {
  readonly browserSessions: number;
  readonly cliSessions: readonly CliSessionSummary[];
}

/** What ended of one user. */
export interface EndedOfPerson extends EndedSessions {
  readonly person: PersonId;
}

/** What a provider has ended, as a verified logout token says: a session, a user or both. */
export interface VerifiedLogout {
  /** `jti`: each token is good once. */
  readonly id: string;
  readonly issuer: string;
  readonly person?: PersonId | undefined;
  readonly sid?: string | undefined;
  /** From then on the token is refused, whether it was used or not. */
  readonly expiresAt: Instant;
}
