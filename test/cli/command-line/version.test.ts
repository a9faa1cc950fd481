import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../../', import.meta.url);

it('rolebridge --version prints the version of the package', () => {
  const client = fileURLToPath(new URL('src/cli/main.ts', ROOT));
  const { version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'));
  const printed = execFileSync(process.execPath, [client, '--version'], { encoding: 'utf8' });
  assert.equal(printed, `rolebridge ${version}\n`);
});
