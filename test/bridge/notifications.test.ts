import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import pg from 'pg';
import type { Elevation } from '../../src/core/elevation.ts';
import { approved, withdrawn } from '../../src/core/elevation-changes.ts';
import type { Store } from '../../src/core/ports.ts';
import { openPostgresStore } from '../../src/store/postgres.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import {
  ALICE,
  act,
  approval,
  CAROL,
  DAY,
  grantedOf,
  waitingOf,
} from '../contracts/elevation-samples.ts';
import { NOW, SECRET } from '../contracts/store-samples.ts';
import { eventually } from '../support/eventually.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { deskFor, failed, hangs, listener, namesOf, told } from './notification-world.ts';

/** A store of one test, and the same store as another instance opens it. */
type OpenStores = (t: TestContext) => Promise<readonly [Store, Store]>;

async function change(
  { elevations }: Store,
  { id }: Elevation,
  transition: (elevation: Elevation) => Elevation,
): Promise<Elevation> {
  const next = await elevations.update(id, current => {
    const changed = transition(current);
    return { next: changed, value: changed };
  });
  await elevations.recorded(id, next!.events.length);
  return next!;
}

function notificationTests(name: string, open: OpenStores): void {
  test(`${name}: tells each target of every event once, in order`, async t => {
    const [store] = await open(t);
    const desk = deskFor(t, store);
    const [ops, siem] = [listener('ops'), listener('siem')];
    const worker = desk.start([ops, siem]);
    const [granted, waiting] = [grantedOf(), waitingOf()];
    await desk.keep(granted, waiting);

    worker.poke();
    await eventually(() => ops.heard.length === 3 && siem.heard.length === 3);
    desk.clock.turn(1);
    const ended = await change(store, waiting, now => withdrawn(now, act(ALICE, NOW + 1000)));
    worker.poke();
    await eventually(() => ops.heard.length === 4 && siem.heard.length === 4);
    await worker.close();

    for (const { heard } of [ops, siem]) {
      assert.deepEqual(heard.toSorted(), namesOf(granted, ended).toSorted());
      assert.deepEqual(
        heard.filter(id => id.startsWith(granted.id)),
        namesOf(granted),
      );
    }
  });

  test(`${name}: says the same of an event however far the elevation has come`, async t => {
    const [store] = await open(t);
    const desk = deskFor(t, store);
    const said: string[] = [];
    const ops = listener('ops', ({ request, event }) => {
      said.push(JSON.stringify([request.id, request.seconds, event]));
      return said.length === 1 ? failed() : told();
    });
    const worker = desk.start([ops]);
    const waiting = waitingOf();
    await desk.keep(waiting);
    worker.poke();
    await eventually(() => ops.asked.length === 1);
    await change(store, waiting, now => approved(now, approval(CAROL, NOW + 1)));
    await eventually(() => desk.writes() === 1);
    desk.clock.turn(2);
    worker.poke();
    await eventually(() => ops.heard.length === 2);

    assert.equal(said[0], said[1]);
  });

  test(`${name}: tells of an event only when it is in the trail`, async t => {
    const [store] = await open(t);
    const desk = deskFor(t, store);
    const ops = listener();
    const worker = desk.start([ops]);
    const [unrecorded, marker] = [waitingOf(), waitingOf()];
    await store.elevations.create([unrecorded]);
    await desk.keep(marker);
    worker.poke();
    await eventually(() => ops.heard.length === 1);
    assert.deepEqual(ops.heard, namesOf(marker));

    await store.elevations.recorded(unrecorded.id, 1);
    worker.poke();
    await eventually(() => ops.heard.length === 2);
  });

  test(`${name}: tells a new target of nothing that happened before`, async t => {
    const [store] = await open(t);
    const desk = deskFor(t, store);
    const [old, recent] = [waitingOf(), waitingOf({ requestedAt: NOW + DAY, decideBy: NOW + 9e9 })];
    await desk.keep(old);
    const ops = listener();
    desk.clock.turn(60);
    const first = desk.start([ops]);
    await first.close();
    desk.clock.turn(DAY / 1000);
    await desk.keep(recent);
    await change(store, old, now => ({ ...withdrawn(now, act(ALICE, NOW + 120_000)) }));
    desk.start([ops]);
    await eventually(() => ops.heard.length === 2);

    assert.deepEqual(ops.heard.toSorted(), [`${old.id}.2`, `${recent.id}.1`].toSorted());
  });

  test(`${name}: retries ever later, and in order`, async t => {
    const [store] = await open(t);
    const desk = deskFor(t, store);
    const ops = listener('ops', () => failed());
    const worker = desk.start([ops]);
    const granted = grantedOf();
    await desk.keep(granted);
    worker.poke();
    const pauses = [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900];
    for (const [index, pause] of pauses.entries()) {
      await eventually(() => desk.writes() === index + 1);
      desk.clock.turn(pause - 1);
      await desk.look(worker);
      assert.equal(ops.asked.length, index + 1, `not before ${pause} s`);
      desk.clock.turn(1);
      worker.poke();
    }
    await eventually(() => desk.writes() === pauses.length + 1);
    assert.deepEqual([...new Set(ops.asked)], [`${granted.id}.1`]);

    ops.answer = told;
    desk.clock.turn(900);
    worker.poke();
    await eventually(() => ops.heard.length === 2);
    assert.deepEqual(ops.heard, namesOf(granted));
  });

  test(`${name}: leaves a target alone for as long as it asks for, at most six hours`, async t => {
    const [store] = await open(t);
    const desk = deskFor(t, store);
    const ops = listener('ops', () => failed(600));
    const worker = desk.start([ops]);
    await desk.keep(waitingOf());
    worker.poke();
    await eventually(() => desk.reports.length === 1);
    const other = waitingOf();
    await desk.keep(other);
    desk.clock.turn(599);
    worker.poke();
    await settled();
    assert.equal(ops.asked.length, 1, 'not of another elevation either');

    ops.answer = () => failed(1e9);
    desk.clock.turn(1);
    worker.poke();
    await eventually(() => desk.writes() === 3);
    ops.answer = told;
    desk.clock.turn(6 * 3600);
    worker.poke();
    await eventually(() => ops.heard.length === 2);
  });

  test(`${name}: a target that hangs delays no other, and makes at most four calls at once`, async t => {
    const [store] = await open(t);
    const desk = deskFor(t, store);
    const [dead, alive] = [listener('dead', hangs), listener('alive')];
    const worker = desk.start([dead, alive]);
    const many = Array.from({ length: 10 }, () => waitingOf());
    await desk.keep(...many);
    worker.poke();
    await eventually(() => alive.heard.length === 10 && dead.asked.length === 4);
    assert.equal(dead.busiest(), 4);
    assert.ok(alive.busiest() <= 4);
  });

  test(`${name}: an elevation whose call hangs delays no other one of the target`, async t => {
    const [store] = await open(t);
    const desk = deskFor(t, store);
    const [stuck, ...others] = Array.from({ length: 10 }, () => waitingOf());
    const ops = listener('ops', ({ request }) => (request.id === stuck!.id ? hangs() : told()));
    const worker = desk.start([ops]);
    await desk.keep(stuck!, ...others);
    worker.poke();
    await eventually(() => ops.heard.length === 9);

    // The limit ends the call although the target ignores it.
    desk.endCalls();
    await eventually(() => desk.reports.length === 1);
    assert.deepEqual(desk.reports, [{ kind: 'failing', target: 'ops', why: 'no answer in time' }]);
    const writes = 9 * 2 + 1;
    await eventually(() => desk.writes() === writes);
    ops.answer = told;
    desk.clock.turn(2);
    worker.poke();
    await eventually(() => ops.heard.length === 10);
  });

  test(`${name}: gives an event up after three days, says so, and tells what comes after it`, async t => {
    const [store] = await open(t);
    const desk = deskFor(t, store);
    const ops = listener('ops', () => failed());
    const worker = desk.start([ops]);
    const waiting = waitingOf({ decideBy: NOW + 9 * DAY });
    await desk.keep(waiting);
    worker.poke();
    await eventually(() => desk.writes() === 1);
    desk.clock.turn((3 * DAY) / 1000 + 1);
    const ended = await change(store, waiting, now => withdrawn(now, act(ALICE, NOW + 3 * DAY)));
    ops.answer = told;
    worker.poke();
    await eventually(() => ops.heard.length === 1);

    assert.deepEqual(ops.heard, [`${ended.id}.2`]);
    assert.deepEqual(desk.reports[1], {
      ...{ kind: 'given-up', why: 'not delivered within 3 days', target: 'ops' },
      ...{ elevation: ended.id, event: 'requested', number: 1 },
    });
  });

  test(`${name}: a notification that is rejected for good is reported and not repeated`, async t => {
    const [store] = await open(t);
    const desk = deskFor(t, store);
    const ops = listener('ops', ({ event }) =>
      event.number === 1 ? { kind: 'refused', why: 'answered 550 no such user' } : told(),
    );
    const worker = desk.start([ops]);
    const granted = grantedOf();
    await desk.keep(granted);
    worker.poke();
    await eventually(() => ops.heard.length === 1);
    await worker.close();

    assert.deepEqual(ops.asked, namesOf(granted));
    assert.deepEqual(desk.reports, [
      {
        ...{ kind: 'refused', target: 'ops', why: 'answered 550 no such user' },
        ...{ elevation: granted.id, event: 'requested', number: 1 },
      },
    ]);
  });

  test(`${name}: reports the first failure of a target and its recovery, each once`, async t => {
    const [store] = await open(t);
    const desk = deskFor(t, store);
    const ops = listener('ops', () => failed());
    const worker = desk.start([ops]);
    await desk.keep(waitingOf(), waitingOf(), waitingOf());
    worker.poke();
    await eventually(() => desk.writes() === 3);
    ops.answer = told;
    desk.clock.turn(2);
    worker.poke();
    await eventually(() => ops.heard.length === 3);

    assert.deepEqual(desk.reports, [
      { kind: 'failing', target: 'ops', why: 'answered with status 500' },
      { kind: 'recovered', target: 'ops' },
    ]);
  });

  test(`${name}: one event that always fails makes no target look as if it recovered`, async t => {
    const [store] = await open(t);
    const desk = deskFor(t, store);
    const bad = waitingOf();
    const ops = listener('ops', ({ request }) => (request.id === bad.id ? failed() : told()));
    const worker = desk.start([ops]);
    await desk.keep(bad);
    for (let round = 1; round <= 3; round++) {
      await desk.keep(waitingOf());
      worker.poke();
      // A failure is one write, and a success with its end two.
      await eventually(() => desk.writes() === 3 * round);
      desk.clock.turn(2 ** round);
    }
    assert.deepEqual([ops.heard.length, ops.asked.length], [3, 6]);

    assert.equal(desk.reports.length, 1);
  });

  test(`${name}: two instances share the work and tell of each event once`, async t => {
    const stores = await open(t);
    const desks = stores.map(store => deskFor(t, store));
    const ops = listener();
    const workers = desks.map(desk => desk.start([ops]));
    const many = Array.from({ length: 40 }, () => grantedOf());
    await desks[0]!.keep(...many);
    for (const worker of workers) worker.poke();
    await eventually(() => ops.heard.length >= 80);
    await Promise.all(workers.map(worker => worker.close()));

    assert.deepEqual(ops.heard.toSorted(), namesOf(...many).toSorted());
    for (const one of many)
      assert.deepEqual(
        ops.heard.filter(id => id.startsWith(one.id)),
        namesOf(one),
      );
  });

  test(`${name}: another instance goes on when the lease of a dead one has ended`, async t => {
    const [store, other] = await open(t);
    const desk = deskFor(t, store);
    const granted = grantedOf();
    const [dead, alive] = [listener('ops', hangs), listener('ops')];
    const killed = desk.start([dead]);
    await desk.keep(granted);
    killed.poke();
    await eventually(() => dead.asked.length === 1);

    const second = deskFor(t, other, desk.clock.now());
    const worker = second.start([alive]);
    second.clock.turn(59);
    worker.poke();
    await settled();
    assert.deepEqual(alive.asked, []);
    second.clock.turn(1);
    worker.poke();
    await eventually(() => alive.heard.length === 2);
    assert.deepEqual(alive.heard, namesOf(granted));
  });

  test(`${name}: waits for calls in flight when it is closed, then leaves the rest to others`, async t => {
    const [store, other] = await open(t);
    const desk = deskFor(t, store);
    const { promise, resolve } = Promise.withResolvers<void>();
    const [granted, stuck] = [grantedOf(), waitingOf()];
    const slow = listener('ops', async ({ request }, signal) => {
      if (request.id === stuck.id)
        return new Promise(end => signal.addEventListener('abort', () => end(failed())));
      await promise;
      return told();
    });
    const worker = desk.start([slow]);
    await desk.keep(granted, stuck);
    worker.poke();
    await eventually(() => slow.asked.length === 2);
    const closed = worker.close();
    resolve();
    await eventually(() => slow.heard.length === 1);
    desk.endPatience();
    await closed;
    assert.deepEqual(slow.heard, [`${granted.id}.1`]);
    assert.deepEqual(desk.reports, [], 'an end that it caused is no failure');

    const next = listener();
    deskFor(t, other, desk.clock.now()).start([next]);
    await eventually(() => next.heard.length === 2);
    assert.deepEqual(next.heard.toSorted(), [`${granted.id}.2`, `${stuck.id}.1`].toSorted());
  });
}

