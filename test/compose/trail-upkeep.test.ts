import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { DAY } from '../../src/core/time.ts';
import { Visitor } from '../support/visitor.ts';
import { worldFor } from '../support/world.ts';

const RETENTION = 'audit: { retention: 30d, archive: { directory: archive } }\n';

describe('a bridge with a retention of its audit trail', () => {
  it('archives what users did, and goes on', async t => {
    const world = await worldFor(t, { configure: yaml => `${yaml}\n${RETENTION}` });
    await world.signIn('alice', 'saml');
    const before = (await world.audit()).toReversed();
    world.clock.turn(32 * DAY);

    await world.bridge.trailUpkeep.run();

    const directory = join(world.directory, 'archive');
    const [file] = readdirSync(directory).sort();
    const lines = gunzipSync(readFileSync(join(directory, file!)))
      .toString()
      .trimEnd()
      .split('\n');
    assert.deepEqual(
      lines.map(line => JSON.parse(line).msg as string),
      before.map(({ type }) => type),
    );
    const [archived] = await world.audit();
    assert.ok(archived?.type === 'events.archived');
    assert.deepEqual([archived.count, archived.file], [before.length, file]);
    assert.ok(!(await world.audit()).some(({ type }) => type === 'sign-in.succeeded'));
    assert.equal((await new Visitor().get(`${world.urls.bridge}/readyz`)).status, 200);
    await world.signIn('alice', 'saml');
  });

  it('tells a failure in the log, loses nothing, and stays ready', async t => {
    const configure = (yaml: string): string =>
      `${yaml}\n${RETENTION.replace('archive }', 'absent/archive }')}`;
    const world = await worldFor(t, { configure });
    await world.signIn('alice', 'saml');
    const before = await world.audit();
    world.clock.turn(32 * DAY);

    await world.bridge.trailUpkeep.run();

    assert.deepEqual(await world.audit(), before);
    assert.match(
      world.log.join('\n'),
      /"why":"[^"]*absent does not exist or cannot be written; make it/,
    );
    assert.match(world.log.join('\n'), /"msg":"audit events cannot be archived; none is removed"/);
    assert.equal((await new Visitor().get(`${world.urls.bridge}/readyz`)).status, 200);
  });

  it('archives nothing without a retention', async t => {
    const world = await worldFor(t);
    await world.signIn('alice', 'saml');
    const before = await world.audit();
    world.clock.turn(1000 * DAY);
    await world.bridge.trailUpkeep.run();
    assert.deepEqual(await world.audit(), before);
  });
});
