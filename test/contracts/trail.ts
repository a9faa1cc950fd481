/** What every store keeps to with its audit trail as a whole. The sentences are the port's. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { Instant } from '../../src/core/time.ts';
import { EVENTS, type LastingDatabase, NOW, type TestDatabase } from './store-samples.ts';

const SIGN_OUT = EVENTS.find(({ type }) => type === 'sign-out')!;
const REFUSED = EVENTS.find(({ type }) => type === 'sign-in.refused')!;
const signOutAt = (at: Instant): AuditEvent => ({ ...SIGN_OUT, at });
const refusedAt = (at: Instant): AuditEvent => ({ ...REFUSED, at });

async function opened<D extends TestDatabase>(t: TestContext, database: D) {
  const store = await database.open();
  t.after(() => store.close());
  return store;
}

async function all(events: AsyncIterable<AuditEvent>): Promise<readonly AuditEvent[]> {
  const read: AuditEvent[] = [];
  for await (const event of events) read.push(event);
  return read;
}

const archiveOf = (after: number, upTo: number) => ({
  ...{ after, upTo, count: upTo - after, file: `audit_${after}.jsonl.gz`, sha256: 'ab'.repeat(32) },
});

export function trailContract(
  name: string,
  create: (t: TestContext) => Promise<LastingDatabase>,
): void {
  describe(`${name}: the whole audit trail`, () => {
    test('is read oldest first, with the events of callers who are not signed in', async t => {
      const { audit, trail } = await opened(t, await create(t));
      assert.deepEqual(await all(trail.events({ from: 0, to: NOW + 1 })), []);
      const events = [refusedAt(NOW), signOutAt(NOW), refusedAt(NOW), signOutAt(NOW + 5)];
      for (const event of [...events, signOutAt(NOW - 5)]) await audit.record(event);

      const read = await all(trail.events({ from: 0, to: NOW + 1000 }));
      assert.deepEqual(read, [signOutAt(NOW - 5), ...events]);
    });

    test('is read for a span of time, which contains its begin and not its end', async t => {
      const { audit, trail } = await opened(t, await create(t));
      for (const at of [NOW - 1, NOW, NOW + 1, NOW + 2]) await audit.record(signOutAt(at));
      const read = await all(trail.events({ from: NOW, to: NOW + 2 }));
      assert.deepEqual(read, [signOutAt(NOW), signOutAt(NOW + 1)]);
    });

    test('is read whole over many pages, also if many events have one time', async t => {
      const { audit, trail } = await opened(t, await create(t));
      const recorded = Array.from({ length: 1201 }, (_, index) =>
        signOutAt(NOW + Math.floor(index / 700)),
      );
      await Promise.all(recorded.map(event => audit.record(event)));
      const read = await all(trail.events({ from: 0, to: NOW + 1000 }));
      assert.deepEqual(read, recorded);
    });

    test('is read by places, which grow, without callers who are not signed in', async t => {
      const { audit, trail } = await opened(t, await create(t));
      for (const event of [signOutAt(NOW + 9), refusedAt(NOW), signOutAt(NOW)])
        await audit.record(event);
      const [first, second, ...more] = await trail.after(0, 10);
      assert.deepEqual(
        [first?.event, second?.event, more],
        [signOutAt(NOW + 9), signOutAt(NOW), []],
      );
      assert.deepEqual(await trail.after(first!.place, 10), [second]);
      assert.deepEqual(await trail.after(0, 1), [first]);
    });
  });

  describe(`${name}: archived events`, () => {
    test('are removed up to the end of the newest archive, and no other', async t => {
      const { audit, trail, readAudit } = await opened(t, await create(t));
      for (const at of [1, 2, 3]) await audit.record(signOutAt(NOW + at));
      assert.equal(await trail.archived(), undefined);
      assert.equal(await trail.removeArchived(), 0);
      const [, second] = await trail.after(0, 10);

      assert.equal(await trail.keepArchive(archiveOf(0, second!.place), NOW), true);
      assert.deepEqual(await trail.archived(), { upTo: second!.place, at: NOW });
      assert.equal(await trail.removeArchived(), 2);
      assert.deepEqual(await readAudit({ limit: 10 }), [signOutAt(NOW + 3)]);
      assert.equal(await trail.removeArchived(), 0);
    });

    test('cannot be removed behind the back of the bridge before they are archived', async t => {
      const database = await create(t);
      const { audit, trail } = await opened(t, database);
      for (const at of [1, 2, 3]) await audit.record(signOutAt(NOW + at));
      const [first] = await trail.after(0, 1);
      await trail.keepArchive(archiveOf(0, first!.place), NOW);

      const place = first!.place;
      const refused = [
        'DELETE FROM audit_events',
        `DELETE FROM audit_events WHERE id = ${place + 1}`,
        `UPDATE audit_events SET at = 0 WHERE id = ${place}`,
        `UPDATE audit_archives SET last_id = ${place + 2}`,
        'DELETE FROM audit_archives',
      ];
      for (const sql of refused) await assert.rejects(database.rows(sql), /is append-only/, sql);
      assert.equal((await trail.after(0, 10)).length, 3);
      await database.rows(`DELETE FROM audit_events WHERE id <= ${place}`);
      assert.equal((await trail.after(0, 10)).length, 2);
    });

    test('are in one archive each, also when several callers race', async t => {
      const { audit, trail } = await opened(t, await create(t));
      for (const at of [1, 2, 3]) await audit.record(signOutAt(NOW + at));
      const places = (await trail.after(0, 10)).map(({ place }) => place);
      const kept = await Promise.all(
        places.map(place => trail.keepArchive(archiveOf(0, place), NOW)),
      );
      assert.equal(kept.filter(Boolean).length, 1);
      const { upTo } = (await trail.archived())!;
      assert.equal(await trail.keepArchive(archiveOf(upTo - 1, upTo + 1), NOW), false, 'overlaps');
      assert.equal(await trail.keepArchive(archiveOf(upTo, upTo + 1), NOW), true);
    });

    test('are made by one caller at a time, until its lease ends', async t => {
      const database = await create(t);
      const [one, other] = [await opened(t, database), await opened(t, database)];
      const span = { now: NOW, until: NOW + 100 };
      const leased = await Promise.all([
        one.trail.lease('one', span),
        other.trail.lease('other', span),
      ]);
      assert.equal(leased.filter(Boolean).length, 1);
      const [holder, loser] = leased[0] ? ['one', 'other'] : ['other', 'one'];
      assert.equal(await one.trail.lease(loser!, { now: NOW + 99, until: NOW + 200 }), false);
      assert.equal(await one.trail.lease(holder!, { now: NOW + 99, until: NOW + 200 }), true);
      assert.equal(await one.trail.lease(loser!, { now: NOW + 200, until: NOW + 300 }), true);
    });
  });

  test(`${name}: two instances prune at once, and neither waits for the other`, async t => {
    const database = await create(t);
    const [one, other] = [await opened(t, database), await opened(t, database)];
    const month = 30 * 24 * 3_600_000;
    await Promise.all(
      Array.from({ length: 3000 }, (_, index) =>
        index % 2 === 0
          ? one.audit.record(refusedAt(NOW - month - 1))
          : one.oneTimeKeys.claim(`key ${index}`, NOW - 1),
      ),
    );
    await Promise.all([one.prune(NOW), other.prune(NOW)]);
    // One leaves what the other holds at the moment.
    await one.prune(NOW);
    assert.deepEqual(await one.readAudit({ limit: 10 }), []);
    assert.deepEqual(await database.rows('SELECT key_hash FROM one_time_keys'), []);
  });
}
