/**
 * What every store keeps to for elevations: one outcome of callers who race, lists, what an
 * attacker with the database can and cannot do, and what is removed when.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import { type Elevation, isRecorded, statusOf } from '../../src/core/elevation.ts';
import {
  approved,
  denied,
  endedByRule,
  reminded,
  reviewed,
  revoked,
  withdrawn,
} from '../../src/core/elevation-changes.ts';
import type { WhichElevations } from '../../src/core/ports.ts';
import { createElevations } from '../../src/store/elevations.ts';
import { createSeal } from '../../src/store/sealing.ts';
import {
  ALICE,
  act,
  approval,
  CAROL,
  DAVE,
  DAY,
  glassBrokenOf,
  grantedOf,
  ofEveryState,
  stored,
  waitingOf,
} from './elevation-samples.ts';
import { assertIndexed, listening, type Planner } from './query-plans.ts';
import {
  BOB,
  BOBS_IDENTITY,
  EVENTS,
  HOUR,
  IDENTITY,
  type LastingDatabase,
  NOW,
  type OpenStore,
  ORIGIN,
  openWithPeople,
  race,
  SECRET,
  type TestDatabase,
} from './store-samples.ts';

type Change = (elevation: Elevation) => Elevation;

const BOB_AS_PARTY = { ...ALICE, ...BOB };
/** Longer than the trail needs the record. */
const KEPT = 400 * DAY;

/** The code with which a change is refused; undefined if it was made. */
async function change(store: OpenStore, id: string, next: Change): Promise<unknown> {
  const made = store.elevations.update(id, elevation => ({ next: next(elevation), value: 'made' }));
  return made.then(
    () => undefined,
    (error: { code: string }) => error.code,
  );
}

const idsOf = (elevations: readonly Elevation[]): string[] => elevations.map(({ id }) => id);

