/**
 * Keys for tests, generated once and kept below `node_modules/.cache`. RSA keys take longer to
 * generate than everything else about a world takes.
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSigningKeys } from '../../src/issuer/signing-keys.ts';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url));
const BRIDGE_KEYS = join(CACHE, 'rolebridge-test-keys');
const FILES = [
  'saml.pem',
  'web-identity.pem',
  'service-provider.pem',
  'service-provider-encryption.pem',
];
const RS256 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;

/** Puts signing keys into a directory that does not exist yet: the same for every bridge. */
export async function placeSigningKeys(directory: string): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  // Test files that run at the same time end up with the same keys.
  await openSigningKeys({ directory: BRIDGE_KEYS, create: true, clock: { now: () => Date.now() } });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const name of FILES) {
    copyFileSync(join(BRIDGE_KEYS, name), join(directory, name));
    chmodSync(join(directory, name), 0o600);
  }
}

/** An extractable RS256 key pair, the same for every identity provider of that protocol. */
export async function providerKeyPair(protocol: 'oidc' | 'saml'): Promise<CryptoKeyPair> {
  const file = join(CACHE, `rolebridge-test-${protocol}-provider.jwk`);
  if (!existsSync(file)) await generateProviderKey(file);
  const { key_ops: _, ...jwk } = JSON.parse(readFileSync(file, 'utf8')) as JsonWebKey;
  const { kty, n, e } = jwk;
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.importKey('jwk', jwk, RS256, true, ['sign']),
    crypto.subtle.importKey('jwk', { kty, n, e }, RS256, true, ['verify']),
  ]);
  return { privateKey, publicKey };
}

async function generateProviderKey(file: string): Promise<void> {
  const { privateKey } = await crypto.subtle.generateKey(
    { ...RS256, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
    true,
    ['sign', 'verify'],
  );
  mkdirSync(CACHE, { recursive: true });
  const draft = mkdtempSync(join(CACHE, 'rolebridge-test-draft-'));
  const written = join(draft, 'key.jwk');
  writeFileSync(written, JSON.stringify(await crypto.subtle.exportKey('jwk', privateKey)));
  renameSync(written, file);
  rmSync(draft, { recursive: true });
}
