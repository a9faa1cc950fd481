import type { Dialect } from './dialect.ts';

/** Ids of the keys that bridges of this database have used, in the order of their appearance. */
export function knownKeys({ counter, instant, strict }: Dialect): string {
  return `
CREATE TABLE known_keys (
  number ${counter},
  key_use TEXT NOT NULL,
  key_id TEXT NOT NULL,
  since ${instant} NOT NULL,
  beside TEXT,
  UNIQUE (key_use, key_id)
)${strict};
`;
}
