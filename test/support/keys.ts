/**
 * Signing keys for bridges of tests. Three new ones take longer than everything else about a
 * bridge.
 */
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSigningKeys } from '../../src/issuer/signing-keys.ts';

const CACHE = fileURLToPath(
  new URL('../../node_modules/.cache/rolebridge-test-keys', import.meta.url),
);
const FILES = ['saml.pem', 'web-identity.pem', 'service-provider.pem'];

/**
 * Puts signing keys into a directory that is not there yet: the same for every bridge of these
 * tests, of which each is a world of its own.
 */
export async function placeSigningKeys(directory: string): Promise<void> {
  mkdirSync(join(CACHE, '..'), { recursive: true });
  // Test files that run at the same time end up with the same ones.
  await openSigningKeys({ directory: CACHE, create: true, clock: { now: () => Date.now() } });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const name of FILES) {
    copyFileSync(join(CACHE, name), join(directory, name));
    chmodSync(join(directory, name), 0o600);
  }
}
