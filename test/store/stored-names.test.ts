import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { AccountId, RoleName } from '../../src/core/role.ts';
import { createSeal } from '../../src/store/sealing.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { cliSessionOf, IDENTITY, NOW } from '../contracts/store-samples.ts';

/** Databases of earlier versions contain these names, and instances of two versions share one. */
test('sealed sessions and container tokens keep the stored name of the public id: handle', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'stored-names-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const [file, secret] = [join(directory, 'bridge.sqlite'), randomBytes(32)];
  const store = await openSqliteStore({ file, secret });
  t.after(() => store.close());
  await store.people.know(IDENTITY, NOW);
  const session = cliSessionOf();
  await store.cliSessions.create(session);
  const only = { account: '111122223333' as AccountId, role: 'Admin' as RoleName };
  const record = {
    session: session.id,
    expiresAt: session.notAfter,
    only,
    publicId: 'a'.repeat(20),
  };
  const summary = {
    publicId: record.publicId,
    cliSession: session.summary.publicId,
    ...only,
    accountName: 'prod',
    address: '192.0.2.1',
    createdAt: NOW,
    expiresAt: session.notAfter,
  };
  assert.equal(await store.containerTokens.create('token', { record, summary }, 1), 'kept');

  const database = new DatabaseSync(file, { readOnly: true });
  t.after(() => database.close());
  const { unseal } = createSeal(secret);
  const sessionRow = database.prepare('SELECT * FROM cli_sessions').get()!;
  const tokenRow = database.prepare('SELECT * FROM cli_records').get()!;
  const named = (kind: Parameters<typeof unseal>[0], id: string, sealed: unknown) =>
    unseal<{ handle: string }>(kind, id, sealed as Uint8Array)?.handle;
  const { publicId } = session.summary;
  assert.equal(named('cli session', session.id, sessionRow.sealed), publicId);
  assert.equal(named('cli session summary', publicId, sessionRow.sealed_summary), publicId);
  assert.equal(named('container token', 'token', tokenRow.sealed), record.publicId);
  assert.equal(
    named('container token summary', record.publicId, tokenRow.sealed_summary),
    record.publicId,
  );
});
