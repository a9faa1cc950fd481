/** The unit of the server: systemd accepts it, and it fits the page and the configuration. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { useDirectory } from '../support/directory.ts';
import { missingPackage } from '../support/missing-package.ts';
import { readPage } from './pages.ts';

const UNIT = readFileSync(
  new URL('../../examples/systemd/rolebridge.service', import.meta.url),
  'utf8',
);
/** In tenths: systemd calls services up to 2.0 OK. */
const MOST_EXPOSURE = 20;
const skip = missingPackage('/usr/bin/systemd-analyze', 'systemd');

describe('the unit of the server', () => {
  const directory = useDirectory();
  /** Runs systemd-analyze on the unit, with a program that is there. */
  const analyze = (unit: string, ...args: readonly string[]) => {
    const file = directory.file('rolebridge.service');
    writeFileSync(file, unit.replace('/opt/rolebridge/bin/rolebridge-server', '/bin/true'));
    return spawnSync('/usr/bin/systemd-analyze', [...args, file], { encoding: 'utf8' });
  };

  it('is accepted by systemd', { skip }, () => {
    const { status, stderr } = analyze(UNIT, 'verify');
    assert.equal(stderr, '');
    assert.equal(status, 0);
  });

  it('is reported by systemd if it has a mistake', { skip }, () => {
    const { stderr } = analyze(UNIT.replace('ProtectHome=yes', 'ProtectHome=maybe'), 'verify');
    assert.match(stderr, /rolebridge\.service:\d+: .*maybe/);
  });

  it('exposes little of the machine', { skip }, () => {
    const security = ['security', '--offline=true', `--threshold=${MOST_EXPOSURE}`];
    assert.equal(analyze(UNIT, ...security).status, 0);
    const weaker = UNIT.replace(/^(?:SystemCallFilter|CapabilityBoundingSet)=.*$/gm, '');
    assert.notEqual(analyze(weaker, ...security).status, 0);
  });

  it('writes only where the page puts database and keys, and loads its credential', () => {
    const page = readPage('deploy.md');
    assert.match(UNIT, /^StateDirectory=rolebridge$/m);
    assert.match(page, /sqlite: \/var\/lib\/rolebridge\//);
    const [, name, file] = /^LoadCredential=([\w-]+):(\S+)$/m.exec(UNIT)!;
    assert.ok(page.includes(`{ credential: ${name} }`));
    assert.ok(page.includes(`LoadCredential=${name}:${file}`));
    assert.ok(page.includes(`> ${file})`));
  });
});
