import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Elevation, type ElevationRequest, isRecorded } from '../../src/core/elevation.ts';
import { approved, denied, endedByRule, revoked } from '../../src/core/elevation-changes.ts';
import { approvalsBy, type ElevatedFor, isActive } from '../../src/core/elevation-standing.ts';
import type { AccountId, RoleName } from '../../src/core/role.ts';
import {
  APPROVAL_SENTENCES,
  APPROVAL_STEPS,
  neededFor,
  type UnmetApproval,
} from '../../src/core/unmet-approval.ts';
import {
  ALICE,
  act,
  approval,
  CAROL,
  DAVE,
  DAY,
  glassBrokenOf,
  grantedOf,
  requestOf,
  waitingOf,
} from '../contracts/elevation-samples.ts';
import { HOUR, NOW, ORIGIN } from '../contracts/store-samples.ts';

const MINUTE = 60_000;
const { account, role, rule, terms: digest } = requestOf();
const RULE: ElevatedFor = {
  person: ALICE.person,
  ...{ rule, terms: { digest, tag: 'ElevationId' } },
};
const ROLE = { account, role };

/** Granted from `NOW` on, and in the trail. */
const activeOf = (over: Partial<ElevationRequest> = {}): Elevation => ({
  ...grantedOf(over),
  recorded: 2,
});
const worthAt = (now: number, ...elevations: Elevation[]) =>
  approvalsBy(RULE, elevations, now)(ROLE);
const idOf = (worth: ReturnType<typeof worthAt>): string | undefined =>
  'id' in worth ? worth.id : undefined;
const stateOf = (now: number, ...elevations: Elevation[]): string => {
  const worth = worthAt(now, ...elevations);
  return isActive(worth) ? 'active' : worth.state;
};

describe('what elevations are worth for a role', () => {
  it('is nothing without any', () => {
    assert.deepEqual(worthAt(NOW), { requirement: 'approval', state: 'none' });
  });

  it('is an approval with its end and the tag of the rule, while one is active and recorded', () => {
    const active = activeOf();
    const expected = { id: active.id, endsAt: NOW + HOUR, tag: 'ElevationId' };
    assert.deepEqual(worthAt(NOW, active), expected);
    const broken = { ...glassBrokenOf(), recorded: 1 };
    assert.ok(isActive(worthAt(NOW, broken)));
    const untagged = { ...RULE, terms: { digest } };
    assert.deepEqual(approvalsBy(untagged, [active], NOW)(ROLE), { ...expected, tag: undefined });
  });

  it('is nothing before it is in the trail', () => {
    const granted = grantedOf();
    assert.ok(!isRecorded(granted));
    assert.deepEqual(worthAt(NOW, granted), {
      ...{ requirement: 'approval', state: 'unrecorded', id: granted.id },
    });
    assert.equal(stateOf(NOW, { ...granted, recorded: 1 }), 'unrecorded');
  });

  it('is an extension to ask for when less than 15 minutes are left', () => {
    const active = activeOf();
    const [limit, { id }] = [NOW + 45 * MINUTE, active];
    assert.equal(stateOf(limit, active), 'active');
    assert.deepEqual(worthAt(limit + 1, active), {
      ...{ requirement: 'approval', state: 'ending', id },
      ...{ leftSeconds: 15 * 60 - 1, leastSeconds: 15 * 60 },
    });
    assert.equal(stateOf(NOW + HOUR - 1, active), 'ending');
    assert.equal(stateOf(NOW + HOUR, active), 'over');
  });

  const others: readonly [what: string, other: Elevation][] = [
    ['another user', activeOf({ requester: CAROL })],
    ['another account', activeOf({ account: '222233334444' as AccountId })],
    ['another role', activeOf({ role: 'ReadOnly' as RoleName })],
    ['another rule', activeOf({ rule: 'another' })],
  ];
  for (const [what, other] of others) {
    it(`is nothing by one of ${what}`, () => assert.equal(stateOf(NOW, other), 'none'));
  }

  it('is nothing by one of other terms, which says why', () => {
    const other = activeOf({ terms: 'another digest' });
    const why = 'ended when its rule was changed';
    const expected = { requirement: 'approval', state: 'over', id: other.id, why };
    assert.deepEqual(worthAt(NOW, other), expected);
  });

  const closed: readonly [Elevation, why: RegExp][] = [
    [denied(waitingOf(), act(CAROL, NOW)), /^was denied at 2026-11-20 09:00 UTC$/],
    [revoked(activeOf(), { ...act(DAVE, NOW), as: 'approver' }), /^was revoked at /],
    [
      endedByRule(activeOf(), { at: NOW, origin: ORIGIN, rule: 'changed' }),
      /^ended at .+, because its rule was changed$/,
    ],
    [waitingOf({ decideBy: NOW }), /^was not decided by /],
    [activeOf({ requestedAt: NOW - HOUR }), /^ended at 2026-11-20 09:00 UTC$/],
  ];
  for (const [elevation, why] of closed) {
    it(`is nothing by one that ${why.source.replaceAll(/[\^$\\]/g, '')}`, () => {
      const worth = worthAt(NOW, elevation);
      assert.ok(!isActive(worth) && worth.state === 'over');
      assert.equal(worth.id, elevation.id);
      assert.match(worth.why, why);
    });
  }

  it('is the best of several, in whatever order they come', () => {
    const active = activeOf();
    const scheduled = approved(waitingOf({ startsAt: NOW + DAY }), approval(CAROL, NOW));
    const ending = activeOf({ requestedAt: NOW - 50 * MINUTE });
    const over = denied(waitingOf(), act(CAROL, NOW));
    const best = [
      ...[active, grantedOf(), waitingOf(), ending, scheduled],
      ...[activeOf({ terms: 'another digest' }), over],
    ];
    const states = ['active', 'unrecorded', 'waiting', 'ending', 'scheduled', 'over', 'over'];
    for (const [index, state] of states.entries()) {
      const rest = best.slice(index);
      for (const order of [rest, rest.toReversed()]) {
        const worth = worthAt(NOW, ...order);
        assert.deepEqual([stateOf(NOW, ...order), idOf(worth)], [state, rest[0]!.id]);
      }
    }
  });

  it('is the one that ends last of two active ones, and the newest of two that are over', () => {
    const [long, short] = [activeOf({ seconds: 3600 }), activeOf({ seconds: 1800 })];
    const end = (...of: Elevation[]) => {
      const worth = worthAt(NOW, ...of);
      return isActive(worth) && worth.endsAt;
    };
    assert.equal(end(short, long), NOW + HOUR);
    assert.equal(end(long, short), NOW + HOUR);
    const [older, newer] = [0, 1].map(ms =>
      denied(waitingOf({ requestedAt: NOW - 10 + ms }), act(CAROL, NOW)),
    );
    assert.equal(idOf(worthAt(NOW, older!, newer!)), newer!.id);
  });
});

