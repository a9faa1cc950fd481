/** What every store keeps to with the ids of keys. The sentences are the port's. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { NewKey } from '../../src/core/known-keys.ts';
import { EVENTS, NOW, type TestDatabase } from './store-samples.ts';

const SIGN_OUT = EVENTS.find(({ type }) => type === 'sign-out')!;
const FIRST: NewKey = { use: 'saml', id: 'first' };
const SECOND: NewKey = { use: 'saml', id: 'second', beside: 'first' };

export function knownKeysContract(
  name: string,
  create: (t: TestContext) => Promise<TestDatabase>,
): void {
  const opened = async (t: TestContext) => {
    const store = await (await create(t)).open();
    t.after(() => store.close());
    return store;
  };

  describe(`${name}: keys that the bridge has used`, () => {
    test('are given in the order in which they were noted', async t => {
      const { knownKeys } = await opened(t);
      assert.deepEqual(await knownKeys.all(), []);
      await knownKeys.note([FIRST, { ...FIRST, use: 'sealing' }], NOW);
      await knownKeys.note([SECOND], NOW);
      assert.deepEqual(await knownKeys.all(), [
        { ...FIRST, since: NOW },
        { ...FIRST, use: 'sealing', since: NOW },
        { ...SECOND, since: NOW },
      ]);
    });

    test('keep the time and the companion of the first note', async t => {
      const { knownKeys } = await opened(t);
      assert.deepEqual(await knownKeys.note([FIRST], NOW), [{ ...FIRST, since: NOW }]);
      assert.deepEqual(await knownKeys.note([], NOW), []);
      assert.deepEqual(await knownKeys.note([{ ...FIRST, beside: 'x' }, SECOND], NOW + 1), [
        { ...SECOND, since: NOW + 1 },
      ]);
      assert.deepEqual((await knownKeys.all())[0], { ...FIRST, since: NOW });
    });

    test('are given as new to one of several racing callers', async t => {
      const { knownKeys } = await opened(t);
      const noted = await Promise.all([1, 2, 3, 4].map(() => knownKeys.note([FIRST, SECOND], NOW)));
      assert.deepEqual(noted.map(keys => keys.length).sort(), [0, 0, 0, 2]);
    });

    test('say when the audit trail began', async t => {
      const { knownKeys, audit } = await opened(t);
      assert.equal(await knownKeys.trailBegan(), undefined);
      await audit.record({ ...SIGN_OUT, at: NOW + 5 });
      await audit.record({ ...SIGN_OUT, at: NOW });
      assert.equal(await knownKeys.trailBegan(), NOW + 5);
    });
  });
}
