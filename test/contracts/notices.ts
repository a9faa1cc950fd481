/**
 * What every store keeps to for notifications: each elevation is told by one caller at a time, in
 * order, at least once, and a target that fails waits.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Elevation } from '../../src/core/elevation.ts';
import { approved, denied, revoked } from '../../src/core/elevation-changes.ts';
import type { Notice } from '../../src/core/elevation-notice.ts';
import { createNotices } from '../../src/store/notices.ts';
import { createSeal } from '../../src/store/sealing.ts';
import {
  ALICE,
  act,
  approval,
  CAROL,
  DAVE,
  DAY,
  grantedOf,
  waitingOf,
} from './elevation-samples.ts';
import { assertIndexed, listening, type Planner } from './query-plans.ts';
import {
  type LastingDatabase,
  NOW,
  type OpenStore,
  race,
  SECRET,
  type TestDatabase,
} from './store-samples.ts';

const MINUTE = 60_000;
const LEASE = 2 * MINUTE;

interface Claiming {
  readonly target?: string;
  readonly holder?: string;
  readonly now?: number;
  readonly since?: number;
  readonly most?: number;
}

async function claim(
  { notices }: OpenStore,
  { target = 'ops', holder = 'a', now = NOW, since = 0, most = 100 }: Claiming = {},
): Promise<readonly Notice[]> {
  return notices.claim(target, { holder, now, since, most, leaseUntil: now + LEASE });
}

interface Told {
  readonly target?: string;
  readonly holder?: string;
  readonly told: number;
  readonly failures?: number;
  readonly dueAt?: number;
  readonly leaseUntil?: number;
}

async function keep(
  { notices }: OpenStore,
  { id }: Elevation,
  { target = 'ops', holder = 'a', told, failures = 0, dueAt = 0, leaseUntil = 0 }: Told,
): Promise<boolean> {
  return notices.keep(target, id, { holder, told, failures, dueAt, leaseUntil });
}

/** Keeps elevations whose events are in the trail. */
async function make({ elevations }: OpenStore, ...made: Elevation[]): Promise<void> {
  await elevations.create(made.map(of => ({ ...of, recorded: of.events.length })));
}

/** Changes an elevation, and says that the event is in the trail. */
async function change(
  { elevations }: OpenStore,
  { id }: Elevation,
  to: (of: Elevation) => Elevation,
): Promise<void> {
  const changed = await elevations.update(id, of => {
    const next = to(of);
    return { next, value: next.events.length };
  });
  await elevations.recorded(id, changed!);
}

const approve = (store: OpenStore, of: Elevation, at: number): Promise<void> =>
  change(store, of, next => approved(next, approval(CAROL, at)));

const idsOf = (notices: readonly Notice[]): string[] =>
  notices.map(({ elevation }) => elevation.id);