/** Runs in every database, also in one that lives in memory. */
export function elevationsContract(
  name: string,
  create: (t: TestContext) => Promise<TestDatabase>,
): void {
  const opened = async (t: TestContext): Promise<OpenStore> => openWithPeople(t, await create(t));

  describe(`${name}: elevations`, () => {
    test('an elevation of every state comes back as it was', async t => {
      const { elevations } = await opened(t);
      const all = ofEveryState();
      await elevations.create(all);
      for (const elevation of all)
        assert.deepEqual(await elevations.find(elevation.id), elevation, statusOf(elevation, NOW));
    });

    test('an id that was never given is no elevation', async t => {
      const { elevations } = await opened(t);
      for (const id of ['', "' OR 1=1 --", 'x'.repeat(100_000), 'f'.repeat(20)]) {
        assert.equal(await elevations.find(id), undefined);
        assert.equal(await elevations.update(id, next => ({ next, value: 1 })), undefined);
        await elevations.recorded(id, 1);
      }
    });

    test('several requests are created together, or none of them', async t => {
      const { elevations } = await opened(t);
      const [first, second, third] = [waitingOf(), waitingOf(), waitingOf()];
      await elevations.create([first]);
      await assert.rejects(elevations.create([second, first, third]), { code: 'internal' });
      const found = [second, first, third].map(({ id }) => elevations.find(id));
      assert.deepEqual(await Promise.all(found), [undefined, first, undefined]);

      await elevations.create([]);
      await elevations.create([second, third]);
      assert.deepEqual(await elevations.find(third.id), third);
    });

    test('a change is kept, gives its value, and one that changes nothing writes nothing', async t => {
      const { elevations } = await opened(t);
      const waiting = waitingOf();
      await elevations.create([waiting]);
      const next = approved(waiting, approval(CAROL, NOW + 1));
      assert.equal(await elevations.update(waiting.id, () => ({ next, value: 'made' })), 'made');
      assert.deepEqual(await elevations.find(waiting.id), stored(next));
      const same = await elevations.update(waiting.id, next => ({ next, value: 'same' }));
      assert.equal(same, 'same');
      assert.deepEqual(await elevations.find(waiting.id), stored(next));
    });

    test('a change that is refused leaves the elevation as it was', async t => {
      const store = await opened(t);
      const denial = denied(waitingOf(), { ...act(CAROL, NOW), note: 'no' });
      await store.elevations.create([denial]);
      const code = await change(store, denial.id, of => withdrawn(of, act(ALICE, NOW)));
      assert.equal(code, 'elevation_closed');
      assert.deepEqual(await store.elevations.find(denial.id), stored(denial));
    });

    test('the number of recorded events only grows, also when callers race, and changes nothing else', async t => {
      const store = await opened(t);
      const granted = grantedOf();
      await store.elevations.create([granted]);
      assert.equal(isRecorded((await store.elevations.find(granted.id))!), false);
      await Promise.all([2, 1, 2, 0, 1].map(count => store.elevations.recorded(granted.id, count)));
      await store.elevations.recorded(granted.id, 1);
      const found = (await store.elevations.find(granted.id))!;
      assert.deepEqual(found, { ...granted, recorded: 2 });
      assert.equal(isRecorded(found), true);

      await change(store, granted.id, of => revoked(of, { ...act(DAVE, NOW), as: 'approver' }));
      assert.equal((await store.elevations.find(granted.id))!.recorded, 2);
    });
  });

  describe(`${name}: lists of elevations`, () => {
    test("a user's own are those that were open at a time or later, newest first", async t => {
      const { elevations } = await opened(t);
      const over = grantedOf({ requestedAt: NOW - 2 * HOUR });
      const justOver = grantedOf({ requestedAt: NOW - HOUR });
      const closed = stored(withdrawn(waitingOf(), act(ALICE, NOW + 5)));
      const open = waitingOf({ requestedAt: NOW + 10 });
      const theirs = waitingOf({ requester: BOB_AS_PARTY });
      await elevations.create([over, justOver, open, theirs, closed]);

      const mine = await elevations.ofPerson(IDENTITY.person, NOW);
      assert.deepEqual(mine, [open, closed, justOver]);
      assert.deepEqual(await elevations.ofPerson(IDENTITY.person, NOW + 6), [open]);
      assert.deepEqual(await elevations.ofPerson(BOBS_IDENTITY.person, NOW), [theirs]);
    });

    test('no number of withdrawn requests hides an open one of the same user', async t => {
      const { elevations } = await opened(t);
      const active = grantedOf();
      const withdrawals = Array.from({ length: 250 }, (_, index) =>
        withdrawn(waitingOf({ requestedAt: NOW + index }), act(ALICE, NOW + index)),
      );
      await elevations.create([active, ...withdrawals]);
      const found = await elevations.ofPerson(IDENTITY.person, NOW);
      assert.equal(found.length, 200);
      assert.ok(idsOf(found).includes(active.id));
    });

    test('each list has what stands there at the time, newest request first, and no more than asked for', async t => {
      const { elevations } = await opened(t);
      const [waiting, oneOfTwo, active, broken, denial, withdrawal, revocation, byRule, ...rest] =
        ofEveryState() as [Elevation, ...Elevation[]];
      const [reviewedOne, overdue] = rest as [Elevation, Elevation];
      const newest = waitingOf({ requestedAt: NOW + 1 });
      const scheduled = stored(
        approved(waitingOf({ startsAt: NOW + 2 * HOUR }), approval(CAROL, NOW)),
      );
      const all = [waiting, oneOfTwo, active, broken, denial, withdrawal, revocation, byRule];
      await elevations.create([...all, reviewedOne, overdue, scheduled, newest] as Elevation[]);

      const lists: readonly [WhichElevations, readonly (Elevation | undefined)[]][] = [
        [{ kind: 'waiting', now: NOW }, [newest, waiting, oneOfTwo]],
        [{ kind: 'waiting', now: NOW + DAY - 1 }, [newest, waiting, oneOfTwo]],
        [{ kind: 'waiting', now: NOW + DAY }, []],
        [{ kind: 'granted', now: NOW }, [active, broken, reviewedOne, overdue, scheduled]],
        [
          { kind: 'granted', now: NOW + HOUR - 1 },
          [active, broken, reviewedOne, overdue, scheduled],
        ],
        [{ kind: 'granted', now: NOW + HOUR }, [scheduled]],
        [{ kind: 'to-review' }, [broken, overdue]],
        [{ kind: 'overdue', now: NOW + DAY - 1 }, []],
        [{ kind: 'overdue', now: NOW + DAY }, [broken]],
        [{ kind: 'overdue', now: NOW + 3 * DAY }, [broken, overdue]],
        [{ kind: 'unrecorded' }, [newest, ...all, reviewedOne, overdue, scheduled]],
      ];
      for (const [which, expected] of lists) {
        const found = idsOf(await elevations.list(which, 100));
        const ids = idsOf(expected as Elevation[]);
        assert.deepEqual(found.toSorted(), ids.toSorted(), JSON.stringify(which));
        const first = await elevations.list(which, 1);
        assert.deepEqual(idsOf(first), found.slice(0, 1), JSON.stringify(which));
      }
      assert.equal((await elevations.list({ kind: 'waiting', now: NOW }, 10))[0]?.id, newest.id);
    });

    test('an elevation is unrecorded until every event is in the trail, and again after a change', async t => {
      const store = await opened(t);
      const waiting = waitingOf();
      await store.elevations.create([waiting]);
      const unrecorded = async () =>
        (await store.elevations.list({ kind: 'unrecorded' }, 9)).length;
      assert.equal(await unrecorded(), 1);
      await store.elevations.recorded(waiting.id, 1);
      assert.equal(await unrecorded(), 0);
      await change(store, waiting.id, of => approved(of, approval(CAROL, NOW)));
      assert.equal(await unrecorded(), 1);
    });
  });

  describe(`${name}: statements about approvers`, () => {
    test('a user has their newest statement, and none when they are unknown or blocked', async t => {
      const { people } = await opened(t);
      const { person } = IDENTITY;
      assert.deepEqual((await people.statementOf(person))?.claims?.groups, IDENTITY.groups);
      assert.equal(await people.statementOf(CAROL.person), undefined);
      const later = { ...IDENTITY, assertedAt: NOW, groups: ['aws-approvers'] };
      await people.know(later, NOW + 1);
      assert.deepEqual((await people.statementOf(person))?.claims?.groups, ['aws-approvers']);
      await people.block(person, { at: NOW, by: 'root', reason: 'stolen laptop' });
      assert.equal(await people.statementOf(person), undefined);
      await people.unblock(person);
      assert.deepEqual((await people.statementOf(person))?.claims?.groups, ['aws-approvers']);
    });
  });

  describe(`${name}: hand-outs of an elevation`, () => {
    const credentials = EVENTS.find(({ type }) => type === 'credentials.issued')!;
    const link = EVENTS.find(({ type }) => type === 'console-link.issued')!;
    const handOut = (event: AuditEvent, at: number, expiresAt: number): AuditEvent =>
      ({ ...event, at, expiresAt, elevation: 'an-elevation' }) as AuditEvent;

    test('are credentials and links that have not expired, newest first', async t => {
      const { audit, handOuts } = await opened(t);
      const alive = [
        handOut(credentials, NOW - 12 * HOUR, NOW + 1),
        handOut(link, NOW - HOUR, NOW + HOUR),
        handOut(credentials, NOW - HOUR, NOW + HOUR),
        // Its console began 15 minutes later at the latest, and has a length of its own.
        { ...handOut(link, NOW - HOUR, NOW), consoleSeconds: 2701 } as AuditEvent,
      ];
      const others = [
        { ...handOut(link, NOW - HOUR, NOW), consoleSeconds: 2700 },
        handOut(credentials, NOW - HOUR, NOW),
        { ...handOut(credentials, NOW, NOW + HOUR), elevation: 'another' },
        { ...credentials, at: NOW, expiresAt: NOW + HOUR },
        requestedEvent(1),
      ] as AuditEvent[];
      for (const event of [...alive, ...others]) await audit.record(event);
      assert.deepEqual(await handOuts.aliveBy('an-elevation', NOW), alive.toReversed());
      assert.deepEqual(await handOuts.aliveBy("' OR 1=1 --", NOW), []);
    });

    test('are at most the 500 newest', async t => {
      const { audit, handOuts } = await opened(t);
      const events = Array.from({ length: 510 }, (_, index) =>
        handOut(credentials, NOW + index, NOW + HOUR),
      );
      await Promise.all(events.map(event => audit.record(event)));
      const alive = await handOuts.aliveBy('an-elevation', NOW);
      assert.deepEqual(alive, events.toReversed().slice(0, 500));
    });
  });

  test(`${name}: an event of an elevation is in the trail once, however often it is recorded`, async t => {
    const store = await opened(t);
    await race([store], ({ audit }) => audit.record(requestedEvent(1)));
    await store.audit.record(requestedEvent(1));
    const next = { ...requestedEvent(2), at: NOW + 2 };
    await store.audit.record(next);
    const other = { ...requestedEvent(1), elevation: 'another', at: NOW + 3 };
    await store.audit.record(other);
    assert.deepEqual(await store.readAudit({ limit: 10 }), [other, next, requestedEvent(1)]);
  });

  test(`${name}: an event of an elevation whose place another event has is not called recorded`, async t => {
    const { audit, readAudit } = await opened(t);
    const forged = requestedEvent(1);
    await audit.record(forged);
    const genuine = { ...forged, origin: { ...ORIGIN, correlationId: 'of the genuine one' } };
    for (const other of [genuine, { ...forged, at: NOW + 1 }])
      await assert.rejects(async () => audit.record(other), /has another event 1/);
    assert.deepEqual(await readAudit({ limit: 10 }), [forged]);
  });

  test(`${name}: pruning removes elevations 400 days after their end, and none that is open, unrecorded or unreviewed`, async t => {
    const store = await opened(t);
    const { elevations, notices } = store;
    const requestedAt = NOW - KEPT - 2 * DAY;
    const decideBy = requestedAt + DAY;
    const old = { requestedAt, decideBy };
    const lapsed = waitingOf(old);
    const expired = grantedOf(old);
    const denial = denied(waitingOf(old), act(CAROL, requestedAt + 1));
    const closed = reviewed(glassBrokenOf(old), { ...act(CAROL, requestedAt + 1), note: 'fine' });
    const removed = [lapsed, expired, denial, closed];

    const justInTime = waitingOf({ requestedAt, decideBy: NOW - KEPT });
    const open = waitingOf({ requestedAt, decideBy: NOW + 1 });
    const unreviewed = glassBrokenOf(old);
    const reviewedNow = reviewed(glassBrokenOf(old), { ...act(CAROL, NOW), note: 'fine' });
    const unrecorded = grantedOf(old);
    const kept = [justInTime, open, unreviewed, reviewedNow];
    await elevations.create([...removed, ...kept, unrecorded]);
    for (const { id, events } of [...removed, ...kept])
      await elevations.recorded(id, events.length);
    await elevations.recorded(unrecorded.id, 1);
    const lease = { holder: 'h', now: NOW, leaseUntil: NOW + 1, since: 0, most: 100 };
    assert.equal((await notices.claim('ops', lease)).length, 9);

    await store.prune(NOW);

    for (const { id } of removed) assert.equal(await elevations.find(id), undefined);
    for (const { id } of [...kept, unrecorded]) assert.ok(await elevations.find(id));
    const later = { holder: 'h', told: 1, failures: 0, dueAt: 0, leaseUntil: 0 };
    assert.equal(await notices.keep('ops', expired.id, later), false, 'went with its elevation');
    assert.equal(await notices.keep('ops', open.id, later), true);
  });
}

