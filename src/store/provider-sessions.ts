/**
 * Sessions at OpenID providers. Each is sealed under its id, a secret that only the sessions of its
 * user lead to; a provider that ends one finds it by a keyed hash of its `sid`.
 *
 * Owns: how one is found, changed by compare-and-swap, and ended together with the sessions that
 * came of it. Does not own: when it is refreshed (bridge/identity-refresh).
 */
import { BridgeError } from '../core/errors.ts';
import type { PersonId } from '../core/identity.ts';
import type { EndedAtProvider, ProviderSessions } from '../core/ports.ts';
import type { EndedOfPerson, EndedSessions, ProviderSession } from '../core/provider-session.ts';
import type { Instant } from '../core/time.ts';
import { endCliSessionsWhere } from './cli-sessions.ts';
import { bytes, type Database, type Row, type Value } from './database.ts';
import { hashOf, type Seal } from './sealing.ts';

/** Far more than the callers that race for one record; one succeeds each round. */
const MAX_ROUNDS = 1000;
const KIND = 'provider session';

interface Tables {
  readonly database: Database;
  readonly seals: Seal;
}

type SealedSession = Omit<ProviderSession, 'id'>;

export function createProviderSessions(database: Database, seals: Seal): ProviderSessions {
  const tables: Tables = { database, seals };
  return {
    create: session => create(tables, session),
    find: async (id, now) => (await read(tables, id, now))?.session,
    update: (id, now, transition) => update(tables, { id, now, transition }),
    end: id => end(tables, id),
    endAt: of => endAt(tables, of),
    release: (id, now) => release(tables, id, now),
    hasOther: (session, now) => hasOther(tables, session, now),
  };
}

async function create(
  { database, seals }: Tables,
  { id, ...session }: ProviderSession,
): Promise<void> {
  await database.rows(
    `INSERT INTO provider_sessions (id_hash, person, name_hash, expires_at, revision, sealed)
         VALUES ($1, $2, $3, $4, 0, $5)`,
    [
      ...[hashOf(id), session.person, nameOf(session, seals), session.expiresAt],
      seals.seal(KIND, id, session),
    ],
  );
}

/** By connector and issuer: a `sid` means nothing elsewhere. */
function nameOf(
  { connector, issuer, sid }: Pick<ProviderSession, 'connector' | 'issuer' | 'sid'>,
  { locate }: Seal,
): Uint8Array | null {
  return sid === undefined
    ? null
    : locate('provider session name', JSON.stringify([connector, issuer, sid]));
}

async function read(
  { database, seals }: Tables,
  id: string,
  now: Instant,
): Promise<{ readonly session: ProviderSession; readonly revision: number } | undefined> {
  const [row] = await database.rows(
    'SELECT revision, sealed FROM provider_sessions WHERE id_hash = $1',
    [hashOf(id)],
  );
  const sealed = row && seals.unseal<SealedSession>(KIND, id, bytes(row.sealed));
  // The sealed time decides; the column serves pruning only.
  return sealed !== undefined && sealed.expiresAt > now
    ? { session: { id, ...sealed }, revision: Number(row!.revision) }
    : undefined;
}

interface Change<T> {
  readonly id: string;
  readonly now: Instant;
  readonly transition: (session: ProviderSession) => {
    readonly next: ProviderSession;
    readonly value: T;
  };
}

async function update<T>(
  tables: Tables,
  { id, now, transition }: Change<T>,
): Promise<T | undefined> {
  const { database, seals } = tables;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const found = await read(tables, id, now);
    if (found === undefined) return undefined;
    const { next, value } = transition(found.session);
    if (next === found.session) return value;
    const { id: _, ...session } = next;
    const changed = await database.rows(
      `UPDATE provider_sessions SET sealed = $1, name_hash = $2, expires_at = $3,
             revision = revision + 1
           WHERE id_hash = $4 AND revision = $5 RETURNING revision`,
      [
        ...[seals.seal(KIND, id, session), nameOf(session, seals), session.expiresAt],
        ...[hashOf(id), found.revision],
      ],
    );
    if (changed.length > 0) return value;
  }
  throw new BridgeError('unavailable', 'too many callers change one provider session at once');
}

