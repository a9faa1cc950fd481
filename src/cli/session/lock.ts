/**
 * One at a time, over all processes of this person on this machine: a lock file with its owner in
 * it.
 *
 * A lock whose owner has died, or has not shown a sign of life for a while (another host on a
 * shared home), is broken. Whoever breaks one holds a second lock while it looks again and removes,
 * so that nobody removes the lock of a successor.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CliError, systemCode } from '../terminal/exit.ts';
import { readIfThere } from '../warm/private-files.ts';
import { processSpace } from './process-space.ts';

const SIGN_OF_LIFE_MILLISECONDS = 2_000;
const STALE_MILLISECONDS = 15_000;

export interface LockOptions {
  /** Beyond it, `local` is thrown with the process that holds the lock. */
  readonly patienceSeconds: number;
  /** What is being waited for, in words: `the login of another process`. */
  readonly what: string;
  /** Told once, when there is something to wait for. */
  readonly onWait?: (() => void) | undefined;
}

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly nonce: string;
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
        `waited ${patienceSeconds} s for ${what}${holder === undefined ? '' : `, which process ${holder.pid} holds`}`,
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
    // Not if somebody has broken it meanwhile: it would be theirs.
    if (ownerOf(file)?.nonce === owner.nonce) rmSync(file, { force: true });
  }
}

function take(file: string, owner: Owner): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'wx', 0o600);
  } catch (thrown) {
    const code = systemCode(thrown);
    // Windows says EPERM while a removed file is still open somewhere.
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

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // EPERM: it lives, and is somebody else's.
    return systemCode(thrown) === 'EPERM';
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
