import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type ForgedToken,
  type PlatformForge,
  startPlatform,
} from '../../support/platform-forge.ts';
import type { Claims } from '../../support/token-forge.ts';
import { AUDIENCE, entryFor, now, openProofs, refusal, tokenOf } from './fixture.ts';

interface WrongToken {
  readonly claims?: (platform: PlatformForge) => Claims;
  readonly forged?: ForgedToken;
  /** What the hint says. */
  readonly hint: RegExp;
}

const stating = (claims: Claims): Pick<WrongToken, 'claims'> => ({ claims: () => claims });
const headed = (changes: Claims): Pick<WrongToken, 'forged'> => ({
  forged: { header: header => ({ ...header, ...changes }) },
});
const spelt = (spell: (issuer: string) => unknown): Pick<WrongToken, 'claims'> => ({
  claims: ({ issuer }) => ({ iss: spell(issuer) }),
});

const ISSUER = /^The issuer of the token is ".+", which this bridge does not trust\./;
const AUDIENCES =
  /^The audience of the token is .+; this bridge accepts only tokens that are for it alone\./;
const ALGORITHM = /^The signature algorithm of the token is/;
const KEY = /publishes no key that fits the token/;
const SIGNATURE = /^The signature of the token does not verify\./;
const TIME = /^The token does not say when it/;
const SUBJECT = /^The subject of the token \(sub\) is missing, or it is not a printable text/;
const NOT_A_JWT = /^The proof is not a signed JWT\./;
const TYPE = /^The type of the token is/;
const parameter = (name: string): RegExp => new RegExp(`^The header of the token has "${name}"`);

