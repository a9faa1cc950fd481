/** `rolebridge-server doctor` as operators run it: output, JSON and exit codes. */
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { useWorld } from '../support/world.ts';
import { run } from './server-process.ts';

interface Printed {
  readonly findings: readonly {
    readonly section: string;
    readonly level: string;
    readonly id: string;
    readonly subject: string;
    readonly message: string;
  }[];
  readonly counts: Readonly<Record<string, number>>;
}

describe('doctor', () => {
  const world = useWorld();
  const file = (): string => join(world.directory, 'rolebridge.yaml');

  it('prints findings as JSON, and finds no fault of a bridge that runs', async () => {
    const { code, stdout } = await run('doctor', file(), '--json');
    const { findings, counts } = JSON.parse(stdout) as Printed;

    for (const { section, level, id, subject, message } of findings) {
      assert.equal(id.split('.')[0], section);
      assert.ok(level in counts);
      assert.ok(subject.length > 0 && message.length > 0);
    }
    const ofBridge = findings.filter(({ section }) => ['host', 'address'].includes(section));
    assert.ok(ofBridge.some(({ id }) => id === 'address.ok'));
    assert.deepEqual(
      ofBridge.filter(({ level }) => level === 'error'),
      [],
    );
    const levels = findings.map(({ level }) => level);
    for (const [level, count] of Object.entries(counts))
      assert.equal(levels.filter(one => one === level).length, count);
    assert.equal(code, (counts.error ?? 0) > 0 ? 1 : 0);
  });

  it('ends with 1 and names a lost key directory once', async t => {
    const keys = join(world.directory, 'keys');
    renameSync(keys, `${keys}.moved`);
    t.after(() => renameSync(`${keys}.moved`, keys));

    const { code, stdout, stderr } = await run('doctor', file());

    assert.equal(code, 1);
    assert.match(stdout, /^This host$/m);
    assert.equal(stdout.match(/^ {2}ERROR .*The key directory is missing/gm)?.length, 1);
    assert.match(stdout, /^ +-> Restore the directory from its backup/m);
    assert.match(stdout, /^\d+ errors?, \d+ warnings?, \d+ notes?, \d+ in order$/m);
    assert.doesNotMatch(`${stdout}${stderr}`, /\bat .*\.ts:\d+/);
  });

  for (const [option, text, says] of [
    ['--connector', 'nowhere', /no connector "nowhere"/],
    ['--account', 'stagings', /no account "stagings"; did you mean staging\?/],
    ['--role', 'Admins', /no rule gives a role "Admins"; did you mean Admin\?/],
  ] as const)
    it(`ends with 2 for ${option} ${text}, which the configuration does not contain`, async () => {
      const { code, stdout, stderr } = await run('doctor', file(), option, text);

      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, says);
    });

  it('ends with 78 for an invalid configuration', async () => {
    const broken = join(world.directory, 'broken.yaml');
    writeFileSync(broken, 'baseUrl: [', { mode: 0o600 });

    assert.equal((await run('doctor', broken)).code, 78);
  });
});
