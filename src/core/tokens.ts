/**
 * Codes and tokens of CLI sessions, as records and pure transitions: authorization codes, refresh
 * tokens, access tokens and container tokens.
 *
 * Each is a random secret. The store keeps its hash and seals the record under it.
 */
import { isElsewhere } from './network-distance.ts';
import type { AccountId, RoleName } from './role.ts';
import { type Instant, MINUTE, type Seconds } from './time.ts';

/** RFC 6749 section 4.1.2 allows ten minutes; a loopback redirect takes seconds. */
export const AUTHORIZATION_CODE_SECONDS: Seconds = 60;
/** How long the bridge remembers a code, to detect that it is presented again. */
export const AUTHORIZATION_CODE_MEMORY_SECONDS: Seconds = 600;
/**
 * How long a used refresh token gives the same answer, for processes that share a cache without a
 * lock.
 */
const REFRESH_GRACE_SECONDS: Seconds = 60;

/** Prefixes by which secret scanners and readers recognize a token; nothing depends on them. */
export const TOKEN_PREFIX = {
  access: 'rba_',
  refresh: 'rbr_',
  container: 'rbc_',
  workload: 'rbw_',
} as const;

// ---------------------------------------------------------------- authorization codes

export interface AuthorizationCode {
  readonly client: string;
  readonly redirectUri: string;
  /** RFC 7636 S256: base64url of the SHA-256 of the verifier. */
  readonly codeChallenge: string;
  /**
   * The thumbprint of the key that redeems it (`dpop_jkt`); undefined if the request named none.
   */
  readonly jkt?: string | undefined;
  /** The id of the CLI session that waits to be picked up. */
  readonly session: string;
  readonly redeemBy: Instant;
  /** When the record is deleted. */
  readonly expiresAt: Instant;
  readonly state: 'issued' | 'redeemed';
}

/** What a code is bound to. The presented verifier gives the challenge, the proof the key. */
export type CodeBinding = Pick<
  AuthorizationCode,
  'client' | 'redirectUri' | 'codeChallenge' | 'jkt'
>;

/**
 * Uses a code up at the first attempt, also a wrong one: a code that is presented wrongly was
 * stolen or guessed. `misused` is for the operator; the session of a misused code ends.
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
    [code.jkt !== undefined && code.jkt !== presented.jkt, 'the proof is by another key'],
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
  /** The thumbprint of the key to which it is bound (RFC 9449); undefined for a bearer token. */
  readonly jkt?: string | undefined;
  /**
   * When it stops giving access; default: `expiresAt`. Until then it still identifies the session
   * at a logout.
   */
  readonly usableUntil?: Instant | undefined;
  readonly expiresAt: Instant;
}

/**
 * A token for a container: it gives access to one role, and ends with the CLI session that it was
 * created in.
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

/** What lists show of a container token. Nothing in it is a secret. */
export interface ContainerTokenSummary {
  readonly publicId: string;
  /** The public id of the CLI session that it ends with. */
  readonly cliSession: string;
  readonly account: AccountId;
  readonly accountName: string;
  readonly role: RoleName;
  /** The address that it was created from. */
  readonly address: string;
  readonly createdAt: Instant;
  readonly lastUsedAt?: Instant | undefined;
  readonly lastUsedAddress?: string | undefined;
  readonly expiresAt: Instant;
}

/**
 * Live container tokens of one CLI session: enough for a container of each role, and far fewer than
 * a script in a loop creates.
 */
export const MOST_CONTAINER_TOKENS = 50;
/** Time and address of last use are written at most this often. */
const TOUCH_SECONDS: Seconds = MINUTE;

/** Whether a use after this last one must be written. */
export function isTouchDue(lastUsedAt: Instant | undefined, now: Instant): boolean {
  return now >= (lastUsedAt ?? 0) + TOUCH_SECONDS * 1000;
}

/** Live CLI sessions of one user. */
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
  /** As in `AccessToken`. */
  readonly jkt?: string | undefined;
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

/** How often a session that refreshes from one network is recorded at most. */
const RECORD_REFRESH_SECONDS: Seconds = 15 * MINUTE;
/** How often a session that moves between networks is recorded at most. */
const RECORD_MOVED_SECONDS: Seconds = MINUTE;

/**
 * Whether a refresh is recorded: the first one of a session, then at intervals, which are shorter
 * when it comes from another network.
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
  /** Repeated within the grace period from another network: not a process that shares its cache. */
  | { readonly kind: 'elsewhere' }
  /**
   * A copy of the token exists: it was stolen from the terminal or by it (RFC 9700 section 4.14).
   */
  | { readonly kind: 'reused' };

/**
 * Uses a refresh token up for `use.answer`, or repeats the answer of its first use within the grace
 * period.
 */
export function rotate(
  token: RefreshToken,
  use: RefreshUse,
): { readonly next: RefreshToken; readonly rotation: Rotation } {
  const again = rotatedBefore(token, use);
  if (again !== undefined) return { next: token, rotation: again };
  return { next: { ...token, used: use }, rotation: { kind: 'rotated', answer: use.answer } };
}

/** The result of a token that was used before; undefined if it was not. */
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
