import type { Dialect } from './dialect.ts';

/**
 * Events of callers who are not signed in, which are pruned, apart from the trail, which never is.
 * `after_id` is the newest id of audit_events at that moment: it gives events of one instant in
 * both tables their order.
 *
 * `write_probe` has one row, which is written again and again to find out whether the store takes
 * writes.
 */
export function strangerEvents({ instant, counter, strict, unchangeable }: Dialect): string {
  return `
CREATE TABLE stranger_events (
  id ${counter},
  after_id ${instant} NOT NULL,
  at ${instant} NOT NULL,
  type TEXT NOT NULL,
  address TEXT NOT NULL,
  correlation_id TEXT NOT NULL,
  event TEXT NOT NULL
)${strict};
CREATE INDEX stranger_events_at ON stranger_events (at);
${unchangeable('stranger_events')}

CREATE TABLE write_probe (
  id INTEGER PRIMARY KEY,
  padding TEXT NOT NULL
)${strict};
INSERT INTO write_probe (id, padding) VALUES (1, '');
`;
}
