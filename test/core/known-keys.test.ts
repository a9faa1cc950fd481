import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type KnownKey,
  newKeys,
  type PresentKeys,
  replacedKeys,
} from '../../src/core/known-keys.ts';

const NOW = Date.UTC(2026, 10, 30);

const ring = (active: string, ...others: string[]): PresentKeys => ({
  use: 'saml',
  active,
  published: [active, ...others],
});
/** The keys that are known after a bridge had these rings, one after the other. */
const after = (...rings: readonly PresentKeys[]): readonly KnownKey[] => {
  const known: KnownKey[] = [];
  for (const present of rings)
    known.push(...newKeys([present], known).map(key => ({ ...key, since: NOW })));
  return known;
};
const before = (present: PresentKeys, known: readonly KnownKey[]): readonly string[] =>
  replacedKeys([present], known).flatMap(keys => keys.before);

describe('keys in the place of others', () => {
  const rotation = [ring('a'), ring('a', 'b'), ring('b', 'a'), ring('b')];
  const quiet: readonly (readonly [string, PresentKeys, readonly PresentKeys[]])[] = [
    ['the first key', ring('a'), []],
    ['the first key of a bridge that has started with it', ring('a'), [ring('a')]],
    ['a rotation with a next key', ring('b'), rotation],
    [
      'a next key that a bridge saw at its first start',
      ring('b'),
      [ring('a', 'b'), ring('b', 'a')],
    ],
    ['a rotation that keeps the previous key', ring('b', 'a'), [ring('a')]],
    ['a rotation after a replacement', ring('c'), [ring('a'), ring('b'), ring('b', 'c')]],
    ['the old key after a replacement', ring('a'), [ring('a'), ring('b')]],
    ['a restored database that knows the previous key alone', ring('b', 'a'), [ring('a')]],
  ];
  for (const [title, present, rings] of quiet) {
    it(`are not ${title}`, () => assert.deepEqual(before(present, after(...rings)), []));
  }

  it('are a key that was never in the directory with one of them, newest first', () => {
    const known = after(...rotation);
    assert.deepEqual(before(ring('c'), known), ['b', 'a']);
    assert.deepEqual(before(ring('c'), after(...rotation, ring('c'))), ['b', 'a']);
    assert.deepEqual(before(ring('c', 'd'), after(...rotation, ring('c', 'd'))), ['b', 'a']);
  });

  it('say since when a bridge has used the key', () => {
    assert.equal(replacedKeys([ring('b')], after(ring('a')))[0]?.since, undefined);
    assert.equal(replacedKeys([ring('b')], after(ring('a'), ring('b')))[0]?.since, NOW);
  });

  it('are told by use', () => {
    const sealing: PresentKeys = { use: 'sealing', active: 's', published: ['s'] };
    assert.deepEqual(before(sealing, after(ring('a'))), []);
  });
});
