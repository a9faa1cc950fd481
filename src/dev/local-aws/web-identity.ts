/**
 * Verifies the token of AssumeRoleWithWebIdentity (IAM User Guide, "OIDC federation"; STS API
 * reference).
 */
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { Account } from './accounts.ts';
import { arns } from './identifiers.ts';
import type { OidcKeys } from './oidc-keys.ts';
import { type SessionTags, tagFault } from './session-tags.ts';
import { isSessionName } from './shapes.ts';
import { JsonRefused, parseStrictJsonBytes } from './strict-json.ts';
import { StsError } from './sts-error.ts';
import type { OidcProvider, World } from './world.ts';

const ALGORITHMS: readonly jwt.Algorithm[] = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'];
const EXPIRY_GRACE_SECONDS = 300;
const TAGS_CLAIM = 'https://aws.amazon.com/tags';
const SOURCE_IDENTITY_CLAIM = 'https://aws.amazon.com/source_identity';

const header = z.object({ alg: z.string(), kid: z.string().min(1), crit: z.never().optional() });

/** Neither the answer nor the keys of conditions can carry a control character. */
const printable = z.string().regex(/^\P{Cc}*$/u, 'has a control character');

const claims = z.looseObject({
  iss: printable.min(1),
  sub: printable.min(6).max(255),
  aud: z.union([printable, z.array(printable).min(1)]),
  azp: printable.optional(),
  iat: z.int(),
  exp: z.int(),
  nbf: z.int().optional(),
  amr: z.union([printable, z.array(printable)]).optional(),
  [TAGS_CLAIM]: z
    .strictObject({
      principal_tags: z.record(z.string(), z.array(z.string()).length(1)).default({}),
      transitive_tag_keys: z.array(z.string()).default([]),
    })
    .optional(),
  [SOURCE_IDENTITY_CLAIM]: z
    .string()
    .refine(isSessionName, 'must match [a-zA-Z_0-9+=,.@-]{2,64}')
    .optional(),
});

const REQUIRED = ['iss', 'sub', 'aud', 'iat', 'exp'] as const;

export interface WebIdentity {
  readonly provider: OidcProvider;
  readonly subject: string;
  /** What was compared with the client ids: azp if there is one, else aud. */
  readonly audience: string;
  /** The aud claim where azp took its place. */
  readonly originalAudience: string | undefined;
  readonly amr: readonly string[] | undefined;
  readonly tags: SessionTags;
  readonly sourceIdentity: string | undefined;
}

export interface WebIdentityVerifier {
  /** Throws `StsError`. */
  verify(token: string, account: Account): Promise<WebIdentity>;
}

export function createWebIdentityVerifier({
  world,
  keys,
  now,
}: {
  world: World;
  keys: OidcKeys;
  now: () => number;
}): WebIdentityVerifier {
  return {
    verify: async (token, account) => {
      const unverified = decode(token);
      const provider = findProvider(world, account, unverified.issuer);
      const key = await keys.find(provider.issuer, unverified.kid, unverified.algorithm);
      let payload: unknown;
      try {
        // The times are judged below, with the texts and the grace of STS.
        payload = jwt.verify(token, key, {
          algorithms: [unverified.algorithm],
          ignoreExpiration: true,
          ignoreNotBefore: true,
        });
      } catch {
        throw new StsError(
          'InvalidIdentityToken',
          NOT_A_JWT,
          'the signature does not fit the key of the issuer',
        );
      }
      return readClaims(payload, provider, {
        nowSeconds: Math.floor(now() / 1000),
        maxAgeSeconds: world.webIdentityMaxAgeSeconds,
      });
    },
  };
}

const NOT_A_JWT =
  'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)';

interface Unverified {
  readonly issuer: string;
  readonly kid: string;
  readonly algorithm: jwt.Algorithm;
}

function decode(token: string): Unverified {
  const refuse = (reason: string): never => {
    throw new StsError('InvalidIdentityToken', NOT_A_JWT, reason);
  };
  const [encodedHeader, encodedPayload, signature, ...more] = token.split('.');
  if (signature === undefined || more.length > 0 || bytesOf(signature) === undefined)
    refuse('not three parts of base64url');
  const parsed = header.safeParse(objectOf(encodedHeader!, refuse));
  if (!parsed.success) return refuse('the header lacks alg or kid, or has crit');
  const algorithm =
    ALGORITHMS.find(name => name === parsed.data.alg) ??
    refuse(`the algorithm is not one of ${ALGORITHMS.join(', ')}`);
  const { iss: issuer } = objectOf(encodedPayload!, refuse);
  if (issuer === undefined) throw missingClaim('iss');
  return {
    issuer: typeof issuer === 'string' ? issuer : refuse('iss is no text'),
    kid: parsed.data.kid,
    algorithm,
  };
}

