import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openSnapshot } from '../../src/compose/compose.ts';
import { openProcess, type Process } from '../../src/compose/process.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { createLog } from '../../src/log.ts';
import { writeConfiguration } from '../main/server-process.ts';
import { placeSigningKeys } from '../support/keys.ts';

describe('snapshots of the configuration in one process', () => {
  let directory: string;
  let configuration: Configuration;
  let running: Process;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'rolebridge-compose-'));
    await placeSigningKeys(join(directory, 'keys'));
    configuration = await loadConfiguration(writeConfiguration({ directory, port: 3000 }), {
      env: {},
    });
    running = openProcess({ log: createLog({ level: 'fatal' }) });
  });
  afterEach(async () => {
    await running.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const inAnotherFile = (): Configuration => ({
    ...configuration,
    store: { kind: 'sqlite', file: join(directory, 'other.db') },
  });

  it('share a store whose configuration is the same, and the last one closes it', async () => {
    const first = await openSnapshot(running, configuration);
    const second = await openSnapshot(running, { ...configuration, access: [] });
    assert.equal(second.storage, first.storage);

    await first.close();
    await second.ping();
    await second.close();
    await assert.rejects(second.ping(), /is closed/);
  });

  it('each have a store when its configuration changes, and the old one closes its own', async () => {
    const first = await openSnapshot(running, configuration);
    const second = await openSnapshot(running, inAnotherFile());
    assert.notEqual(second.storage, first.storage);

    await first.ping();
    await first.close();
    await assert.rejects(first.ping(), /is closed/);
    await second.ping();
    await second.close();
  });

  it('have a store each when the sealing secret was replaced', async () => {
    const first = await openSnapshot(running, configuration);
    writeFileSync(
      join(directory, 'keys', 'sealing.key'),
      `${randomBytes(32).toString('base64url')}\n`,
      { mode: 0o600 },
    );

    const second = await openSnapshot(running, configuration);
    assert.notEqual(second.storage, first.storage);
    await Promise.all([first.close(), second.close()]);
  });

  it('have a store each when its file was moved away', async () => {
    const first = await openSnapshot(running, configuration);
    renameSync(join(directory, 'rolebridge.db'), join(directory, 'moved.db'));
    const second = await openSnapshot(running, configuration);
    assert.notEqual(second.storage, first.storage);
    await second.ping();
    await Promise.all([first.close(), second.close()]);
  });

  it('read the signing keys each', async () => {
    const keys = join(directory, 'keys');
    const first = await openSnapshot(running, configuration);
    renameSync(join(keys, 'web-identity.pem'), join(keys, 'web-identity.previous.pem'));
    copyFileSync(join(keys, 'saml.pem'), join(keys, 'web-identity.pem'));
    const second = await openSnapshot(running, configuration);

    const published = [first, second].map(({ metadata }) => metadata.jwks().keys.length);
    assert.deepEqual(published, [1, 2]);
    await Promise.all([first.close(), second.close()]);
  });

  it('leave nothing open when one cannot be opened', { skip: withoutProc() }, async () => {
    const first = await openSnapshot(running, configuration);
    const before = filesOpenIn(directory);
    const [oidc, saml] = inAnotherFile().connectors;
    const unusable = { ...saml!, clockSkewSeconds: 500 };

    await assert.rejects(
      openSnapshot(running, { ...inAnotherFile(), connectors: [oidc!, unusable] }),
      /clockSkewSeconds/,
    );

    assert.deepEqual(filesOpenIn(directory), before);
    await first.ping();
    await first.close();
    assert.deepEqual(filesOpenIn(directory), []);
  });
});

function withoutProc(): string | false {
  return process.platform === 'linux' ? false : 'only Linux lists open files in /proc';
}

function filesOpenIn(directory: string): string[] {
  return readdirSync('/proc/self/fd')
    .flatMap(descriptor => {
      try {
        return [readlinkSync(`/proc/self/fd/${descriptor}`)];
      } catch {
        return []; // The descriptor that listed the directory.
      }
    })
    .filter(file => file.startsWith(directory))
    .sort();
}
