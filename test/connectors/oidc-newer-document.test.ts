/** A provider that publishes another discovery document while the bridge knows the old one. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { DocumentNews } from '../../src/connectors/oidc-discovery.ts';
import type { Connector } from '../../src/core/ports.ts';
import type { VerifiedSignIn } from '../../src/core/sign-in.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { handTurnedClock } from '../support/clock.ts';
import { freePort } from '../support/free-port.ts';
import { forgeFor, openConnector, refuses, signIn } from '../support/oidc-sign-in.ts';
import { ALICE, type OpenIdProviderForge, SESSION_ID } from '../support/openid-provider-forge.ts';

type Fields = Readonly<Record<string, unknown>>;

function publish(forge: OpenIdProviderForge, changes: Fields): void {
  forge.faults.discovery = document => ({ ...document, ...changes });
}

/** A connector that knows the document with `before`, which the provider no longer publishes. */
async function knowing(t: TestContext, before: (forge: OpenIdProviderForge) => Fields) {
  const clock = handTurnedClock();
  const forge = await forgeFor(t, { now: clock.now });
  const news: DocumentNews[] = [];
  const fields = before(forge);
  publish(forge, fields);
  const connector = await openConnector(t, forge, {
    clock,
    onDocument: one => void news.push(one),
    logout: { backchannel: true, endsTerminals: false },
  });
  assert.deepEqual(connector.availability(), { state: 'ready' });
  publish(forge, {});
  // Userinfo is asked, too.
  forge.person = { idToken: { sub: ALICE.sub, sid: SESSION_ID }, userinfo: { ...ALICE } };
  return { forge, connector, clock, news, fields: Object.keys(fields) };
}

async function signedInBefore(t: TestContext, forge: OpenIdProviderForge, now: () => number) {
  const other = await openConnector(t, forge, { clock: { now } });
  return signIn(other, forge);
}

function refreshOf(connector: Connector, { providerSession }: VerifiedSignIn) {
  const { idToken, refreshToken = '' } = providerSession!;
  return connector.refresh!({ subject: ALICE.sub, idToken, refreshToken });
}

const unused = `http://127.0.0.1:${await freePort()}`;

/** What the provider no longer keeps to. */
const OUTDATED: readonly (readonly [string, (forge: OpenIdProviderForge) => Fields])[] = [
  ['another algorithm', () => ({ id_token_signing_alg_values_supported: ['RS256'] })],
  ['keys that are gone', ({ issuer }) => ({ jwks_uri: `${issuer}/old` })],
  ['keys on a host that is gone', () => ({ jwks_uri: `${unused}/jwks` })],
  ['keys that are a page', ({ issuer }) => ({ jwks_uri: `${issuer}/userinfo` })],
  ['a token endpoint that is gone', ({ issuer }) => ({ token_endpoint: `${issuer}/old` })],
  ['a token endpoint on a host that is gone', () => ({ token_endpoint: `${unused}/token` })],
  ['a userinfo endpoint that is gone', ({ issuer }) => ({ userinfo_endpoint: `${issuer}/old` })],
  ['a userinfo endpoint on a host that is gone', () => ({ userinfo_endpoint: `${unused}/u` })],
  [
    'several of these',
    ({ issuer }) => ({
      id_token_signing_alg_values_supported: ['RS256', 'PS256'],
      jwks_uri: `${unused}/jwks`,
      token_endpoint: `${issuer}/old`,
    }),
  ],
];

