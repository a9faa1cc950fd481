import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTally } from '../../src/http/tally.ts';

test('a tally counts each key by itself, and begins again with each window', () => {
  const tally = createTally(60);
  assert.deepEqual([tally.add('a', 0), tally.add('a', 59_999), tally.add('b', 0)], [1, 2, 1]);
  assert.deepEqual([tally.of('a', 59_999), tally.of('c', 59_999)], [2, 0]);
  assert.deepEqual([tally.of('a', 60_000), tally.add('a', 60_000)], [0, 1]);
});

test('what is taken back is not counted, and never less than nothing', () => {
  const tally = createTally(60);
  tally.add('a', 0);
  tally.takeBack('a', 1);
  tally.takeBack('a', 2);
  assert.equal(tally.add('a', 3), 1);
});

test('a tally forgets the key that came first beyond 100,000 keys', () => {
  const tally = createTally(60);
  for (let key = 0; key <= 100_000; key++) tally.add(String(key), 0);
  assert.deepEqual([tally.of('0', 0), tally.of('1', 0), tally.of('100000', 0)], [0, 1, 1]);
});
