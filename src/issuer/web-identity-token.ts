/**
 * The JWT for AssumeRoleWithWebIdentity: a few claims of OpenID Connect, and those of AWS for
 * session tags and source identity (IAM User Guide, "Passing session tags using
 * AssumeRoleWithWebIdentity"). The role and the session name are parameters of the call.
 */
import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
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
export async function issueWebIdentityToken({
  subject,
  issuer,
  audience,
  key,
  now,
}: WebIdentityTokenOptions): Promise<string> {
  const issuedAt = Math.floor(now / 1000);
  const token = await new SignJWT(awsClaims(subject))
    .setProtectedHeader({ alg: WEB_IDENTITY_ALGORITHM, typ: 'JWT', kid: key.kid })
    .setIssuer(issuer)
    .setSubject(subject.principal)
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + LIFETIME)
    .setJti(randomUUID())
    .sign(key.privateKey);
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
