import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { placesNeeded } from '../../src/packages/bundle.ts';
import { pinned } from '../../src/packages/project.ts';

const LOCKFILE = {
  '': { version: '0.1.0', dependencies: { a: '^1', dev: '^1' } },
  'node_modules/a': { version: '1.1.0', dependencies: { b: '^1', c: '^2' } },
  'node_modules/a/node_modules/c': { version: '2.0.0', dependencies: { d: '^1' } },
  'node_modules/b': { version: '1.0.0', peerDependencies: { a: '^1', peer: '*', other: '*' } },
  'node_modules/c': { version: '1.0.0', dependencies: { unused: '^1' } },
  'node_modules/d': { version: '1.2.3' },
  'node_modules/dev': { version: '1.0.0' },
  'node_modules/other': { version: '1.0.0' },
  'node_modules/peer': { version: '1.0.0' },
  'node_modules/unused': { version: '1.0.0' },
} as const;
const OPTIONAL_PEER = {
  ...LOCKFILE,
  'node_modules/b': {
    ...LOCKFILE['node_modules/b'],
    peerDependenciesMeta: { other: { optional: true } },
  },
};

describe('the packages of a bundle', () => {
  it('are those that are imported, and what they depend on, where Node finds it', () => {
    assert.deepEqual(placesNeeded(['a'], OPTIONAL_PEER), [
      'node_modules/a',
      'node_modules/a/node_modules/c',
      'node_modules/b',
      'node_modules/d',
      'node_modules/peer',
    ]);
  });

  it('include a required peer', () => {
    assert.ok(placesNeeded(['b'], LOCKFILE).includes('node_modules/other'));
  });

  it('have the versions of the lockfile', () => {
    assert.deepEqual(pinned(['a', 'c'], LOCKFILE), { a: '1.1.0', c: '1.0.0' });
  });
});
