import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Identity, isTrusted } from '../../src/core/identity.ts';
import {
  boundBy,
  confirmedRecord,
  lastConfirmed,
  missingClaims,
  type PersonRecord,
  recordOf,
} from '../../src/core/person-record.ts';
import { person } from '../support/people.ts';

const FIRST = person({
  groups: ['a', 'b'],
  assertedAt: 1000,
  attributes: { department: 'Platform', site: 'Berlin' },
});
const newer = (over: Partial<Identity> = {}): Identity => ({ ...FIRST, assertedAt: 2000, ...over });
const without = (...names: (keyof Identity)[]): Identity => {
  const left: Partial<Identity> = newer();
  for (const name of names) delete left[name];
  return left as Identity;
};

describe('an identity, limited by the newest sign-in of its user', () => {
  const groups: readonly (readonly [
    what: string,
    newest: readonly string[],
    right: readonly string[],
  ])[] = [
    ['keeps groups that both have', ['b', 'a'], ['a', 'b']],
    ['loses a group that is gone', ['a'], ['a']],
    ['gains none', ['a', 'b', 'c'], ['a', 'b']],
    ['has none when the newest has none', [], []],
    ['compares groups letter by letter', ['A', 'b '], []],
    ['takes no name of an object for a group', ['constructor', '__proto__'], []],
  ];
  for (const [what, newest, right] of groups) {
    it(what, () =>
      assert.deepEqual(
        boundBy(FIRST, recordOf(newer({ groups: newest }), 3000))?.identity.groups,
        right,
      ),
    );
  }

  it('has the newest names, email and attributes, and keeps its own proof of authentication', () => {
    const newest = newer({
      username: 'alice.new',
      email: 'new@acme.example',
      displayName: 'Alice New',
      attributes: { department: 'Sales' },
      authentication: { at: 1, methods: ['other'], multiFactor: false },
    });
    const { username, email, displayName, attributes } = newest;

    assert.deepEqual(boundBy(FIRST, recordOf(newest, 3000))?.identity, {
      ...FIRST,
      username,
      email,
      displayName,
      attributes,
    });
  });

  it('has no email and no display name when the newest sign-in had none', () => {
    const { email: _, displayName: __, ...rest } = FIRST;
    assert.deepEqual(
      boundBy(FIRST, recordOf(without('email', 'displayName'), 3000))?.identity,
      rest,
    );
  });

  it('is unchanged, and the newest, by its own record', () => {
    assert.deepEqual(boundBy(FIRST, recordOf(FIRST, 3000)), { identity: FIRST, isNewest: true });
  });

  it('is not the newest after a later statement of the provider', () => {
    assert.equal(boundBy(FIRST, recordOf(newer(), 3000))?.isNewest, false);
    assert.equal(boundBy(newer(), recordOf(FIRST, 3000))?.isNewest, true);
  });

  it('ends when the newest sign-in came from another issuer, wherever its trust comes from', () => {
    const { trustedBy, issuer } = FIRST.source;

    assert.equal(
      boundBy(
        FIRST,
        recordOf(newer({ source: { issuer: 'https://other.example', trustedBy } }), 3000),
      ),
      undefined,
    );
    assert.ok(
      boundBy(FIRST, recordOf(newer({ source: { issuer, trustedBy: 'moved' } }), 3000)) !==
        undefined,
    );
  });

  it('is not limited by a record without claims', () => {
    const { claims: _, ...record } = recordOf(newer({ username: 'x' }), 3000);
    assert.deepEqual(boundBy(FIRST, record), { identity: FIRST, isNewest: true });
  });
});

