/**
 * The identity in what an OpenID provider states: the claims of an id_token, and userinfo.
 *
 * Owns: which of the two counts, and which claims are required. Does not own: their verification
 * (oidc-client), the mapping of claims (attributes).
 */
import type { IDToken } from 'openid-client';
import type { ConnectorId, Identity, IdentityMapping, IdentitySource } from '../core/identity.ts';
import type { Instant } from '../core/time.ts';
import { claimAt, identityFrom, incomplete, type ReadIdentity } from './attributes.ts';
import { saysNo } from './claim-values.ts';
import { CLOCK_SKEW, refuseOverage } from './oidc-id-token.ts';
import type { Statement } from './oidc-refresh.ts';
import { methodsIn, type OidcStepUp } from './oidc-step-up.ts';

export interface IdentitySettings {
  readonly id: ConnectorId;
  readonly source: IdentitySource;
  readonly claims: IdentityMapping;
  readonly multiFactorMethods: readonly string[];
  readonly stepUp?: OidcStepUp | undefined;
}

export interface SignInStatement {
  readonly claims: IDToken;
  readonly userinfo: Readonly<Record<string, unknown>>;
  readonly authenticatedAt: Instant | undefined;
}

/** Whether the claims alone are enough, so that userinfo need not be asked. */
export function isCompleteFor({ username, email, groups }: IdentityMapping) {
  return (claims: object): boolean =>
    [username, email, groups].every(path => claimAt(claims, path) !== undefined);
}

/** All claims of a verified answer. */
export function claimsIn({
  claims,
  userinfo,
}: Pick<SignInStatement, 'claims' | 'userinfo'>): Readonly<Record<string, unknown>> {
  return mergedClaims(claims, userinfo);
}

/** Throws `identity_incomplete`. */
export function identityOf(
  settings: IdentitySettings,
  { claims, userinfo, authenticatedAt }: SignInStatement,
): ReadIdentity {
  return identityFrom({
    ...stated(settings, mergedClaims(claims, userinfo)),
    assertedAt: claims.iat * 1000,
    subject: claims.sub,
    authenticatedAt,
    methods: methodsIn(claims, settings.stepUp),
  });
}

/**
 * The identity that a refresh states. It says nothing of an authentication: some providers repeat
 * that of the sign-in, and some state none. Throws `identity_incomplete`.
 */
export function refreshedIdentityOf(
  settings: IdentitySettings,
  { claims, userinfo }: Statement,
  { subject, now }: { readonly subject: string; readonly now: Instant },
): Identity {
  // Without a token, a missing claim states nothing: userinfo of Entra ID has no groups.
  if (claims === undefined && claimAt(userinfo, settings.claims.groups) === undefined)
    throw incomplete(
      `the refresh brought no id_token, and userinfo has no claim "${settings.claims.groups}"`,
      userinfo,
    );
  const { identity } = identityFrom({
    ...stated(settings, mergedClaims(claims ?? {}, userinfo)),
    // Userinfo has no time. By the slowest clock that is accepted, a later sign-in is never older.
    assertedAt: claims === undefined ? now - CLOCK_SKEW * 1000 : claims.iat * 1000,
    subject,
    authenticatedAt: undefined,
    methods: [],
  });
  return identity;
}

function stated(
  { id, source, claims, multiFactorMethods }: IdentitySettings,
  values: Readonly<Record<string, unknown>>,
) {
  const { username, email, groups } = claims;
  refuseOverage(values, [username, email, groups]);
  return { connector: id, source, values, mapping: claims, multiFactorMethods };
}

/**
 * The id_token wins, because it is signed. An e-mail address that one of the two calls unverified
 * is unverified.
 */
function mergedClaims(
  claims: object,
  userinfo: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const said = Object.entries(claims).filter(([, value]) => value !== null);
  const merged = { ...userinfo, ...Object.fromEntries(said) };
  return saysNo(userinfo.email_verified) ? { ...merged, email_verified: false } : merged;
}
