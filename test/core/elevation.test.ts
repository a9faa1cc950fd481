import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  describeStatus,
  type Elevation,
  type ElevationStatus,
  isOpen,
  isRecorded,
  nextReminder,
  statusOf,
} from '../../src/core/elevation.ts';
import {
  approved,
  denied,
  endedByRule,
  glassBroken,
  reminded,
  requested,
  reviewed,
  revoked,
  withdrawn,
} from '../../src/core/elevation-changes.ts';
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

/** When each of the elevations below is looked at, and changed. */
const LATER = NOW + 2 * HOUR;
const BRIDGE = { at: LATER, origin: ORIGIN };

const IN: { readonly [S in ElevationStatus]: Elevation } = {
  waiting: waitingOf(),
  lapsed: waitingOf({ decideBy: LATER }),
  scheduled: approved(waitingOf({ startsAt: NOW + DAY }), approval(CAROL, NOW)),
  active: approved(waitingOf(), approval(CAROL, LATER - 1)),
  expired: grantedOf(),
  denied: denied(waitingOf(), { ...act(CAROL, NOW), note: 'no' }),
  withdrawn: withdrawn(waitingOf(), act(ALICE, NOW)),
  revoked: revoked(grantedOf(), { ...act(CAROL, NOW), as: 'approver' }),
  'rule-changed': endedByRule(grantedOf(), { at: NOW, origin: ORIGIN, rule: 'changed' }),
};
const STATUSES = Object.keys(IN) as ElevationStatus[];

describe('the status of an elevation', () => {
  for (const status of STATUSES)
    it(`is ${status}`, () => assert.equal(statusOf(IN[status], LATER), status));

  it('changes exactly at its limits', () => {
    const waiting = waitingOf();
    const scheduled = approved(waitingOf({ startsAt: NOW + HOUR }), approval(CAROL, NOW));
    const cases: readonly [Elevation, number, ElevationStatus][] = [
      [waiting, waiting.decideBy - 1, 'waiting'],
      [waiting, waiting.decideBy, 'lapsed'],
      [scheduled, NOW + HOUR - 1, 'scheduled'],
      [scheduled, NOW + HOUR, 'active'],
      [scheduled, NOW + 2 * HOUR - 1, 'active'],
      [scheduled, NOW + 2 * HOUR, 'expired'],
    ];
    for (const [elevation, now, status] of cases) assert.equal(statusOf(elevation, now), status);
  });

  it('is open while something can come of it', () => {
    const open = STATUSES.filter(status => isOpen(IN[status], LATER));
    assert.deepEqual(open, ['waiting', 'scheduled', 'active']);
  });

  it('is a sentence with the time and, where another user decided, their name', () => {
    const sentences: { readonly [S in ElevationStatus]: RegExp } = {
      waiting: /^It waits for approval until .+\.$/,
      lapsed: /^No approver decided by .+\.$/,
      scheduled: /^It is approved and begins at .+\.$/,
      active: /^It is approved and ends at .+\.$/,
      expired: /^It ended at .+\.$/,
      denied: /^carol denied it at .+\.$/,
      withdrawn: /^It was withdrawn at .+\.$/,
      revoked: /^carol revoked it at .+\.$/,
      'rule-changed': /^It ended at .+, because the rule was changed or removed\.$/,
    };
    for (const status of STATUSES) {
      const sentence = describeStatus(IN[status], LATER);
      assert.match(sentence, sentences[status]);
      assert.match(sentence, /\d{4}-\d\d-\d\d/, 'it has a time');
    }
    const byOperator = revoked(grantedOf(), { ...act(CAROL, NOW), as: 'operator' });
    assert.match(describeStatus(byOperator, LATER), /^An operator revoked it/);
  });

  it('counts as recorded once the event of the grant is, and not by an earlier one', () => {
    const granted = grantedOf();
    const counts = [0, 1, 2, 3].map(recorded => isRecorded({ ...granted, recorded }));
    assert.deepEqual(counts, [false, false, true, true]);
    assert.equal(isRecorded({ ...IN.waiting, recorded: 9 }), false);
    assert.equal(isRecorded({ ...glassBrokenOf(), recorded: 1 }), true);
  });
});

