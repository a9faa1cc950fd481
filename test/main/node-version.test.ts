import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const COMMAND = fileURLToPath(new URL('../../src/rolebridge-server.js', import.meta.url));

describe('rolebridge-server', () => {
  for (const version of ['20.19.0', '22.18.0', '24.11.1']) {
    it(`names the required version on Node.js ${version}`, () => {
      const { status, stdout, stderr } = runOn(version);

      assert.equal(status, 1);
      assert.equal(stdout, '');
      assert.match(stderr, /^rolebridge-server: Node\.js 24\.12 or newer is required/);
      assert.ok(stderr.includes(`this is ${version} (`), stderr);
    });
  }

  for (const version of ['24.12.0', '25.0.0']) {
    it(`starts on Node.js ${version}`, () => {
      const { status, stdout } = runOn(version);

      assert.equal(status, 0);
      assert.match(stdout, /rolebridge-server serve/);
    });
  }

  it('contains no syntax that an older Node.js cannot read before its check', () => {
    assert.doesNotMatch(readFileSync(COMMAND, 'utf8'), /^import |\?\.|\?\?|\busing\b/m);
  });
});

/** Runs `rolebridge-server --help` with another version number in `process.versions`. */
function runOn(version: string) {
  const pretence = `Object.defineProperty(process, 'versions', {
    value: { ...process.versions, node: '${version}' },
  });`;
  return spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(pretence)}`, COMMAND, '--help'],
    { encoding: 'utf8' },
  );
}
