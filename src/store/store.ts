/**
 * The store of the bridge in SQL statements that every database understands.
 *
 * Owns: the ports of `Store` (core/ports), the content of each column, what is sealed. Every
 * operation is one statement, so the database makes it atomic and no transaction stays open between
 * two awaits. Does not own: connections, locks, migrations and error texts (sqlite, postgres), nor
 * when a session ends.
 */
import type { OneTimeKeys, Store } from '../core/ports.ts';
import type { AuditReader } from './audit-reader.ts';
import { createAuditTables } from './audit-tables.ts';
import { createSessions } from './browser-sessions.ts';
import { createCliSessions } from './cli-sessions.ts';
import { createContainerTokens } from './container-tokens.ts';
import type { Database, Housekeeping } from './database.ts';
import { createElevations } from './elevations.ts';
import { createKeptMetadata } from './kept-metadata.ts';
import { createKnownKeys } from './known-keys.ts';
import { createNotices } from './notices.ts';
import { PROCESS_TURNS } from './pace.ts';
import { createOperatorEvents, createPeople } from './people.ts';
import { createProviderSessions } from './provider-sessions.ts';
import { pruneAll } from './pruning.ts';
import { createRecords } from './records.ts';
import { createRoleUses } from './role-uses.ts';
import { createSeal, hashOf } from './sealing.ts';
import { createSignInAttempts } from './sign-in-attempts.ts';
import { createTrail } from './trail.ts';
import { createWorkloadBlocks } from './workload-blocks.ts';
import { createWorkloadTokens } from './workload-tokens.ts';
import { type WritesChanged, watchWrites } from './write-health.ts';

export interface StoreOptions {
  readonly secret: Uint8Array;
  readonly housekeeping: Housekeeping;
  readonly onChange?: WritesChanged | undefined;
}

/**
 * The store in an open database. `secret` seals its records (sealing.ts); rows sealed under another
 * secret count as absent. Throws `internal` if `secret` is not 32 bytes long.
 */
export function createStore(
  opened: Database,
  { secret, housekeeping, onChange }: StoreOptions,
): Store & AuditReader {
  const seal = createSeal(secret);
  const { database, look } = watchWrites({ database: opened, onChange });
  const { audit, readAudit, handOuts, ...strangers } = createAuditTables(database);
  const pruner = { database, housekeeping, turns: PROCESS_TURNS };
  let closed: Promise<void> | undefined;
  return {
    attempts: createSignInAttempts(database, seal),
    sessions: createSessions(database, seal),
    oneTimeKeys: createOneTimeKeys(database),
    cliSessions: createCliSessions(database, seal),
    providerSessions: createProviderSessions(database, seal),
    providerSignOuts: createRecords(database, seal, 'provider sign-out'),
    deviceGrants: createRecords(database, seal, 'device grant'),
    deviceAnswers: createRecords(database, seal, 'device answer'),
    authorizationCodes: createRecords(database, seal, 'authorization code'),
    refreshTokens: createRecords(database, seal, 'refresh token'),
    accessTokens: createRecords(database, seal, 'access token'),
    containerTokens: createContainerTokens(database, seal),
    people: createPeople(database, seal),
    elevations: createElevations(database, seal),
    notices: createNotices(database, seal),
    workloadTokens: createWorkloadTokens(database, seal),
    workloadBlocks: createWorkloadBlocks(database, seal),
    operatorEvents: createOperatorEvents(database),
    audit,
    handOuts,
    roleUses: createRoleUses(database),
    knownKeys: createKnownKeys(database),
    keptMetadata: createKeptMetadata(database, seal),
    trail: createTrail(pruner),
    readAudit,
    prune: (now, signal) => pruneAll(pruner, { now, strangers, signal }),
    ping: look,
    close: () => {
      closed ??= database.close();
      return closed;
    },
  };
}

function createOneTimeKeys(database: Database): OneTimeKeys {
  return {
    claim: async (key, expiresAt) => {
      const claimed = await database.rows(
        'INSERT INTO one_time_keys (key_hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING key_hash',
        [hashOf(key), expiresAt],
      );
      return claimed.length > 0;
    },
  };
}
