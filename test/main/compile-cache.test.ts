import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { useDirectory } from '../support/directory.ts';

const COMMAND = fileURLToPath(new URL('../../src/rolebridge-server.js', import.meta.url));
const UNPRIVILEGED = 65534;
const notRoot = process.getuid?.() !== 0 && 'only root can give a directory away';

describe('compiled code of the server', () => {
  const directory = useDirectory();
  /** A directory of this user alone, in which nothing is yet. */
  const own = (name: string): string => {
    const made = directory.file(name);
    mkdirSync(made, { mode: 0o700 });
    return made;
  };
  const run = (env: Readonly<Record<string, string>>): void => {
    const { status, stderr } = spawnSync(process.execPath, [COMMAND, '--help'], {
      env: { PATH: process.env.PATH, ...env },
      encoding: 'utf8',
    });
    assert.deepEqual([status, stderr], [0, '']);
  };

  it('is kept in the cache directory of the service', () => {
    const cache = own('of-service');
    run({ CACHE_DIRECTORY: cache });
    assert.deepEqual(readdirSync(cache), ['code']);
  });

  it('is kept where NODE_COMPILE_CACHE says, if both are set', () => {
    const [cache, chosen] = [own('unused'), own('chosen')];
    run({ CACHE_DIRECTORY: cache, NODE_COMPILE_CACHE: chosen });
    assert.deepEqual(readdirSync(cache), []);
    assert.notDeepEqual(readdirSync(chosen), []);
  });

  for (const [who, mode] of [
    ['everyone', 0o777],
    ['everyone, as /tmp', 0o1777],
    ['a group', 0o770],
  ] as const)
    it(`is not kept where ${who} can write`, () => {
      const cache = own(`mode-${mode.toString(8)}`);
      chmodSync(cache, mode);
      run({ CACHE_DIRECTORY: cache });
      assert.deepEqual(readdirSync(cache), []);
    });

  it('is not kept behind a symbolic link', () => {
    const cache = own('behind');
    symlinkSync(cache, directory.file('link'));
    run({ CACHE_DIRECTORY: directory.file('link') });
    assert.deepEqual(readdirSync(cache), []);
  });

  it('is not kept in a directory of another user', { skip: notRoot }, () => {
    const cache = own('foreign');
    chownSync(cache, UNPRIVILEGED, UNPRIVILEGED);
    run({ CACHE_DIRECTORY: cache });
    assert.deepEqual(readdirSync(cache), []);
  });

  it('needs no directory that exists', () => {
    run({ CACHE_DIRECTORY: directory.file('missing') });
  });
});
