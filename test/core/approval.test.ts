import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  approvingGroups,
  countOutstanding,
  isSameHuman,
  outstandingOf,
  type Standing,
  standingOf,
} from '../../src/core/approval.ts';
import type { Approvers } from '../../src/core/elevation-terms.ts';
import { compileSelector } from '../../src/core/group-selector.ts';
import type { ConnectorId, PersonId } from '../../src/core/identity.ts';

const OKTA = 'okta' as ConnectorId;
const ENTRA = 'entra' as ConnectorId;

interface Said {
  readonly email?: string;
  readonly connector?: ConnectorId;
  readonly person?: string;
}

const account = (username: string, { email, connector = OKTA, person = username }: Said = {}) => ({
  person: person as PersonId,
  connector,
  username,
  email,
});

describe('two accounts', () => {
  const cases: readonly [
    why: string,
    isSame: boolean,
    a: Said & { n: string },
    b: Said & { n: string },
  ][] = [
    ['of one person', true, { n: 'a', person: 'p' }, { n: 'b', person: 'p' }],
    ['of one user name', true, { n: 'bob', person: 'p' }, { n: 'bob', person: 'q' }],
    ['of one user name in another case', true, { n: 'Bob' }, { n: 'bOB' }],
    ['of one user name with spaces around it', true, { n: ' bob' }, { n: 'bob\t' }],
    ['of one user name in full-width letters', true, { n: 'ｂｏｂ' }, { n: 'bob' }],
    ['of one e-mail', true, { n: 'a', email: 'x@y.z' }, { n: 'b', email: 'X@y.Z' }],
    [
      'where one user name is the e-mail of the other',
      true,
      { n: 'x@y.z' },
      { n: 'b', email: 'X@Y.z' },
    ],
    ['where it is the other way round', true, { n: 'b', email: 'X@Y.z' }, { n: 'x@y.z' }],
    ['with other names', false, { n: 'a', email: 'a@y.z' }, { n: 'b', email: 'b@y.z' }],
    ['without an e-mail', false, { n: 'a' }, { n: 'b' }],
    ['with an empty e-mail each', false, { n: 'a', email: '' }, { n: 'b', email: ' ' }],
    [
      'with a name that is part of the other',
      false,
      { n: 'bob' },
      { n: 'bobby', email: 'bob@y.z' },
    ],
  ];
  for (const [why, isSame, a, b] of cases) {
    it(`${why} are ${isSame ? 'one human' : 'two humans'}`, () => {
      const [first, second] = [account(a.n, a), account(b.n, b)];
      assert.equal(isSameHuman(first, second), isSame);
      assert.equal(isSameHuman(second, first), isSame);
    });
  }
});

const entry = (groups: string[], count: number, connectors = [OKTA]): Approvers => ({
  groups,
  connectors,
  count,
});

describe('the groups of a user that approve', () => {
  const selectors = [entry(['leads', 'owners'], 1), entry(['security'], 1, [ENTRA])].map(
    compileSelector,
  );
  const of = (connector: ConnectorId, groups: string[]) =>
    approvingGroups(selectors, { connector, groups });

  it('are those that an entry names, of its connectors', () => {
    assert.deepEqual(of(OKTA, ['staff', 'owners', 'leads', 'security']), ['owners', 'leads']);
    assert.deepEqual(of(ENTRA, ['leads', 'security']), ['security']);
    assert.deepEqual(of(OKTA, []), []);
    assert.deepEqual(of('other' as ConnectorId, ['leads', 'security']), []);
    assert.deepEqual(of(OKTA, ['Leads']), []);
  });
});