describe('a change of an elevation', () => {
  const changes: Readonly<Record<string, (of: Elevation) => Elevation>> = {
    approved: of => approved(of, approval(CAROL, LATER)),
    denied: of => denied(of, { ...act(CAROL, LATER), note: 'no' }),
    withdrawn: of => withdrawn(of, act(ALICE, LATER)),
    revoked: of => revoked(of, { ...act(DAVE, LATER), as: 'administrator', note: 'done' }),
    'rule-changed': of => endedByRule(of, { ...BRIDGE, rule: 'removed' }),
  };
  /** From which states each change can be made; from all others it is refused. */
  const POSSIBLE: Readonly<Record<string, readonly ElevationStatus[]>> = {
    approved: ['waiting'],
    denied: ['waiting'],
    withdrawn: ['waiting'],
    revoked: ['waiting', 'scheduled', 'active'],
    'rule-changed': ['waiting', 'scheduled', 'active'],
  };

  for (const [type, change] of Object.entries(changes)) {
    for (const status of STATUSES) {
      const before = IN[status];
      if (POSSIBLE[type]!.includes(status)) {
        it(`can be ${type} when ${status}, and appends one event with the next number`, () => {
          const next = change(before);
          const [event, ...others] = next.events.slice(before.events.length);
          assert.deepEqual(others, []);
          assert.deepEqual(
            [event!.type, event!.number, event!.at],
            [type, before.events.length + 1, LATER],
          );
          assert.deepEqual(next.events.slice(0, -1), before.events);
          const expected = type === 'approved' ? 'active' : type;
          assert.equal(statusOf(next, LATER), expected);
        });
      } else if (type === 'rule-changed') {
        it(`changes nothing by its rule when ${status}`, () => {
          assert.equal(change(before), before);
        });
      } else {
        it(`cannot be ${type} when ${status}, and says where it stands and what to do`, () => {
          assert.throws(() => change(before), {
            code: 'elevation_closed',
            hint: `${describeStatus(before, LATER)} Make a new request if you still need the role.`,
          });
        });
      }
    }
  }

  it('keeps who did it, why, and by which right', () => {
    const denial = changes.denied!(IN.waiting);
    assert.deepEqual(denial.ended, { at: LATER, why: 'denied', by: CAROL, note: 'no' });
    const { ended } = changes.revoked!(IN.active);
    const by = { by: DAVE, as: 'administrator', note: 'done' };
    assert.deepEqual(ended, { at: LATER, why: 'revoked', ...by });
    assert.deepEqual(changes['rule-changed']!(IN.active).ended, { at: LATER, why: 'rule-changed' });
  });

  it('leaves the elevation that it was made from as it was', () => {
    for (const elevation of Object.values(IN)) Object.freeze(elevation);
    for (const [type, change] of Object.entries(changes)) {
      const before = JSON.stringify(IN.waiting);
      change(IN.waiting);
      assert.equal(JSON.stringify(IN.waiting), before, type);
    }
  });
});

describe('a request', () => {
  it('waits, has one event and no vote, and is not recorded', () => {
    const request = requestOf();
    const by = act(ALICE, NOW);
    const made = requested(request, by);
    const event = { type: 'requested', number: 1, ...by };
    assert.deepEqual(made, { ...request, votes: [], events: [event], recorded: 0 });
  });
});

describe('an approval', () => {
  const timesAfter = (of: Elevation, over: Partial<Parameters<typeof approved>[1]> = {}) => {
    const { granted } = approved(of, { ...approval(CAROL, LATER), ...over });
    return granted && [granted.startsAt - LATER, granted.endsAt - LATER].map(ms => ms / 60_000);
  };

  it('grants nothing while others are missing, and says how many', () => {
    const one = approved(waitingOf(), approval(CAROL, LATER, 1));
    assert.equal(one.granted, undefined);
    assert.equal(statusOf(one, LATER), 'waiting');
    const [, event] = one.events;
    assert.ok(event?.type === 'approved' && event.outstanding === 1 && !('startsAt' in event));
    const two = approved(one, approval(DAVE, LATER));
    assert.deepEqual(
      two.votes.map(({ by }) => by.username),
      ['carol', 'dave'],
    );
    assert.equal(two.granted?.event, 3);
  });

  it('grants from now on, and names the times in its event', () => {
    assert.deepEqual(timesAfter(waitingOf()), [0, 60]);
    const { events, granted } = approved(waitingOf(), approval(CAROL, LATER));
    const last = events.at(-1);
    assert.ok(last?.type === 'approved');
    const { startsAt, endsAt } = last;
    assert.deepEqual({ startsAt, endsAt, event: 2 }, granted);
  });

  it('grants from the later start on, or from the approval if that came after it', () => {
    assert.deepEqual(timesAfter(waitingOf({ startsAt: LATER + HOUR })), [60, 120]);
    assert.deepEqual(timesAfter(waitingOf({ startsAt: LATER - HOUR })), [0, 60]);
  });

  it('grants the shortest time that any approver gave, and never more than was asked for', () => {
    const vote = (minutes: number) =>
      approved(waitingOf(), {
        ...approval(CAROL, LATER, 1),
        seconds: minutes * 60,
      });
    const last = (minutes: number) => ({ seconds: minutes * 60 });
    assert.deepEqual(timesAfter(vote(30), last(45)), [0, 30]);
    assert.deepEqual(timesAfter(vote(45), last(30)), [0, 30]);
    assert.deepEqual(timesAfter(vote(600), last(600)), [0, 60]);
  });

  it('continues an active elevation from its end, and at most for the longest time from now', () => {
    const extension = waitingOf({ extends: 'e', seconds: 3600 });
    const [hours, minutes] = [3600, 60_000];
    const cases: readonly [left: number, longest: number, ends: number][] = [
      [20, 4 * hours, 80],
      [200, 4 * hours, 240],
      [20, hours, 60],
      [1, 4 * hours, 61],
    ];
    for (const [left, longest, ends] of cases) {
      const continues = LATER + left * minutes;
      assert.deepEqual(timesAfter(extension, { continues, longest }), [0, ends]);
    }
  });

  it('of an extension grants from now on when the elevation has ended meanwhile', () => {
    const extension = waitingOf({ extends: 'e' });
    assert.deepEqual(timesAfter(extension, { continues: LATER }), [0, 60]);
    assert.deepEqual(timesAfter(extension, { continues: LATER - 1 }), [0, 60]);
    assert.deepEqual(timesAfter(extension, { continues: undefined }), [0, 60]);
  });
});

