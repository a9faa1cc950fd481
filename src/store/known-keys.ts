/**
 * Ids of the keys that bridges of this database have used. Plain rows: an id is public, and nothing
 * in them decides about access.
 */
import type { KeyUse, KnownKey } from '../core/known-keys.ts';
import type { KnownKeys } from '../core/ports.ts';
import type { Database, Row } from './database.ts';

/** A bridge that makes new keys at each start would fill the table. */
const MOST_READ = 1000;

export function createKnownKeys(database: Database): KnownKeys {
  return {
    all: async () => {
      const rows = await database.rows(
        `SELECT key_use, key_id, since, beside FROM known_keys
          ORDER BY number DESC LIMIT ${MOST_READ}`,
        [],
      );
      return rows.map(keyIn).toReversed();
    },
    note: async (keys, now) => {
      if (keys.length === 0) return [];
      const places = keys.map((_, at) => `($${at * 3 + 2}, $${at * 3 + 3}, $1, $${at * 3 + 4})`);
      const rows = await database.rows(
        `INSERT INTO known_keys (key_use, key_id, since, beside) VALUES ${places.join(', ')}
         ON CONFLICT (key_use, key_id) DO NOTHING RETURNING key_use, key_id, since, beside`,
        [now, ...keys.flatMap(({ use, id, beside }) => [use, id, beside ?? null])],
      );
      return rows.map(keyIn);
    },
    trailBegan: async () => {
      const [row] = await database.rows('SELECT at FROM audit_events ORDER BY id LIMIT 1', []);
      return row === undefined ? undefined : Number(row.at);
    },
  };
}

function keyIn({ key_use, key_id, since, beside }: Row): KnownKey {
  return {
    use: String(key_use) as KeyUse,
    id: String(key_id),
    since: Number(since),
    ...(beside !== null && { beside: String(beside) }),
  };
}
