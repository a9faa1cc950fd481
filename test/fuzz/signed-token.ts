/** JWTs for the targets: signing what the input says, and reading without any library of JWTs. */
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import type { JWK } from 'jose';
import { signedJwt } from './es256.ts';
import { corpusKeys } from './signed-world.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const OWN_KEY: JWK = {
  ...publicKey.export({ format: 'jwk' }),
  kid: 'own',
  alg: 'ES256',
  use: 'sig',
};

/** The keys of the corpus, and the one that signs here. */
export const KEY_SET = { keys: [...corpusKeys().jwks.keys, OWN_KEY] };

/**
 * The token that an input is: itself, or, if it is a JSON object, a correctly signed token with
 * these members in its claims; undefined members are left out. `null` for what is no object.
 */
export function tokenOf(input: string, defaults: object): string | null {
  if (!input.startsWith('{')) return input;
  let claims: unknown;
  try {
    claims = JSON.parse(input);
  } catch {
    return null;
  }
  return signedJwt(privateKey, { kid: 'own' }, { ...defaults, ...(claims as object) });
}

/** The claims that one of the keys signed; undefined if none did. */
export function signedClaims(token: string): Readonly<Record<string, unknown>> | undefined {
  const [header, payload, signature, ...more] = token.split('.');
  if (payload === undefined || signature === undefined || more.length > 0) return undefined;
  const isSigned = KEY_SET.keys.some(jwk => {
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    return verify(
      'sha256',
      Buffer.from(`${header}.${payload}`),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
  });
  if (!isSigned) return undefined;
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
}
