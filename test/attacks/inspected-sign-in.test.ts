/** What an administrator is shown of a sign-in is verified as at every sign-in. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { InspectedSignIn } from '../../src/core/sign-in.ts';
import {
  assertRefused,
  forge as idp,
  openConnector,
  stranger,
} from '../connectors/saml-fixture.ts';
import { addressIn } from '../support/authentication-request.ts';
import {
  forgeFor,
  openConnector as openOidcConnector,
  refuses,
  SENSITIVE,
} from '../support/oidc-sign-in.ts';
import { ALICE, type OpenIdProviderForge, SESSION_ID } from '../support/openid-provider-forge.ts';
import { attributes, nameId, TRANSIENT } from '../support/saml-forge.ts';

type OidcConnector = Awaited<ReturnType<typeof openOidcConnector>>;

async function inspect(
  connector: OidcConnector,
  provider: OpenIdProviderForge,
): Promise<InspectedSignIn> {
  const { request, expectation } = await connector.begin({
    attemptId: 'attempt-1',
    reauthenticate: true,
  });
  const parameters = provider.authorize(addressIn(request));
  return connector.inspect({ protocol: 'oidc', parameters }, expectation);
}

function valuesOf({ claims }: InspectedSignIn, name: string): readonly string[] | undefined {
  return claims.find(claim => claim.name === name)?.values;
}

describe('the inspection of an OpenID Connect sign-in', () => {
  const refused: [string, (provider: OpenIdProviderForge) => void, RegExp][] = [
    [
      'an id_token signed by another key',
      provider => (provider.faults.signature = 'other-key'),
      /signature verification failed/,
    ],
    [
      'an id_token with another nonce',
      provider => (provider.faults.idToken = claims => ({ ...claims, nonce: 'other' })),
      /nonce/,
    ],
    [
      'userinfo of another subject',
      provider => {
        provider.person.idToken = { sub: ALICE.sub };
        provider.faults.userinfo = said => ({ ...said, sub: 'bob', note: SENSITIVE });
      },
      /"sub" property value/,
    ],
  ];
  for (const [what, breakIt, message] of refused)
    test(`rejects ${what}, and shows nothing of it`, async t => {
      const provider = await forgeFor(t);
      const connector = await openOidcConnector(t, provider);
      breakIt(provider);
      await refuses(inspect(connector, provider), 'oidc_response_refused', message, provider);
    });

  test('shows every claim, but no secret of the protocol', async t => {
    const provider = await forgeFor(t);
    const connector = await openOidcConnector(t, provider);
    const person = { ...ALICE, sid: SESSION_ID, team: { lead: true }, note: 'a\u202eb' };
    provider.person = { idToken: person, userinfo: person };

    const inspected = await inspect(connector, provider);

    assert.deepEqual(valuesOf(inspected, 'groups'), ['aws-admins', 'developers']);
    assert.deepEqual(valuesOf(inspected, 'team'), ['{"lead":true}']);
    assert.deepEqual(valuesOf(inspected, 'note'), ['a\\u{202e}b']);
    for (const name of ['nonce', 'at_hash', 'sid'])
      assert.equal(valuesOf(inspected, name), undefined);
    assert.ok('verified' in inspected.outcome);
    assert.equal(inspected.outcome.verified.identity.username, 'alice');
  });

  test('shows the claims of a user of whom no identity can be made', async t => {
    const provider = await forgeFor(t);
    const connector = await openOidcConnector(t, provider);
    const person = { ...ALICE, preferred_username: ['alice', 'bob'] };
    provider.person = { idToken: person, userinfo: person };

    const inspected = await inspect(connector, provider);

    assert.ok('incomplete' in inspected.outcome);
    assert.match(inspected.outcome.incomplete.message, /"preferred_username" has 2 different/);
    assert.deepEqual(valuesOf(inspected, 'preferred_username'), ['alice', 'bob']);
  });

  test('caps what a hostile provider sends', async t => {
    const provider = await forgeFor(t);
    const connector = await openOidcConnector(t, provider);
    const many = Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`x${index}`, 'y']));
    const person = { ...many, ...ALICE, aaa: 'z'.repeat(9000), aab: new Array(900).fill('v') };
    provider.person = { idToken: person, userinfo: person };

    const inspected = await inspect(connector, provider);

    assert.equal(inspected.claims.length, 200);
    assert.equal(valuesOf(inspected, 'aaa')?.[0]?.length, 1001);
    assert.equal(valuesOf(inspected, 'aab')?.at(-1), 'and 700 more');
  });
});

describe('the inspection of a SAML sign-in', async () => {
  const acme = await openConnector();
  after(() => acme.connector.close());

  test('rejects a Response that another key signed', async () => {
    const requestId = await acme.begin();
    const samlResponse = idp.respond(requestId, {}, { key: stranger });
    await assertRefused(
      acme.connector.inspect({ protocol: 'saml', samlResponse }, { protocol: 'saml', requestId }),
      /does not verify/,
    );
  });

  test('rejects a Response to another request', async () => {
    const requestId = await acme.begin();
    const samlResponse = idp.respond('_other');
    await assertRefused(
      acme.connector.inspect({ protocol: 'saml', samlResponse }, { protocol: 'saml', requestId }),
      /answers another request/,
    );
  });

  test('shows the attributes and the NameID, also where no identity can be made of them', async () => {
    const requestId = await acme.begin();
    const samlResponse = idp.respond(requestId, {
      nameId: nameId('_t-1', TRANSIENT),
      attributes: attributes({ uid: 'alice', memberOf: ['a', 'b'] }),
    });

    const inspected = await acme.connector.inspect(
      { protocol: 'saml', samlResponse },
      { protocol: 'saml', requestId },
    );

    assert.ok('incomplete' in inspected.outcome);
    assert.match(inspected.outcome.incomplete.message, /transient/);
    assert.deepEqual(valuesOf(inspected, 'memberOf'), ['a', 'b']);
    assert.deepEqual(valuesOf(inspected, '(NameID)'), ['_t-1']);
    assert.deepEqual(valuesOf(inspected, '(NameID Format)'), [TRANSIENT]);
    assert.ok(inspected.assertion !== undefined);
  });
});
