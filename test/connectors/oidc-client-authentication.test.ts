import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import {
  type ClientAuthentication,
  clientAuthentication,
} from '../../src/connectors/oidc-client-authentication.ts';
import type { Connector } from '../../src/core/ports.ts';
import { forgeFor, openConnector, refuses, signIn } from '../support/oidc-sign-in.ts';
import { clientProblem } from '../support/openid-client-check.ts';
import type { OpenIdProviderForge } from '../support/openid-provider-forge.ts';

const PRINTABLE = Array.from({ length: 95 }, (_, at) => String.fromCharCode(0x20 + at));
const BEYOND_ASCII = ['ü', 'ß', '€', '\u00a0', '日本', '👩‍🚀', '\ud800'];
/** What generated ids and secrets consist of. */
const USUAL = /^[A-Za-z0-9*._~-]$/;

function basicHeader(clientId: string, clientSecret: string): string {
  const headers = new Headers();
  const authenticate = clientAuthentication('client_secret_basic', clientSecret);
  authenticate({ issuer: 'https://idp.example' }, { client_id: clientId }, NO_BODY(), headers);
  return headers.get('authorization')!;
}

const NO_BODY = (): URLSearchParams => new URLSearchParams();

describe('client_secret_basic', () => {
  for (const character of [...PRINTABLE, ...BEYOND_ASCII])
    test(`sends ${JSON.stringify(character)} so that a provider that decodes it gets it back`, () => {
      const [clientId, clientSecret] = [`id${character}1`, `${character}secret${character}`];
      const header = basicHeader(clientId, clientSecret);
      assert.match(header, /^Basic [A-Za-z0-9+/]+=*$/);
      const expected = {
        clientId: clientId.toWellFormed(),
        clientSecret: clientSecret.toWellFormed(),
        clientAuthentication: 'client_secret_basic',
      } as const;
      const problemAt = (basicParts: 'form-encoded' | 'as-they-come') =>
        clientProblem({ ...expected, basicParts }, header, NO_BODY());
      assert.equal(problemAt('form-encoded'), undefined);
      const isKept = USUAL.test(character);
      assert.equal(problemAt('as-they-come'), isKept ? undefined : 'invalid_client');
    });

  test('is the encoding of appendix B of RFC 6749', () => {
    const parts = Buffer.from(
      basicHeader('a b', ' %&+\u00a3\u20ac%7E').slice(6),
      'base64',
    ).toString();
    assert.equal(parts, 'a+b:+%25%26%2B%C2%A3%E2%82%AC%257E');
  });
});

describe('a client with an id and a secret of letters, digits, dashes, dots, underscores and tildes', () => {
  const client = { clientId: 'aws-bridge.prod_1', clientSecret: '0jQ_he-Hj4.Ba7-IPX*k1~' };
  for (const basicParts of ['form-encoded', 'as-they-come'] as const)
    test(`signs users in, refreshes and revokes at a provider that takes them ${basicParts}`, async t => {
      const { forge, connector } = await registered(t, { ...client, basicParts });
      const { identity, providerSession } = await signIn(connector, forge);
      const refreshed = await connector.refresh!({
        subject: identity.subject,
        idToken: providerSession!.idToken,
        refreshToken: providerSession!.refreshToken!,
      });
      assert.equal(refreshed.kind, 'confirmed');
      await connector.revoke!('a-refresh-token');
      assert.deepEqual(forge.revoked, ['a-refresh-token']);
    });
});

describe('a client whose secret has other punctuation', () => {
  const secret = 'p@ss:w/o%rd+&=~ ü';

  test('signs users in at a provider that decodes it', async t => {
    const { forge, connector } = await registered(t, { clientSecret: secret });
    assert.equal((await signIn(connector, forge)).identity.username, 'alice');
  });

  test('gets the advice to set clientAuthentication from a provider that does not, and works by client_secret_post', async t => {
    const raw = { clientSecret: secret, basicParts: 'as-they-come' } as const;
    const basic = await registered(t, raw);
    const attempt = signIn(basic.connector, basic.forge);
    await refuses(attempt, 'idp_refused', /invalid_client; check .*clientAuthentication/);

    const post = await registered(t, raw, 'client_secret_post');
    assert.equal((await signIn(post.connector, post.forge)).identity.username, 'alice');
  });
});

async function registered(
  t: TestContext,
  client: Partial<OpenIdProviderForge>,
  method: ClientAuthentication = 'client_secret_basic',
): Promise<{ readonly forge: OpenIdProviderForge; readonly connector: Connector }> {
  const forge = await forgeFor(t);
  Object.assign(forge, { ...client, clientAuthentication: method });
  return { forge, connector: await openConnector(t, forge, { clientAuthentication: method }) };
}
