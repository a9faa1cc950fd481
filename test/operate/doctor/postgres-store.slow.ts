/** What doctor says of a store in a real PostgreSQL. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import pg from 'pg';
import type { StoreFacts } from '../../../src/core/host-facts.ts';
import { examineStore } from '../../../src/operate/doctor/host-store.ts';
import { openPostgresStore } from '../../../src/store/postgres.ts';
import { inspectPostgresStore } from '../../../src/store/postgres-inspection.ts';
import { postgresMissing, usePostgres } from '../../support/postgres.ts';

const SECRET = new Uint8Array(32).fill(7);

function idsOf(facts: StoreFacts): string[] {
  return [...examineStore(facts)].map(({ id }) => id);
}

describe('the store in PostgreSQL', { skip: postgresMissing() }, () => {
  const server = usePostgres();
  const run = async (sql: string, url = server.url): Promise<void> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  const urlOf = (database: string, user = 'rolebridge', password?: string): string => {
    const url = new URL(password === undefined ? server.url : server.urlFor(user, password));
    url.pathname = `/${database}`;
    return url.href;
  };
  /** A database of its own. */
  const made = async (name: string, options = ''): Promise<string> => {
    await run(`CREATE DATABASE ${name} ${options}`);
    return urlOf(name);
  };
  const opened = async (name: string): Promise<string> => {
    const url = await made(name);
    await (await openPostgresStore({ url, secret: SECRET })).close();
    return url;
  };
  before(() => run("CREATE ROLE reader LOGIN PASSWORD 'reader'"));

  it('has no fault when a bridge has made its tables', async () => {
    const facts = await inspectPostgresStore(await opened('good'));

    assert.deepEqual(idsOf(facts), []);
    assert.match(facts.server!.version, /^\d+/);
    assert.equal(facts.server!.isEncrypted, false);
  });

  it('is new before the first start, and stays as it is', async () => {
    const url = await made('empty');

    assert.deepEqual(idsOf(await inspectPostgresStore(url)), ['host.store-new']);
    assert.equal((await inspectPostgresStore(url)).exists, false);
  });

  it('is to be migrated', async () => {
    const url = await opened('older');
    await run('DELETE FROM rolebridge_migrations WHERE number >= 10', url);

    assert.deepEqual(idsOf(await inspectPostgresStore(url)), ['host.store-migrates']);
  });

  it('was used by a newer version', async () => {
    const url = await opened('newer');
    await run("INSERT INTO rolebridge_migrations VALUES (999, 'x')", url);

    assert.deepEqual(idsOf(await inspectPostgresStore(url)), ['host.store-newer']);
  });

  it('denies its user the right to write', async () => {
    await opened('guarded');
    await run('GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader', urlOf('guarded'));

    const facts = await inspectPostgresStore(urlOf('guarded', 'reader', 'reader'));

    assert.deepEqual(idsOf(facts), ['host.store-read-only']);
  });

  it('takes no writes', async () => {
    const url = await opened('frozen');
    await run('ALTER DATABASE frozen SET default_transaction_read_only = on');

    assert.deepEqual(idsOf(await inspectPostgresStore(url)), ['host.store-read-only']);
  });

  it('is not in UTF8', async () => {
    const url = await made('latin', "ENCODING 'LATIN1' TEMPLATE template0");

    assert.deepEqual(idsOf(await inspectPostgresStore(url)), ['host.store-foreign']);
  });

  for (const [title, urlFor] of [
    ['has another password', () => server.urlFor('rolebridge', 'a wrong password')],
    ['does not exist', () => urlOf('nowhere')],
    ['does not run', () => 'postgres://user:secret-password@127.0.0.1:1/x'],
  ] as const) {
    it(`${title}, and the message contains no password`, async () => {
      const facts = await inspectPostgresStore(urlFor());

      assert.deepEqual(idsOf(facts), ['host.store-unreachable']);
      assert.doesNotMatch(JSON.stringify(facts), /password@|secret-password|a wrong|a%20wrong/);
    });
  }
});
