import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { claimAt, identityFrom, type VerifiedValues } from '../../src/connectors/attributes.ts';
import { BridgeError } from '../../src/core/errors.ts';
import type { ConnectorId } from '../../src/core/identity.ts';
import { isPersonId } from '../../src/core/identity.ts';

const MAPPING = { username: 'preferred_username', email: 'email', groups: 'groups' };

function identity(values: Record<string, unknown>, overrides: Partial<VerifiedValues> = {}) {
  return identityFrom({
    connector: 'okta' as ConnectorId,
    source: { issuer: 'https://acme.okta.com', trustedBy: 'https://acme.okta.com' },
    assertedAt: 2_000,
    subject: 'sub-1',
    values: { preferred_username: 'alice', ...values },
    mapping: MAPPING,
    authenticatedAt: 1_000,
    methods: [],
    multiFactorMethods: [],
    ...overrides,
  });
}

function incomplete(action: () => unknown, message: RegExp): void {
  assert.throws(action, error => {
    assert.ok(error instanceof BridgeError);
    assert.equal(error.code, 'identity_incomplete');
    assert.match(error.message, message);
    return true;
  });
}

describe('a claim path', () => {
  const cases: [string, unknown, string, unknown][] = [
    ['finds a key as it stands', { groups: 1 }, 'groups', 1],
    ['prefers the exact key to its dots', { 'a.b': 'exact', a: { b: 'nested' } }, 'a.b', 'exact'],
    [
      'walks nested objects by its dots',
      { realm_access: { roles: ['x'] } },
      'realm_access.roles',
      ['x'],
    ],
    [
      'walks below a key that holds dots itself',
      { 'https://acme.example': { roles: 'x' } },
      'https://acme.example.roles',
      'x',
    ],
    ['finds nothing where there is nothing', { a: { b: 1 } }, 'a.c', undefined],
    ['takes null for nothing', { a: null }, 'a', undefined],
    ['does not walk into arrays', { a: ['x'] }, 'a.0', undefined],
    ['does not walk into strings', { a: 'x' }, 'a.length', undefined],
    ['does not see what every object inherits', {}, 'constructor', undefined],
    ['does not walk through what every object inherits', {}, 'constructor.name', undefined],
    ['does not walk through the prototype', {}, '__proto__.constructor', undefined],
    [
      'reads a hostile __proto__ key as an ordinary one',
      JSON.parse('{"__proto__":{"groups":"x"}}'),
      'groups',
      undefined,
    ],
  ];
  for (const [title, values, path, expected] of cases)
    test(title, () => assert.deepEqual(claimAt(values, path), expected));
});

describe('groups', () => {
  const taken: [string, unknown, string[]][] = [
    ['absent are none', undefined, []],
    ['null are none', null, []],
    ['as a string are one', 'aws-admins', ['aws-admins']],
    ['as an empty string are none', '', []],
    ['as an array are all of them', ['a', 'b'], ['a', 'b']],
    ['that come twice are taken once', ['a', 'b', 'a'], ['a', 'b']],
    ['are not split', 'a,b c;d', ['a,b c;d']],
    [
      'are not trimmed or folded',
      [' Admins', 'admins', 'ADMINS '],
      [' Admins', 'admins', 'ADMINS '],
    ],
    ['of exactly 256 characters are taken', ['g'.repeat(256)], ['g'.repeat(256)]],
    [
      'named like object members are names',
      ['__proto__', 'constructor'],
      ['__proto__', 'constructor'],
    ],
  ];
  for (const [title, groups, expected] of taken)
    test(`${title}`, () => assert.deepEqual(identity({ groups }).groups, expected));

  const refused: [string, unknown, RegExp][] = [
    ['as an object are refused', { a: true }, /groups claim "groups" is an object, not a string/],
    ['as a number are refused', 7, /groups claim "groups" is a number/],
    ['as a boolean are refused', true, /groups claim "groups" is a boolean/],
    [
      'with an object among them are refused',
      ['a', { name: 'b' }],
      /an entry of the groups claim "groups" is an object/,
    ],
    ['with an array among them are refused', ['a', ['b', 'c']], /is an array of 2/],
    ['with null among them are refused', ['a', null], /is null/],
    ['with a line end are refused', ['a\nb'], /control or invisible/],
    ['with a NUL are refused', ['a\u0000'], /control or invisible/],
    ['with half a surrogate pair are refused', ['a\ud800'], /control or invisible/],
    ['of 257 characters are refused', ['g'.repeat(257)], /has 257 characters/],
    [
      'in more than 5000 entries are refused',
      Array.from({ length: 5001 }, (_, index) => `g${index}`),
      /5001 entries/,
    ],
  ];
  for (const [title, groups, message] of refused)
    test(title, () => incomplete(() => identity({ groups }), message));

  test('are found in a nested claim', () => {
    const mapping = { ...MAPPING, groups: 'resource_access.bridge.roles' };
    assert.deepEqual(
      identity({ resource_access: { bridge: { roles: ['a'] } } }, { mapping }).groups,
      ['a'],
    );
  });
});