describe('a break-glass', () => {
  const broken = glassBroken(requestOf({ breakGlass: true, seconds: 1800 }), act(ALICE, NOW), {
    reviewSeconds: 24 * 3600,
  });
  const review = (of: Elevation) => reviewed(of, { ...act(CAROL, LATER), note: 'it was needed' });

  it('is active at once, by its one event, and is to be reviewed', () => {
    const times = { startsAt: NOW, endsAt: NOW + HOUR / 2 };
    assert.deepEqual(broken.granted, { ...times, event: 1 });
    assert.deepEqual(broken.events, [
      { type: 'glass-broken', number: 1, ...act(ALICE, NOW), ...times, reviewBy: NOW + DAY },
    ]);
    assert.deepEqual(broken.review, { dueAt: NOW + DAY, reminders: 0 });
  });

  it('is reviewed once, also after its end or a revocation', () => {
    const revocation = revoked(broken, { ...act(DAVE, NOW + 1), as: 'administrator' });
    for (const given of [broken, revocation]) {
      const done = review(given);
      assert.deepEqual(done.review?.done, { at: LATER, by: CAROL, note: 'it was needed' });
      assert.equal(statusOf(done, LATER), statusOf(given, LATER));
      assert.equal(nextReminder(done), undefined);
      assert.throws(() => review(done), {
        code: 'elevation_closed',
        hint: /^carol reviewed it at .+\.$/,
      });
    }
  });

  it('alone can be reviewed', () => {
    for (const elevation of Object.values(IN)) {
      assert.throws(() => review(elevation), {
        code: 'elevation_closed',
        hint: 'Only a break-glass is reviewed.',
      });
      assert.equal(nextReminder(elevation), undefined);
      assert.equal(reminded(elevation, BRIDGE), elevation);
    }
  });

  it('is called overdue when the review is due, then once a day', () => {
    const due = NOW + DAY;
    const remind = (of: Elevation, at: number) => reminded(of, { at, origin: ORIGIN });
    assert.equal(nextReminder(broken), due);
    assert.equal(remind(broken, due - 1), broken);
    const first = remind(broken, due);
    const event = { type: 'review-overdue', number: 2, at: due, origin: ORIGIN };
    assert.deepEqual(first.events.at(-1), { ...event, count: 1, dueAt: due });
    assert.equal(remind(first, due + DAY - 1), first);
    assert.equal(nextReminder(first), due + DAY);
    const second = remind(first, due + DAY + 5000);
    assert.equal(second.review?.reminders, 2);
    assert.equal(nextReminder(second), due + 2 * DAY, 'a late reminder does not move the next one');
  });

  it('is called overdue once for all reminders that an outage has swallowed', () => {
    const due = NOW + DAY;
    const at = due + 3 * DAY + HOUR;
    const late = reminded(broken, { at, origin: ORIGIN });
    assert.equal(late.events.length, 2);
    assert.equal(late.review?.reminders, 4);
    assert.equal(reminded(late, { at, origin: ORIGIN }), late);
    assert.equal(nextReminder(late), due + 4 * DAY);
  });
});
