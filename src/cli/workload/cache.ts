/**
 * Credentials of a workload on disk, sealed with the secret of the job, pod or instance.
 *
 * A build server runs jobs of different rights in one home directory, one after another. Without
 * the secret of the job that made it, a file is of no use to the next one, so there is no key file
 * and no keychain.
 */
import { hkdfSync } from 'node:crypto';
import { accessSync, constants, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { heldOrFetched } from '../session/lock.ts';
import { hashedName } from '../warm/bridges.ts';
import { type CachedCredentials, isUsable } from '../warm/cached-credentials.ts';
import { makeDirectory, readIfThere, writePrivately } from '../warm/private-files.ts';
import { KEY_BYTES, seal, unseal } from '../warm/sealed.ts';

const PATIENCE_SECONDS = 60;
/** No credentials are valid for longer. */
const LONGEST_MILLISECONDS = 12 * 60 * 60 * 1000;

export interface CachePlace {
  /** The directory of rolebridge. */
  readonly directory: string;
  readonly secret: string | undefined;
  /** What the credentials are for: the bridge, the audience and the role. */
  readonly names: readonly string[];
}

/**
 * Cached credentials with enough life left, otherwise those of `fetch`, which one process calls for
 * all. Where nothing can be kept, every call fetches.
 */
export async function cachedOr(
  { directory, secret, names }: CachePlace,
  fetch: () => Promise<CachedCredentials>,
): Promise<CachedCredentials> {
  const home = join(directory, 'workload');
  if (secret === undefined || !isWritable(home)) return fetch();
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'rolebridge workload cache', KEY_BYTES));
  const file = join(home, hashedName(key.toString('base64'), ...names));
  const waiting = {
    patienceSeconds: PATIENCE_SECONDS,
    what: 'another rolebridge process that requests the same credentials',
  };
  return heldOrFetched(`${file}.lock`, waiting, {
    held: () => usableIn(file, key),
    fetch: async () => {
      const fetched = await fetch();
      try {
        removeExpired(home);
        writePrivately(file, seal(key, file, fetched));
      } catch {
        // The disk is full, or another process removes the same files: these credentials are good.
      }
      return fetched;
    },
  });
}

function usableIn(file: string, key: Uint8Array): CachedCredentials | undefined {
  const sealed = readIfThere(file);
  const cached = sealed && unseal<CachedCredentials>(key, file, sealed);
  return cached !== undefined && isUsable(cached, undefined, Date.now()) ? cached : undefined;
}

/** The file system of a container or a function may be read-only. */
function isWritable(home: string): boolean {
  try {
    makeDirectory(home);
    accessSync(home, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Secrets of earlier jobs never come back, so their files would stay. */
function removeExpired(home: string): void {
  for (const name of readdirSync(home)) {
    const path = join(home, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats !== undefined && Date.now() - stats.mtimeMs > LONGEST_MILLISECONDS)
      rmSync(path, { force: true });
  }
}
