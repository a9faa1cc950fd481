import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKnownBrowsers } from '../../src/issuer/known-browsers.ts';

const markOf = (fill: number, browser: string): string =>
  createKnownBrowsers(new Uint8Array(32).fill(fill)).markOf(browser);

test('the mark of a browser is the same for every instance with one sealing secret, and for no other', () => {
  assert.match(markOf(7, 'a'), /^[\w-]{43}$/);
  assert.equal(markOf(7, 'a'), markOf(7, 'a'));
  assert.notEqual(markOf(7, 'a'), markOf(7, 'b'));
  assert.notEqual(markOf(7, 'a'), markOf(8, 'a'));
});