for (const [title, before] of OUTDATED)
  describe(`a provider that no longer has ${title}`, () => {
    test('signs the user in by the same sign-in, and gets the code once', async t => {
      const { forge, connector, news, fields } = await knowing(t, before);
      const { identity } = await signIn(connector, forge);
      assert.equal(identity.username, 'alice');
      assert.equal(forge.asked.token, 1);
      assert.deepEqual(news, [{ kind: 'changed', fields }]);
      assert.equal((await signIn(connector, forge)).identity.username, 'alice');
      assert.equal(forge.asked.discovery, 2);
    });

    test('confirms the user by the same refresh, and gets the token once', async t => {
      const { forge, connector, clock } = await knowing(t, before);
      const signedIn = await signedInBefore(t, forge, clock.now);
      const asked = forge.asked.token;
      const answer = await refreshOf(connector, signedIn);
      assert.equal(answer.kind, 'confirmed');
      assert.ok(answer.kind === 'confirmed' && answer.tokens.refreshToken !== undefined);
      assert.equal(forge.asked.token - asked, 1);
    });
  });

describe('a provider that no longer sends iss with its answers', () => {
  test('signs the user in by the same sign-in', async t => {
    const { forge, connector, news } = await knowing(t, () => ({}));
    publish(forge, { authorization_response_iss_parameter_supported: undefined });
    forge.faults.callback = parameters => parameters.delete('iss');
    assert.equal((await signIn(connector, forge)).identity.username, 'alice');
    assert.deepEqual(news, [
      { kind: 'changed', fields: ['authorization_response_iss_parameter_supported'] },
    ]);
  });
});

describe('a logout token', () => {
  for (const [title, before] of OUTDATED.filter(([what]) => /algorithm|keys/.test(what)))
    test(`of a provider that no longer has ${title} is accepted`, async t => {
      const { forge, connector, fields, news } = await knowing(t, before);
      const token = await forge.logoutToken();
      assert.equal((await connector.logout!.backChannel!.verify(token)).sid, SESSION_ID);
      assert.deepEqual(news, [{ kind: 'changed', fields }]);
    });

  for (const alg of ['none', 'HS256', 'XY256'])
    test(`with the algorithm ${alg} does not cause a reading of the document`, async t => {
      const { forge, connector } = await knowing(t, () => ({}));
      const header = Buffer.from(JSON.stringify({ alg, typ: 'logout+jwt' })).toString('base64url');
      const [, payload] = (await forge.logoutToken()).split('.');
      const attempt = connector.logout!.backChannel!.verify(`${header}.${payload}.AAAA`);
      await refuses(attempt, 'logout_token_refused', /alg is not one|cannot be verified/);
      assert.equal(forge.asked.discovery, 1);
    });

  test('with an unknown key causes one reading of the document a minute, however many arrive', async t => {
    const { forge, connector, clock } = await knowing(t, () => ({}));
    const { verify } = connector.logout!.backChannel!;
    const token = await forge.logoutToken();
    await forge.rotateKey();
    forge.faults.jwks = () => [];
    const many = () => Promise.allSettled(Array.from({ length: 20 }, () => verify(token)));
    await many();
    await many();
    assert.equal(forge.asked.discovery, 2);
    clock.turn(MINUTE - 1);
    await many();
    assert.equal(forge.asked.discovery, 2);
    clock.turn(2);
    await many();
    assert.equal(forge.asked.discovery, 3);
  });
});

describe('revoking a refresh token', () => {
  for (const [title, before] of [
    ['gone', ({ issuer }: OpenIdProviderForge) => ({ revocation_endpoint: `${issuer}/old` })],
    ['on a host that is gone', () => ({ revocation_endpoint: `${unused}/revoke` })],
  ] as const)
    test(`uses the new endpoint if the old one is ${title}`, async t => {
      const { forge, connector } = await knowing(t, before);
      await connector.revoke!('refresh-1');
      assert.deepEqual(forge.revoked, ['refresh-1']);
    });

  test('does nothing more when the provider has no endpoint for it any longer', async t => {
    const { forge, connector } = await knowing(t, ({ issuer }) => ({
      revocation_endpoint: `${issuer}/old`,
    }));
    publish(forge, { revocation_endpoint: undefined });
    await connector.revoke!('refresh-1');
    assert.deepEqual(forge.revoked, []);
  });
});