describe('a record after a refresh', () => {
  const AT = 5000;
  const before = recordOf(FIRST, 1500);
  const refreshed = (over: Partial<Identity> = {}) =>
    confirmedRecord(newer({ assertedAt: 4000, ...over }), AT, before);

  it('keeps the times of the sign-in while nothing is lost, and takes what is new', () => {
    const attributes = { ...FIRST.attributes, title: 'Engineer' };
    const record = refreshed({ groups: ['b', 'a', 'c'], attributes });

    assert.deepEqual(record, {
      ...before,
      confirmedAt: AT,
      claims: { ...before.claims, groups: ['b', 'a', 'c'], attributes },
    });
    assert.equal(lastConfirmed(record), AT);
    assert.equal(boundBy(FIRST, record)?.isNewest, true);
  });

  const losses: readonly (readonly [what: string, over: Partial<Identity>])[] = [
    ['a group', { groups: ['a'] }],
    ['all groups', { groups: [] }],
    ['a group for another one', { groups: ['a', 'c'] }],
    ['the e-mail address', { email: undefined }],
    ['the user name', { username: 'alice.new' }],
    ['an attribute', { attributes: { department: 'Platform' } }],
    ['the value of an attribute', { attributes: { department: 'Sales', site: 'Berlin' } }],
    ['an attribute whose name every object has', { attributes: { constructor: 'x' } }],
  ];
  for (const [what, over] of losses) {
    it(`is a newer statement than the sign-in when it loses ${what}`, () => {
      const record = refreshed(over);
      assert.equal(record.assertedAt, 4000);
      assert.equal(record.signedInAt, before.signedInAt);
      assert.equal(boundBy(FIRST, record)?.isNewest, false);
    });
  }

  it('is newer even if the clock of the provider is behind', () => {
    const record = refreshed({ groups: ['a'], assertedAt: 10 });
    assert.equal(record.assertedAt, FIRST.assertedAt + 1);
    assert.deepEqual(boundBy(FIRST, record)?.identity.groups, ['a']);
  });

  it('brings nothing by a statement that is older than the sign-in', () => {
    const attributes = { department: 'Sales' };
    const older = { assertedAt: 10, groups: ['b', 'c'], attributes, username: 'alice.old' };
    const { claims, username } = refreshed(older);
    assert.deepEqual(claims, { ...before.claims, groups: ['b'] });
    assert.equal(username, before.username);
  });

  it('keeps a loss from the first time on, and forgets it when the group is back', () => {
    const then = (later: number, over: Partial<Identity>, earlier: PersonRecord) =>
      confirmedRecord(newer({ assertedAt: 4000 + later, ...over }), AT + later, earlier);
    const lost = refreshed({ groups: ['a'] });
    assert.deepEqual(lost.lostGroups, [{ name: 'b', since: AT }]);
    const stillLost = then(1000, { groups: [] }, lost);
    assert.deepEqual(stillLost.lostGroups, [
      { name: 'a', since: AT + 1000 },
      { name: 'b', since: AT },
    ]);
    const back = then(2000, { groups: ['b'] }, stillLost);
    assert.deepEqual(back.lostGroups, [{ name: 'a', since: AT + 1000 }]);
    assert.deepEqual(boundBy(FIRST, back)?.identity.groups, ['b']);
    const lostAgain = then(3000, { groups: [] }, back);
    assert.deepEqual(lostAgain.lostGroups?.[0], { name: 'b', since: AT + 3000 });
  });

  it('knows a loss also from a sign-in, and none of another issuer', () => {
    const signedIn = recordOf(newer({ groups: ['a'] }), AT, before);
    assert.deepEqual(signedIn.lostGroups, [{ name: 'b', since: AT }]);
    const source = { issuer: 'https://other.example', trustedBy: 'x' };
    assert.equal(recordOf(newer({ groups: [], source }), AT, signedIn).lostGroups, undefined);
  });

  it('is a newer statement after a record without claims, or none', () => {
    const { claims: _, ...bare } = before;
    const after = confirmedRecord(newer({ assertedAt: 10 }), AT, bare);
    assert.equal(after.assertedAt, FIRST.assertedAt + 1);
    assert.deepEqual(after.claims?.groups, ['a', 'b']);
    assert.equal(confirmedRecord(newer(), AT, undefined).signedInAt, AT);
  });
});

describe('lost groups of a bound identity', () => {
  const record = confirmedRecord(newer({ groups: ['a'] }), 5000, recordOf(FIRST, 1500));

  it('are those that its sign-in had', () => {
    assert.deepEqual(boundBy(FIRST, record)?.identity.lostGroups, [{ name: 'b', since: 5000 }]);
    const without = { ...FIRST, groups: ['a'] };
    assert.equal(boundBy(without, record)?.identity.lostGroups, undefined);
  });

  it('are also those that the browser of a terminal had lost before, until they are back', () => {
    const inTerminal = boundBy(FIRST, record)!.identity;
    assert.deepEqual(boundBy(inTerminal, record)?.identity, inTerminal);
    const back = confirmedRecord(newer(), 6000, record);
    assert.equal(boundBy(inTerminal, back)?.identity.lostGroups, undefined);
  });
});

describe('claims that are missing in a newer sign-in', () => {
  const cases: readonly (readonly [what: string, newest: Identity, missing: readonly string[]])[] =
    [
      ['are none when nothing is gone', newer(), []],
      ['are groups when none is left', newer({ groups: [] }), ['groups']],
      ['are no groups while one is left', newer({ groups: ['z'] }), []],
      [
        'are the email and the display name',
        without('email', 'displayName'),
        ['email', 'displayName'],
      ],
      [
        'are attributes by their names',
        newer({ attributes: { department: 'Sales' } }),
        ['attributes.site'],
      ],
      ['are no claims of an older statement', { ...newer({ groups: [] }), assertedAt: 500 }, []],
      [
        'are no claims of another issuer',
        newer({ groups: [], source: { issuer: 'https://x.example', trustedBy: 'x' } }),
        [],
      ],
    ];
  for (const [what, newest, missing] of cases)
    it(what, () => assert.deepEqual(missingClaims(recordOf(FIRST, 1500), newest), missing));

  it('are none if the record has no claims', () => {
    const { claims: _, ...record } = recordOf(FIRST, 1500);
    assert.deepEqual(missingClaims(record, newer({ groups: [] })), []);
  });
});

describe('the identity provider that a connector trusts now', () => {
  const source = { issuer: 'https://idp.example', trustedBy: 'url https://idp.example/metadata' };
  const cases: readonly (readonly [
    what: string,
    trusted: Parameters<typeof isTrusted>[1],
    right: boolean,
  ])[] = [
    ['is the one of the same issuer', source, true],
    [
      'is the one of the same issuer at another place',
      { ...source, trustedBy: 'file /etc/idp.xml' },
      true,
    ],
    [
      'is not the one of another issuer at the same place',
      { ...source, issuer: 'https://other.example' },
      false,
    ],
    [
      'is the one of the same place while the issuer is unknown',
      { trustedBy: source.trustedBy },
      true,
    ],
    [
      'is not the one of another place while the issuer is unknown',
      { trustedBy: 'url https://other.example/metadata' },
      false,
    ],
    ['compares issuers letter by letter', { ...source, issuer: 'https://idp.example/' }, false],
  ];
  for (const [what, trusted, right] of cases)
    it(what, () => assert.equal(isTrusted(source, trusted), right));
});