/** Lets a look that finds nothing end: a few rounds through the store. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve));
}

notificationTests('SQLite', async t => {
  const store = await openSqliteStore({ file: ':memory:', secret: SECRET });
  t.after(() => store.close());
  return [store, store];
});

const started = await startPostgres().catch((cause: Error) => cause);
if (started instanceof Error) {
  const skip = process.env.CI === 'true' ? false : `no PostgreSQL can run here: ${started.message}`;
  test('notifications on PostgreSQL', { skip }, () => {
    throw started;
  });
} else {
  testWith(started);
}

function testWith(server: RunningPostgres): void {
  const administrator = new pg.Client({ connectionString: server.url });
  const connected = administrator.connect();
  after(async () => {
    await administrator.end();
    await server.stop();
  });
  let databases = 0;
  notificationTests('PostgreSQL', async t => {
    await connected;
    const database = `notifications_${++databases}`;
    await administrator.query(`CREATE DATABASE ${database}`);
    const url = Object.assign(new URL(server.url), { pathname: `/${database}` }).href;
    const stores = [
      await openPostgresStore({ url, secret: SECRET }),
      await openPostgresStore({ url, secret: SECRET }),
    ] as const;
    t.after(() => Promise.all(stores.map(store => store.close())));
    return stores;
  });
}

test('without targets, nothing is asked of the store and nothing is repeated', async t => {
  const store = await openSqliteStore({ file: ':memory:', secret: SECRET });
  t.after(() => store.close());
  const desk = deskFor(t, store);
  let repeats = 0;
  const worker = desk.start([], {
    repeat: () => {
      repeats += 1;
      return () => {};
    },
  });
  worker.poke();
  await worker.close();
  assert.deepEqual([repeats, desk.looks()], [0, 0]);
});

test('reports once that the store fails, and goes on when it works again', async t => {
  const store = await openSqliteStore({ file: ':memory:', secret: SECRET });
  t.after(() => store.close());
  const desk = deskFor(t, store);
  let isDown = true;
  let asked = 0;
  const ops = listener();
  const worker = desk.start([ops], {
    notices: {
      ...store.notices,
      since: async (...target) => {
        asked += 1;
        if (isDown) throw new Error('the disk is full');
        return store.notices.since(...target);
      },
    },
  });
  await eventually(() => asked === 1);
  await settled();
  worker.poke();
  await eventually(() => asked === 2);
  await settled();
  isDown = false;
  await desk.keep(waitingOf());
  worker.poke();
  await eventually(() => ops.heard.length === 1);

  assert.deepEqual(desk.reports, [
    { kind: 'store-failing', target: 'ops', why: 'the disk is full' },
  ]);
});
