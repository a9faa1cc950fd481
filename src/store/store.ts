/**
 * The store of the bridge in SQL statements that every database understands.
 *
 * Owns: the ports of `Store` (core/ports), the content of each column, what is sealed. Every
 * operation is one statement, so the database makes it atomic and no transaction stays open between
 * two awaits. Does not own: connections, locks, migrations and error texts (sqlite, postgres), nor
 * when a session ends.
 */

import type { Session } from '../core/browser-session.ts';
import type { PersonId } from '../core/identity.ts';
import type { OneTimeKeys, Sessions, Store } from '../core/ports.ts';
import type { AuditReader } from './audit-reader.ts';
import { createAuditTables } from './audit-tables.ts';
import { createCliSessions } from './cli-sessions.ts';
import { createContainerTokens } from './container-tokens.ts';
import { bytes, type Database } from './database.ts';
import { createElevations } from './elevations.ts';
import { createNotices } from './notices.ts';
import { boundTo, createOperatorEvents, createPeople, PERSON_COLUMNS } from './people.ts';
import { createProviderSessions } from './provider-sessions.ts';
import { pruneAll } from './pruning.ts';
import { createRecords } from './records.ts';
import { createRoleUses } from './role-uses.ts';
import { createSeal, hashOf, type Seal } from './sealing.ts';
import { createSignInAttempts } from './sign-in-attempts.ts';
import { createWorkloadBlocks } from './workload-blocks.ts';
import { createWorkloadTokens } from './workload-tokens.ts';
import { type WritesChanged, watchWrites } from './write-health.ts';

export interface StoreOptions {
  readonly secret: Uint8Array;
  readonly onChange?: WritesChanged | undefined;
}

/**
 * The store in an open database. `secret` seals its records (sealing.ts); rows sealed under another
 * secret count as absent. Throws `internal` if `secret` is not 32 bytes long.
 */
export function createStore(
  opened: Database,
  { secret, onChange }: StoreOptions,
): Store & AuditReader {
  const seal = createSeal(secret);
  const { database, look } = watchWrites({ database: opened, onChange });
  const { audit, readAudit, handOuts, ...strangers } = createAuditTables(database);
  let closed: Promise<void> | undefined;
  return {
    attempts: createSignInAttempts(database, seal),
    sessions: createSessions(database, seal),
    oneTimeKeys: createOneTimeKeys(database),
    cliSessions: createCliSessions(database, seal),
    providerSessions: createProviderSessions(database, seal),
    providerSignOuts: createRecords(database, seal, 'provider sign-out'),
    deviceGrants: createRecords(database, seal, 'device grant'),
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
    readAudit,
    prune: now => pruneAll(database, { now, strangers }),
    ping: look,
    close: () => {
      closed ??= database.close();
      return closed;
    },
  };
}

function createSessions(database: Database, seals: Seal): Sessions {
  return {
    create: session => createSession(database, seals, session),
    find: id => findSession(database, seals, id),
    touch: async (id, lastUsedAt) => {
      // Requests of one session overtake each other: the later time stays.
      await database.rows(
        'UPDATE sessions SET last_used_at = $2 WHERE id_hash = $1 AND last_used_at < $2',
        [hashOf(id), lastUsedAt],
      );
    },
    end: async id => {
      const [row] = await database.rows(
        'DELETE FROM sessions WHERE id_hash = $1 RETURNING sealed',
        [hashOf(id)],
      );
      if (row === undefined) return undefined;
      const ended = seals.unseal<StoredSession>('session', id, bytes(row.sealed));
      return { providerSession: ended?.providerSession };
    },
    endAllOf: person => endSessionsOf(database, person),
  };
}

type StoredSession = Omit<Session, 'id' | 'confirmedAt' | 'unconfirmed'>;

async function createSession(
  database: Database,
  { seal }: Seal,
  { id, confirmedAt: _, unconfirmed: __, ...session }: Session,
): Promise<void> {
  const { identity, createdAt, lastUsedAt, expiresAt, providerSession } = session;
  await database.rows(
    `INSERT INTO sessions (id_hash, person, connector, created_at, last_used_at, expires_at,
           sealed, provider_session)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      ...[hashOf(id), identity.person, identity.connector, createdAt, lastUsedAt, expiresAt],
      seal('session', id, session),
      providerSession === undefined ? null : hashOf(providerSession),
    ],
  );
}

async function findSession(
  database: Database,
  seals: Seal,
  id: string,
): Promise<Session | undefined> {
  const [row] = await database.rows(
    `SELECT sessions.last_used_at, sessions.sealed, ${PERSON_COLUMNS}
         FROM sessions JOIN people ON people.person = sessions.person WHERE id_hash = $1`,
    [hashOf(id)],
  );
  if (row === undefined) return undefined;
  const session = seals.unseal<StoredSession>('session', id, bytes(row.sealed));
  // Only the time of last use comes from a column, which anyone with write access could change.
  return session && boundTo(row, { id, ...session, lastUsedAt: Number(row.last_used_at) }, seals);
}

async function endSessionsOf(database: Database, person: PersonId): Promise<number> {
  // The generation also ends a session that a request in flight opens after this.
  await database.rows(
    'UPDATE people SET generation = generation + 1, revision = revision + 1 WHERE person = $1',
    [person],
  );
  const sql = 'DELETE FROM sessions WHERE person = $1 RETURNING id_hash';
  return (await database.rows(sql, [person])).length;
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
