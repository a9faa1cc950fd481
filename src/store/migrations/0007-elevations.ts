import type { Dialect } from './dialect.ts';

/**
 * Elevations with their events, who was told of them, and the hand-outs that they led to.
 *
 * `open_until` is the time until which something can come of an elevation; `phase` says what. The
 * index of both has all that a list sorts by: only rows that are shown are read. An event of an
 * elevation is in the trail once, also when several instances record it; hand-outs have no
 * `elevation_event`, and an index takes any number of these.
 */
export function elevations({ bytes, instant, strict }: Dialect): string {
  return `
CREATE TABLE elevations (
  id TEXT PRIMARY KEY,
  person TEXT NOT NULL,
  phase TEXT NOT NULL,
  requested_at ${instant} NOT NULL,
  open_until ${instant} NOT NULL,
  remind_at ${instant},
  events INTEGER NOT NULL,
  recorded INTEGER NOT NULL,
  changed_at ${instant} NOT NULL,
  revision INTEGER NOT NULL,
  sealed ${bytes} NOT NULL
)${strict};
CREATE INDEX elevations_person ON elevations (person, open_until);
CREATE INDEX elevations_open ON elevations (phase, open_until, requested_at, id);
CREATE INDEX elevations_changed ON elevations (changed_at);
CREATE INDEX elevations_unrecorded ON elevations (requested_at) WHERE recorded < events;
CREATE INDEX elevations_remind ON elevations (remind_at) WHERE remind_at IS NOT NULL;

CREATE TABLE notification_targets (
  target TEXT PRIMARY KEY,
  since ${instant} NOT NULL
)${strict};
CREATE TABLE notices (
  target TEXT NOT NULL,
  elevation TEXT NOT NULL REFERENCES elevations (id) ON DELETE CASCADE,
  told INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  due_at ${instant} NOT NULL,
  holder TEXT,
  lease_until ${instant} NOT NULL,
  PRIMARY KEY (target, elevation)
)${strict};
CREATE INDEX notices_elevation ON notices (elevation);

ALTER TABLE audit_events ADD COLUMN elevation TEXT;
ALTER TABLE audit_events ADD COLUMN elevation_event INTEGER;
CREATE UNIQUE INDEX audit_events_elevation ON audit_events (elevation, elevation_event)
  WHERE elevation IS NOT NULL;
`;
}
