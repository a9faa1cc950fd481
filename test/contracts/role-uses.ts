/** What every store keeps to with favourites and uses of roles. The sentences are the port's. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { RoleUses } from '../../src/core/ports.ts';
import type { AccountId, RoleName } from '../../src/core/role.ts';
import { MOST_FAVOURITES } from '../../src/core/role-use.ts';
import { DAY } from '../../src/core/time.ts';
import {
  ALICE,
  BOB,
  NOW,
  type OpenStore,
  openWithPeople,
  type TestDatabase,
} from './store-samples.ts';

const ADMIN = { account: '111122223333' as AccountId, role: 'Admin' as RoleName };
const READER = { account: '222233334444' as AccountId, role: 'team/ReadOnly' as RoleName };
const DAY_MS = DAY * 1000;

export function roleUsesContract(
  name: string,
  create: (t: TestContext) => Promise<TestDatabase>,
): void {
  const opened = async (t: TestContext): Promise<OpenStore> => openWithPeople(t, await create(t));
  const usesOf = async (t: TestContext): Promise<RoleUses> => (await opened(t)).roleUses;

  describe(`${name}: favourites and uses of roles`, () => {
    test('uses are counted for each user and role, the newest first', async t => {
      const uses = await usesOf(t);
      await uses.note(ALICE.person, { ...ADMIN, at: NOW });
      await uses.note(ALICE.person, { ...READER, at: NOW + 1 });
      await uses.note(ALICE.person, { ...ADMIN, at: NOW + 2 });
      await uses.note(BOB.person, { ...READER, at: NOW });
      assert.deepEqual(await uses.of(ALICE.person), [
        { ...ADMIN, isFavourite: false, uses: 2, usedAt: NOW + 2 },
        { ...READER, isFavourite: false, uses: 1, usedAt: NOW + 1 },
      ]);
    });

    test('the newest time stays when uses overtake each other', async t => {
      const uses = await usesOf(t);
      await uses.note(ALICE.person, { ...ADMIN, at: NOW });
      await uses.note(ALICE.person, { ...ADMIN, at: NOW - 5 });
      assert.equal((await uses.of(ALICE.person))[0]?.usedAt, NOW);
    });

    test('a use without a region keeps the last one', async t => {
      const uses = await usesOf(t);
      await uses.note(ALICE.person, { ...ADMIN, at: NOW, region: 'eu-west-1' });
      await uses.note(ALICE.person, { ...ADMIN, at: NOW + 1 });
      assert.equal((await uses.of(ALICE.person))[0]?.region, 'eu-west-1');
      await uses.note(ALICE.person, { ...ADMIN, at: NOW + 2, region: 'us-east-1' });
      assert.equal((await uses.of(ALICE.person))[0]?.region, 'us-east-1');
    });

    test('a favourite needs no use, and keeps the uses that it had', async t => {
      const uses = await usesOf(t);
      await uses.note(ALICE.person, { ...ADMIN, at: NOW });
      assert.equal(await uses.addFavourite(ALICE.person, { ...ADMIN, at: NOW }), true);
      assert.equal(await uses.addFavourite(ALICE.person, { ...ADMIN, at: NOW }), true);
      assert.equal(await uses.addFavourite(ALICE.person, { ...READER, at: NOW }), true);
      assert.deepEqual(await uses.of(ALICE.person), [
        { ...ADMIN, isFavourite: true, uses: 1, usedAt: NOW },
        { ...READER, isFavourite: true, uses: 0 },
      ]);
      await uses.removeFavourite(ALICE.person, ADMIN);
      await uses.removeFavourite(ALICE.person, ADMIN);
      assert.deepEqual(
        (await uses.of(ALICE.person)).map(({ isFavourite }) => isFavourite),
        [false, true],
      );
      assert.deepEqual(await uses.of(BOB.person), []);
    });

    test('a user has a limited number of favourites', async t => {
      const uses = await usesOf(t);
      const role = (index: number) => ({ ...ADMIN, role: `R${index}` as RoleName, at: NOW });
      for (let index = 0; index < MOST_FAVOURITES; index++)
        assert.equal(await uses.addFavourite(ALICE.person, role(index)), true);
      assert.equal(await uses.addFavourite(ALICE.person, { ...READER, at: NOW }), false);
      assert.equal(await uses.addFavourite(ALICE.person, role(3)), true, 'it is one already');
      assert.equal(await uses.addFavourite(BOB.person, { ...READER, at: NOW }), true);
      await uses.removeFavourite(ALICE.person, role(3));
      assert.equal(await uses.addFavourite(ALICE.person, { ...READER, at: NOW }), true);
    });

    test('pruning removes uses of more than 90 days ago, and no favourite', async t => {
      const store = await opened(t);
      await store.roleUses.note(ALICE.person, { ...ADMIN, at: NOW });
      await store.roleUses.addFavourite(ALICE.person, { ...READER, at: NOW });
      await store.prune(NOW + 90 * DAY_MS);
      assert.equal((await store.roleUses.of(ALICE.person)).length, 2);
      await store.prune(NOW + 91 * DAY_MS);
      assert.deepEqual(
        (await store.roleUses.of(ALICE.person)).map(({ role }) => role),
        [READER.role],
      );
    });
  });
}
