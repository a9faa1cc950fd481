import assert from 'node:assert/strict';
import { it } from 'node:test';
import { bounded } from '../../../src/operate/doctor/bounded.ts';

async function all<T>(results: AsyncIterable<T>): Promise<T[]> {
  const got: T[] = [];
  for await (const result of results) got.push(result);
  return got;
}

it('runs a few at once, and yields in the order of the items', async () => {
  let [running, most] = [0, 0];
  const work = async (item: number): Promise<number> => {
    most = Math.max(most, ++running);
    // Later items end earlier.
    for (let turns = 20 - item; turns > 0; turns--) await null;
    running -= 1;
    return item;
  };
  const items = Array.from({ length: 20 }, (_, at) => at);
  assert.deepEqual(await all(bounded(items, work, 4)), items);
  assert.equal(most, 4);
  assert.deepEqual(await all(bounded([], work, 4)), []);
});

it('throws what the work throws, in its turn', async () => {
  const work = async (item: number): Promise<number> => {
    if (item === 2) throw new Error('two');
    return item;
  };
  const got: number[] = [];
  await assert.rejects(async () => {
    for await (const item of bounded([0, 1, 2, 3], work, 4)) got.push(item);
  }, /^Error: two$/);
  assert.deepEqual(got, [0, 1]);
});
