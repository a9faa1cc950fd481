/** Tokens that the provider of this sign-in did not make for this sign-in (threats R17, R18). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ErrorCode } from '../../src/core/errors.ts';
import { forgeFor, openConnector, refuses, SENSITIVE, signIn } from '../support/oidc-sign-in.ts';
import type { OpenIdProviderForge } from '../support/openid-provider-forge.ts';

const seconds = () => Math.floor(Date.now() / 1000);

const claims = (changed: Record<string, unknown>) => (forge: OpenIdProviderForge) => {
  forge.faults.idToken = original => ({ ...original, ...changed });
};

describe('an id_token is rejected', () => {
  const cases: [string, (forge: OpenIdProviderForge) => void, RegExp, ErrorCode?][] = [
    ['with another nonce', claims({ nonce: SENSITIVE }), /unexpected ID Token "nonce"/],
    ['without a nonce', claims({ nonce: undefined }), /"nonce" \(nonce\) claim missing/],
    ['for another audience', claims({ aud: SENSITIVE }), /unexpected JWT "aud"/],
    ['without an audience', claims({ aud: undefined }), /"aud" \(audience\) claim missing/],
    [
      'for several audiences without azp',
      claims({ aud: ['bridge', 'other'] }),
      /additional untrusted audiences/,
    ],
    [
      'for several audiences made for another client',
      claims({ aud: ['bridge', 'other'], azp: 'other' }),
      /unexpected ID Token "azp"/,
    ],
    [
      'for our audience alone but made for another client',
      claims({ azp: SENSITIVE }),
      /azp is another client/,
    ],
    ['whose azp is no string', claims({ azp: ['bridge'] }), /azp is another client/],
    ['of another issuer', claims({ iss: 'https://evil.example' }), /unexpected JWT "iss"/],
    [
      'of our issuer with a slash more',
      forge => claims({ iss: `${forge.issuer}/` })(forge),
      /unexpected JWT "iss"/,
    ],
    ['without an issuer', claims({ iss: undefined }), /"iss" \(issuer\) claim missing/],
    [
      'that is expired',
      claims({ exp: seconds() - 90 }),
      /"exp" \(expiration time\) claim value, expiration is past/,
    ],
    ['without an end', claims({ exp: undefined }), /"exp" \(expiration time\) claim missing/],
    ['whose end is text', claims({ exp: '9999999999' }), /unexpected JWT "exp"/],
    ['whose end is no date', claims({ exp: 1e15 }), /exp is not a date/],
    ['that is not valid yet', claims({ nbf: seconds() + 90 }), /unexpected JWT "nbf"/],
    ['without a time of issue', claims({ iat: undefined }), /"iat" \(issued at\) claim missing/],
    ['that was issued long ago', claims({ iat: seconds() - 700 }), /iat is more than 600 s ago/],
    ['that will be issued', claims({ iat: seconds() + 90 }), /iat is in the future/],
    [
      'whose person will sign in tomorrow',
      claims({ auth_time: seconds() + 86_400 }),
      /auth_time is in the future/,
    ],
    ['whose time of authentication is text', claims({ auth_time: '0' }), /"auth_time"/],
    ['without a subject', claims({ sub: undefined }), /"sub" \(subject\) claim missing/],
    ['whose subject is a number', claims({ sub: 7 }), /unexpected JWT "sub"/],
    ['whose subject is empty', claims({ sub: '' }), /sub is not 1 to 255 ASCII/],
    ['whose subject is too long', claims({ sub: 'a'.repeat(256) }), /sub is not 1 to 255 ASCII/],
    [
      'whose subject holds a line end',
      claims({ sub: 'alice\nadmin' }),
      /sub is not 1 to 255 ASCII/,
    ],
    [
      'without a signature (alg none)',
      forge => (forge.faults.signature = 'none'),
      /unexpected JWT "alg" header parameter \(none\); set RS256 for this client/,
    ],
    [
      'signed with the client secret (HS256)',
      forge => (forge.faults.signature = 'hs256'),
      /unexpected JWT "alg" header parameter \(HS256\); set RS256 for this client/,
    ],
    [
      'signed with a key that the issuer does not publish',
      forge => (forge.faults.signature = 'other-key'),
      /signature verification failed/,
    ],
    [
      'whose signature is cut',
      forge => (forge.faults.signature = 'cut'),
      /signature verification failed/,
    ],
    [
      'whose key id is unknown',
      forge => (forge.faults.header = header => ({ ...header, kid: 'x' })),
      /no applicable keys/,
    ],
    [
      'that brings its own key',
      forge => {
        forge.faults.signature = 'other-key';
        forge.faults.header = header => ({
          ...header,
          jku: 'https://evil.example/jwks',
          x5u: 'https://evil.example/x',
          jwk: { kty: 'EC' },
        });
      },
      /signature verification failed/,
    ],
    [
      'with a critical header that we do not know',
      forge =>
        (forge.faults.header = header => ({
          ...header,
          crit: ['urn:acme:extension'],
          'urn:acme:extension': 1,
        })),
      /crit/,
    ],
    [
      'without a key id when the issuer has several keys',
      forge => {
        forge.faults.header = ({ alg }) => ({ alg });
        forge.faults.jwks = keys => [...keys, { ...keys[0]!, kid: 'second' }];
      },
      /multiple applicable keys/,
    ],
    [
      'whose key is for encryption',
      forge => (forge.faults.jwks = keys => keys.map(key => ({ ...key, use: 'enc' }))),
      /no applicable keys/,
    ],
    [
      'whose at_hash belongs to another access token',
      forge => (forge.faults.atHash = 'wrong'),
      /at_hash does not belong/,
    ],
    ['whose at_hash is no string', claims({ at_hash: 0 }), /at_hash does not belong/],
    [
      'that is missing',
      forge => (forge.faults.token = ({ id_token: _, ...answer }) => answer),
      /"id_token" property must be a string/,
    ],
    [
      'that is no string',
      forge => (forge.faults.token = answer => ({ ...answer, id_token: {} })),
      /"id_token" property must be a string/,
    ],
    [
      'that is encrypted',
      forge => (forge.faults.token = answer => ({ ...answer, id_token: 'a.b.c.d.e' })),
      /JWE decryption is not configured/,
    ],
    [
      'that is not a JWT',
      forge => (forge.faults.token = answer => ({ ...answer, id_token: SENSITIVE })),
      /Invalid JWT/,
    ],
    [
      'whose header is no JSON',
      forge => (forge.faults.token = answer => ({ ...answer, id_token: 'a.b.c' })),
      /failed to parse JWT Header/,
      'idp_unreachable',
    ],
  ];
  for (const [title, breakIt, message, code = 'oidc_response_refused'] of cases) {
    test(title, async t => {
      const forge = await forgeFor(t);
      const connector = await openConnector(t, forge);
      breakIt(forge);
      await refuses(signIn(connector, forge), code, message, forge);
    });
  }

  test('after a valid one, and a valid one is accepted after it', async t => {
    const forge = await forgeFor(t);
    const connector = await openConnector(t, forge);
    await signIn(connector, forge);
    forge.faults.signature = 'other-key';
    await refuses(
      signIn(connector, forge),
      'oidc_response_refused',
      /signature verification failed/,
      forge,
    );

    forge.faults.signature = 'good';
    assert.equal((await signIn(connector, forge)).identity.username, 'alice');
  });

  test('with HS256 even if the provider offers nothing else; such a provider is not ready', async t => {
    const forge = await forgeFor(t);
    forge.faults.discovery = document => ({
      ...document,
      id_token_signing_alg_values_supported: ['HS256', 'none'],
    });

    await refuses(
      signIn(await openConnector(t, forge), forge),
      'connector_unavailable',
      /id_token_signing_alg_values_supported: offers none of RS256/,
    );
  });
});