async function end(tables: Tables, id: string): Promise<EndedSessions> {
  const place = hashOf(id);
  // Browsers first: one that is still signed in could confirm another terminal.
  const browserSessions = await endBrowserSessions(tables, 'provider_session = $1', [place]);
  const cliSessions = await endCliSessionsWhere(tables, 'provider_session = $1', [place]);
  await tables.database.rows('DELETE FROM provider_sessions WHERE id_hash = $1', [place]);
  return { browserSessions: browserSessions.length, cliSessions };
}

async function endAt(tables: Tables, of: EndedAtProvider): Promise<readonly EndedOfPerson[]> {
  const [condition, values] = conditionOf(of, tables);
  const browserSessions = await endBrowserSessions(tables, condition, values);
  const cliSessions =
    of.terminals === 'end' ? await endCliSessionsWhere(tables, condition, values) : [];
  const people = new Set([...browserSessions, ...cliSessions.map(({ person }) => person)]);
  return [...people].map(person => ({
    person,
    browserSessions: browserSessions.filter(of => of === person).length,
    cliSessions: cliSessions.filter(summary => summary.person === person),
  }));
}

/** A provider that ends a session by its `sid` and names another user ends nothing. */
function conditionOf(
  { connector, issuer, sid, person }: EndedAtProvider,
  { seals }: Tables,
): readonly [condition: string, values: readonly Value[]] {
  const name = nameOf({ connector, issuer, sid }, seals);
  if (name === null) return ['person = $1', [person ?? '']];
  const named = 'provider_session IN (SELECT id_hash FROM provider_sessions WHERE name_hash = $1)';
  return person === undefined ? [named, [name]] : [`${named} AND person = $2`, [name, person]];
}

/** The user of each session that ended. */
async function endBrowserSessions(
  { database }: Tables,
  condition: string,
  values: readonly Value[],
): Promise<readonly PersonId[]> {
  const sql = `DELETE FROM sessions WHERE ${condition} RETURNING person`;
  return (await database.rows(sql, values)).map(({ person }) => person as PersonId);
}

async function release(
  { database, seals }: Tables,
  id: string,
  now: Instant,
): Promise<ProviderSession | undefined> {
  const row = await removeUnshared(database, hashOf(id), now);
  const sealed = row && seals.unseal<SealedSession>(KIND, id, bytes(row.sealed));
  return sealed && { id, ...sealed };
}

/** Removes the one with that hash of its id, if no session refers to it any longer. */
export async function removeUnshared(
  database: Database,
  place: Uint8Array,
  now: Instant,
): Promise<Row | undefined> {
  const [removed] = await database.rows(
    `DELETE FROM provider_sessions WHERE id_hash = $1
       AND NOT EXISTS (SELECT 1 FROM sessions WHERE provider_session = $1)
       AND NOT EXISTS (SELECT 1 FROM cli_sessions WHERE provider_session = $1 AND expires_at > $2)
     RETURNING sealed`,
    [place, now],
  );
  return removed;
}

async function hasOther(
  { database, seals }: Tables,
  session: ProviderSession,
  now: Instant,
): Promise<boolean> {
  const name = nameOf(session, seals);
  const [others, value] =
    name === null
      ? (['person = $2 AND provider_session IS NOT NULL', session.person] as const)
      : ([NAMED, name] as const);
  const isAnyIn = (table: string): string =>
    `EXISTS (SELECT 1 FROM ${table} WHERE ${others}
       AND provider_session <> $3 AND expires_at > $1)`;
  const found = await database.rows(
    `SELECT 1 AS found WHERE ${isAnyIn('sessions')} OR ${isAnyIn('cli_sessions')}`,
    [now, value, hashOf(session.id)],
  );
  return found.length > 0;
}

const NAMED = 'provider_session IN (SELECT id_hash FROM provider_sessions WHERE name_hash = $2)';
