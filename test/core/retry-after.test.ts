import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { retryAfterIn } from '../../src/core/retry-after.ts';

const NOW = Date.parse('2026-01-02T06:05:00Z');

describe('Retry-After', () => {
  for (const [header, seconds] of [
    ['2', 2],
    [' 0 ', 0],
    ['Fri, 02 Jan 2026 06:05:30 GMT', 30],
    ['Fri, 02 Jan 2026 06:04:00 GMT', 0],
    ['2026-01-02T06:05:30Z', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['9999999999', undefined],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
    [undefined, undefined],
  ] as const)
    it(`of ${header} is ${seconds} seconds`, () => {
      assert.equal(retryAfterIn(header, NOW), seconds);
    });
});
