import type { Dialect } from './dialect.ts';

/** The last good SAML metadata of each connector and location. */
export function keptMetadata({ bytes, instant, strict }: Dialect): string {
  return `
CREATE TABLE kept_metadata (
  id_hash ${bytes} PRIMARY KEY,
  expires_at ${instant} NOT NULL,
  sealed ${bytes} NOT NULL
)${strict};
CREATE INDEX kept_metadata_expires_at ON kept_metadata (expires_at);
`;
}
