import type { Dialect } from './dialect.ts';

/**
 * Archives of the audit trail, and who makes the next one.
 *
 * Each archive begins where the one before ends, and no two begin at one place. Rows of the trail
 * can be removed up to the end of the newest archive, and the triggers refuse every other removal.
 */
export function trailArchives({
  instant,
  counter,
  strict,
  appendOnly,
  removableUpTo,
}: Dialect): string {
  return `
CREATE TABLE audit_archives (
  id ${counter},
  after_id ${instant} NOT NULL UNIQUE,
  last_id ${instant} NOT NULL,
  events INTEGER NOT NULL,
  archived_at ${instant} NOT NULL,
  file TEXT NOT NULL,
  sha256 TEXT NOT NULL
)${strict};
${appendOnly('audit_archives')}

CREATE TABLE audit_archive_lease (
  id INTEGER PRIMARY KEY,
  holder TEXT NOT NULL,
  lease_until ${instant} NOT NULL
)${strict};
INSERT INTO audit_archive_lease (id, holder, lease_until) VALUES (1, '', 0);

${removableUpTo('audit_events', 'audit_archives')}
`;
}
