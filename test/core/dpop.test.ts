import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { describe, it } from 'node:test';
import { calculateJwkThumbprint } from 'jose';
import { acceptedUntil, readProof, requireFitting, thumbprintText } from '../../src/core/dpop.ts';

const encoded = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url');
const proofWith = (jwk: JsonWebKey, claims: object = CLAIMS): string =>
  [encoded({ typ: 'dpop+jwt', alg: 'ES256', jwk }), encoded(claims), 'c2ln'].join('.');
const CLAIMS = { jti: 'a', htm: 'POST', htu: 'https://aws.example.com/oauth/token', iat: 1000 };
const thumbprint = (text: string): string => createHash('sha256').update(text).digest('base64url');

function newJwk(): JsonWebKey & { readonly x: string; readonly y: string } {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' });
  return { kty: kty!, crv: crv!, x: x!, y: y! };
}

/** A key whose `x` begins with a zero byte: one of 256 does. */
function keyWithZero(): ReturnType<typeof newJwk> {
  for (;;) {
    const jwk = newJwk();
    if (Buffer.from(jwk.x, 'base64url')[0] === 0) return jwk;
  }
}

describe('the thumbprint of a key', () => {
  it('is that of RFC 7638', async () => {
    const jwk = newJwk();
    const { key } = readProof([proofWith(jwk)]);
    assert.equal(thumbprint(thumbprintText(key)), await calculateJwkThumbprint(jwk as never));
  });

  it('is the same if a client leaves leading zero bytes out, as those in Go and Java do', () => {
    const jwk = keyWithZero();
    const short = Buffer.from(jwk.x, 'base64url').subarray(1).toString('base64url');
    const [full, stripped] = [jwk, { ...jwk, x: short }].map(
      sent => readProof([proofWith(sent)]).key,
    );
    assert.notEqual(short, jwk.x);
    assert.deepEqual(stripped, full);
  });
});

describe('a proof that is read', () => {
  const rejected: readonly (readonly [title: string, jwk: unknown])[] = [
    ['a coordinate of 33 bytes', { ...newJwk(), x: Buffer.alloc(33, 1).toString('base64url') }],
    ['an empty coordinate', { ...newJwk(), x: '' }],
    ['a coordinate that is not base64url', { ...newJwk(), y: 'a+b=' }],
    ['a coordinate that is a number', { ...newJwk(), y: 7 }],
    ['a key of another type', { ...newJwk(), kty: 'OKP' }],
    ['a key that is a list', [newJwk()]],
    ['a key that is null', null],
  ];
  for (const [title, jwk] of rejected)
    it(`is rejected with ${title}`, () => {
      assert.throws(() => readProof([proofWith(jwk as JsonWebKey)]), {
        code: 'dpop_proof_invalid',
        message: 'the key is not on P-256',
      });
    });

  it('is rejected if there is none, or several', () => {
    const proof = proofWith(newJwk());
    assert.throws(() => readProof([]), /no proof was sent/);
    assert.throws(() => readProof([proof, proof]), /several headers/);
    assert.throws(() => readProof([`${proof}, ${proof}`]), /not a compact JWS/);
  });

  it('never says what it contained', () => {
    const proof = proofWith(newJwk(), { ...CLAIMS, iat: 'canary', htm: ['canary'] });
    assert.throws(
      () => readProof([proof]),
      (error: Error) => !error.message.includes('canary') && /htm, iat/.test(error.message),
    );
  });
});

describe('the claims of a proof', () => {
  const url = CLAIMS.htu;
  const expected = { method: 'POST', url, now: 1_000_000 };

  const fitting: readonly (readonly [title: string, claims: object])[] = [
    ['as they are', {}],
    ['with a query and a fragment', { htu: `${url}?a=b#c` }],
    ['with a host in upper case and the default port', { htu: url.replace('aws.', 'AWS.') }],
    ['with the default port', { htu: url.replace('.com', '.com:443') }],
    ['five minutes old', { iat: 700 }],
    ['five minutes ahead', { iat: 1300 }],
    ['with fractions of a second', { iat: 1000.5 }],
  ];
  for (const [title, claims] of fitting)
    it(`fit ${title}`, () => requireFitting({ ...CLAIMS, ...claims }, expected));

  const unfit: readonly (readonly [title: string, claims: object, why: RegExp])[] = [
    ['of a method in lower case', { htm: 'post' }, /htm/],
    ['of http', { htu: url.replace('https', 'http') }, /htu/],
    ['of a longer path', { htu: `${url}/` }, /htu/],
    ['of a path in upper case', { htu: url.replace('token', 'TOKEN') }, /htu/],
    ['of a relative URL', { htu: '/oauth/token' }, /htu/],
    ['301 seconds old', { iat: 699 }, /iat/],
    ['301 seconds ahead', { iat: 1301 }, /iat/],
    ['of no time', { iat: Number.NaN }, /iat/],
  ];
  for (const [title, claims, why] of unfit)
    it(`do not fit ${title}`, () => {
      assert.throws(() => requireFitting({ ...CLAIMS, ...claims }, expected), why);
    });

  it('are remembered as long as they fit', () => {
    const last = acceptedUntil(CLAIMS);
    assert.throws(() => requireFitting(CLAIMS, { ...expected, now: last }), /iat/);
    assert.ok(last - 1000 * (CLAIMS.iat + 300) <= 2000);
  });
});
