/** A bridge that is started again or reloaded while the metadata of its SAML provider is away. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openSnapshot as begin, type Snapshot } from '../../src/compose/compose.ts';
import { openProcess, type Process } from '../../src/compose/process.ts';
import type { Configuration, SamlConnectorConfiguration } from '../../src/config/configuration.ts';
import { checkConfiguration, loadConfiguration } from '../../src/config/load.ts';
import type { ConnectorId } from '../../src/core/identity.ts';
import { createLog } from '../../src/log.ts';
import { forge } from '../connectors/saml-fixture.ts';
import { readPage } from '../docs/pages.ts';
import { writeConfiguration } from '../main/server-process.ts';
import { placeSigningKeys } from '../support/keys.ts';

/** A snapshot whose providers were asked. */
const openSnapshot: typeof begin = async (...parts) => {
  const snapshot = await begin(...parts);
  await snapshot.asked;
  return snapshot;
};

describe('the metadata of a SAML provider', () => {
  let directory: string;
  let configuration: Configuration;
  let running: Process;
  let lines: Record<string, unknown>[];
  const file = (): string => join(directory, 'idp.xml');
  const started = (): Process =>
    openProcess({
      log: createLog({
        level: 'info',
        destination: { write: (line: string) => void lines.push(JSON.parse(line)) },
      }),
    });

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'rolebridge-kept-'));
    await placeSigningKeys(join(directory, 'keys'));
    const path = writeConfiguration({ directory, port: 3000 });
    const loaded = await loadConfiguration(path, { env: {} });
    const saml = loaded.connectors.find(({ protocol }) => protocol === 'saml');
    const connector = { ...(saml as SamlConnectorConfiguration), metadata: { file: file() } };
    configuration = { ...loaded, connectors: [connector] };
    writeFileSync(file(), forge.metadata());
    lines = [];
    running = started();
  });
  afterEach(async () => {
    await running.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const withConnector = (changes: Partial<SamlConnectorConfiguration>): Configuration => ({
    ...configuration,
    connectors: [{ ...configuration.connectors[0], ...changes } as SamlConnectorConfiguration],
  });
  const stateIn = ({ signIn }: Snapshot) => signIn.connectors[0]!.availability().state;
  const messages = () => lines.map(({ msg }) => msg);

  it('is taken from the store by a reload, and by another process, with a warning', async () => {
    const first = await openSnapshot(running, configuration);
    rmSync(file());
    lines = [];
    const reloaded = await openSnapshot(running, configuration);
    assert.equal(stateIn(reloaded), 'ready');
    await Promise.all([first.close(), reloaded.close()]);
    await running.close();
    running = started();
    const again = await openSnapshot(running, configuration);
    assert.equal(stateIn(again), 'ready');
    await again.close();

    const warnings = lines.filter(({ level }) => level === 'warn');
    assert.deepEqual(
      warnings.map(({ msg }) => msg),
      Array(2).fill('the metadata cannot be read; the last good metadata is used'),
    );
    for (const { connector, readAt, cause } of warnings) {
      assert.equal(connector, configuration.connectors[0]!.id);
      assert.match(String(readAt), /^\d{4}-\d\d-\d\dT/);
      assert.match(String(cause), /ENOENT.*idp\.xml/);
    }
  });

  it('is not taken for another file, another address, another entity or another connector', async () => {
    await (await openSnapshot(running, configuration)).close();
    rmSync(file());
    for (const changes of [
      { metadata: { file: join(directory, 'other.xml') } },
      { metadata: { url: 'https://127.0.0.1:9/idp.xml' } },
      { metadata: { file: file(), entityId: 'https://other.example.test' } },
      { id: 'other' as ConnectorId },
    ]) {
      const other = await openSnapshot(running, withConnector(changes));
      assert.equal(stateIn(other), 'unavailable', JSON.stringify(changes));
      await other.close();
    }
    assert.ok(!messages().includes('the metadata cannot be read; the last good metadata is used'));
  });

  it('that someone has written into the database is not taken', async () => {
    await (await openSnapshot(running, configuration)).close();
    const database = new DatabaseSync(join(directory, 'rolebridge.db'));
    const [row] = database.prepare('SELECT sealed FROM kept_metadata').all();
    const sealed = Buffer.from(row!.sealed as Uint8Array);
    sealed[100]! ^= 1;
    database.prepare('UPDATE kept_metadata SET sealed = ?').run(sealed);
    database.close();
    rmSync(file());
    const again = await openSnapshot(running, configuration);
    assert.equal(stateIn(again), 'unavailable');
    await again.close();
  });

  it('is forgotten by the statement in the runbook', async () => {
    await (await openSnapshot(running, configuration)).close();
    const statements = [
      ...readPage('runbook.md').matchAll(/^ *(?:sqlite3|psql) .*'(DELETE .*)'$/gm),
    ];
    assert.equal(statements.length, 2);
    assert.equal(statements[0]![1], statements[1]![1], 'the same for both databases');
    const database = new DatabaseSync(join(directory, 'rolebridge.db'));
    database.exec(statements[0]![1]!);
    database.close();
    rmSync(file());
    await running.close();
    running = started();
    const again = await openSnapshot(running, configuration);
    assert.equal(stateIn(again), 'unavailable');
    await again.close();
  });

  it('is kept by no check of the configuration', async () => {
    const path = join(directory, 'rolebridge.yaml');
    await checkConfiguration(path, { secrets: 'all', env: {} });
    const snapshot = await openSnapshot(running, { ...configuration, connectors: [] });
    await snapshot.close();
    const database = new DatabaseSync(join(directory, 'rolebridge.db'));
    const rows = database.prepare('SELECT 1 FROM kept_metadata').all();
    database.close();
    assert.deepEqual(rows, []);
  });
});
