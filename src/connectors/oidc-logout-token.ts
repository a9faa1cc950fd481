/**
 * Logout tokens (OpenID Connect Back-Channel Logout 1.0, section 2.6). Anyone can post one, so all
 * of it is checked, and what is wrong is named without its value.
 */
import { decodeProtectedHeader, errors, type JWTVerifyOptions, jwtVerify } from 'jose';
import type { ServerMetadata } from 'openid-client';
import { z } from 'zod';
import { BridgeError } from '../core/errors.ts';
import { type Instant, MINUTE, type Seconds } from '../core/time.ts';
import { isOfKeys } from './key-cache.ts';
import type { Provider } from './oidc-discovery.ts';
import { CLOCK_SKEW, isSessionId, LAST_SECOND, MAX_AGE, SUBJECT } from './oidc-id-token.ts';
import type { ProviderKeys } from './oidc-keys.ts';
import { SIGNATURE_ALGORITHMS } from './oidc-metadata.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
/** Older providers name no type. An access token must not pass (RFC 8725 section 3.11). */
const TYPES: readonly unknown[] = ['logout+jwt', 'application/logout+jwt', 'jwt', undefined];
/** Of a token without `exp`, which drafts of the specification did not know. */
const MAX_AGE_WITHOUT_END: Seconds = 2 * MINUTE;

const Claims = z.object({
  iat: z.number().min(0).max(LAST_SECOND),
  exp: z.number().max(LAST_SECOND).optional(),
  jti: z.string().min(1).max(512),
  aud: z.union([z.string(), z.array(z.string())]),
  azp: z.string().optional(),
  sub: z.string().regex(SUBJECT).optional(),
  sid: z.string().refine(isSessionId).optional(),
  // Other events may stand beside it.
  events: z.object({ [EVENT]: z.looseObject({}) }),
  // An id_token has one.
  nonce: z.never().optional(),
});

export interface LogoutTokenParts {
  readonly metadata: ServerMetadata;
  readonly provider: Pick<Provider, 'newer'>;
  readonly keys: ProviderKeys;
  readonly clientId: string;
  readonly now: Instant;
}

export interface LogoutClaims {
  readonly jti: string;
  readonly sub?: string | undefined;
  readonly sid?: string | undefined;
  /** From then on the token is refused. */
  readonly expiresAt: Instant;
}

/** Throws `logout_token_refused`, `idp_unreachable`. */
export async function verifyLogoutToken(
  token: string,
  parts: LogoutTokenParts,
): Promise<LogoutClaims> {
  const { sub, sid, jti, ...claims } = await signedClaims(token, parts);
  if (sub === undefined && sid === undefined) refuse('it has neither sub nor sid');
  const { iat, exp = Number.POSITIVE_INFINITY } = claims;
  const now = parts.now / 1000;
  const maxAge = claims.exp === undefined ? MAX_AGE_WITHOUT_END : MAX_AGE;
  if (iat > now + CLOCK_SKEW) refuse('iat is in the future');
  if (iat < now - maxAge - CLOCK_SKEW) refuse(`iat is more than ${maxAge} s ago`);
  const end = Math.min(exp, iat + maxAge) + CLOCK_SKEW;
  // Replicas tell the time a little differently.
  return { jti, sub, sid, expiresAt: (end + CLOCK_SKEW) * 1000 };
}

async function signedClaims(
  token: string,
  { metadata, provider, keys, clientId, now }: LogoutTokenParts,
): Promise<z.output<typeof Claims>> {
  refuseOtherTypes(token);
  const verifiedBy = (document: ServerMetadata) => {
    const options: JWTVerifyOptions = {
      issuer: document.issuer,
      audience: clientId,
      algorithms: document.id_token_signing_alg_values_supported!,
      currentDate: new Date(now),
      clockTolerance: CLOCK_SKEW,
    };
    return keys.verifiedWith(document, keyOf => jwtVerify(token, keyOf, options));
  };
  const verified = await verifiedBy(metadata)
    .catch(async (fault: unknown) => {
      const newer = isOfDocument(fault, token) ? await provider.newer(metadata) : undefined;
      if (newer === undefined) throw fault;
      return verifiedBy(newer);
    })
    .catch(refuseFault);
  const claims = Claims.safeParse(verified.payload);
  if (!claims.success) refuse(`${String(claims.error.issues[0]!.path[0])} is missing or malformed`);
  const { aud, azp } = claims.data;
  // As for id_tokens: one for several clients must say that it was made for us.
  if (azp === undefined ? [aud].flat().length > 1 : azp !== clientId)
    refuse('azp is another client, or missing among several audiences');
  return claims.data;
}

function refuseOtherTypes(token: string): void {
  let type: unknown;
  try {
    type = decodeProtectedHeader(token).typ;
  } catch {
    refuse('it is not a JWT');
  }
  if (!TYPES.includes(typeof type === 'string' ? type.toLowerCase() : type))
    refuse('typ is not that of a logout token');
}

/** Whether another discovery document could have let the token pass. */
function isOfDocument(fault: unknown, token: string): boolean {
  if (fault instanceof errors.JOSEAlgNotAllowed)
    return SIGNATURE_ALGORITHMS.includes(String(decodeProtectedHeader(token).alg));
  return isOfKeys(fault) || (fault instanceof BridgeError && fault.code === 'idp_unreachable');
}

/** Says which check of the library failed; its messages can repeat what is in the token. */
function refuseFault(fault: unknown): never {
  if (fault instanceof BridgeError) throw fault;
  if (fault instanceof errors.JWTExpired) refuse('it has expired');
  if (fault instanceof errors.JWTClaimValidationFailed) refuse(`${fault.claim} does not match`);
  const code = fault instanceof errors.JOSEError ? fault.code : '';
  refuse(FAULTS[code] ?? 'it is not a JWT that can be verified');
}

const FAULTS: Readonly<Record<string, string>> = {
  ERR_JOSE_ALG_NOT_ALLOWED: 'alg is not one that the provider signs id_tokens with',
  ERR_JWKS_NO_MATCHING_KEY: 'the provider publishes no key for it',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'it names no key id, and the provider publishes several keys',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'its signature does not verify',
};

function refuse(why: string): never {
  throw new BridgeError('logout_token_refused', `the logout token was rejected: ${why}`);
}