describe('the reason why a role without an approval is withheld', () => {
  const requirement = 'approval';
  const id = 'e1';
  const cases: readonly [UnmetApproval, says: RegExp, step: string, kind: string][] = [
    [
      { requirement, state: 'none' },
      /^The rule gives the role only for a time/,
      'Request the role.',
      'request',
    ],
    [
      { requirement, state: 'waiting', id, decideBy: NOW },
      /waits for approval until 2026-11-20 09:00 UTC/,
      ...(['Wait for the approval, then try again.', 'look'] as const),
    ],
    [
      { requirement, state: 'scheduled', id, startsAt: NOW },
      /begins at 2026-11-20 09:00 UTC/,
      ...(['Try again when it has begun.', 'look'] as const),
    ],
    [
      { requirement, state: 'unrecorded', id },
      /the approval is not yet in the audit trail/,
      ...(['Try again in a minute.', 'look'] as const),
    ],
    [
      { requirement, state: 'ending', id, leftSeconds: 610, leastSeconds: 900 },
      /has 10 min left, and AWS issues credentials for at least 15 min/,
      ...(['Request an extension.', 'extend'] as const),
    ],
    [
      { requirement, state: 'over', id, why: 'was denied at noon' },
      /Your last request was denied at noon\.$/,
      ...(['Request the role again.', 'request'] as const),
    ],
  ];
  for (const [unmet, says, step, kind] of cases) {
    it(`when it is ${unmet.state}: why, what to do, and the page that helps`, () => {
      const sentence = APPROVAL_SENTENCES[unmet.state] as (of: UnmetApproval) => string;
      assert.match(sentence(unmet), says);
      assert.equal(APPROVAL_STEPS[unmet.state], step);
      const named = { account: 'prod', role: 'Admin' };
      const expected = kind === 'request' ? { ...named, kind } : { ...named, kind, id };
      assert.deepEqual(neededFor(unmet, named), expected);
    });
  }
});
