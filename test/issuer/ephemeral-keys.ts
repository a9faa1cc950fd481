import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/core/ports.ts';
import { openSigningKeys, type SigningKeys } from '../../src/issuer/signing-keys.ts';

/** Fresh keys that are on no disk when they are returned. */
export async function ephemeralKeys(clock: Clock): Promise<SigningKeys> {
  const directory = await mkdtemp(join(tmpdir(), 'rolebridge-keys-'));
  try {
    return await openSigningKeys({ directory, create: true, clock });
  } finally {
    await rm(directory, { recursive: true });
  }
}
