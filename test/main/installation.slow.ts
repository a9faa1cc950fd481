import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { useDirectory } from '../support/directory.ts';
import { writeConfiguration } from './server-process.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const REINSTALL = 'Run "npm ci --omit=dev" in the directory of rolebridge.\n';

describe('an installation of the server', () => {
  const directory = useDirectory();

  /** The sources in another directory, with these packages beside them. */
  const installed = (place: string, packages: readonly string[] = []): string => {
    const at = join(directory.path, place);
    for (const name of ['src', 'views', 'package.json'])
      cpSync(join(ROOT, name), join(at, name), { recursive: true });
    mkdirSync(join(at, 'node_modules'), { recursive: true });
    for (const name of packages)
      symlinkSync(join(ROOT, 'node_modules', name), join(at, 'node_modules', name));
    return at;
  };
  const run = (at: string, ...args: readonly string[]) =>
    spawnSync(process.execPath, [join(at, 'src/rolebridge-server.js'), ...args], {
      encoding: 'utf8',
    });
  const allPackages = (): readonly string[] =>
    readdirSync(join(ROOT, 'node_modules')).filter(name => !name.startsWith('.'));

  it('without packages says what is missing and what to run', () => {
    const { status, stdout, stderr } = run(installed('empty'), '--help');
    assert.equal(status, 1);
    assert.equal(stdout, '');
    assert.match(
      stderr,
      new RegExp(
        `^rolebridge-server: \\S+ is missing\\. The installation is incomplete\\. ${REINSTALL}$`,
      ),
    );
  });

  it('without a package that only the running server needs says the same', () => {
    const at = installed(
      'half',
      allPackages().filter(name => name !== 'express'),
    );
    const config = writeConfiguration({ directory: at, port: 0 });
    const { status, stderr } = run(at, 'serve', '--config', config);
    assert.equal(status, 1);
    assert.equal(
      stderr,
      `rolebridge-server: express is missing. The installation is incomplete. ${REINSTALL}`,
    );
  });

  it('with a damaged package says so', () => {
    const at = installed(
      'damaged',
      allPackages().filter(name => name !== 'zod'),
    );
    mkdirSync(join(at, 'node_modules/zod'));
    writeFileSync(join(at, 'node_modules/zod/package.json'), '{ "name": "zo');
    const { status, stderr } = run(at, '--help');
    assert.equal(status, 1);
    assert.equal(stderr, `rolebridge-server: The installation is damaged. ${REINSTALL}`);
  });

  it('whose package lacks a file says so', () => {
    const at = installed(
      'torn',
      allPackages().filter(name => name !== 'yaml'),
    );
    cpSync(join(ROOT, 'node_modules/yaml'), join(at, 'node_modules/yaml'), { recursive: true });
    rmSync(join(at, 'node_modules/yaml/dist/index.js'));
    const { status, stderr } = run(at, 'check', 'missing.yaml');
    assert.equal(status, 1);
    assert.match(stderr, /^rolebridge-server: \S+ is missing\. The installation is incomplete\./);
    assert.doesNotMatch(stderr, /\n\s+at /);
  });

  it('of the sources in node_modules names the package to install', () => {
    const { status, stderr } = run(installed('node_modules/rolebridge', []), '--help');
    assert.equal(status, 1);
    assert.match(stderr, /^rolebridge-server: These are the sources,.*"npm run build:server"/);
    assert.doesNotMatch(stderr, /\n\s+at /);
  });
});
