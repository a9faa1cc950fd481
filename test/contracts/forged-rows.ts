/**
 * Rows that an attacker with the database can write who knows how the store keeps them; written
 * apart from the store's own code.
 */
import { createCipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import type { Session } from '../../src/core/browser-session.ts';
import type { CliStepUp } from '../../src/core/cli-session.ts';
import type { MetadataPlace } from '../../src/core/kept-metadata.ts';
import type { SignInAttempt } from '../../src/core/sign-in.ts';
import type { LastingDatabase } from './store-samples.ts';

interface Forgery {
  /** What the forger takes for the bridge's secret. */
  readonly secret: Uint8Array;
  readonly version: number;
}

export async function forgeSession(
  database: LastingDatabase,
  { id, ...session }: Session,
  forgery: Forgery,
): Promise<void> {
  await database.rows(
    `INSERT INTO sessions (id_hash, person, connector, created_at, last_used_at, expires_at, sealed)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      hashOf(id),
      session.identity.person,
      session.identity.connector,
      session.createdAt,
      session.lastUsedAt,
      session.expiresAt,
      sealed('session', id, { value: session, ...forgery }),
    ],
  );
}

/** A summary in the row of an existing session. */
export async function forgeSummary(
  database: LastingDatabase,
  publicId: string,
  { value, ...forgery }: Forgery & { readonly value: object },
): Promise<void> {
  await database.rows('UPDATE sessions SET sealed_summary = $1 WHERE public_id = $2', [
    sealed('session summary', publicId, { value, ...forgery }),
    publicId,
  ]);
}

export async function forgeAttempt(
  database: LastingDatabase,
  { id, ...attempt }: SignInAttempt,
  forgery: Forgery,
): Promise<void> {
  await database.rows(
    'INSERT INTO sign_in_attempts (id_hash, expires_at, sealed) VALUES ($1, $2, $3)',
    [hashOf(id), attempt.expiresAt, sealed('sign-in attempt', id, { value: attempt, ...forgery })],
  );
}

export async function forgeStepUp(
  database: LastingDatabase,
  publicId: string,
  { value, ...forgery }: Forgery & { readonly value: CliStepUp },
): Promise<void> {
  await database.rows('UPDATE cli_sessions SET sealed_step_up = $1 WHERE handle = $2', [
    sealed('cli session step-up', publicId, { value, ...forgery }),
    publicId,
  ]);
}

/** A row of `kept_metadata`. */
export function forgeKeptMetadata(
  { connector, location }: MetadataPlace,
  forgery: Forgery & { readonly value: object },
): Buffer {
  return sealed('kept metadata', JSON.stringify([connector, location]), forgery);
}

function hashOf(id: string): Buffer {
  return createHash('sha256').update(id).digest();
}

function sealed(
  kind: string,
  id: string,
  { value, secret, version }: Forgery & { readonly value: object },
): Buffer {
  const key = Buffer.from(
    hkdfSync('sha256', id, secret, `rolebridge store v${version} ${kind}`, 32),
  );
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.concat([Buffer.from(kind), Buffer.of(0), hashOf(id)]));
  return Buffer.concat([
    Buffer.of(version),
    nonce,
    cipher.update(JSON.stringify(value)),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
}
