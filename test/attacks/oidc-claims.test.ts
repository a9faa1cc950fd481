/** Claims that are not in the id_token: userinfo and distributed claims (threats R20). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ErrorCode } from '../../src/core/errors.ts';
import type { IdentityMapping } from '../../src/core/identity.ts';
import { forgeFor, openConnector, refuses, SENSITIVE, signIn } from '../support/oidc-sign-in.ts';
import { ALICE, type OpenIdProviderForge } from '../support/openid-provider-forge.ts';

const MAPPING = { username: 'preferred_username', email: 'email', groups: 'groups' };
const KEYS: Partial<IdentityMapping> = { groupsForm: { kind: 'keys' } };
const JSON_TEXT: Partial<IdentityMapping> = { groupsForm: { kind: 'json' } };
const COMMA: Partial<IdentityMapping> = { groupsForm: { kind: 'separated', separator: ',' } };

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
      'with more groups than are read makes an incomplete identity',
      forge =>
        (forge.faults.userinfo = said => ({ ...said, groups: new Array(5001).fill(SENSITIVE) })),
      'identity_incomplete',
      /groups claim "groups" has 5001 entries.*received claims: .*email.*groups/,
    ],
    [
      'with two user names makes an incomplete identity',
      forge =>
        (forge.faults.userinfo = said => ({ ...said, preferred_username: ['bob', SENSITIVE] })),
      'identity_incomplete',
      /username claim "preferred_username" has 2 different values; received claims: .*sub/,
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

describe('claims in other forms than expected', () => {
  const forms: [string, Record<string, unknown>, Partial<IdentityMapping>, string[]][] = [
    ['an object without a form', { groups: { [SENSITIVE]: true } }, {}, []],
    ['an object by its keys', { groups: { a: { 1: 'x' }, b: {} } }, KEYS, ['a', 'b']],
    ['JSON text', { groups: '["a","b"]' }, JSON_TEXT, ['a', 'b']],
    ['separated text', { groups: 'a, b' }, COMMA, ['a', 'b']],
    ['entries that no rule can use', { groups: ['a', { [SENSITIVE]: 1 }, 'b\n'] }, {}, ['a']],
  ];
  for (const [title, claims, mapping, expected] of forms) {
    test(`groups as ${title}: ${expected.length} are taken`, async t => {
      const forge = await forgeFor(t);
      const connector = await openConnector(t, forge, { claims: { ...MAPPING, ...mapping } });
      const person = { ...ALICE, ...claims };
      forge.person = { idToken: person, userinfo: person };

      const { identity, received } = await signIn(connector, forge);

      assert.deepEqual(identity.groups, expected);
      assert.ok(received.names.includes('groups'));
      assert.ok(!JSON.stringify(received).includes(SENSITIVE));
    });
  }

  test('lists of one are single values, and optional ones that do not fit are left out', async t => {
    const forge = await forgeFor(t);
    const connector = await openConnector(t, forge);
    const person = {
      ...ALICE,
      preferred_username: ['alice'],
      email: ['a@x.example', SENSITIVE],
      name: 'n'.repeat(300),
      department: ['Platform', 'Platform'],
    };
    forge.person = { idToken: person, userinfo: person };

    const { identity, received } = await signIn(connector, forge);

    const { username, email, displayName, attributes } = identity;
    assert.deepEqual([username, email, displayName], ['alice', undefined, undefined]);
    assert.equal(attributes.department, 'Platform');
    assert.match(received.leftOut.join('; '), /display name has 300 .*email "email" has 2/);
    assert.ok(!JSON.stringify(received).includes(SENSITIVE));
  });
});
