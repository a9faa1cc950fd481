import type { Dialect } from './dialect.ts';

/**
 * Sessions at OpenID providers, with the browser and CLI sessions that came of each, and step-ups
 * that wait for their CLI session.
 *
 * `name_hash` finds a session by the provider's `sid`; it is keyed, as names of users are.
 */
export function providerSessions({ bytes, instant, strict }: Dialect): string {
  return `
CREATE TABLE provider_sessions (
  id_hash ${bytes} PRIMARY KEY,
  person TEXT NOT NULL,
  name_hash ${bytes},
  expires_at ${instant} NOT NULL,
  revision INTEGER NOT NULL,
  sealed ${bytes} NOT NULL
)${strict};
CREATE INDEX provider_sessions_expires_at ON provider_sessions (expires_at);
CREATE INDEX provider_sessions_name ON provider_sessions (name_hash) WHERE name_hash IS NOT NULL;

ALTER TABLE sessions ADD COLUMN provider_session ${bytes};
CREATE INDEX sessions_provider_session ON sessions (provider_session)
  WHERE provider_session IS NOT NULL;

ALTER TABLE cli_sessions ADD COLUMN provider_session ${bytes};
ALTER TABLE cli_sessions ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cli_sessions ADD COLUMN sealed_step_up ${bytes};
CREATE INDEX cli_sessions_provider_session ON cli_sessions (provider_session)
  WHERE provider_session IS NOT NULL;
`;
}