describe('a username', () => {
  test('is taken as it stands', () =>
    assert.equal(identity({ preferred_username: 'Alice.Ünal@Acme' }).username, 'Alice.Ünal@Acme'));

  const refused: [string, unknown, RegExp][] = [
    [
      'that is missing is refused, and the claims that came are named',
      undefined,
      /"preferred_username" is missing or empty; received claims: .*upn/,
    ],
    ['that is empty is refused', '', /missing or empty/],
    ['that is blank is refused', ' \u00a0', /blank/],
    ['that is a number is refused', 42, /is a number, not a string/],
    ['that is an array is refused', ['alice'], /is an array of 1/],
    ['with a newline is refused', 'alice\nadmin', /control or invisible/],
    ['that turns the writing direction is refused', 'alice\u202enimda', /control or invisible/],
    ['with a zero-width space is refused', 'ali\u200bce', /control or invisible/],
    ['with an invisible filler letter is refused', 'alice\u3164', /control or invisible/],
    ['with a line separator is refused', 'alice\u2028', /control or invisible/],
    ['of 257 characters is refused', 'a'.repeat(257), /has 257 characters/],
  ];
  for (const [title, value, message] of refused) {
    test(title, () =>
      incomplete(() => identity({ preferred_username: value, upn: 'secret-value' }), message),
    );
  }

  test('never shows up in the message of its refusal', () => {
    assert.throws(
      () => identity({ preferred_username: ['alice-the-value'], email: 'value@acme.example' }),
      error =>
        error instanceof BridgeError && !/alice-the-value|value@/.test(error.message + error.hint),
    );
  });
});

describe('an e-mail address', () => {
  const cases: [string, Record<string, unknown>, string | undefined][] = [
    [
      'is taken when the provider says nothing about it',
      { email: 'a@acme.example' },
      'a@acme.example',
    ],
    ['is taken when verified', { email: 'a@acme.example', email_verified: true }, 'a@acme.example'],
    [
      'that is not verified is left out',
      { email: 'a@acme.example', email_verified: false },
      undefined,
    ],
    [
      'that is not verified is left out when the flag is a string',
      { email: 'a@acme.example', email_verified: 'false' },
      undefined,
    ],
    ['that is absent is left out', {}, undefined],
    ['that is empty is left out', { email: '' }, undefined],
  ];
  for (const [title, values, expected] of cases)
    test(title, () => assert.equal(identity(values).email, expected));

  test('that is no text is refused', () =>
    incomplete(
      () => identity({ email: ['a@acme.example'] }),
      /email claim "email" is an array of 1/,
    ));
  test('that is not verified is no attribute either', () => {
    const mapping = { ...MAPPING, email: 'mail' };
    const { attributes } = identity(
      { mail: 'a@x.example', email: 'b@x.example', email_verified: false },
      { mapping },
    );
    assert.deepEqual(attributes, {});
  });
});

describe('a display name', () => {
  const cases: [string, Record<string, unknown>, string | undefined][] = [
    ['is `name` by default', { name: 'Alice Ünal', displayName: 'other' }, 'Alice Ünal'],
    ['is `displayName` when there is no `name`', { displayName: 'Alice Ünal' }, 'Alice Ünal'],
    ['that is no text is left out', { name: { first: 'Alice' } }, undefined],
    ['that turns the writing direction is left out', { name: 'Alice \u202eecila' }, undefined],
    ['that is too long is left out', { name: 'a'.repeat(257) }, undefined],
  ];
  for (const [title, values, expected] of cases)
    test(title, () => assert.equal(identity(values).displayName, expected));
  test('is read from the mapped claim', () => {
    assert.equal(
      identity({ name: 'no', cn: 'yes' }, { mapping: { ...MAPPING, displayName: 'cn' } })
        .displayName,
      'yes',
    );
  });
});

