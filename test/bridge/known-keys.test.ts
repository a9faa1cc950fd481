import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { noteKeys } from '../../src/bridge/known-keys.ts';
import type { PresentKeys } from '../../src/core/known-keys.ts';
import type { Instant } from '../../src/core/time.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { EVENTS, HOUR, NOW, type OpenStore, SECRET } from '../contracts/store-samples.ts';

const ring = (published: readonly string[], createdAt: Instant = NOW): PresentKeys => ({
  ...{ use: 'saml', active: published[0]!, published, createdAt },
});
const SEALING: PresentKeys = { use: 'sealing', active: 's', published: ['s'] };
const SIGN_OUT = EVENTS.find(({ type }) => type === 'sign-out')!;

describe('keys that a bridge notes at its start', () => {
  const opened = async (t: TestContext): Promise<OpenStore> => {
    const store = await openSqliteStore({ file: ':memory:', secret: SECRET });
    t.after(() => store.close());
    return store;
  };
  /** Starts of one bridge with these keys, and whom the last one found, as `new<old,older`. */
  const starting =
    ({ knownKeys }: OpenStore, now = NOW) =>
    async (...present: readonly PresentKeys[]): Promise<readonly string[]> => {
      const noticed = await noteKeys({ knownKeys, clock: { now: () => now } }, present);
      return noticed.map(
        ({ active, before, isFresh }) => `${active}<${before}${isFresh ? '' : ' old'}`,
      );
    };

  it('are quiet in an empty database', async t => {
    const start = starting(await opened(t));
    assert.deepEqual(await start(ring(['a']), SEALING), []);
    assert.deepEqual(await start(ring(['a']), SEALING), []);
  });

  it('are told once if they take the place of others', async t => {
    const start = starting(await opened(t));
    await start(ring(['a']));
    assert.deepEqual(await start(ring(['b'])), ['b<a']);
    assert.deepEqual(await start(ring(['b'])), []);
    assert.deepEqual(await start(ring(['c'])), ['c<b,a']);
  });

  it('are quiet when the others are restored', async t => {
    const start = starting(await opened(t));
    await start(ring(['a']));
    await start(ring(['b']));
    assert.deepEqual(await start(ring(['a'])), []);
  });

  it('are quiet in a rotation', async t => {
    const start = starting(await opened(t));
    for (const published of [['a'], ['a', 'b'], ['b', 'a'], ['b']])
      assert.deepEqual(await start(ring(published)), []);
  });

  it('are told by one of several instances that start with the same keys', async t => {
    const start = starting(await opened(t));
    const together = async (...present: readonly PresentKeys[]) =>
      (await Promise.all([start(...present), start(...present), start(...present)])).flat();
    assert.deepEqual(await together(ring(['a'])), []);
    assert.deepEqual(await together(ring(['b'])), ['b<a']);
  });

  it('are told if instances of an empty database start with keys of their own', async t => {
    const start = starting(await opened(t));
    const told = await Promise.all([start(ring(['a'])), start(ring(['b']))]);
    assert.equal(told.flat().length, 1);
  });

  it('are old if the other side can have them, as in a restored database', async t => {
    const start = starting(await opened(t));
    await start(ring(['a']));
    assert.deepEqual(await start(ring(['b'], NOW - 24 * HOUR)), ['b<a old']);
  });

  it('are told if they are younger than the audit trail of an earlier version', async t => {
    const store = await opened(t);
    await store.audit.record({ ...SIGN_OUT, at: NOW - 1 });
    assert.deepEqual(await starting(store)(ring(['a']), SEALING), ['a<']);
    assert.deepEqual(await starting(store)(ring(['a']), SEALING), []);
  });

  it('are quiet if an earlier version has used or rotated them', async t => {
    for (const present of [
      ring(['a'], NOW - HOUR),
      ring(['b', 'a'], NOW),
      ring(['b'], NOW - 24 * HOUR),
    ]) {
      const store = await opened(t);
      const at = present.published[0] === 'a' ? NOW - HOUR + 1 : NOW - 48 * HOUR;
      await store.audit.record({ ...SIGN_OUT, at });
      assert.deepEqual(await starting(store)(present, SEALING), []);
    }
  });
});
