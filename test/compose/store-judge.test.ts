/** What `check` says of a store in a file, and what a bridge does with the same path. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { openJudges } from '../../src/compose/judges.ts';
import { checkConfiguration } from '../../src/config/load.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { type Directory, useDirectory } from '../support/directory.ts';

interface Row {
  /** Makes what is at the path, and gives the path. */
  readonly place: (directory: Directory) => string;
  readonly said: RegExp;
}

const SECRET = new Uint8Array(32);

async function opens(file: string): Promise<boolean> {
  const store = await openSqliteStore({ file, secret: SECRET }).catch(() => undefined);
  await store?.close();
  return store !== undefined;
}

function changed(file: string, sql: string): string {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
  return file;
}

const REJECTED: Readonly<Record<string, Row>> = {
  'a directory': {
    place: ({ file }) => {
      mkdirSync(file('data.db'));
      return file('data.db');
    },
    said: /data\.db is a directory\. Write the path of a file\.$/,
  },
  'a device': {
    place: ({ file }) => {
      symlinkSync('/dev/null', file('null.db'));
      return file('null.db');
    },
    said: /null\.db is not a regular file\. Write the path of a file\.$/,
  },
  'below a file': {
    place: ({ file }) => {
      writeFileSync(file('data'), '');
      return file('data', 'more', 'rolebridge.db');
    },
    said: /data is not a directory\. Write the path of a file\.$/,
  },
  'no database': {
    place: ({ file }) => {
      writeFileSync(file('text.db'), 'x'.repeat(5000));
      return file('text.db');
    },
    said: /damaged or is not a SQLite database\. Give the bridge a file of its own/,
  },
  'of another program': {
    place: ({ file }) => changed(file('other.db'), 'CREATE TABLE notes (text)'),
    said: /other\.db belongs to another program\. Give the bridge a file of its own/,
  },
};

describe('the file of the store', () => {
  const directory = useDirectory();

  async function checked(store: string) {
    const file = directory.file('rolebridge.yaml');
    const yaml = `baseUrl: https://aws.example.com
store: { sqlite: ${JSON.stringify(store)} }
connectors: [{ id: c, label: C, oidc: { issuer: https://idp.example.com, clientId: c, clientSecret: { env: ABSENT } } }]
accounts: [{ id: "111122223333", name: prod, trust: web-identity }]
access: [{ name: a, groups: [g], accounts: [prod], roles: [Admin] }]
`;
    writeFileSync(file, yaml, { mode: 0o644 });
    const judges = openJudges({ now: () => Date.now() });
    const { problems, warnings } = await checkConfiguration(file, { secrets: 'none', judges });
    const sentences = (all: typeof problems): string[] =>
      all
        .filter(({ path }) => path === 'store.sqlite')
        .map(({ line, message, fix }) => `${line} ${message} ${fix}`);
    return { problems: sentences(problems), warnings: sentences(warnings) };
  }

  for (const [title, { place, said }] of Object.entries(REJECTED))
    it(`that is ${title} is rejected, by the check and by the bridge`, async () => {
      const store = place(directory);
      const { problems, warnings } = await checked(store);
      assert.deepEqual(warnings, []);
      assert.equal(problems.length, 1);
      assert.match(problems[0]!, /^2 /);
      assert.match(problems[0]!, said);
      assert.equal(await opens(store), false);
    });

  it('that a newer version has used is rejected, by the check and by the bridge', async () => {
    const store = directory.file('newer.db');
    assert.equal(await opens(store), true);
    changed(store, "INSERT INTO rolebridge_migrations VALUES (999, 'x')");
    const { problems } = await checked(store);
    assert.match(problems.join(), /newer.* Run the newer version, or restore a backup/);
    assert.equal(await opens(store), false);
  });

  it('that cannot be written here is a warning: the server is another user', async () => {
    const store = directory.file('closed.db');
    assert.equal(await opens(store), true);
    chmodSync(store, 0o400);
    const { problems, warnings } = await checked(store);
    assert.deepEqual(problems, []);
    assert.match(warnings.join(), /closed\.db cannot be written\..* Give the user of the server/);
  });

  it('whose directory is missing is a warning, and the bridge makes the directory', async () => {
    const store = directory.file('missing', 'rolebridge.db');
    const { problems, warnings } = await checked(store);
    assert.deepEqual(problems, []);
    assert.match(warnings.join(), /missing does not exist here; the server creates it\. Correct/);
    assert.equal(await opens(store), true);
  });

  it('that is good, empty or not made yet is accepted without a word', async () => {
    writeFileSync(directory.file('empty.db'), '');
    assert.equal(await opens(directory.file('used.db')), true);
    const stores = ['absent.db', 'empty.db', 'used.db'].map(name => directory.file(name));
    for (const store of [...stores, ':memory:'])
      assert.deepEqual(await checked(store), { problems: [], warnings: [] }, store);
  });
});
