/**
 * What stands for a CLI session on the wire: authorization codes, refresh tokens and access tokens, as records and pure transitions.
 *
 * Every one is a random secret of which the store keeps a hash; what it leads to is sealed under it.
 */
import type { AccountId, RoleName } from './role.ts';
import type { Instant, Seconds } from './time.ts';

/** RFC 6749 section 4.1.2 allows ten minutes; a loopback redirect takes a moment. */
export const AUTHORIZATION_CODE_SECONDS: Seconds = 60;
/** How long the bridge remembers a code, to notice that it is presented once more. */
export const AUTHORIZATION_CODE_MEMORY_SECONDS: Seconds = 600;
/** How long the refresh token before the last one gives the same answer, for processes that share a cache and did not lock it. */
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

export interface CodeExchange {
  readonly client: string;
  readonly redirectUri: string;
  /** The challenge that the presented verifier gives. */
  readonly codeChallenge: string;
}

/**
 * A code is spent by the first attempt, also by a wrong one: who presents it wrongly has stolen or guessed it.
 * `why` is for the operator; the session behind a code that was misused ends.
 */
export function redeemCode(
  code: AuthorizationCode,
  exchange: CodeExchange,
  now: Instant,
): { readonly next: AuthorizationCode; readonly session: string; readonly misused?: string } {
  const faults: readonly (readonly [boolean, string])[] = [
    [code.state === 'redeemed', 'the code was used before'],
    [now >= code.redeemBy, 'the code has expired'],
    [code.client !== exchange.client, 'the code was given to another client'],
    [code.redirectUri !== exchange.redirectUri, 'the redirect URI is not the one of the request'],
    [code.codeChallenge !== exchange.codeChallenge, 'the code verifier does not fit the challenge'],
  ];
  const misused = faults.find(([applies]) => applies)?.[1];
  return { next: { ...code, state: 'redeemed' }, session: code.session, ...(misused !== undefined && { misused }) };
}

// ---------------------------------------------------------------- access and refresh tokens

export interface AccessToken {
  readonly session: string;
  /** When it opens nothing any more; unset, `expiresAt`. Until that it still says which session a logout means. */
  readonly usableUntil?: Instant | undefined;
  readonly expiresAt: Instant;
  /** Set for a container token: it opens this role and nothing else. */
  readonly only?: { readonly account: AccountId; readonly role: RoleName } | undefined;
}

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
  readonly used?: { readonly at: Instant; readonly answer: TokenPair } | undefined;
}

export type Rotation =
  | { readonly kind: 'rotated' | 'repeated'; readonly answer: TokenPair }
  /** Somebody has a copy: the person's terminal, or whoever it was stolen by (RFC 9700 section 4.14). */
  | { readonly kind: 'reused' };

/** Spends a refresh token for `answer`, or gives the answer of the first use once more within the grace. */
export function rotate(token: RefreshToken, now: Instant, answer: TokenPair): { readonly next: RefreshToken; readonly rotation: Rotation } {
  if (token.used === undefined) return { next: { ...token, used: { at: now, answer } }, rotation: { kind: 'rotated', answer } };
  const repeated = repeatedAnswer(token, now);
  return { next: token, rotation: repeated === undefined ? { kind: 'reused' } : { kind: 'repeated', answer: repeated } };
}

/** What a used token still gives. */
export function repeatedAnswer({ used }: RefreshToken, now: Instant): TokenPair | undefined {
  return used !== undefined && now < used.at + REFRESH_GRACE_SECONDS * 1000 ? used.answer : undefined;
}