describe('the document is not read again', () => {
  test('for a code that the provider rejects, nor for claims that are wrong', async t => {
    const { forge, connector } = await knowing(t, () => ({}));
    forge.faults.callback = parameters => parameters.set('code', 'other');
    await refuses(signIn(connector, forge), 'oidc_response_refused', /invalid_grant/);
    forge.faults.callback = () => {};
    for (const claims of [{ nonce: 'other' }, { aud: 'other' }, { iss: 'https://evil.example' }]) {
      forge.faults.idToken = before => ({ ...before, ...claims });
      await refuses(signIn(connector, forge), 'oidc_response_refused', /./);
    }
    assert.equal(forge.asked.discovery, 1);
  });

  test('more than once a minute, however many sign-ins fail', async t => {
    const { forge, connector, clock } = await knowing(t, () => ({}));
    forge.faults.signature = 'other-key';
    const fail = () =>
      Promise.all(
        [1, 2, 3].map(() =>
          refuses(signIn(connector, forge), 'oidc_response_refused', /signature/, forge),
        ),
      );
    await fail();
    await fail();
    assert.equal(forge.asked.discovery, 2);
    clock.turn(MINUTE);
    await fail();
    assert.equal(forge.asked.discovery, 3);
  });

  test('to send a code twice that the first endpoint may have processed', async t => {
    const { forge, connector } = await knowing(t, ({ issuer }) => ({
      token_endpoint: `${issuer}/userinfo`,
    }));
    forge.faults.mischief.userinfo = 'failing';
    await refuses(signIn(connector, forge), 'idp_unreachable', /status 503/);
    assert.equal(forge.asked.token, 0);
    forge.faults.mischief = {};
    assert.equal((await signIn(connector, forge)).identity.username, 'alice');
  });
});

describe('a document that cannot be read again', () => {
  for (const [title, breakIt] of [
    ['because the provider fails', forge => (forge.faults.mischief.discovery = 'failing')],
    ['because it is of another issuer', forge => publish(forge, { issuer: 'https://x.example' })],
    [
      'because it offers no algorithm that the bridge accepts',
      forge => publish(forge, { id_token_signing_alg_values_supported: ['HS256', 'none'] }),
    ],
  ] as readonly (readonly [string, (forge: OpenIdProviderForge) => unknown])[])
    test(`${title} leaves the old one in use; the failure and the recovery are logged once`, async t => {
      const { forge, connector, clock, news } = await knowing(t, () => ({}));
      breakIt(forge);
      for (let round = 0; round < 2; round++) {
        forge.faults.signature = 'other-key';
        await refuses(signIn(connector, forge), 'oidc_response_refused', /signature/);
        forge.faults.signature = 'good';
        assert.equal((await signIn(connector, forge)).identity.username, 'alice');
        clock.turn(MINUTE);
      }
      assert.deepEqual(connector.availability(), { state: 'ready' });
      assert.deepEqual(
        news.map(({ kind }) => kind),
        ['kept'],
      );
      Object.assign(forge.faults, { mischief: {}, signature: 'other-key' });
      publish(forge, {});
      await refuses(signIn(connector, forge), 'oidc_response_refused', /signature/);
      assert.deepEqual(
        news.map(({ kind }) => kind),
        ['kept', 'read-again'],
      );
    });
});

test('the document is read after an hour, so that another sign-in page is found', async t => {
  const { forge, connector, clock, news } = await knowing(t, ({ issuer }) => ({
    authorization_endpoint: `${issuer}/old-page`,
  }));
  const page = async () =>
    new URL((await connector.begin({ attemptId: 'a', reauthenticate: false })).request.url)
      .pathname;
  clock.turn(HOUR + 1);
  assert.equal(await page(), '/old-page');
  while (news.length === 0) await new Promise(resolve => setImmediate(resolve));
  assert.equal(await page(), '/authorize');
  assert.equal(forge.asked.discovery, 2);
});
