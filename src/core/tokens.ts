/**
 * What stands for a CLI session on the wire: authorization codes, refresh tokens and access tokens,
 * as records and pure transitions.
 *
 * Every one is a random secret of which the store keeps a hash; what it leads to is sealed under
 * it.
 */
import { isElsewhere } from './network-distance.ts';
import type { AccountId, RoleName } from './role.ts';
import { type Instant, MINUTE, type Seconds } from './time.ts';

/** RFC 6749 section 4.1.2 allows ten minutes; a loopback redirect takes a moment. */
export const AUTHORIZATION_CODE_SECONDS: Seconds = 60;
/** How long the bridge remembers a code, to notice that it is presented once more. */
export const AUTHORIZATION_CODE_MEMORY_SECONDS: Seconds = 600;
/**
 * How long the refresh token before the last one gives the same answer, for processes that share a
 * cache and did not lock it.
 */
const REFRESH_GRACE_SECONDS: Seconds = 60;

/** The prefixes let secret scanners and people recognise a token; nothing is decided by them. */
export const TOKEN_PREFIX = { access: 'rba_', refresh: 'rbr_', container: 'rbc_' } as const;

// ---------------------------------------------------------------- authorization codes

export interface AuthorizationCode {
  readonly client: string;
  readonly redirectUri: string;
  /** RFC 7636 S256: base64url of the SHA-256 of the verifier. */
  readonly codeChallenge: string;
  /** The id of the CLI session that waits to be picked up. */
  readonly session: string;
  readonly redeemBy: Instant;
  /** When the record goes. */
  readonly expiresAt: Instant;
  readonly state: 'issued' | 'redeemed';
}

/** What a code is bound to. The presented verifier gives the challenge. */
export type CodeBinding = Pick<AuthorizationCode, 'client' | 'redirectUri' | 'codeChallenge'>;

/**
 * A code is spent by the first attempt, also by a wrong one: who presents it wrongly has stolen or
 * guessed it. `why` is for the operator; the session behind a code that was misused ends.
 */
export function redeemCode(
  code: AuthorizationCode,
  presented: CodeBinding,
  now: Instant,
): { readonly next: AuthorizationCode; readonly session: string; readonly misused?: string } {
  const faults: readonly (readonly [boolean, string])[] = [
    [code.state === 'redeemed', 'the code was used before'],
    [now >= code.redeemBy, 'the code has expired'],
    [code.client !== presented.client, 'the code was given to another client'],
    [code.redirectUri !== presented.redirectUri, 'the redirect URI is not the one of the request'],
    [
      code.codeChallenge !== presented.codeChallenge,
      'the code verifier does not fit the challenge',
    ],
  ];
  const misused = faults.find(([applies]) => applies)?.[1];
  return {
    next: { ...code, state: 'redeemed' },
    session: code.session,
    ...(misused !== undefined && { misused }),
  };
}

// ---------------------------------------------------------------- access and refresh tokens

export interface AccessToken {
  readonly session: string;
  /**
   * When it opens nothing any more; unset, `expiresAt`. Until that it still says which session a
   * logout means.
   */
  readonly usableUntil?: Instant | undefined;
  readonly expiresAt: Instant;
}

/**
 * A token for a container: it opens one role and nothing else, and ends with the CLI session that
 * it was made in.
 */
export interface ContainerToken {
  readonly session: string;
  readonly expiresAt: Instant;
  readonly only: { readonly account: AccountId; readonly role: RoleName };
  /**
   * Names the token in lists, in the audit trail and to operators; gives access to nothing. 20
   * hexadecimal digits.
   */
  readonly publicId: string;
}

/** What lists say of a container token: nothing of it is a secret. */
export interface ContainerTokenSummary {
  readonly publicId: string;
  /** The public id of the CLI session that it ends with. */
  readonly cliSession: string;
  readonly account: AccountId;
  readonly accountName: string;
  readonly role: RoleName;
  /** Where it was made from. */
  readonly address: string;
  readonly createdAt: Instant;
  readonly lastUsedAt?: Instant | undefined;
  readonly lastUsedAddress?: string | undefined;
  readonly expiresAt: Instant;
}

/**
 * How many container tokens of one CLI session live at once: a container of each role, and far
 * fewer than a script in a loop makes.
 */
export const MOST_CONTAINER_TOKENS = 50;
/** How many CLI sessions of one person live at once. */
export const MOST_CLI_SESSIONS = 100;

/** One answer of the token endpoint. Secrets. */
export interface TokenPair {
  readonly accessToken: string;
  readonly accessExpiresAt: Instant;
  readonly refreshToken: string;
}

export interface RefreshToken {
  readonly client: string;
  readonly session: string;
  readonly expiresAt: Instant;
  /** The refresh that was recorded last in this session; undefined before the first one. */
  readonly recorded?: RecordedRefresh | undefined;
  readonly used?: RefreshUse | undefined;
}

interface RecordedRefresh {
  readonly at: Instant;
  readonly address: string;
}

/** A refresh: when, from where, and what it was answered. */
export interface RefreshUse {
  readonly at: Instant;
  readonly address: string;
  readonly answer: TokenPair;
}

/** A session that refreshes from one network is recorded at most this often. */
const RECORD_REFRESH_SECONDS: Seconds = 15 * MINUTE;
/** And one that has moved to another network, at most this often. */
const RECORD_MOVED_SECONDS: Seconds = MINUTE;

/**
 * Whether a refresh is recorded: the first one of a session, then now and then, and when it comes
 * from another network than before.
 */
export function isRefreshDue(
  { recorded }: RefreshToken,
  { at, address }: RecordedRefresh,
): boolean {
  if (recorded === undefined) return true;
  const interval = isElsewhere(recorded.address, address)
    ? RECORD_MOVED_SECONDS
    : RECORD_REFRESH_SECONDS;
  return at >= recorded.at + interval * 1000;
}

export type Rotation =
  | { readonly kind: 'rotated' | 'repeated'; readonly answer: TokenPair }
  /**
   * Repeated within the grace, from another network than the first use: no process that shares a
   * cache with it.
   */
  | { readonly kind: 'elsewhere' }
  /**
   * Somebody has a copy: the person's terminal, or whoever it was stolen by (RFC 9700 section
   * 4.14).
   */
  | { readonly kind: 'reused' };

/**
 * Spends a refresh token for `use.answer`, or gives the answer of the first use once more within
 * the grace.
 */
export function rotate(
  token: RefreshToken,
  use: RefreshUse,
): { readonly next: RefreshToken; readonly rotation: Rotation } {
  const again = rotatedBefore(token, use);
  if (again !== undefined) return { next: token, rotation: again };
  return { next: { ...token, used: use }, rotation: { kind: 'rotated', answer: use.answer } };
}

/** What a token gives that was used before; undefined for one that was not. */
export function rotatedBefore(
  { used }: RefreshToken,
  { at, address }: Omit<RefreshUse, 'answer'>,
): Rotation | undefined {
  if (used === undefined) return undefined;
  if (at >= used.at + REFRESH_GRACE_SECONDS * 1000) return { kind: 'reused' };
  return isElsewhere(used.address, address)
    ? { kind: 'elsewhere' }
    : { kind: 'repeated', answer: used.answer };
}