function requestedEvent(number: number): AuditEvent {
  return {
    ...{ type: 'elevation.requested', at: NOW, origin: ORIGIN, actor: BOB, requester: BOB },
    ...{ elevation: 'an-elevation', number, account: waitingOf().account, accountName: 'prod' },
    ...{ role: waitingOf().role, rule: 'r', requestedSeconds: 3600 },
  };
}

/** Two callers who change one elevation at once, and the ways in which it can end. */
const RACES: readonly {
  readonly between: string;
  readonly start: () => Elevation;
  readonly first: Change;
  readonly second: Change;
  /** The types of the events after the start; each is one possible outcome. */
  readonly outcomes: readonly (readonly string[])[];
}[] = [
  {
    between: 'two last votes',
    start: waitingOf,
    first: of => approved(of, approval(CAROL, NOW + 1)),
    second: of => approved(of, approval(DAVE, NOW + 2)),
    outcomes: [['approved']],
  },
  {
    between: 'an approval and a denial',
    start: waitingOf,
    first: of => approved(of, approval(CAROL, NOW + 1)),
    second: of => denied(of, act(DAVE, NOW + 1)),
    outcomes: [['approved'], ['denied']],
  },
  {
    between: 'an approval and a withdrawal',
    start: waitingOf,
    first: of => approved(of, approval(CAROL, NOW + 1)),
    second: of => withdrawn(of, act(ALICE, NOW + 1)),
    outcomes: [['approved'], ['withdrawn']],
  },
  {
    between: 'an approval and a change of the rule',
    start: waitingOf,
    first: of => approved(of, approval(CAROL, NOW + 1)),
    second: of => endedByRule(of, { at: NOW + 1, origin: ORIGIN, rule: 'changed' }),
    outcomes: [['approved', 'rule-changed'], ['rule-changed']],
  },
  {
    between: 'an approval in the last millisecond and one at the limit',
    start: waitingOf,
    first: of => approved(of, approval(CAROL, NOW + DAY - 1)),
    second: of => approved(of, approval(DAVE, NOW + DAY)),
    outcomes: [['approved']],
  },
  {
    between: 'two who revoke',
    start: grantedOf,
    first: of => revoked(of, { ...act(CAROL, NOW + 1), as: 'approver' }),
    second: of => revoked(of, { ...act(ALICE, NOW + 1), as: 'requester' }),
    outcomes: [['revoked']],
  },
  {
    between: 'two reviews',
    start: glassBrokenOf,
    first: of => reviewed(of, { ...act(CAROL, NOW + 1), note: 'it was needed' }),
    second: of => reviewed(of, { ...act(DAVE, NOW + 1), note: 'it was not' }),
    outcomes: [['reviewed']],
  },
  {
    between: 'a reminder and a review',
    start: glassBrokenOf,
    first: of => reminded(of, { at: NOW + DAY, origin: ORIGIN }),
    second: of => reviewed(of, { ...act(DAVE, NOW + DAY), note: 'it was not' }),
    outcomes: [['review-overdue', 'reviewed'], ['reviewed']],
  },
];

