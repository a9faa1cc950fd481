/**
 * Signs tokens rightly and wrongly, with keys of its own. It shares no code with the bridge: jose
 * and the claims that a test gives.
 */
import { createHash } from 'node:crypto';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export type Claims = Record<string, unknown>;
export type Signature = 'good' | 'none' | 'hs256' | 'other-key' | 'cut';

interface Key {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export interface Forged {
  readonly claims: Claims;
  readonly signature: Signature;
  /** Changes the protected header. */
  readonly header: (header: Claims) => Claims;
}

export interface TokenForge {
  /** The public key that tokens are signed with now. */
  jwk(): JWK;
  rotate(): Promise<void>;
  /** `hs256` signs with the client secret, `other-key` names the right key id. */
  sign(forged: Forged): Promise<string>;
}

export async function createTokenForge(clientSecret: string): Promise<TokenForge> {
  let key = await newKey();
  const otherKey = await newKey();
  const signed = ({ claims, header }: Forged, signer: Key): Promise<string> =>
    new SignJWT(claims)
      .setProtectedHeader(header({ alg: 'ES256', kid: signer.kid }) as { alg: string })
      // The library signs a critical extension only when it is told that it knows it.
      .sign(signer.privateKey, { crit: { 'urn:acme:extension': true } });
  const signers: Readonly<Record<Signature, (forged: Forged) => string | Promise<string>>> = {
    good: forged => signed(forged, key),
    cut: async forged => (await signed(forged, key)).slice(0, -8),
    'other-key': forged => signed(forged, { ...otherKey, kid: key.kid }),
    none: ({ claims, header }) => `${encoded(header({ alg: 'none' }))}.${encoded(claims)}.`,
    hs256: ({ claims, header }) =>
      new SignJWT(claims)
        .setProtectedHeader(header({ alg: 'HS256', kid: key.kid }) as { alg: string })
        .sign(new TextEncoder().encode(clientSecret.padEnd(32, '.'))),
  };
  return {
    jwk: () => key.jwk,
    rotate: async () => {
      key = await newKey();
    },
    sign: async forged => signers[forged.signature](forged),
  };
}

async function newKey(): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = createHash('sha256').update(JSON.stringify(jwk)).digest('hex').slice(0, 8);
  return { kid, privateKey, jwk: { ...jwk, kid, use: 'sig', alg: 'ES256' } };
}

function encoded(value: Claims): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
