/**
 * Sign-in attempts. Each is consumed once, by compare-and-swap; what stays of it for a while says
 * where it led, and can answer nothing.
 */
import type { SignInAttempts } from '../core/ports.ts';
import { ATTEMPT_MEMORY_SECONDS, type PastAttempt, type SignInAttempt } from '../core/sign-in.ts';
import type { Instant } from '../core/time.ts';
import { bytes, type Database } from './database.ts';
import { hashOf, type Seal } from './sealing.ts';

const KIND = 'sign-in attempt';

type Waiting = Omit<SignInAttempt, 'id'>;
/** Without what could verify an answer. It counts as expired also for an older version. */
type Ended = PastAttempt & Pick<SignInAttempt, 'createdAt'> & { readonly expiresAt: 0 };

interface Tables {
  readonly database: Database;
  readonly seals: Seal;
}

interface Stored {
  readonly attempt: Waiting | Ended;
  readonly sealed: Uint8Array;
}

export function createSignInAttempts(database: Database, seals: Seal): SignInAttempts {
  const tables: Tables = { database, seals };
  return {
    create: async ({ id, ...attempt }) => {
      await database.rows(
        'INSERT INTO sign_in_attempts (id_hash, expires_at, sealed) VALUES ($1, $2, $3)',
        [hashOf(id), rememberedUntil(attempt), seals.seal(KIND, id, attempt)],
      );
    },
    find: async (id, now) => waiting(id, await read(tables, id), now),
    consume: (id, now) => consume(tables, id, now),
    past: async (id, now) => past(await read(tables, id), now),
  };
}

async function read({ database, seals }: Tables, id: string): Promise<Stored | undefined> {
  const [row] = await database.rows('SELECT sealed FROM sign_in_attempts WHERE id_hash = $1', [
    hashOf(id),
  ]);
  if (row === undefined) return undefined;
  const sealed = bytes(row.sealed);
  const attempt = seals.unseal<Stored['attempt']>(KIND, id, sealed);
  return attempt && { attempt, sealed };
}

/** An expired attempt ends, too: it must not come back for a clock that is behind. */
async function consume(
  tables: Tables,
  id: string,
  now: Instant,
): Promise<SignInAttempt | undefined> {
  const { database, seals } = tables;
  const stored = await read(tables, id);
  if (stored === undefined || isEnded(stored.attempt)) return undefined;
  const attempt = waiting(id, stored, now);
  const ended = endedOf(stored.attempt, attempt === undefined ? 'expired' : 'answered');
  const changed = await database.rows(
    'UPDATE sign_in_attempts SET sealed = $2 WHERE id_hash = $1 AND sealed = $3 RETURNING id_hash',
    [hashOf(id), seals.seal(KIND, id, ended), stored.sealed],
  );
  return changed.length > 0 ? attempt : undefined;
}

function endedOf(attempt: Waiting, ended: Ended['ended']): Ended {
  const { connector, browser, returnTo, purpose, createdAt } = attempt;
  const page = purpose?.kind === 'step-up' ? { page: purpose.page } : {};
  return { connector, browser, returnTo, ...page, ended, createdAt, expiresAt: 0 };
}

/**
 * The sealed time decides. The column serves pruning only; anyone with write access could change
 * it.
 */
function waiting(id: string, stored: Stored | undefined, now: Instant): SignInAttempt | undefined {
  if (stored === undefined || isEnded(stored.attempt)) return undefined;
  return stored.attempt.expiresAt > now ? { id, ...stored.attempt } : undefined;
}

function past(stored: Stored | undefined, now: Instant): PastAttempt | undefined {
  if (stored === undefined || rememberedUntil(stored.attempt) <= now) return undefined;
  const { attempt } = stored;
  if (isEnded(attempt)) return attempt;
  return attempt.expiresAt > now ? undefined : endedOf(attempt, 'expired');
}

function isEnded(attempt: Stored['attempt']): attempt is Ended {
  return 'ended' in attempt;
}

function rememberedUntil({ createdAt }: Pick<SignInAttempt, 'createdAt'>): Instant {
  return createdAt + ATTEMPT_MEMORY_SECONDS * 1000;
}
