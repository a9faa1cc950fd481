import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
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

type Line = Readonly<Record<string, unknown>>;

describe('the keys of a bridge', () => {
  let directory: string;
  let keys: string;
  let configuration: Configuration;
  let processes: Process[];
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'rolebridge-known-keys-'));
    keys = join(directory, 'keys');
    await placeSigningKeys(keys);
    configuration = await loadConfiguration(writeConfiguration({ directory, port: 3000 }), {
      env: {},
    });
    processes = [];
  });
  afterEach(async () => {
    await Promise.all(processes.map(process => process.close()));
    rmSync(directory, { recursive: true, force: true });
  });

  /** Starts a bridge, ends it, and gives what its log says of keys. */
  const start = async (): Promise<readonly Line[]> => {
    const lines: Line[] = [];
    const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Line) };
    const process = openProcess({ log: createLog({ level: 'warn', destination }) });
    processes.push(process);
    const snapshot = await openSnapshot(process, configuration);
    await snapshot.close();
    return lines.filter(({ msg }) => /\bkeys?\b/.test(String(msg)));
  };

  it('are told as errors after the loss of the directory, and no longer when it is back', async () => {
    assert.deepEqual(await start(), []);
    renameSync(keys, join(directory, 'lost-keys'));
    const told = await start();

    assert.deepEqual(told.map(({ use }) => use).sort(), [
      ...['saml', 'sealing', 'service-provider', 'service-provider-encryption', 'web-identity'],
    ]);
    assert.ok(told.every(({ level }) => level === 'error'));
    const saml = told.find(({ use }) => use === 'saml')!;
    assert.equal(saml.msg, 'a new key is in the place of another one');
    assert.match(String(saml.why), /^AWS rejects every SAML assertion until/);
    assert.match(String(saml.fix), new RegExp(`^Restore ${keys} from its backup and restart`));
    assert.match(String(saml.fix), /upload \/saml\/idp\/metadata .* again\.$/);
    assert.equal((saml.before as readonly string[]).length, 1);
    assert.ok(!(saml.before as readonly unknown[]).includes(saml.key));

    renameSync(keys, join(directory, 'new-keys'));
    renameSync(join(directory, 'lost-keys'), keys);
    assert.deepEqual(await start(), []);
  });
});
