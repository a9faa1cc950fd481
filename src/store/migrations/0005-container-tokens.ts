import type { Dialect } from './dialect.ts';

/**
 * Container tokens are listed by a handle, and have a place each in their session, of which there
 * are so many.
 */
export function containerTokens({ bytes, instant }: Dialect): string {
  return `
ALTER TABLE cli_records ADD COLUMN handle TEXT;
ALTER TABLE cli_records ADD COLUMN slot INTEGER;
ALTER TABLE cli_records ADD COLUMN last_used_at ${instant};
ALTER TABLE cli_records ADD COLUMN sealed_summary ${bytes};
ALTER TABLE cli_records ADD COLUMN sealed_last_use ${bytes};
CREATE UNIQUE INDEX cli_records_handle ON cli_records (handle) WHERE handle IS NOT NULL;
CREATE UNIQUE INDEX cli_records_slot ON cli_records (session_hash, slot) WHERE slot IS NOT NULL;
`;
}
