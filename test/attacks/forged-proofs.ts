/** DPoP proofs that are wrong in one point, for a request that they would fit otherwise. */
import { createHmac, KeyObject, randomUUID, sign as signWith } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import { digestOf, type Key, newKey, proofOf, publicJwk } from '../support/application.ts';
import type { World } from '../support/world.ts';

/** What a proof must fit. */
export interface Fitting {
  readonly world: World;
  readonly key: Key;
  readonly method: string;
  readonly path: string;
  readonly accessToken?: string;
  readonly nonce?: string;
}

type Forge = (fitting: Fitting) => Promise<string>;

export const withClaims =
  (claims: (fitting: Fitting) => Readonly<Record<string, unknown>>): Forge =>
  fitting =>
    proofOf(fitting.world, fitting.key, fitting, { claims: claims(fitting) });

const withHeader =
  (header: (fitting: Fitting) => Promise<Readonly<Record<string, unknown>>>): Forge =>
  async fitting =>
    proofOf(fitting.world, fitting.key, fitting, { header: await header(fitting) });

/** Claims that fit, under any header and signature. */
const handmade =
  (
    header: (fitting: Fitting) => Promise<Readonly<Record<string, unknown>>>,
    signature: (input: string, fitting: Fitting) => Promise<Buffer>,
  ): Forge =>
  async fitting => {
    const { world, method, path, accessToken, nonce } = fitting;
    const claims = {
      ...{ jti: randomUUID(), htm: method, htu: world.urls.bridge + path },
      iat: Math.floor(world.clock.now() / 1000),
      ...(accessToken !== undefined && { ath: digestOf(accessToken) }),
      nonce,
    };
    const parts = [{ typ: 'dpop+jwt', ...(await header(fitting)) }, claims];
    const input = parts.map(part => Buffer.from(JSON.stringify(part)).toString('base64url'));
    const signed = await signature(input.join('.'), fitting);
    return [...input, signed.toString('base64url')].join('.');
  };

export const secondsNow = ({ world }: Fitting): number => Math.floor(world.clock.now() / 1000);

/** Refused everywhere: what is wrong, and what the audit trail says. */
export const FORGED: readonly (readonly [title: string, forge: Forge, why: RegExp])[] = [
  [
    'without a signature',
    handmade(
      async ({ key }) => ({ alg: 'none', jwk: await publicJwk(key) }),
      async () => Buffer.alloc(0),
    ),
    /alg is not ES256/,
  ],
  [
    'with an empty signature',
    handmade(
      async ({ key }) => ({ alg: 'ES256', jwk: await publicJwk(key) }),
      async () => Buffer.alloc(0),
    ),
    /signature/,
  ],
  [
    'signed by HS256, with the public key as the secret',
    handmade(
      async ({ key }) => ({ alg: 'HS256', jwk: await publicJwk(key) }),
      async (input, { key }) =>
        createHmac('sha256', JSON.stringify(await publicJwk(key)))
          .update(input)
          .digest(),
    ),
    /alg is not ES256/,
  ],
  [
    'signed by RS256',
    async fitting => {
      const rsa = await generateKeyPair('RS256', { extractable: true });
      const { kty, n, e } = await exportJWK(rsa.publicKey);
      const forge = handmade(
        async () => ({ alg: 'RS256', jwk: { kty, n, e } }),
        async input =>
          signWith('sha256', Buffer.from(input), KeyObject.from(rsa.privateKey as never)),
      );
      return forge(fitting);
    },
    /alg is not ES256/,
  ],
  ['of type JWT', withHeader(async () => ({ typ: 'JWT' })), /typ is not dpop\+jwt/],
  [
    'with the private key inside',
    withHeader(async ({ key }) => ({ jwk: await exportJWK(key.privateKey) })),
    /private key/,
  ],
  [
    'of another curve',
    withHeader(async ({ key }) => ({ jwk: { ...(await publicJwk(key)), crv: 'P-384' } })),
    /not on P-256/,
  ],
  [
    'with a point that is not on the curve',
    withHeader(async ({ key }) => ({ jwk: { ...(await publicJwk(key)), x: 'AQ' } })),
    /signature/,
  ],
  ['without a key', withHeader(async () => ({ jwk: undefined })), /not on P-256/],
  [
    'that shows another key than the one that signed it',
    withHeader(async () => ({ jwk: await publicJwk(await newKey()) })),
    /signature/,
  ],
  [
    'with a critical header that means nothing here',
    handmade(
      async ({ key }) => ({ alg: 'ES256', jwk: await publicJwk(key), crit: ['exp'], exp: 1 }),
      async (input, { key }) =>
        signWith('sha256', Buffer.from(input), {
          key: KeyObject.from(key.privateKey as never),
          dsaEncoding: 'ieee-p1363',
        }),
    ),
    /signature/,
  ],
  ['of another method', withClaims(() => ({ htm: 'DELETE' })), /htm is another method/],
  [
    'of another path',
    withClaims(({ world }) => ({ htu: `${world.urls.bridge}/api/v1/other` })),
    /htu is another URL/,
  ],
  [
    'of another host',
    withClaims(({ path }) => ({ htu: `https://evil.example${path}` })),
    /htu is another URL/,
  ],
  [
    'of the same host with a user name',
    withClaims(({ world, path }) => ({
      htu: `${world.urls.bridge.replace('//', '//x@')}${path}`,
    })),
    /htu is another URL/,
  ],
  ['that is too old', withClaims(fitting => ({ iat: secondsNow(fitting) - 301 })), /iat/],
  ['of the future', withClaims(fitting => ({ iat: secondsNow(fitting) + 301 })), /iat/],
  ['with a time as text', withClaims(fitting => ({ iat: String(secondsNow(fitting)) })), /: iat/],
  ['without a jti', withClaims(() => ({ jti: undefined })), /: jti/],
  ['with a jti of 300 characters', withClaims(() => ({ jti: 'x'.repeat(300) })), /: jti/],
  ['with a jti that is a list', withClaims(() => ({ jti: ['x'] })), /: jti/],
  ['of 5,000 characters', withClaims(() => ({ more: 'x'.repeat(5000) })), /not a compact JWS/],
  ['that is not a JWT', async () => 'x', /not a compact JWS/],
  ['of parts that are not JSON', async () => 'x.y.z', /typ is not dpop\+jwt/],
];
