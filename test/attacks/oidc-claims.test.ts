/** Claims that are not in the id_token: userinfo and distributed claims (threats R20). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ErrorCode } from '../../src/core/errors.ts';
import { forgeFor, openConnector, refuses, SENSITIVE, signIn } from '../support/oidc-sign-in.ts';
import { ALICE, type OpenIdProviderForge } from '../support/openid-provider-forge.ts';

describe('userinfo', () => {
  const cases: [string, (forge: OpenIdProviderForge) => void, ErrorCode, RegExp][] = [
    [
      'of another subject is refused',
      forge => (forge.faults.userinfo = said => ({ ...said, sub: 'bob' })),
      'oidc_response_refused',
      /"sub" property value/,
    ],
    [
      'without a subject is refused',
      forge => (forge.faults.userinfo = ({ sub: _, ...said }) => said),
      'oidc_response_refused',
      /"sub" property must be a string/,
    ],
    [
      'signed by another key is refused',
      forge => (forge.faults.userinfoFormat = 'jwt-of-another-key'),
      'oidc_response_refused',
      /signature verification failed/,
    ],
    [
      'signed for another client is refused',
      forge => {
        forge.faults.userinfoFormat = 'jwt';
        forge.faults.userinfo = said => ({ ...said, aud: 'other' });
      },
      'oidc_response_refused',
      /unexpected JWT "aud"/,
    ],
    [
      'that does not take the access token is a refusal of the provider',
      forge => (forge.faults.token = answer => ({ ...answer, access_token: 'other' })),
      'idp_refused',
      /\/userinfo answered 401 with a challenge/,
    ],
    [
      'with groups of a wrong type makes an incomplete identity',
      forge => (forge.faults.userinfo = said => ({ ...said, groups: { [SENSITIVE]: true } })),
      'identity_incomplete',
      /groups claim "groups" is an object/,
    ],
  ];
  for (const [title, breakIt, code, message] of cases) {
    test(title, async t => {
      const forge = await forgeFor(t);
      const connector = await openConnector(t, forge);
      forge.person = { idToken: { sub: ALICE.sub }, userinfo: { ...ALICE } };
      breakIt(forge);
      await refuses(signIn(connector, forge), code, message, forge);
    });
  }
});

describe('groups that the provider keeps elsewhere (overage)', () => {
  const OVERAGE = {
    _claim_names: { groups: 'src1' },
    _claim_sources: { src1: { endpoint: `http://127.0.0.1:1/${SENSITIVE}` } },
  };

  test('are not fetched: the identity is incomplete, with a reason', async t => {
    const forge = await forgeFor(t);
    const connector = await openConnector(t, forge);
    const person = { ...ALICE, groups: undefined, ...OVERAGE };
    forge.person = { idToken: person, userinfo: person };

    await refuses(
      signIn(connector, forge),
      'identity_incomplete',
      /^overage: .*"groups".*_claim_names/,
      forge,
    );
  });

  test('do not matter if userinfo has the groups', async t => {
    const forge = await forgeFor(t);
    const connector = await openConnector(t, forge);
    forge.person = { idToken: { ...ALICE, groups: undefined, ...OVERAGE }, userinfo: { ...ALICE } };
    assert.deepEqual((await signIn(connector, forge)).identity.groups, ALICE.groups);
  });

  test('do not matter if another claim is mapped', async t => {
    const forge = await forgeFor(t);
    const connector = await openConnector(t, forge, {
      claims: { username: 'preferred_username', email: 'email', groups: 'roles' },
    });
    const person = { ...ALICE, email: undefined, groups: undefined, roles: ['a'], ...OVERAGE };
    forge.person = { idToken: person, userinfo: person };
    assert.deepEqual((await signIn(connector, forge)).identity.groups, ['a']);
  });
});