/** Runs in every database, also in one that lives in memory. */
export function noticesContract(
  name: string,
  create: (t: TestContext) => Promise<TestDatabase>,
): void {
  const opened = async (t: TestContext): Promise<OpenStore> => {
    const store = await (await create(t)).open();
    t.after(() => store.close());
    return store;
  };

  describe(`${name}: notices`, () => {
    test('a target keeps the time at which it was seen first, also when callers race', async t => {
      const store = await opened(t);
      let callers = 0;
      const seen = await race([store], ({ notices }) => notices.since('ops', NOW + callers++));
      assert.equal(new Set(seen).size, 1);
      assert.equal(await store.notices.since('ops', NOW + DAY), seen[0]);
      assert.equal(await store.notices.since('siem', NOW + DAY), NOW + DAY);
    });

    test('each target is told of an elevation on its own, and of nothing again', async t => {
      const store = await opened(t);
      const [waiting, granted] = [waitingOf(), grantedOf()];
      await make(store, waiting, granted);
      const notices = await claim(store);
      assert.deepEqual(
        new Set(notices),
        new Set([
          { elevation: { ...waiting, recorded: 1 }, told: 0, failures: 0 },
          { elevation: { ...granted, recorded: 2 }, told: 0, failures: 0 },
        ]),
      );
      for (const { elevation } of notices)
        assert.equal(await keep(store, elevation, { told: elevation.events.length }), true);
      assert.deepEqual(await claim(store, { now: NOW + DAY }), []);
      assert.equal((await claim(store, { target: 'siem' })).length, 2);
    });

    test('a new event is told after those that were told before', async t => {
      const store = await opened(t);
      const waiting = waitingOf();
      await make(store, waiting);
      await claim(store);
      await keep(store, waiting, { told: 1 });
      await approve(store, waiting, NOW + 1);
      const [notice, ...others] = await claim(store);
      assert.deepEqual(others, []);
      assert.deepEqual([notice!.told, notice!.elevation.events.length], [1, 2]);
    });

    test('an event is told once it is in the trail', async t => {
      const store = await opened(t);
      const granted = grantedOf();
      await store.elevations.create([granted]);
      assert.deepEqual(await claim(store), []);
      await store.elevations.recorded(granted.id, 1);
      const [notice] = await claim(store);
      assert.deepEqual([notice!.told, notice!.elevation.recorded], [0, 1]);
      await keep(store, granted, { told: 1 });
      assert.deepEqual(await claim(store), []);
      await store.elevations.recorded(granted.id, 2);
      assert.equal((await claim(store))[0]?.told, 1);
    });

    test('an event that comes while another is told is not lost', async t => {
      const store = await opened(t);
      const waiting = waitingOf();
      await make(store, waiting);
      const [notice] = await claim(store);
      await approve(store, waiting, NOW + 1);
      await keep(store, waiting, { told: notice!.elevation.events.length });
      assert.equal((await claim(store))[0]?.told, 1);
    });

    test('a target does not hear what happened before it was there', async t => {
      const store = await opened(t);
      const [old, changed] = [waitingOf(), waitingOf()];
      await make(store, old, changed);
      await approve(store, changed, NOW + DAY - 1);
      await change(store, changed, of =>
        revoked(of, { ...act(DAVE, NOW + DAY), as: 'administrator' }),
      );
      const notices = await claim(store, { now: NOW + DAY, since: NOW + DAY });
      assert.deepEqual(idsOf(notices), [changed.id]);
      const [{ told, elevation }] = notices as [Notice];
      assert.deepEqual(
        elevation.events.slice(told).map(({ type }) => type),
        ['revoked'],
      );
    });

    test('what failed is claimed again when it is due, and a new event of it waits too', async t => {
      const store = await opened(t);
      const [failing, other] = [waitingOf(), waitingOf()];
      await make(store, failing);
      await claim(store);
      const dueAt = NOW + 5 * MINUTE;
      assert.equal(await keep(store, failing, { told: 0, failures: 1, dueAt }), true);
      await approve(store, failing, NOW + MINUTE);
      await make(store, other);

      assert.deepEqual(idsOf(await claim(store, { now: dueAt - 1 })), [other.id]);
      const [notice, ...others] = await claim(store, { now: dueAt });
      assert.deepEqual(others, []);
      assert.deepEqual([notice!.told, notice!.failures], [0, 1]);
      assert.deepEqual(
        notice!.elevation.events.map(({ type }) => type),
        ['requested', 'approved'],
      );
    });

    test('what is due longest comes first, new or not, and no more than asked for', async t => {
      const store = await opened(t);
      const of = [3, 1, 2].map(minute => waitingOf({ requestedAt: NOW + minute * MINUTE }));
      const failed = waitingOf();
      await make(store, ...of, failed);
      const [third, first, second] = of.map(({ id }) => id);
      assert.deepEqual(idsOf(await claim(store, { most: 1 })), [failed.id]);
      const dueAt = NOW + 2 * MINUTE + 1;
      await keep(store, failed, { told: 0, failures: 1, dueAt });
      const now = NOW + 10 * MINUTE;
      assert.deepEqual(idsOf(await claim(store, { now, most: 2 })), [first, second]);
      assert.deepEqual(idsOf(await claim(store, { now, most: 2 })), [failed.id, third]);
    });

    test('a lease ends at its limit, and the caller that lost it keeps nothing', async t => {
      const store = await opened(t);
      const waiting = waitingOf();
      await make(store, waiting);
      await claim(store, { holder: 'a' });
      assert.deepEqual(await claim(store, { holder: 'b', now: NOW + LEASE - 1 }), []);
      assert.equal((await claim(store, { holder: 'b', now: NOW + LEASE })).length, 1);
      assert.equal(await keep(store, waiting, { holder: 'a', told: 1 }), false);
      assert.equal(await keep(store, waiting, { holder: 'b', told: 1 }), true);
      assert.deepEqual(await claim(store, { holder: 'a', now: NOW + DAY }), []);
    });

    test('a lease that is extended holds on, and keeps what was told so far', async t => {
      const store = await opened(t);
      const granted = grantedOf();
      await make(store, granted);
      await claim(store);
      const leaseUntil = NOW + 2 * LEASE;
      await keep(store, granted, { told: 1, leaseUntil });
      assert.deepEqual(await claim(store, { holder: 'b', now: leaseUntil - 1 }), []);
      const [notice] = await claim(store, { holder: 'b', now: leaseUntil });
      assert.equal(notice?.told, 1);
    });

    test('keeps nothing for an elevation or a target that was never claimed', async t => {
      const store = await opened(t);
      const waiting = waitingOf();
      await make(store, waiting);
      assert.equal(await keep(store, waiting, { told: 1 }), false);
      await claim(store);
      assert.equal(await keep(store, waiting, { told: 1, target: 'siem' }), false);
      assert.equal(await keep(store, waitingOf(), { told: 1 }), false);
    });
  });
}

