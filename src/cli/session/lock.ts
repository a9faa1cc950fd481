/**
 * A lock between processes of one user: a file that contains its owner.
 *
 * A lock whose owner has died, or has shown no sign of life for a while (another host on a shared
 * home), is broken. The process that breaks it takes a second lock, checks again and removes, so
 * that it does not remove the lock of a successor.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CliError, systemCode } from '../terminal/exit.ts';
import { readIfThere } from '../warm/private-files.ts';
import { isAlive, processSpace } from './process-space.ts';

const SIGN_OF_LIFE_MILLISECONDS = 2_000;
const STALE_MILLISECONDS = 15_000;

export interface LockOptions {
  /** After it, `local` is thrown and names the process that has the lock. */
  readonly patienceSeconds: number;
  /** What the lock protects, for messages: `the login of another process`. */
  readonly what: string;
  /** Called once, when another process has the lock. */
  readonly onWait?: (() => void) | undefined;
}

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly nonce: string;
}

/** A value that processes share by a file. */
export interface SharedValue<T> {
  /** The value, if it is good enough; undefined otherwise. */
  readonly held: () => T | undefined | Promise<T | undefined>;
  /** Obtains the value and keeps it. */
  readonly fetch: () => Promise<T>;
}

/**
 * What is held, otherwise what `fetch` gives: one process fetches, and the others wait for it.
 * Throws what both throw, and `local`.
 */
export async function heldOrFetched<T>(
  file: string,
  waiting: LockOptions,
  { held, fetch }: SharedValue<T>,
): Promise<T> {
  const found = await held();
  if (found !== undefined) return found;
  return withLock(file, waiting, async () => (await held()) ?? fetch());
}

/** Runs `work` while no other process holds the lock. Throws what `work` throws, and `local`. */
export async function withLock<T>(
  file: string,
  { patienceSeconds, what, onWait }: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const owner: Owner = {
    pid: process.pid,
    host: processSpace(),
    nonce: randomBytes(12).toString('hex'),
  };
  const deadline = Date.now() + patienceSeconds * 1000;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  for (let round = 0; !take(file, owner); round++) {
    breakIfStale(file);
    if (round === 1) onWait?.();
    if (Date.now() >= deadline) {
      const holder = ownerOf(file);
      throw new CliError(
        'local',
        `waited ${patienceSeconds} s for ${what}${holder === undefined ? '' : ` (process ${holder.pid})`}`,
        {
          lines: [`If that process hangs, end it, or remove ${file}.`],
        },
      );
    }
    await pause(20 + Math.random() * Math.min(80, 10 * round));
  }
  const signs = setInterval(() => showLife(file), SIGN_OF_LIFE_MILLISECONDS);
  signs.unref();
  try {
    return await work();
  } finally {
    clearInterval(signs);
    // Unless another process has broken it meanwhile and taken its own.
    if (ownerOf(file)?.nonce === owner.nonce) rmSync(file, { force: true });
  }
}

function take(file: string, owner: Owner): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'wx', 0o600);
  } catch (thrown) {
    const code = systemCode(thrown);
    // Windows gives EPERM while a removed file is still open.
    if (code === 'EEXIST' || (code === 'EPERM' && process.platform === 'win32')) return false;
    throw thrown;
  }
  try {
    writeSync(descriptor, JSON.stringify(owner));
  } finally {
    closeSync(descriptor);
  }
  return true;
}

function breakIfStale(file: string): void {
  if (!isStale(file)) return;
  const breaking = `${file}.break`;
  if (!take(breaking, { pid: process.pid, host: processSpace(), nonce: '' })) {
    if (isStale(breaking)) rmSync(breaking, { force: true });
    return;
  }
  try {
    if (isStale(file)) rmSync(file, { force: true });
  } finally {
    rmSync(breaking, { force: true });
  }
}

function isStale(file: string): boolean {
  const age = ageOf(file);
  if (age === undefined) return false;
  const owner = ownerOf(file);
  if (owner !== undefined && owner.host === processSpace() && !isAlive(owner.pid)) return true;
  return age > STALE_MILLISECONDS;
}

function ownerOf(file: string): Owner | undefined {
  try {
    const owner = JSON.parse(readIfThere(file)?.toString('utf8') ?? 'null') as Owner | null;
    return owner ?? undefined;
  } catch {
    // Gone, or its owner is just writing it.
    return undefined;
  }
}

/** Milliseconds since the last sign of life; a clock that was turned back counts as none. */
function ageOf(file: string): number | undefined {
  try {
    return Math.abs(Date.now() - statSync(file).mtimeMs);
  } catch {
    return undefined;
  }
}

function showLife(file: string): void {
  try {
    const now = new Date();
    utimesSync(file, now, now);
  } catch {
    // Broken by another process; the release notices.
  }
}
