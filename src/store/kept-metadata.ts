/**
 * SAML metadata that could be read once. It decides who can sign in as anyone, so each row is
 * sealed under its connector and location: a row that another program wrote, or that belongs to
 * another place, counts as absent.
 */
import type { KeptDocument, MetadataPlace } from '../core/kept-metadata.ts';
import type { KeptMetadata } from '../core/ports.ts';
import { bytes, type Database } from './database.ts';
import type { Seal } from './sealing.ts';

const KIND = 'kept metadata';
/** The longest metadata that a connector accepts. */
const MOST_CHARACTERS = 2_000_000;

export function createKeptMetadata(
  database: Database,
  { seal, unseal, locate }: Seal,
): KeptMetadata {
  return {
    find: async (place, now) => {
      const id = idOf(place);
      const [row] = await database.rows('SELECT sealed FROM kept_metadata WHERE id_hash = $1', [
        locate(KIND, id),
      ]);
      const found = row && unseal<KeptDocument>(KIND, id, bytes(row.sealed));
      // The sealed time decides; the column serves pruning only.
      if (found !== undefined && found.usableUntil > now) return found;
      if (found !== undefined)
        await database.rows('DELETE FROM kept_metadata WHERE id_hash = $1 AND sealed = $2', [
          ...[locate(KIND, id), bytes(row!.sealed)],
        ]);
      return undefined;
    },
    keep: async (place, document) => {
      if (document.text.length > MOST_CHARACTERS) return;
      const id = idOf(place);
      await database.rows(
        `INSERT INTO kept_metadata (id_hash, expires_at, sealed) VALUES ($1, $2, $3)
         ON CONFLICT (id_hash) DO UPDATE SET
           expires_at = excluded.expires_at, sealed = excluded.sealed`,
        [locate(KIND, id), document.usableUntil, seal(KIND, id, document)],
      );
    },
  };
}

function idOf({ connector, location }: MetadataPlace): string {
  return JSON.stringify([connector, location]);
}