describe('the approvals that are missing', () => {
  const missing = (terms: readonly Approvers[], given: readonly Standing[]): number[] => {
    const outstanding = outstandingOf(terms, terms.map(compileSelector), given);
    assert.deepEqual(
      outstanding.map(({ approvers }) => approvers),
      terms,
    );
    const each = outstanding.map(({ missing }) => missing);
    assert.equal(
      countOutstanding(outstanding),
      each.reduce((sum, of) => sum + of, 0),
    );
    return each;
  };
  const vote = (username: string, groups: string[], said: Said = {}): Standing => ({
    by: account(username, said),
    groups,
  });
  const two = [entry(['leads'], 2)];
  const both = [entry(['leads'], 1), entry(['security'], 1)];

  it('are all of them before the first', () => {
    assert.deepEqual(missing([entry(['leads'], 2), entry(['security'], 3)], []), [2, 3]);
  });

  it('are fewer by each approver of the group', () => {
    assert.deepEqual(missing(two, [vote('carol', ['leads'])]), [1]);
    assert.deepEqual(missing(two, [vote('carol', ['leads']), vote('dave', ['leads'])]), [0]);
  });

  it('are never fewer by more approvers than an entry has places for', () => {
    const votes = ['carol', 'dave', 'erin'].map(name => vote(name, ['leads']));
    assert.deepEqual(missing(both, votes), [0, 1]);
  });

  it('are not fewer by users of no such group or another connector', () => {
    const strangers = [
      vote('carol', ['staff']),
      vote('dave', []),
      vote('erin', ['leads'], { connector: ENTRA }),
    ];
    assert.deepEqual(missing(two, strangers), [2]);
  });

  it('count accounts of one human once, whatever they share', () => {
    const doubles: readonly [Standing, Standing][] = [
      [vote('carol', ['leads']), vote('carol', ['leads'])],
      [vote('carol', ['leads'], { person: 'p' }), vote('CAROL', ['leads'], { person: 'q' })],
      [vote('c1', ['leads'], { email: 'c@x.y' }), vote('c2', ['leads'], { email: 'C@x.y' })],
      [vote('c@x.y', ['leads']), vote('c2', ['leads'], { email: 'c@x.y' })],
    ];
    for (const given of doubles) assert.deepEqual(missing(two, given), [1]);
  });

  it('count a user of two groups for one place', () => {
    assert.deepEqual(missing(both, [vote('carol', ['leads', 'security'])]), [0, 1]);
  });

  it('are placed so that the most places are filled, in whatever order they were given', () => {
    const carol = vote('carol', ['leads', 'security']);
    const dave = vote('dave', ['leads']);
    assert.deepEqual(missing(both, [carol, dave]), [0, 0]);
    assert.deepEqual(missing(both, [dave, carol]), [0, 0]);
  });

  it('are placed also where several have to move', () => {
    const terms = [entry(['a'], 1), entry(['b'], 1), entry(['c'], 1)];
    const given = [vote('x', ['a', 'b']), vote('y', ['b', 'c']), vote('z', ['a'])];
    for (const order of [given, given.toReversed(), [given[1]!, given[2]!, given[0]!]])
      assert.deepEqual(missing(terms, order), [0, 0, 0]);
    const short = [vote('x', ['a']), vote('y', ['a']), vote('z', ['a', 'b'])];
    assert.deepEqual(missing(terms, short), [0, 0, 1]);
  });

  it('of one group in two entries need different users', () => {
    const terms = [entry(['leads'], 1), entry(['leads'], 1, [OKTA, ENTRA])];
    assert.deepEqual(missing(terms, [vote('carol', ['leads'])]), [0, 1]);
    const other = vote('dave', ['leads'], { connector: ENTRA });
    assert.deepEqual(missing(terms, [vote('carol', ['leads']), other]), [0, 0]);
    assert.deepEqual(
      missing(terms, [other, vote('erin', ['leads'], { connector: ENTRA })]),
      [1, 0],
    );
  });
});

describe('an earlier approver', () => {
  const by = account('carol');
  const earlier = { by, at: 0, groups: ['leads', 'owners'], seconds: 3600 };
  const now = (groups: string[], isBlocked = false) => standingOf(earlier, { isBlocked, groups });

  it('counts by the groups that they had then and have still', () => {
    assert.deepEqual(now(['owners', 'leads', 'security']), { by, groups: ['leads', 'owners'] });
    assert.deepEqual(now(['owners', 'security']), { by, groups: ['owners'] });
  });

  it('no longer counts without a group, when blocked, or when unknown', () => {
    const nothing = { by, groups: [] };
    assert.deepEqual(now(['security']), nothing);
    assert.deepEqual(now(['leads', 'owners'], true), nothing);
    assert.deepEqual(standingOf(earlier, undefined), nothing);
  });
});
