/**
 * The floor of a request with a secret, as a process of its own: `node bare-express.ts ROUTE
 * DIRECTORY`. It hashes the secret and answers the same each time. A route that records also
 * inserts a row in a database of the directory, whose writes of one turn share a commit.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import express from 'express';
import { listenOnLoopback } from './loopback.ts';

export interface BareRoute {
  readonly path: string;
  /** The header with the secret. */
  readonly header: string;
  /** A string is a page; anything else is sent as JSON. */
  readonly answer: unknown;
  /** Inserted for each request; undefined for a route that records nothing. */
  readonly recorded?: string | undefined;
}

const { path, header, answer, recorded } = JSON.parse(process.argv[2]!) as BareRoute;
const database = new DatabaseSync(join(process.argv[3]!, 'bare.db'));
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
database.exec('CREATE TABLE events (id INTEGER PRIMARY KEY, at INTEGER, hash BLOB, event TEXT)');
const insert = database.prepare('INSERT INTO events (at, hash, event) VALUES (?, ?, ?)');
let waiting: { readonly row: readonly [number, Buffer, string]; readonly kept: () => void }[] = [];

function record(hash: Buffer, event: string): Promise<void> {
  return new Promise(kept => {
    waiting.push({ row: [Date.now(), hash, event], kept });
    if (waiting.length === 1) setImmediate(commit);
  });
}

function commit(): void {
  const writes = waiting;
  waiting = [];
  database.exec('BEGIN IMMEDIATE');
  for (const { row } of writes) insert.run(...row);
  database.exec('COMMIT');
  for (const { kept } of writes) kept();
}

const app = express();
app.get(path, async (request, response) => {
  const hash = createHash('sha256')
    .update(request.get(header) ?? '')
    .digest();
  if (recorded !== undefined) await record(hash, recorded);
  if (typeof answer === 'string') response.type('html').send(answer);
  else response.json(answer);
});
const { url } = await listenOnLoopback(app);
process.stdout.write(`${url}\n`);