/** For databases that several stores share. */
export function lastingNoticesContract(
  name: string,
  create: (t: TestContext) => Promise<LastingDatabase>,
): void {
  const opened = async (t: TestContext) => {
    const database = await create(t);
    const stores = [await database.open(), await database.open()] as const;
    t.after(() => Promise.all(stores.map(store => store.close())));
    return { database, stores, store: stores[0] };
  };

  describe(`${name}: notices of several stores`, () => {
    test('of many callers at two stores each elevation goes to exactly one', async t => {
      const { stores, store } = await opened(t);
      const elevations = Array.from({ length: 60 }, (_, index) =>
        waitingOf({ requestedAt: NOW + (index % 7) }),
      );
      await make(store, ...elevations);
      const all = elevations.map(({ id }) => id).toSorted();
      for (const now of [NOW + 10, NOW + 10 + LEASE]) {
        let callers = 0;
        const claimed = await race(stores, of =>
          claim(of, { holder: `holder-${++callers}`, now, most: callers % 3 === 0 ? 7 : 100 }),
        );
        const ids = claimed.flatMap(idsOf);
        assert.equal(new Set(ids).size, ids.length, 'none goes to two');
        // Callers that lost a race claim again later: what was left over goes to one of these.
        const rest = await claim(store, { holder: 'last', now });
        assert.deepEqual([...ids, ...idsOf(rest)].toSorted(), all);
      }
    });

    test('what another caller has claimed and told meanwhile is not told again', async t => {
      const { stores, store } = await opened(t);
      const elevations = Array.from({ length: 20 }, () => waitingOf());
      await make(store, ...elevations);
      let callers = 0;
      const told: string[] = [];
      await race(stores, async of => {
        const holder = `holder-${++callers}`;
        for (let round = 0; round < 3; round++) {
          for (const { elevation, told: before } of await claim(of, { holder, most: 5 })) {
            assert.equal(before, 0);
            told.push(elevation.id);
            assert.equal(await keep(of, elevation, { holder, told: 1 }), true);
          }
        }
      });
      assert.deepEqual(told.toSorted(), elevations.map(({ id }) => id).toSorted());
    });

    test('changes of elevations race with claims, and every event is told in order', async t => {
      const { stores, store } = await opened(t);
      const waiting = waitingOf();
      await make(store, waiting);
      const told: number[] = [];
      let callers = 0;
      const tellAll = async (of: OpenStore, holder: string) => {
        for (const { elevation, told: before } of await claim(of, { holder })) {
          const { events, recorded } = elevation;
          told.push(...events.slice(before, recorded).map(({ number }) => number));
          await keep(of, elevation, { holder, told: recorded });
        }
      };
      await race(stores, async of => {
        const caller = ++callers;
        if (caller % 2 === 0) return tellAll(of, `holder-${caller}`);
        const by = { ...CAROL, username: `voter-${caller}` };
        await change(of, waiting, next => approved(next, approval(by, NOW, 1)));
      });
      await tellAll(store, 'last');
      assert.deepEqual(
        told,
        Array.from({ length: 26 }, (_, index) => index + 1),
      );
    });

    test('a row that was altered is told to no one, and delays no other elevation', async t => {
      const { database, store } = await opened(t);
      const altered = Array.from({ length: 5 }, () => waitingOf({ requestedAt: NOW - MINUTE }));
      const sound = denied(waitingOf(), act(ALICE, NOW));
      await make(store, ...altered, sound);
      await database.rows('UPDATE elevations SET sealed = $1 WHERE requested_at < $2', [
        new Uint8Array(64),
        NOW,
      ]);
      assert.deepEqual(await claim(store, { most: 5 }), []);
      assert.deepEqual(idsOf(await claim(store, { most: 5, now: NOW + 1 })), [sound.id]);
      const afterLeases = NOW + LEASE + 2;
      await keep(store, sound, { told: 1 });
      assert.deepEqual(idsOf(await claim(store, { most: 1, now: afterLeases })), [sound.id]);
    });
  });
}

/** Claims are made every few seconds, so they must not read elevations that are long told. */
export function indexedNoticesContract(
  name: string,
  create: (t: TestContext) => Promise<LastingDatabase>,
  planner: Planner,
): void {
  test(`${name}: a claim reads what changed since its limit, by an index`, async t => {
    const database = await create(t);
    const store = await database.open();
    t.after(() => store.close());
    const heard = listening();
    const { claim: claimFrom, keep: keepIn } = createNotices(heard.listener, createSeal(SECRET));
    const lease = { holder: 'a', now: NOW, leaseUntil: NOW + LEASE, since: NOW - DAY, most: 10 };
    assert.deepEqual(await claimFrom('ops', lease), []);
    await keepIn('ops', 'id', { holder: 'a', told: 1, failures: 0, dueAt: 0, leaseUntil: 0 });
    const plans = await assertIndexed(heard, 2, { database, ...planner });
    for (const [index, [sql]] of heard.asked.entries())
      if (sql.startsWith('SELECT')) assert.match(plans[index]!, /elevations_changed/);
  });
}
