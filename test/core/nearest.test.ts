import assert from 'node:assert/strict';
import { it } from 'node:test';
import { nearest } from '../../src/core/nearest.ts';

for (const [word, known, expected] of [
  ['whomi', ['login', 'whoami'], 'whoami'],
  ['LOGIN', ['login', 'logout'], 'login'],
  ['rols', ['exec', 'roles'], 'roles'],
  ['ab', ['xy'], undefined],
  ['session', ['serve', 'login'], undefined],
  ['admin', ['admiral', 'admins'], 'admins'],
  ['', ['a'], 'a'],
  ['production-', ['production', 'projection'], 'production'],
  ['abcdefghijklmnopqr', ['xxxxxxghijklmnopqr'], undefined],
] as const)
  it(`the nearest word to ${word} of ${known.join(', ')} is ${expected ?? 'none'}`, () => {
    assert.equal(nearest(word, known), expected);
  });

/** The distance by its definition. */
function distance(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  const change = distance(a.slice(1), b.slice(1)) + (a[0] === b[0] ? 0 : 1);
  return Math.min(change, distance(a.slice(1), b) + 1, distance(a, b.slice(1)) + 1);
}

it('finds what the definition of the distance finds, for every pair of short words', () => {
  const words = ['', ...Array.from({ length: 81 }, (_, at) => at.toString(3).padStart(4, '0'))];
  const more = [...words, ...words.map(word => `${word.slice(1)}20`), 'x', '01', '2'];
  for (const word of words)
    for (const other of more) {
      const limit = word.length < 4 ? 1 : 2;
      const isNear = distance(word, other) <= limit;
      assert.equal(nearest(word, [other]), isNear ? other : undefined, `${word} ${other}`);
    }
});

it('searches 2,000 names of 512 characters within a second', () => {
  const names = Array.from(
    { length: 2000 },
    (_, at) => 'ab'.repeat(253) + String(at).padStart(6, 'c'),
  );
  const start = performance.now();
  assert.equal(nearest('ba'.repeat(256), names), undefined);
  assert.ok(performance.now() - start < 1000);
});
