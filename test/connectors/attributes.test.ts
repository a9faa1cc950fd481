import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { claimAt, identityFrom, type VerifiedValues } from '../../src/connectors/attributes.ts';
import { BridgeError } from '../../src/core/errors.ts';
import type { ConnectorId, GroupsForm } from '../../src/core/identity.ts';
import { isPersonId } from '../../src/core/identity.ts';

const MAPPING = { username: 'preferred_username', email: 'email', groups: 'groups' };

function identity(values: Record<string, unknown>, overrides: Partial<VerifiedValues> = {}) {
  return read(values, overrides).identity;
}

function received(values: Record<string, unknown>, overrides: Partial<VerifiedValues> = {}) {
  return read(values, overrides).received;
}

function read(values: Record<string, unknown>, overrides: Partial<VerifiedValues>) {
  return identityFrom({
    connector: 'okta' as ConnectorId,
    source: { issuer: 'https://acme.okta.com', trustedBy: 'https://acme.okta.com' },
    assertedAt: 2_000,
    subject: 'sub-1',
    values: { preferred_username: 'alice', ...values },
    mapping: MAPPING,
    authenticatedAt: Date.UTC(2026, 0, 1),
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

  const leftOut: [string, unknown, string[], RegExp][] = [
    [
      'as an object',
      { a: true },
      [],
      /^1 entry of .*"groups": entry 1 is an object, not a string$/,
    ],
    ['as a number', 7, [], /entry 1 is a number/],
    ['as a boolean', true, [], /entry 1 is a boolean/],
    ['with an object among them', ['a', { name: 'b' }], ['a'], /entry 2 is an object/],
    ['with an array among them', ['a', ['b', 'c']], ['a'], /entry 2 is an array of 2/],
    ['with null among them', [null, 'a'], ['a'], /entry 1 is null/],
    ['with a line end', ['a\nb', 'c'], ['c'], /entry 1 contains a control or invisible/],
    ['with a NUL', ['a\u0000'], [], /control or invisible/],
    ['with half a surrogate pair', ['a\ud800'], [], /control or invisible/],
    ['of 257 characters', ['g'.repeat(257), 'a'], ['a'], /entry 1 has 257 characters; at most 256/],
    [
      'of which many are useless',
      ['a', 1, 2, 3, 4, 'b'],
      ['a', 'b'],
      /^4 entries of .*: entry 2 is a number.*; entry 3 .*; entry 4 .*; and 1 more$/,
    ],
  ];
  for (const [title, groups, expected, why] of leftOut) {
    test(`${title} lack the entries that no rule can use, which are counted`, () => {
      assert.deepEqual(identity({ groups }).groups, expected);
      assert.match(received({ groups }).leftOut.join('\n'), why);
    });
  }

  test('in more than 5000 entries are refused', () =>
    incomplete(
      () => identity({ groups: Array.from({ length: 5001 }, (_, index) => `g${index}`) }),
      /^the groups claim "groups" has 5001 entries; .*; received claims: groups, preferred_username$/,
    ));

  test('are found in a nested claim', () => {
    const mapping = { ...MAPPING, groups: 'resource_access.bridge.roles' };
    assert.deepEqual(
      identity({ resource_access: { bridge: { roles: ['a'] } } }, { mapping }).groups,
      ['a'],
    );
  });
});

describe('groups in the form of the connector', () => {
  const comma: GroupsForm = { kind: 'separated', separator: ',' };
  const json: GroupsForm = { kind: 'json' };
  const keys: GroupsForm = { kind: 'keys' };
  const cases: [string, GroupsForm, unknown, string[]][] = [
    ['separated text is split', comma, 'a,b', ['a', 'b']],
    ['separated text loses spaces around groups', comma, ' a , b b,, c ', ['a', 'b b', 'c']],
    ['separated text keeps other whitespace, so the entry is useless', comma, 'a,\tb', ['a']],
    ['separated text loses the brackets of Amazon Cognito', comma, '[a, b]', ['a', 'b']],
    ['separated text keeps brackets of its groups', comma, '[a],[b]', ['[a]', '[b]']],
    ['separated text of one group is that group', comma, 'a', ['a']],
    ['separated texts in a list are each split', comma, ['a,b', 'c'], ['a', 'b', 'c']],
    ['empty separated text is no group', comma, ' , ', []],
    ['other separators are letters', comma, 'a;b|c', ['a;b|c']],
    [
      'a separator has many characters',
      { kind: 'separated', separator: '::' },
      'a::b:c',
      ['a', 'b:c'],
    ],
    ['a separator is a space', { kind: 'separated', separator: ' ' }, 'a  b', ['a', 'b']],
    ['a number is no separated text', comma, 7, []],
    ['JSON text is a list', json, '["a","b"]', ['a', 'b']],
    ['JSON text is one group', json, '"a"', ['a']],
    ['JSON text is an empty list', json, '[]', []],
    ['JSON texts in a list are each read', json, ['["a"]', '["b"]'], ['a', 'b']],
    ['JSON text is not trimmed', json, '[" a","a"]', [' a', 'a']],
    ['JSON text has useless entries', json, '["a",1,["b"],{"c":1}]', ['a']],
    ['text that does not look like JSON is a group', json, 'a', ['a']],
    ['broken JSON is no group', json, '["a",', []],
    ['what Amazon Cognito writes is no JSON', json, '[a, b]', []],
    ['keys of an object', keys, { a: { '1': 'x' }, b: {} }, ['a', 'b']],
    ['keys of objects in a list', keys, [{ a: {} }, { b: {}, a: {} }], ['a', 'b']],
    ['keys of JSON text', keys, '{"a":{},"b":{}}', ['a', 'b']],
    [
      'keys that say no are no groups',
      keys,
      { a: false, b: null, c: 0, d: 'false', e: true },
      ['e'],
    ],
    [
      'keys named like object members are names',
      keys,
      JSON.parse('{"__proto__":1}'),
      ['__proto__'],
    ],
    ['a text is no object', keys, ['a', { b: 1 }], ['b']],
  ];
  for (const [title, groupsForm, groups, expected] of cases)
    test(title, () =>
      assert.deepEqual(
        identity({ groups }, { mapping: { ...MAPPING, groupsForm } }).groups,
        expected,
      ),
    );

  const tooMany: [string, GroupsForm, string][] = [
    ['separated text', comma, 'a,'.repeat(5001)],
    ['JSON text', json, JSON.stringify(Array.from({ length: 5001 }, (_, index) => `g${index}`))],
    ['JSON text of very many values', json, `[${'1,'.repeat(400_000)}1]`],
    ['JSON text that is nested very deep', json, '['.repeat(500_000)],
  ];
  for (const [title, groupsForm, groups] of tooMany)
    test(`${title}: more than 5000 groups are refused`, () =>
      incomplete(
        () => identity({ groups }, { mapping: { ...MAPPING, groupsForm } }),
        /^the groups claim "groups" (?:has 5001 entries|is JSON text that is not read: it )/,
      ));

  for (const [title, groupsForm, groups] of [
    ['separators', comma, ','.repeat(1_000_000)],
    ['spaces', comma, ' '.repeat(1_000_000)],
    ['brackets', comma, '['.repeat(1_000_000)],
    ['quotation marks', json, `["${'\\"'.repeat(500_000)}`],
    ['brackets that no form reads', undefined, '['.repeat(1_000_000)],
  ] as const)
    test(`a megabyte of ${title} is read in linear time`, () => {
      const started = performance.now();
      identity({ groups }, { mapping: { ...MAPPING, groupsForm } });
      assert.ok(performance.now() - started < 500);
    });
});

describe('the setting that a form of groups suggests', () => {
  const cases: [unknown, string | undefined][] = [
    ['a,b', 'groupSeparator: ","'],
    [['a;b'], 'groupSeparator: ";"'],
    ['a | b', 'groupSeparator: "|"'],
    ['[a, b]', 'groupSeparator: ","'],
    ['["a","b"]', 'groupsFormat: json'],
    ['[]', 'groupsFormat: json'],
    ['{"a":{}}', 'groupsFormat: keys'],
    [{ a: {} }, 'groupsFormat: keys'],
    [[{ a: {} }], 'groupsFormat: keys'],
    ['CN=admins,OU=groups,DC=acme', undefined],
    ['CN=a,OU=groups;CN=b,OU=groups', 'groupSeparator: ";"'],
    ['aws-admins', undefined],
    ['Domain Admins', undefined],
    [['a,b', 'c,d'], undefined],
    [[], undefined],
    [7, undefined],
    [undefined, undefined],
  ];
  for (const [groups, expected] of cases)
    test(`${JSON.stringify(groups)} suggests ${expected ?? 'nothing'}`, () =>
      assert.equal(received({ groups }).suggestion, expected));

  test('is none once the connector has a form', () => {
    const mapping = { ...MAPPING, groupsForm: { kind: 'separated', separator: ';' } as const };
    assert.equal(received({ groups: 'a,b' }, { mapping }).suggestion, undefined);
  });
});

describe('a single value in a list', () => {
  const cases: [string, unknown, string | undefined][] = [
    ['of one is that value', ['alice@x.example'], 'alice@x.example'],
    ['of equal values is that value', ['alice@x.example', 'alice@x.example'], 'alice@x.example'],
    ['beside empty ones is that value', ['', null, 'alice@x.example'], 'alice@x.example'],
    ['of none is absent', [], undefined],
    ['that differs only in case is ambiguous', ['a@x.example', 'A@x.example'], undefined],
    ['that differs only in a space is ambiguous', ['a@x.example', 'a@x.example '], undefined],
    ['inside another list is no text', [['a@x.example']], undefined],
  ];
  for (const [title, value, expected] of cases) {
    test(`${title}, as email, display name and attribute`, () => {
      const { email, displayName, attributes } = identity({ email: value, name: value, a: value });
      assert.deepEqual([email, displayName, attributes.a], [expected, expected, expected]);
    });
    if (expected !== undefined)
      test(`${title}, as user name`, () =>
        assert.equal(identity({ preferred_username: value }).username, expected));
  }

  test('keeps the type of numbers and booleans in attributes', () =>
    assert.deepEqual(identity({ floor: [7, 7], manager: [true] }).attributes, {
      floor: '7',
      manager: 'true',
    }));

  test('that says an address is unverified counts', () => {
    for (const email_verified of [[false], ['false'], ['False', true], 'FALSE'])
      assert.equal(identity({ email: 'a@x.example', email_verified }).email, undefined);
  });
});

describe('what was received', () => {
  test('is the names of the claims, sorted, without a value', () => {
    const { names } = received({ zone: 'secret-value', groups: ['secret-value'] });
    assert.deepEqual(names, ['groups', 'preferred_username', 'zone']);
  });

  test('is capped, and lacks names that cannot be shown', () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`a${index}`, 'x']));
    const { names } = received({ ...many, 'a\u200b': 'x', ['n'.repeat(129)]: 'x', 'a\nb': 'x' });
    assert.equal(names.length, 61);
    assert.equal(names.at(-1), 'and 241 more');
  });

  const optional: [string, Record<string, unknown>, RegExp][] = [
    ['an email of several values', { email: ['a', 'b'] }, /^email "email" has 2 different values$/],
    ['an email that is an object', { email: {} }, /^email "email" is an object, not a string$/],
    ['an email with a line end', { email: 'a\nb' }, /^email "email" contains a control/],
    ['a display name of 257 characters', { name: 'x'.repeat(257) }, /^display name has 257/],
    ['an attribute of several values', { team: ['a', 'b'] }, /^attribute "team" has 2 different/],
    ['an attribute that is an object', { team: {} }, /^attribute "team" is an object/],
  ];
  for (const [title, values, why] of optional)
    test(`names ${title}, which is left out`, () => {
      assert.match(received(values).leftOut[0]!, why);
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
    ['of different values is refused', ['alice', 'bob'], /has 2 different values; received/],
    ['in a list in a list is refused', [['alice']], /is an array of 1, not a string/],
    ['with a newline is refused', 'alice\nadmin', /control or invisible character; received/],
    [
      'with a fault in a list is refused by the number of its entry',
      ['', 'ali\u200bce'],
      /^the username claim "preferred_username" contains .* \(entry 2\); received/,
    ],
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
      () =>
        identity({
          preferred_username: ['alice-the-value', 'bob-the-value'],
          email: 'value@acme.example',
        }),
      error => error instanceof BridgeError && !/the-value|value@/.test(error.message + error.hint),
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

  test('that is no text is left out', () =>
    assert.equal(identity({ email: { address: 'a@acme.example' } }).email, undefined));
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
        list: ['a', 'b'],
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
    assert.deepEqual(authentication, {
      at: Date.UTC(2026, 0, 1),
      methods: ['pwd', 'hwk'],
      multiFactor: true,
    });
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
