/**
 * The keys of an OIDC issuer, by discovery (IAM User Guide, "Create an OpenID Connect identity
 * provider").
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { FetchFailed, fetchText } from './bounded-fetch.ts';
import { StsError } from './sts-error.ts';

const MAX_BYTES = 1_000_000;
const KEEP_MS = 3600 * 1000;
const MAX_KEYS = 200;

/** The members without which AWS does not take the document. */
const discovery = z.object({
  issuer: z.string(),
  jwks_uri: z.url(),
  response_types_supported: z.array(z.string()).min(1),
  subject_types_supported: z.array(z.string()).min(1),
  id_token_signing_alg_values_supported: z.array(z.string()).min(1),
});

const jwks = z.object({
  keys: z
    .array(
      z.looseObject({
        kty: z.string(),
        kid: z.string().optional(),
        use: z.string().optional(),
        alg: z.string().optional(),
      }),
    )
    .min(1)
    .max(MAX_KEYS),
});

type Jwk = z.output<typeof jwks>['keys'][number];

export interface OidcKeys {
  /** The key of the issuer with this kid that fits the algorithm. Throws `StsError`. */
  find(issuer: string, kid: string, algorithm: string): Promise<KeyObject>;
}

export function createOidcKeys(now: () => number): OidcKeys {
  const cache = new Map<string, { readonly keys: readonly Jwk[]; readonly at: number }>();

  const fetched = async (issuer: string): Promise<readonly Jwk[]> => {
    const keys = await fetchKeys(issuer);
    cache.set(issuer, { keys, at: now() });
    return keys;
  };
  return {
    find: async (issuer, kid, algorithm) => {
      const cached = cache.get(issuer);
      const fresh =
        cached !== undefined && Math.abs(now() - cached.at) < KEEP_MS ? cached.keys : undefined;
      const known = pick(fresh ?? [], kid) ?? pick(await fetched(issuer), kid);
      if (known === undefined) throw notRetrieved(`the key set has no key ${JSON.stringify(kid)}`);
      return importKey(known, algorithm);
    },
  };
}

function pick(keys: readonly Jwk[], kid: string): Jwk | undefined {
  return keys.find(key => key.kid === kid);
}

function importKey(jwk: Jwk, algorithm: string): KeyObject {
  if (jwk.use !== undefined && jwk.use !== 'sig')
    throw notRetrieved('the key is not for signatures');
  if (jwk.alg !== undefined && jwk.alg !== algorithm)
    throw notRetrieved(`the key is for ${jwk.alg}, the token is signed with ${algorithm}`);
  if (jwk.kty !== (algorithm.startsWith('RS') ? 'RSA' : 'EC'))
    throw notRetrieved(`a key of type ${jwk.kty} does not fit ${algorithm}`);
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    throw notRetrieved('the key cannot be read');
  }
}

async function fetchKeys(issuer: string): Promise<readonly Jwk[]> {
  const document = await fetchJson(
    `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    discovery,
  );
  if (document.issuer !== issuer)
    throw notRetrieved('the issuer of the discovery document is another one');
  const [from, to] = [new URL(issuer), new URL(document.jwks_uri)];
  // Plain http is for loopback issuers, and those point at themselves.
  if (to.protocol !== 'https:' && (from.protocol !== 'http:' || to.host !== from.host))
    throw notRetrieved('jwks_uri is not https');
  return (await fetchJson(document.jwks_uri, jwks)).keys;
}

async function fetchJson<T extends z.ZodType>(url: string, schema: T): Promise<z.output<T>> {
  let text: string;
  try {
    text = await fetchText(url, MAX_BYTES);
  } catch (cause) {
    if (!(cause instanceof FetchFailed)) throw cause;
    throw new StsError(
      'IDPCommunicationError',
      'Failed to communicate with the identity provider',
      cause.message,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw notRetrieved(`${url} is not JSON`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw notRetrieved(
    `${url}: ${parsed.error.issues.map(issue => `${issue.path.join('.')} ${issue.message}`).join('; ')}`,
  );
}

/** The two blanks are in the original. */
function notRetrieved(reason: string): StsError {
  return new StsError(
    'InvalidIdentityToken',
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
    reason,
  );
}