/** For databases that outlive the store and can be reached from behind. */
export function lastingElevationsContract(
  name: string,
  create: (t: TestContext) => Promise<LastingDatabase>,
): void {
  const opened = async (t: TestContext) => {
    const database = await create(t);
    const open = (secret?: Uint8Array) => openWithPeople(t, database, secret);
    return { database, open, store: await open() };
  };

  describe(`${name}: races for an elevation`, () => {
    for (const { between, start, first, second, outcomes } of RACES) {
      test(`${between} have one outcome, at two stores and for many callers`, async t => {
        const { store, open } = await opened(t);
        const stores = [store, await open()];
        const elevation = start();
        await store.elevations.create([elevation]);
        let callers = 0;
        const codes = await race(stores, of =>
          change(of, elevation.id, callers++ % 4 < 2 ? first : second),
        );

        const found = (await store.elevations.find(elevation.id))!;
        const told = found.events.slice(elevation.events.length);
        const types = told.map(({ type }) => type);
        assert.ok(
          outcomes.some(outcome => JSON.stringify(outcome) === JSON.stringify(types)),
          types.join(),
        );
        const numbers = found.events.map(({ number }) => number);
        assert.deepEqual(
          numbers,
          [...found.events.keys()].map(index => index + 1),
        );
        const refused = new Set(codes.filter(code => code !== undefined));
        assert.deepEqual(
          [...refused].filter(code => code !== 'elevation_closed'),
          [],
        );
      });
    }

    test('of many callers who each add a vote none loses theirs', async t => {
      const { store, open } = await opened(t);
      const stores = [store, await open()];
      const waiting = waitingOf();
      await store.elevations.create([waiting]);
      let voters = 0;
      await race(stores, of => {
        const by = { ...CAROL, username: `voter-${++voters}` };
        return change(of, waiting.id, next => approved(next, approval(by, NOW, 1)));
      });
      const found = (await store.elevations.find(waiting.id))!;
      assert.equal(new Set(found.votes.map(({ by }) => by.username)).size, 50);
      assert.equal(found.events.length, 51);
    });

    test('recording races with changes and loses none', async t => {
      const { store, open } = await opened(t);
      const stores = [store, await open()];
      const waiting = waitingOf();
      await store.elevations.create([waiting]);
      let callers = 0;
      await race(stores, async of => {
        const number = ++callers;
        if (number % 2 === 0) return of.elevations.recorded(waiting.id, number);
        return change(of, waiting.id, next => approved(next, approval(DAVE, NOW, 1)));
      });
      const found = (await store.elevations.find(waiting.id))!;
      assert.deepEqual([found.recorded, found.votes.length], [50, 25]);
    });
  });

  describe(`${name}: an attacker with the database`, () => {
    test('finds no reason, ticket, note or name of a user in it', async t => {
      const { store, database } = await opened(t);
      const of = (what: string) => `${what}-${randomBytes(12).toString('hex')}`;
      const [username, email, reason, ticket, note] = ['user', 'mail', 'why', 'OPS', 'note'].map(
        of,
      );
      const requester = { ...ALICE, username: username!, email };
      const waiting = waitingOf({ requester, reason, ticket });
      await store.elevations.create([waiting]);
      await change(store, waiting.id, next => denied(next, { ...act(CAROL, NOW), note }));
      const stolen = await database.bytes();
      assert.ok(stolen.includes(waiting.id), 'the search sees what is stored in the clear');
      for (const text of [username, email, reason, ticket, note])
        assert.ok(!stolen.includes(text!), text);
    });

    test('cannot alter an elevation, swap it with another, or write one under another secret', async t => {
      const { store, database, open } = await opened(t);
      const [mine, theirs] = [waitingOf(), grantedOf()];
      await store.elevations.create([mine, theirs]);
      const sealedOf = async (id: string) => {
        const [row] = await database.rows('SELECT sealed FROM elevations WHERE id = $1', [id]);
        return Buffer.from(row!.sealed as Uint8Array);
      };
      const sealed = await sealedOf(mine.id);
      const flipped = Buffer.from(sealed);
      flipped[sealed.length >> 1]! ^= 1;
      const other = await open(randomBytes(32));
      const forged = grantedOf();
      await other.elevations.create([forged]);
      const cases = {
        altered: flipped,
        cut: sealed.subarray(0, -1),
        empty: Buffer.alloc(0),
        swapped: await sealedOf(theirs.id),
        'of another secret': await sealedOf(forged.id),
      };
      for (const [what, bytes] of Object.entries(cases)) {
        const values = [bytes, mine.id];
        await database.rows('UPDATE elevations SET sealed = $1 WHERE id = $2', values);
        assert.equal(await store.elevations.find(mine.id), undefined, what);
        assert.equal(
          await store.elevations.update(mine.id, next => ({ next, value: 1 })),
          undefined,
        );
      }
      assert.equal(await store.elevations.find(forged.id), undefined);
      assert.deepEqual(await store.elevations.ofPerson(IDENTITY.person, NOW), [theirs]);
      const waiting = await store.elevations.list({ kind: 'waiting', now: NOW }, 10);
      assert.deepEqual(waiting, []);
    });

    test('who writes the columns beside the seal makes no elevation worth more', async t => {
      const { store, database } = await opened(t);
      const [waiting, granted] = [waitingOf(), grantedOf()];
      const lapsed = waitingOf({ requestedAt: NOW - 2 * DAY, decideBy: NOW - DAY });
      const revocation = stored(
        revoked(grantedOf(), { ...act(DAVE, NOW), as: 'administrator', note: 'stolen' }),
      );
      const all = [waiting, granted, lapsed, revocation];
      await store.elevations.create(all);
      await database.rows(
        `UPDATE elevations SET phase = 'granted', open_until = $1, requested_at = $1, events = 9,
           recorded = 9, remind_at = 1`,
        [NOW + 1000 * DAY],
      );

      for (const elevation of all) {
        const found = (await store.elevations.find(elevation.id))!;
        assert.deepEqual(found, elevation);
        assert.equal(isRecorded(found), false, 'a grant counts once its event is in the trail');
      }
      const lists = [
        { kind: 'waiting', now: NOW },
        { kind: 'granted', now: NOW },
        { kind: 'to-review' },
        { kind: 'overdue', now: NOW },
      ] as const;
      const listed = lists.map(async which => idsOf(await store.elevations.list(which, 10)));
      assert.deepEqual(await Promise.all(listed), [[], [granted.id], [], []]);

      await database.rows('UPDATE elevations SET person = $1', [BOBS_IDENTITY.person]);
      assert.deepEqual(await store.elevations.ofPerson(BOBS_IDENTITY.person, NOW), []);
    });

    test('who alters the record of an approver removes them from the approvers, and adds none', async t => {
      const { store, database } = await opened(t);
      const sealed = (await database.rows('SELECT person, sealed FROM people')).toSorted((a, b) =>
        String(a.person).localeCompare(String(b.person)),
      );
      const [first, second] = sealed.map(row => row.sealed!);
      await database.rows('UPDATE people SET sealed = $1 WHERE sealed = $2', [first!, second!]);
      const statements = sealed.map(({ person }) =>
        store.people.statementOf(person as typeof ALICE.person),
      );
      const known = (await Promise.all(statements)).filter(found => found !== undefined);
      assert.equal(known.length, 1);
      await database.rows('UPDATE people SET asserted_at = asserted_at + 1');
      assert.equal(await store.people.statementOf(known[0]!.person), undefined);
    });
  });
}