describe('attributes', () => {
  test('are the single values that are not mapped and do not belong to the protocol', () => {
    const { attributes } = identity({
      ...{
        iss: 'https://idp.example',
        aud: 'bridge',
        exp: 1,
        iat: 1,
        nbf: 1,
        nonce: 'n',
        at_hash: 'h',
        amr: 'pwd',
        acr: '1',
        sid: 's',
      },
      ...{ email: 'a@acme.example', groups: 'x', email_verified: true },
      ...{
        department: 'Platform',
        floor: 7,
        manager: false,
        ratio: 0.5,
        list: ['a'],
        nested: { a: 1 },
        nothing: null,
      },
    });
    assert.deepEqual(attributes, {
      department: 'Platform',
      floor: '7',
      manager: 'false',
      ratio: '0.5',
    });
  });

  const leftOut: [string, Record<string, unknown>][] = [
    ['with a control character', { a: 'x\ny' }],
    ['of more than 256 characters', { a: 'x'.repeat(257) }],
    [
      'that are numbers beyond exactness, where two people could become one',
      JSON.parse('{"employee":12345678901234567890}'),
    ],
    ['whose name is too long', { ['n'.repeat(129)]: 'x' }],
    ['whose name cannot be seen', { 'a\u200b': 'x' }],
    ['named __proto__', JSON.parse('{"__proto__":"x"}')],
  ];
  for (const [title, values] of leftOut) {
    test(`${title} are left out`, () =>
      assert.deepEqual(Object.getOwnPropertyNames(identity(values).attributes), []));
  }

  test('are at most 100', () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`a${index}`, 'x']));
    assert.equal(Object.keys(identity(many).attributes).length, 100);
  });
});

describe('a person', () => {
  test('is 80 bits of SHA-256 over connector and subject in base32', () => {
    const bytes = createHash('sha256').update('["okta","sub-1"]').digest().subarray(0, 10);
    const bits = [...bytes].map(byte => byte.toString(2).padStart(8, '0')).join('');
    const expected = (bits.match(/.{5}/g) ?? [])
      .map(five => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(five, 2)])
      .join('');
    assert.equal(identity({}).person, expected);
  });

  test('is well-formed for every subject, also when its first bits are zero', () => {
    for (let index = 0; index < 2000; index += 1)
      assert.ok(isPersonId(identity({}, { subject: `s${index}` }).person));
  });

  test('is another one at another connector, for another subject, and for a pair that looks the same joined', () => {
    const people = [
      identity({}),
      identity({}, { subject: 'sub-2' }),
      identity({}, { connector: 'adfs' as ConnectorId }),
      identity({}, { connector: 'okt' as ConnectorId, subject: 'asub-1' }),
      identity({}, { subject: 'SUB-1' }),
      identity({}, { subject: 'sub-1 ' }),
    ].map(({ person }) => person);
    assert.equal(new Set(people).size, people.length);
  });

  const refused: [string, string, RegExp][] = [
    ['empty', '', /subject is empty/],
    ['with a control character', 'a\u0007', /control or invisible/],
    ['of 257 characters', 'a'.repeat(257), /257 characters/],
  ];
  for (const [title, subject, message] of refused) {
    test(`with a subject that is ${title} is refused`, () =>
      incomplete(() => identity({}, { subject }), message));
  }
});

describe('authentication', () => {
  test('is multi-factor when one of its methods counts as such', () => {
    const { authentication } = identity(
      {},
      { methods: ['pwd', 'hwk'], multiFactorMethods: ['mfa', 'hwk'] },
    );
    assert.deepEqual(authentication, { at: 1_000, methods: ['pwd', 'hwk'], multiFactor: true });
  });

  test('is not multi-factor by a method that merely looks alike', () => {
    assert.equal(
      identity({}, { methods: ['MFA', 'mfa '], multiFactorMethods: ['mfa'] }).authentication
        .multiFactor,
      false,
    );
  });

  test('keeps no method that could break a line', () => {
    assert.deepEqual(identity({}, { methods: ['pwd', 'm\nfa', ''] }).authentication.methods, [
      'pwd',
    ]);
  });
});