const WRONG_TOKENS: Readonly<Record<string, WrongToken>> = {
  'for another audience': { ...stating({ aud: 'https://aws.evil.example' }), hint: AUDIENCES },
  'for this bridge and another audience': {
    ...stating({ aud: [AUDIENCE, 'https://aws.evil.example'] }),
    hint: AUDIENCES,
  },
  'for the audience with a slash': { ...stating({ aud: `${AUDIENCE}/` }), hint: AUDIENCES },
  'for the audience in capitals': { ...stating({ aud: AUDIENCE.toUpperCase() }), hint: AUDIENCES },
  'for no audience': { ...stating({ aud: undefined }), hint: AUDIENCES },
  'for an empty list of audiences': { ...stating({ aud: [] }), hint: AUDIENCES },
  'for an audience in two lists': { ...stating({ aud: [[AUDIENCE]] }), hint: AUDIENCES },
  'for an audience that is an object': { ...stating({ aud: { 0: AUDIENCE } }), hint: AUDIENCES },

  'of a foreign issuer': { ...stating({ iss: 'https://ci.evil.example' }), hint: ISSUER },
  'of the issuer with a slash': { ...spelt(issuer => `${issuer}/`), hint: ISSUER },
  'of the issuer in capitals': { ...spelt(issuer => issuer.toUpperCase()), hint: ISSUER },
  'of the issuer with another port': {
    ...spelt(issuer => issuer.replace(/:\d+$/, ':443')),
    hint: ISSUER,
  },
  'of the issuer with a user': {
    ...spelt(issuer => issuer.replace('//', '//a@')),
    hint: ISSUER,
  },
  'of the issuer with a blank': { ...spelt(issuer => `${issuer} `), hint: ISSUER },
  'of the issuer in full-width letters': {
    ...spelt(issuer => issuer.replace('h', 'ｈ')),
    hint: ISSUER,
  },
  'of the issuer in a list': { ...spelt(issuer => [issuer]), hint: ISSUER },
  'of an issuer that is null': { ...spelt(() => null), hint: ISSUER },
  'without an issuer': { ...spelt(() => undefined), hint: /^The token has no issuer/ },

  'without a signature (alg none)': { forged: { signature: 'none' }, hint: NOT_A_JWT },
  'with alg none and a signature': { ...headed({ alg: 'none' }), hint: ALGORITHM },
  'signed with the public key as a secret (HS256)': {
    forged: { signature: 'hmac' },
    hint: ALGORITHM,
  },
  'signed with another key under the same key id': {
    forged: { signature: 'other-key' },
    hint: SIGNATURE,
  },
  'whose signature is cut': { forged: { signature: 'cut' }, hint: SIGNATURE },
  'whose claims were changed': { forged: { signature: 'changed' }, hint: SIGNATURE },
  'with an algorithm in lower case': { ...headed({ alg: 'es256' }), hint: ALGORITHM },
  'with an algorithm of another key type': { ...headed({ alg: 'RS256' }), hint: KEY },
  'with another algorithm of the key type': { ...headed({ alg: 'ES384' }), hint: KEY },
  'with an algorithm in a list': { ...headed({ alg: ['ES256'] }), hint: NOT_A_JWT },
  'without an algorithm': { ...headed({ alg: undefined }), hint: NOT_A_JWT },

  'with an unknown key id': { ...headed({ kid: 'x' }), hint: KEY },
  'with a key id that is a path': { ...headed({ kid: '../../../../dev/null' }), hint: KEY },
  'with a key id that is a query': { ...headed({ kid: "x' UNION SELECT 'k" }), hint: KEY },
  'with a key id that is a number': { ...headed({ kid: 1 }), hint: /key/ },
  'with a key id of the prototype': { ...headed({ kid: '__proto__' }), hint: KEY },
  'with a key in its header (jwk)': {
    ...headed({ jwk: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' } }),
    hint: parameter('jwk'),
  },
  'with the address of a key set (jku)': {
    ...headed({ jku: 'https://evil.example/jwks' }),
    hint: parameter('jku'),
  },
  'with the address of a certificate (x5u)': {
    ...headed({ x5u: 'https://evil.example/cert' }),
    hint: parameter('x5u'),
  },
  'with a certificate (x5c)': { ...headed({ x5c: ['AAAA'] }), hint: parameter('x5c') },
  'with a critical extension': {
    ...headed({ crit: ['urn:acme:extension'], 'urn:acme:extension': true }),
    hint: parameter('crit'),
  },
  'that says how it is compressed': { ...headed({ zip: 'DEF' }), hint: parameter('zip') },
  'that says how it is encrypted': { ...headed({ enc: 'A256GCM' }), hint: parameter('enc') },
  'that is an access token (at+jwt)': { ...headed({ typ: 'at+jwt' }), hint: TYPE },
  'that is a logout token': { ...headed({ typ: 'logout+jwt' }), hint: TYPE },
  'that is a DPoP proof': { ...headed({ typ: 'dpop+jwt' }), hint: TYPE },
  'of type JOSE, which only JWT-SVIDs have': { ...headed({ typ: 'JOSE' }), hint: TYPE },
  'whose type is not text': { ...headed({ typ: 1 }), hint: NOT_A_JWT },

  'that never expires': { ...stating({ exp: undefined }), hint: TIME },
  'whose end is text': { ...stating({ exp: String(now() + 300) }), hint: TIME },
  'whose end is beyond the calendar': { ...stating({ exp: 1e15 }), hint: TIME },
  'that has expired': { ...stating({ exp: now() - 61 }), hint: /^The token has expired\./ },
  'that does not say when it was issued': {
    ...stating({ iat: undefined, nbf: undefined }),
    hint: TIME,
  },
  'whose time of issue is text': { ...stating({ iat: String(now()) }), hint: TIME },
  'whose time of issue is null': { ...stating({ iat: null }), hint: TIME },
  'whose beginning is text': { ...stating({ nbf: 'now' }), hint: TIME },
  'that was issued two minutes from now': {
    ...stating({ iat: now() + 120, exp: now() + 600 }),
    hint: /^The token is not valid yet/,
  },
  'that begins two minutes from now': {
    ...stating({ nbf: now() + 120, exp: now() + 600 }),
    hint: /^The token is not valid yet/,
  },
  'that was issued two days ago': {
    ...stating({ iat: now() - 48 * 3600, exp: now() + 3600 }),
    hint: /^The token was issued more than 25 hours ago\./,
  },

  'without a subject': { ...stating({ sub: undefined }), hint: SUBJECT },
  'with an empty subject': { ...stating({ sub: '' }), hint: SUBJECT },
  'whose subject is a number': { ...stating({ sub: 7 }), hint: SUBJECT },
  'whose subject is a list': { ...stating({ sub: ['repo:acme/api'] }), hint: SUBJECT },
  'whose subject has a line break': { ...stating({ sub: 'repo:acme/api\nadmin' }), hint: SUBJECT },
  'whose subject changes the direction of text': {
    ...stating({ sub: 'repo:acme/\u202eapi' }),
    hint: SUBJECT,
  },
  'whose subject has half a character': { ...stating({ sub: 'repo:acme/\ud800' }), hint: SUBJECT },
  'whose subject has 1,025 characters': { ...stating({ sub: 'x'.repeat(1025) }), hint: SUBJECT },
};

describe('a token is refused', () => {
  for (const [title, { claims = () => ({}), forged, hint }] of Object.entries(WRONG_TOKENS))
    test(title, async t => {
      const platform = await startPlatform(t);
      const proofs = openProofs(t, [entryFor(platform)]);
      const error = await refusal(proofs, await tokenOf(platform, claims(platform), forged));
      assert.match(error.hint, hint);
    });

  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const deep = `${'['.repeat(200)}${']'.repeat(200)}`;
  const malformed: Readonly<Record<string, (token: string) => string>> = {
    'that is empty': () => '',
    'that is one word': () => 'token',
    'with a fourth part': token => `${token}.x`,
    'that is encrypted (JWE)': token => `${token}.x.y`,
    'with an empty signature': token => `${token.slice(0, token.lastIndexOf('.'))}.`,
    'with a blank in front': token => ` ${token}`,
    'with a line break behind': token => `${token}\n`,
    'with padding': token => `${token}=`,
    'in another alphabet of base64': token => token.replace('.', '+.'),
    'whose header is a list': token => `${part([])}.${token.split('.').slice(1).join('.')}`,
    'whose payload is text': token => token.replace(/\..+\./, `.${part('claims')}.`),
    'whose payload is null': token => token.replace(/\..+\./, `.${part(null)}.`),
    'whose payload is another token': token =>
      token.replace(/\..+\./, `.${Buffer.from(token).toString('base64url')}.`),
    'whose payload is not UTF-8': token =>
      token.replace(/\..+\./, `.${Buffer.from('{"a":"\xff"}', 'latin1').toString('base64url')}.`),
    'that is nested deep': token =>
      token.replace(/\..+\./, `.${Buffer.from(deep).toString('base64url')}.`),
    'with 20,001 characters': token => token.padEnd(20_001, 'A'),
    'that is a JSON serialization': token => {
      const [protectedHeader, payload, signature] = token.split('.');
      return JSON.stringify({ protected: protectedHeader, payload, signature });
    },
  };
  for (const [title, change] of Object.entries(malformed))
    test(title, async t => {
      const platform = await startPlatform(t);
      const proofs = openProofs(t, [entryFor(platform)]);
      // The keys are read at the start.
      await proofs.verify(await tokenOf(platform));
      await refusal(proofs, change(await tokenOf(platform)));
      assert.equal(platform.asked.jwks, 1, 'it has caused a request');
    });

  test('of a legacy service account, with a sentence about projected tokens', async t => {
    const platform = await startPlatform(t);
    const proofs = openProofs(t, [entryFor(platform)]);
    const token = await platform.sign({
      iss: 'kubernetes/serviceaccount',
      'kubernetes.io/serviceaccount/namespace': 'payments',
      sub: 'system:serviceaccount:payments:api',
    });
    assert.match((await refusal(proofs, token)).hint, /legacy .+ Mount a projected token/);
  });

  test('while no platform is configured', async t => {
    const platform = await startPlatform(t);
    assert.match((await refusal(openProofs(t, []), await tokenOf(platform))).hint, ISSUER);
  });
});