/** A part of the token, read strictly: the library takes what is left after an error. */
function objectOf(
  part: string,
  refuse: (reason: string) => never,
): Readonly<Record<string, unknown>> {
  try {
    const value = parseStrictJsonBytes(bytesOf(part) ?? refuse('not base64url'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Readonly<Record<string, unknown>>;
  } catch (cause) {
    if (!(cause instanceof JsonRefused)) throw cause;
    refuse(`header or payload: ${cause.message}`);
  }
  return refuse('header or payload is no JSON object');
}

/** Undefined for a text that is not base64url, or not the one that encodes its bytes. */
function bytesOf(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return part !== '' && bytes.toString('base64url') === part ? bytes : undefined;
}

function findProvider(world: World, account: Account, issuer: string): OidcProvider {
  const provider = world.oidcProviders.get(
    arns.oidcProvider({ partition: account.partition.name, account: account.id }, issuer),
  );
  if (provider !== undefined && provider.issuer === issuer) return provider;
  throw new StsError(
    'InvalidIdentityToken',
    `No OpenIDConnect provider found in your account for ${issuer}`,
  );
}

function readClaims(
  payload: unknown,
  provider: OidcProvider,
  times: { nowSeconds: number; maxAgeSeconds: number },
): WebIdentity {
  const absent = REQUIRED.find(name => (payload as Record<string, unknown>)[name] === undefined);
  if (absent !== undefined) throw missingClaim(absent);
  const parsed = claims.safeParse(payload);
  if (!parsed.success) {
    const reason = parsed.error.issues
      .map(issue => `${issue.path.join('.')}: ${issue.message}`)
      .join('; ');
    throw new StsError('InvalidIdentityToken', NOT_A_JWT, reason);
  }
  const token = parsed.data;
  checkTimes(token, times);
  const audience = checkAudience(token, provider);
  const { principal_tags = {}, transitive_tag_keys = [] } = token[TAGS_CLAIM] ?? {};
  const tags: SessionTags = {
    tags: Object.entries(principal_tags).map(([key, [value]]) => ({ key, value: value! })),
    transitiveKeys: transitive_tag_keys,
  };
  const fault = tagFault(tags);
  if (fault !== undefined) throw new StsError('InvalidIdentityToken', NOT_A_JWT, fault);
  return {
    provider,
    subject: token.sub,
    ...audience,
    amr: typeof token.amr === 'string' ? [token.amr] : token.amr,
    tags,
    sourceIdentity: token[SOURCE_IDENTITY_CLAIM],
  };
}

function checkTimes(
  { exp, iat, nbf }: { exp: number; iat: number; nbf?: number | undefined },
  { nowSeconds, maxAgeSeconds }: { nowSeconds: number; maxAgeSeconds: number },
): void {
  if (nowSeconds >= exp + EXPIRY_GRACE_SECONDS) {
    throw new StsError(
      'ExpiredTokenException',
      `Token expired: current date/time ${nowSeconds} must be before the expiration date/time ${exp}`,
    );
  }
  if (nowSeconds - iat > maxAgeSeconds)
    throw new StsError('ExpiredTokenException', `Token too old: ${nowSeconds - iat}`);
  if (iat > nowSeconds + EXPIRY_GRACE_SECONDS)
    throw new StsError('InvalidIdentityToken', NOT_A_JWT, 'iat is in the future');
  if (nbf !== undefined && nbf > nowSeconds + EXPIRY_GRACE_SECONDS)
    throw new StsError('InvalidIdentityToken', NOT_A_JWT, 'nbf is in the future');
}

/** With azp, azp is what counts (https://github.com/aws/aws-sdk-net/issues/3071). */
function checkAudience(
  token: { aud: string | string[]; azp?: string | undefined },
  provider: OidcProvider,
): Pick<WebIdentity, 'audience' | 'originalAudience'> {
  const audiences = typeof token.aud === 'string' ? [token.aud] : token.aud;
  const refuse = (reason: string): never => {
    throw new StsError('InvalidIdentityToken', 'Incorrect token audience', reason);
  };
  if (token.azp === undefined && audiences.length > 1) refuse('several audiences and no azp');
  const audience = token.azp ?? audiences[0]!;
  if (!provider.clientIds.includes(audience))
    refuse(
      `${token.azp === undefined ? 'aud' : 'azp'} ${JSON.stringify(audience)} is no client id of the provider`,
    );
  return { audience, originalAudience: token.azp === undefined ? undefined : audiences[0] };
}

function missingClaim(name: string): StsError {
  return new StsError('InvalidIdentityToken', `Missing a required claim: ${name}`);
}
