/**
 * The JWT for AssumeRoleWithWebIdentity: a few claims of OpenID Connect, and those of AWS for
 * session tags and source identity (IAM User Guide, "Passing session tags using
 * AssumeRoleWithWebIdentity"). The role and the session name are parameters of the call.
 */
import { randomUUID, sign } from 'node:crypto';
import type { AssertionSubject } from '../core/assumed-role.ts';
import { BridgeError } from '../core/errors.ts';
import type { Instant, Seconds } from '../core/time.ts';
import type { SigningKey } from './signing-keys.ts';

export interface WebIdentityTokenOptions {
  readonly subject: AssertionSubject;
  readonly issuer: string;
  readonly audience: string;
  readonly key: SigningKey;
  readonly now: Instant;
}

export const WEB_IDENTITY_ALGORITHM = 'RS256';

const LIFETIME: Seconds = 300;
/** STS limit of the WebIdentityToken parameter. */
const MAX_CHARACTERS = 20_000;

/**
 * A compact JWT. It has no `azp`, because STS would compare that instead of `aud`, and no `nbf`,
 * because STS would reject it if our clock is ahead. Throws `session_settings_invalid` if the
 * session tags make it longer than STS accepts.
 */
export function issueWebIdentityToken({
  subject,
  issuer,
  audience,
  key,
  now,
}: WebIdentityTokenOptions): string {
  const issuedAt = Math.floor(now / 1000);
  const token = signedCompact(key, {
    ...awsClaims(subject),
    iss: issuer,
    sub: subject.principal,
    aud: audience,
    iat: issuedAt,
    exp: issuedAt + LIFETIME,
    jti: randomUUID(),
  });
  if (token.length > MAX_CHARACTERS) {
    throw new BridgeError(
      'session_settings_invalid',
      `the web identity token for ${subject.role} has more than ${MAX_CHARACTERS} characters`,
      {
        hint: 'Your session tags for this role exceed the limits of AWS. Contact your administrator and give them the reference.',
      },
    );
  }
  return token;
}

/**
 * The claims as a JWS in compact form (RFC 7515 section 7.1), signed in one pass: libraries sign by
 * WebCrypto, which costs a thread and a copy of the claims for each token (ADR 55).
 */
function signedCompact({ kid, privateKey }: SigningKey, claims: Record<string, unknown>): string {
  const header = { alg: WEB_IDENTITY_ALGORITHM, typ: 'JWT', kid };
  const input = [header, claims]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
}

function awsClaims({ session }: AssertionSubject): Record<string, unknown> {
  const claims: Record<string, unknown> = {};
  if (session.tags.length > 0) {
    claims['https://aws.amazon.com/tags'] = {
      principal_tags: Object.fromEntries(session.tags.map(({ key, value }) => [key, [value]])),
      ...(session.transitiveTags.length > 0 && { transitive_tag_keys: session.transitiveTags }),
    };
  }
  if (session.sourceIdentity !== undefined)
    claims['https://aws.amazon.com/source_identity'] = session.sourceIdentity;
  return claims;
}
