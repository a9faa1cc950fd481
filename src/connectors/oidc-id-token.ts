/**
 * The part of the id_token's validation that openid-client does not do (OpenID Connect Core
 * 3.1.3.7, 3.1.3.8), and distributed claims (5.6.2). The library checks signature, `iss`, `aud`,
 * `exp`, `nbf` and `nonce`.
 */
import { createHash } from 'node:crypto';
import { decodeProtectedHeader } from 'jose';
import type { IDToken } from 'openid-client';
import { BridgeError } from '../core/errors.ts';
import { type Instant, MINUTE, type Seconds } from '../core/time.ts';
import { claimAt, incomplete, TOO_MANY_GROUPS } from './attributes.ts';

/** Accepted difference between the provider's clock and ours. */
export const CLOCK_SKEW: Seconds = 60;
/** A sign-in attempt expires after ten minutes, so no token for it is older. */
export const MAX_AGE: Seconds = 10 * MINUTE;
/** OpenID Connect Core 2: `sub` has at most 255 ASCII characters. */
export const SUBJECT = /^[\x20-\x7e]{1,255}$/;
/** OpenID Connect sets no limit for `sid`; a longer one of a hostile provider is not kept. */
const MAX_SESSION_ID = 512;
/** 9999-12-31T23:59:59Z: later times cannot be written as a date. */
export const LAST_SECOND = 253_402_300_799;

const HASHES: Readonly<Record<string, string>> = {
  ...{ RS256: 'sha256', PS256: 'sha256', ES256: 'sha256' },
  ...{ RS384: 'sha384', PS384: 'sha384', ES384: 'sha384' },
  ...{ RS512: 'sha512', PS512: 'sha512', ES512: 'sha512', EdDSA: 'sha512', Ed25519: 'sha512' },
};

export interface IssuedTokens {
  readonly idToken: string;
  /** Of the id_token, after the library's checks. */
  readonly claims: IDToken;
  readonly accessToken: string;
  readonly clientId: string;
  readonly now: Instant;
}

/**
 * When the user signed in at the provider; undefined if the provider does not state it, because its
 * session can be of any age. Requesting a new sign-in proves nothing: the request passes through
 * the browser, where `prompt` and `max_age` can be removed. Throws `oidc_response_refused`, which
 * names the claim and never its value.
 */
export function authenticationInstantOf(tokens: IssuedTokens): Instant | undefined {
  const { claims, clientId } = tokens;
  const now = tokens.now / 1000;
  if (!SUBJECT.test(claims.sub)) refuse('sub is not 1 to 255 ASCII characters');
  // The library checks azp only with several audiences; a token for another client must not pass
  // with one.
  if (claims.azp !== undefined && claims.azp !== clientId) refuse('azp is another client');
  if (claims.iat > now + CLOCK_SKEW) refuse('iat is in the future');
  if (claims.iat < now - MAX_AGE - CLOCK_SKEW) refuse(`iat is more than ${MAX_AGE} s ago`);
  if (claims.exp > LAST_SECOND) refuse('exp is not a date');
  if (claims.auth_time !== undefined && claims.auth_time > now + CLOCK_SKEW)
    refuse('auth_time is in the future');
  const atHash = claims.at_hash;
  if (atHash !== undefined && atHash !== accessTokenHash(tokens))
    refuse('at_hash does not belong to the access token');
  return claims.auth_time === undefined ? undefined : Math.min(claims.auth_time, now) * 1000;
}

/** Whether a claim is the id of a session at the provider (`sid`). */
export function isSessionId(sid: unknown): sid is string {
  return typeof sid === 'string' && sid !== '' && sid.length <= MAX_SESSION_ID;
}

/** OpenID Connect Core 3.1.3.6: the left half of the hash that the signature algorithm uses. */
function accessTokenHash({ idToken, accessToken }: IssuedTokens): string {
  const hash = HASHES[String(decodeProtectedHeader(idToken).alg)];
  if (hash === undefined) refuse('alg has no hash for at_hash');
  const digest = createHash(hash).update(accessToken, 'ascii').digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

function refuse(why: string): never {
  throw new BridgeError('oidc_response_refused', `the id_token was rejected: ${why}`);
}

/**
 * Rejects a user whose mapped claim is distributed (Entra ID does so for more than 200 groups).
 * Its source is not fetched, because a token would then name the hosts that we call (threats R20).
 * Throws `identity_incomplete`.
 */
export function refuseOverage(
  values: Readonly<Record<string, unknown>>,
  mapped: readonly string[],
): void {
  const elsewhere = values._claim_names;
  if (typeof elsewhere !== 'object' || elsewhere === null) return;
  for (const path of mapped) {
    if (!Object.hasOwn(elsewhere, path) || claimAt(values, path) !== undefined) continue;
    throw incomplete(
      `overage: the provider left the claim "${path}" out of the token and names a distributed source (_claim_names), which is not followed; ` +
        'configure the provider to send fewer groups, for example only those assigned to this application',
      values,
      TOO_MANY_GROUPS,
    );
  }
}
