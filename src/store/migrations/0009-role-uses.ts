import type { Dialect } from './dialect.ts';

/**
 * Favourites and uses of roles, and what lists show of a session in a browser.
 *
 * `uses` is 0 for a favourite that was never used. Sessions that an earlier version opened have no
 * public id.
 */
export function roleUses({ bytes, instant, strict }: Dialect): string {
  return `
CREATE TABLE role_uses (
  person TEXT NOT NULL,
  account TEXT NOT NULL,
  role TEXT NOT NULL,
  uses INTEGER NOT NULL,
  used_at ${instant} NOT NULL,
  region TEXT,
  favourite_at ${instant},
  PRIMARY KEY (person, account, role)
)${strict};
CREATE INDEX role_uses_used_at ON role_uses (used_at) WHERE favourite_at IS NULL;

ALTER TABLE sessions ADD COLUMN public_id TEXT;
ALTER TABLE sessions ADD COLUMN sealed_summary ${bytes};
CREATE UNIQUE INDEX sessions_public_id ON sessions (public_id) WHERE public_id IS NOT NULL;
`;
}
