/** What connectors ask identity providers for, and which of their claims answer. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import type { OidcConnectorOptions } from '../../src/connectors/oidc.ts';
import { createSamlConnector, type SamlConnectorOptions } from '../../src/connectors/saml.ts';
import type { StepUpWish } from '../../src/core/step-up.ts';
import { addressIn } from '../support/authentication-request.ts';
import { forgeFor, openConnector, signIn } from '../support/oidc-sign-in.ts';
import { optionsWith } from './saml-fixture.ts';

const BOTH: StepUpWish = { multiFactor: true, withinSeconds: 3600 };
const MFA: StepUpWish = { multiFactor: true };
const NEWER: StepUpWish = { multiFactor: false, withinSeconds: 60 };
const STEP_UP = { acrValues: ['phr', 'phx'], parameter: 'acr_values', claim: 'acr' } as const;

describe('an OpenID provider is asked', () => {
  const CASES: readonly {
    readonly title: string;
    readonly wish: StepUpWish;
    readonly how?: Partial<OidcConnectorOptions>;
    readonly asked: Readonly<Record<string, string>>;
  }[] = [
    {
      title: 'by acr_values and max_age',
      wish: BOTH,
      how: { stepUp: STEP_UP },
      asked: { acr_values: 'phr phx', max_age: '3600' },
    },
    {
      title: 'by an essential claim with several values',
      wish: MFA,
      how: { stepUp: { ...STEP_UP, parameter: 'claims' } },
      asked: { claims: '{"id_token":{"acr":{"essential":true,"values":["phr","phx"]}}}' },
    },
    {
      title: 'by the claim of Entra ID, whatever the parameter',
      wish: BOTH,
      how: { stepUp: { ...STEP_UP, acrValues: ['c1'], claim: 'acrs' }, reauthenticate: 'prompt' },
      asked: {
        claims: '{"id_token":{"acrs":{"essential":true,"value":"c1"}}}',
        prompt: 'login',
      },
    },
    { title: 'by prompt=login without stepUp', wish: MFA, asked: { prompt: 'login' } },
    { title: 'by max_age alone for a newer sign-in', wish: NEWER, asked: { max_age: '60' } },
    {
      title: 'by prompt=login for a newer sign-in where max_age is not read',
      wish: NEWER,
      how: { reauthenticate: 'prompt' },
      asked: { prompt: 'login' },
    },
    {
      title: 'for nothing in addition by a wish for any sign-in',
      wish: { multiFactor: false },
      asked: {},
    },
  ];
  for (const { title, wish, how, asked } of CASES)
    it(title, async t => {
      const connector = await openConnector(t, await forgeFor(t), how);
      const begun = await connector.begin({ attemptId: 'a', reauthenticate: false, wish });
      const { searchParams } = new URL(addressIn(begun.request));
      const names = ['acr_values', 'claims', 'max_age', 'prompt'];
      const sent = names.filter(name => searchParams.has(name));
      assert.deepEqual(Object.fromEntries(sent.map(name => [name, searchParams.get(name)])), asked);
    });

  it('for a new sign-in by prompt alone where max_age is not read', async t => {
    const connector = await openConnector(t, await forgeFor(t), { reauthenticate: 'prompt' });
    const begun = await connector.begin({ attemptId: 'a', reauthenticate: true });
    const { searchParams } = new URL(addressIn(begun.request));
    assert.deepEqual([searchParams.get('prompt'), searchParams.get('max_age')], ['login', null]);
  });
});

describe('the claims of an OpenID provider', () => {
  const authenticationFor = async (
    t: Parameters<typeof forgeFor>[0],
    claims: object,
    how: Partial<OidcConnectorOptions> = {},
  ) => {
    const forge = await forgeFor(t);
    const groups: string[] = [];
    forge.person.idToken = {
      ...{ sub: 'a', preferred_username: 'alice', email: 'a@acme.example', groups },
      ...claims,
    };
    return (await signIn(await openConnector(t, forge, how), forge)).identity.authentication;
  };

  it('count as methods for acrs only if they were asked for', async t => {
    const claims = { acr: '1', amr: ['pwd'], acrs: ['p1', 'c1', 'c25', 7] };
    const stepUp = { acrValues: ['c1', 'c2'], parameter: 'claims', claim: 'acrs' } as const;
    const how = { stepUp, multiFactorMethods: ['c1', 'c2'] };
    const { methods, multiFactor } = await authenticationFor(t, claims, how);
    assert.deepEqual([methods, multiFactor], [['pwd', '1', 'c1'], true]);
    assert.deepEqual((await authenticationFor(t, claims)).methods, ['pwd', '1']);
    assert.deepEqual((await authenticationFor(t, { ...claims, acrs: 'c2' }, how)).methods, [
      ...['pwd', '1', 'c2'],
    ]);
  });

  for (const auth_time of [0, 1, Date.UTC(1999, 11, 31) / 1000])
    it(`state no time of the sign-in by an auth_time of ${auth_time}`, async t => {
      assert.equal((await authenticationFor(t, { auth_time })).at, undefined);
    });
});

describe('a SAML identity provider is asked', () => {
  const requestFor = async (
    wish: StepUpWish | undefined,
    changes: Partial<SamlConnectorOptions>,
  ) => {
    const connector = createSamlConnector(optionsWith({ signRequests: false, ...changes }));
    const begun = await connector.begin({ attemptId: 'a', reauthenticate: false, wish });
    await connector.close();
    const encoded = new URL(addressIn(begun.request)).searchParams.get('SAMLRequest')!;
    return inflateRawSync(Buffer.from(encoded, 'base64')).toString();
  };
  const stepUp = { authnContext: ['urn:one', 'urn:two'], comparison: 'minimum' } as const;

  it('by ForceAuthn and RequestedAuthnContext for a second factor', async () => {
    const xml = await requestFor(BOTH, { stepUp });
    assert.match(xml, /ForceAuthn="true"/);
    assert.match(xml, /<samlp:RequestedAuthnContext [^>]*Comparison="minimum"/);
    assert.match(xml, />urn:one<.*>urn:two</s);
  });

  it('by ForceAuthn alone for a newer sign-in, and without stepUp', async () => {
    for (const xml of [await requestFor(NEWER, { stepUp }), await requestFor(MFA, {})]) {
      assert.match(xml, /ForceAuthn="true"/);
      assert.doesNotMatch(xml, /RequestedAuthnContext/);
    }
  });

  it('for nothing by a plain sign-in', async () => {
    assert.doesNotMatch(
      await requestFor(undefined, { stepUp }),
      /ForceAuthn|RequestedAuthnContext/,
    );
  });
});
