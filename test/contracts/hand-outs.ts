/** What every store keeps to for the hand-outs of a user that can still be alive. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import { createAuditTables } from '../../src/store/audit-tables.ts';
import { assertIndexed, listening, type Planner } from './query-plans.ts';
import {
  ALICE,
  BOB,
  EVENTS,
  HOUR,
  type LastingDatabase,
  NOW,
  type OpenStore,
  openWithPeople,
  type TestDatabase,
} from './store-samples.ts';

const CREDENTIALS = EVENTS.find(({ type }) => type === 'credentials.issued')!;
const LINK = EVENTS.find(({ type }) => type === 'console-link.issued')!;
const SIGN_OUT = EVENTS.find(({ type }) => type === 'sign-out')!;
const handOut = (event: AuditEvent, over: object): AuditEvent =>
  ({ ...event, ...over }) as AuditEvent;

/** Runs in every database, also in one that lives in memory. */
export function handOutsContract(
  name: string,
  create: (t: TestContext) => Promise<TestDatabase>,
): void {
  const opened = async (t: TestContext): Promise<OpenStore> => openWithPeople(t, await create(t));

  describe(`${name}: hand-outs of a user`, () => {
    test('are credentials and consoles that can be alive, newest first', async t => {
      const { audit, handOuts } = await opened(t);
      const at = NOW - 12 * HOUR;
      const alive = [
        // The console of the longest link, which was opened as late as possible.
        handOut(LINK, { at: at - 14 * 60_000, expiresAt: at, consoleSeconds: 12 * 3600 }),
        handOut(CREDENTIALS, { at, expiresAt: NOW + 1 }),
        handOut(LINK, { at: NOW - HOUR, expiresAt: NOW + HOUR }),
        handOut(CREDENTIALS, { at: NOW, expiresAt: NOW + HOUR, elevation: 'an-elevation' }),
      ];
      const others = [
        handOut(CREDENTIALS, { at: NOW - HOUR, expiresAt: NOW }),
        handOut(LINK, { at: NOW - HOUR, expiresAt: NOW + HOUR, consoleSeconds: 2700 }),
        handOut(CREDENTIALS, { at: NOW, expiresAt: NOW + HOUR, actor: BOB }),
        { ...SIGN_OUT, at: NOW },
      ];
      for (const event of [...alive, ...others]) await audit.record(event);
      assert.deepEqual(await handOuts.aliveOf(ALICE.person, NOW), {
        handOuts: alive.toReversed(),
        isComplete: true,
      });
    });

    test('are looked for in the newest 2,000 events, and it is said if there are more', async t => {
      const { audit, handOuts } = await opened(t);
      const old = handOut(CREDENTIALS, { at: NOW - HOUR, expiresAt: NOW + HOUR });
      await audit.record(old);
      const others = (count: number) =>
        Promise.all(
          Array.from({ length: count }, () => audit.record({ ...SIGN_OUT, at: NOW - 1 })),
        );
      await others(1999);
      const all = await handOuts.aliveOf(ALICE.person, NOW);
      assert.deepEqual([all.handOuts, all.isComplete], [[old], true]);
      await others(1);
      const cut = await handOuts.aliveOf(ALICE.person, NOW);
      assert.deepEqual([cut.handOuts, cut.isComplete], [[], false]);
    });
  });
}

/** Runs where a database can say how it would run a statement. */
export function indexedHandOutsContract(
  name: string,
  create: (t: TestContext) => Promise<LastingDatabase>,
  planner: Planner,
): void {
  test(`${name}: hand-outs are found by an index`, async t => {
    const database = await create(t);
    await openWithPeople(t, database);
    const heard = listening();
    const { handOuts } = createAuditTables(heard.listener);
    await handOuts.aliveOf(ALICE.person, NOW);
    await handOuts.aliveBy('an-elevation', NOW);
    const plans = await assertIndexed(heard, 2, { database, ...planner });
    assert.match(plans[0]!, /audit_events_person/);
  });
}
