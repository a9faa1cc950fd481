import assert from 'node:assert/strict';
import { it } from 'node:test';
import { alignedRows } from '../../src/core/aligned.ts';

it('aligned rows are as wide as their widest cell, in characters, without blanks at the end', () => {
  assert.deepEqual(
    alignedRows([
      ['A', 'B', 'C'],
      ['😀😀', 'long cell', ''],
      ['x', '', 'last'],
    ]),
    ['A   B          C', '😀😀  long cell', 'x              last'],
  );
});

it('aligned rows of nothing are nothing', () => {
  assert.deepEqual(alignedRows([]), []);
});
