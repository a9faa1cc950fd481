import type { Dialect } from './dialect.ts';

/**
 * People as their newest sign-in left them, the names that they had, and what operators did.
 *
 * Reading sessions joins a person's row by its key. Names are keyed hashes: found exactly, and not
 * read by who has the database.
 */
export function people({ bytes, instant, counter, strict }: Dialect): string {
  return `
CREATE TABLE people (
  person TEXT PRIMARY KEY,
  asserted_at ${instant} NOT NULL,
  signed_in_at ${instant} NOT NULL,
  revision INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  sealed ${bytes},
  blocked_at ${instant},
  sealed_block ${bytes}
)${strict};
CREATE INDEX people_blocked_at ON people (blocked_at) WHERE blocked_at IS NOT NULL;

CREATE TABLE people_names (
  name_hash ${bytes} NOT NULL,
  person TEXT NOT NULL,
  PRIMARY KEY (name_hash, person)
)${strict};

CREATE TABLE operator_events (
  id ${counter},
  event TEXT NOT NULL
)${strict};

CREATE INDEX cli_sessions_created_at ON cli_sessions (created_at DESC, handle);
`;
}
