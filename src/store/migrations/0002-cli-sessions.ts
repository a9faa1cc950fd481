import type { Dialect } from './dialect.ts';

/** Sessions in terminals, and the grants and tokens that lead to them and end with them. */
export function cliSessions({ bytes, instant, strict }: Dialect): string {
  return `
CREATE TABLE cli_sessions (
  id_hash ${bytes} PRIMARY KEY,
  handle TEXT NOT NULL UNIQUE,
  person TEXT NOT NULL,
  created_at ${instant} NOT NULL,
  last_used_at ${instant},
  expires_at ${instant} NOT NULL,
  sealed ${bytes} NOT NULL,
  sealed_summary ${bytes} NOT NULL,
  sealed_last_use ${bytes}
)${strict};
CREATE INDEX cli_sessions_expires_at ON cli_sessions (expires_at);
CREATE INDEX cli_sessions_person ON cli_sessions (person);

CREATE TABLE cli_records (
  kind TEXT NOT NULL,
  id_hash ${bytes} NOT NULL,
  session_hash ${bytes} REFERENCES cli_sessions (id_hash) ON DELETE CASCADE,
  expires_at ${instant} NOT NULL,
  revision INTEGER NOT NULL,
  sealed ${bytes} NOT NULL,
  PRIMARY KEY (kind, id_hash)
)${strict};
CREATE INDEX cli_records_expires_at ON cli_records (expires_at);
CREATE INDEX cli_records_session ON cli_records (session_hash);
`;
}
