import type { Dialect } from './dialect.ts';

/** Sign-in attempts, sessions, one-time keys and the audit trail. */
export function firstTables({ bytes, instant, counter, strict, appendOnly }: Dialect): string {
  return `
CREATE TABLE sign_in_attempts (
  id_hash ${bytes} PRIMARY KEY,
  expires_at ${instant} NOT NULL,
  sealed ${bytes} NOT NULL
)${strict};
CREATE INDEX sign_in_attempts_expires_at ON sign_in_attempts (expires_at);

CREATE TABLE sessions (
  id_hash ${bytes} PRIMARY KEY,
  person TEXT NOT NULL,
  connector TEXT NOT NULL,
  created_at ${instant} NOT NULL,
  last_used_at ${instant} NOT NULL,
  expires_at ${instant} NOT NULL,
  sealed ${bytes} NOT NULL
)${strict};
CREATE INDEX sessions_expires_at ON sessions (expires_at);
CREATE INDEX sessions_person ON sessions (person);

CREATE TABLE one_time_keys (
  key_hash ${bytes} PRIMARY KEY,
  expires_at ${instant} NOT NULL
)${strict};
CREATE INDEX one_time_keys_expires_at ON one_time_keys (expires_at);

CREATE TABLE audit_events (
  id ${counter},
  at ${instant} NOT NULL,
  type TEXT NOT NULL,
  person TEXT,
  account TEXT,
  role TEXT,
  correlation_id TEXT NOT NULL,
  event TEXT NOT NULL
)${strict};
CREATE INDEX audit_events_at ON audit_events (at);
CREATE INDEX audit_events_person ON audit_events (person, at);
${appendOnly('audit_events')}
`;
}
