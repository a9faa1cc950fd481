import assert from 'node:assert/strict';
import { it } from 'node:test';
import { alignedRows, wrapped } from '../../src/core/aligned.ts';

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

it('wrapped text has lines of the width, indents all but the first, and breaks no word', () => {
  assert.equal(
    wrapped('  ERROR  the key https://a.example/long is lost', 16, 4),
    ['  ERROR  the key', '    https://a.example/long', '    is lost'].join('\n'),
  );
  assert.equal(wrapped('short', 80, 4), 'short');
});
