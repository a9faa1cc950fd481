import assert from 'node:assert/strict';
import { it } from 'node:test';
import { nearest } from '../../src/core/nearest.ts';

for (const [word, known, expected] of [
  ['whomi', ['login', 'whoami'], 'whoami'],
  ['LOGIN', ['login', 'logout'], 'login'],
  ['rols', ['exec', 'roles'], 'roles'],
  ['ab', ['xy'], undefined],
  ['session', ['serve', 'login'], undefined],
] as const)
  it(`the nearest word to ${word} of ${known.join(', ')} is ${expected ?? 'none'}`, () => {
    assert.equal(nearest(word, known), expected);
  });