/** For a database that a version without elevations has filled. */
export function migratedElevationsContract(
  name: string,
  create: (t: TestContext) => Promise<LastingDatabase>,
): void {
  test(`${name}: a store without elevations takes them, and keeps a trail that cannot be changed`, async t => {
    const database = await create(t);
    const old = await database.open();
    t.after(() => old.close());
    for (const event of EVENTS) await old.audit.record(event);
    await old.close();
    const statements = [
      'DROP TABLE notices',
      'DROP TABLE notification_targets',
      'DROP TABLE elevations',
      'DROP INDEX audit_events_elevation',
      'ALTER TABLE audit_events DROP COLUMN elevation',
      'ALTER TABLE audit_events DROP COLUMN elevation_event',
      'DELETE FROM rolebridge_migrations WHERE number = 7',
    ];
    for (const sql of statements) await database.rows(sql);
    await assert.rejects(database.rows('SELECT elevation FROM audit_events'));

    const store = await database.open();
    t.after(() => store.close());
    const granted = grantedOf();
    await store.elevations.create([granted]);
    assert.deepEqual(await store.elevations.find(granted.id), granted);
    await store.audit.record(requestedEvent(1));
    await store.audit.record(requestedEvent(1));
    const events = await store.readAudit({ limit: 100 });
    assert.equal(events.length, EVENTS.length + 1);
    for (const event of EVENTS)
      assert.ok(events.some(of => JSON.stringify(of) === JSON.stringify(event)));
    assert.deepEqual(await store.handOuts.aliveBy(granted.id, NOW), []);
    await assert.rejects(database.rows("UPDATE audit_events SET elevation = 'x'"), /append-only/);
    await assert.rejects(database.rows('DELETE FROM audit_events'), /append-only/);
  });
}

/** Every question about elevations is answered by an index. */
export function indexedElevationsContract(
  name: string,
  create: (t: TestContext) => Promise<LastingDatabase>,
  planner: Planner,
): void {
  test(`${name}: elevations are found and listed without reading all`, async t => {
    const database = await create(t);
    const store = await database.open();
    t.after(() => store.close());
    const heard = listening();
    const { find, ofPerson, list } = createElevations(heard.listener, createSeal(SECRET));
    await find('id');
    await ofPerson(IDENTITY.person, NOW);
    const kinds: readonly WhichElevations[] = [
      { kind: 'waiting', now: NOW },
      { kind: 'granted', now: NOW },
      { kind: 'to-review' },
      { kind: 'overdue', now: NOW },
      { kind: 'unrecorded' },
    ];
    for (const which of kinds) await list(which, 100);

    await assertIndexed(heard, 7, { database, ...planner });
  });
}
