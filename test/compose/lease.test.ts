import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLend } from '../../src/compose/lease.ts';

/** Things by number, and what was opened and closed. */
function things() {
  const opened: string[] = [];
  const closed: string[] = [];
  const broken = new Set<string>();
  const lend = createLend({
    open: async ({ of }: { readonly of: string }) => {
      if (of === 'nothing') throw new Error('cannot be opened');
      const name = `${of} ${opened.push(of)}`;
      return { name, close: async () => void closed.push(name) };
    },
    isUsable: async ({ name }) => !broken.has(name),
  });
  return { lend, opened, closed, broken };
}

describe('a thing that several use', () => {
  it('is opened once for equal keys, and closed by the last one', async () => {
    const { lend, opened, closed } = things();

    const [first, second] = [await lend({ of: 'a' }), await lend({ of: 'a' })];
    assert.equal(first.value, second.value);
    assert.deepEqual(opened, ['a']);

    await first[Symbol.asyncDispose]();
    assert.deepEqual(closed, []);
    await second[Symbol.asyncDispose]();
    assert.deepEqual(closed, ['a 1']);
  });

  it('is opened again after it was closed', async () => {
    const { lend, closed } = things();

    await (await lend({ of: 'a' }))[Symbol.asyncDispose]();
    const again = await lend({ of: 'a' });

    assert.equal(again.value.name, 'a 2');
    assert.deepEqual(closed, ['a 1']);
  });

  it('stands beside that of another key, and is found again', async () => {
    const { lend, closed } = things();

    const a = await lend({ of: 'a' });
    const b = await lend({ of: 'b' });
    const back = await lend({ of: 'a' });

    assert.equal(back.value, a.value);
    await b[Symbol.asyncDispose]();
    assert.deepEqual(closed, ['b 2']);
  });

  it('is replaced when it is not usable, and stays open for those who have it', async () => {
    const { lend, closed, broken } = things();

    const old = await lend({ of: 'a' });
    broken.add('a 1');
    const replacement = await lend({ of: 'a' });
    const next = await lend({ of: 'a' });

    assert.deepEqual([replacement.value.name, next.value.name], ['a 2', 'a 2']);
    assert.deepEqual(closed, []);
    await old[Symbol.asyncDispose]();
    assert.deepEqual(closed, ['a 1']);
  });

  it('changes nothing when it cannot be opened', async () => {
    const { lend, closed } = things();

    const a = await lend({ of: 'a' });
    await assert.rejects(lend({ of: 'nothing' }), /cannot be opened/);

    assert.equal((await lend({ of: 'a' })).value, a.value);
    assert.deepEqual(closed, []);
  });
});
