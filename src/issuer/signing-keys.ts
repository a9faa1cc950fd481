/**
 * The bridge's own keys: one PEM file a key, in one directory (threats A1, R34).
 *
 * Owns: reading, checking and (when allowed) creating them, and their rotation by file name. Does not own: what is signed.
 * For each use there is `<use>.pem`, which signs, and there may be `<use>.next.pem` and `<use>.previous.pem`, which are
 * published and sign nothing: a key must be known to AWS before it signs, and for as long as what it signed may be shown.
 */
import { createPrivateKey, createPublicKey, type KeyObject, randomUUID, X509Certificate } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose';
import { BridgeError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';
import { createKeyAndCertificate } from './certificate.ts';

export interface SigningKey {
  /** RFC 7638 thumbprint (SHA-256). */
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: JWK;
  readonly certificatePem: string;
  readonly certificateEndsAt: Instant;
  /** PKCS #8, for libraries that take text. A function, so that no log prints it by accident. */
  privateKeyPem(): string;
}

interface KeyRing {
  /** The one that signs. */
  readonly active: SigningKey;
  /** What others are told: the active key, then the next, then the previous one. */
  readonly published: readonly SigningKey[];
}

/** One ring a use; no key serves two. */
export interface SigningKeys {
  /** Signs the SAML assertions that AWS gets. */
  readonly saml: KeyRing;
  /** Signs the web identity tokens that AWS gets. */
  readonly webIdentity: KeyRing;
  /** Signs our AuthnRequests toward corporate identity providers. */
  readonly serviceProvider: KeyRing;
}

export interface SigningKeysOptions {
  readonly directory: string;
  /** Whether a use that has no key at all gets a new one. */
  readonly create: boolean;
  readonly clock: Clock;
}

const MAX_FILE_BYTES = 64 * 1024;
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 4096;

/**
 * Reads the keys, and creates those that are missing when `create` is set. Two processes that start at once end up with
 * the same keys. Throws `unavailable` with the file's name and the fix when a key is missing, readable by others or damaged.
 */
export async function openSigningKeys(options: SigningKeysOptions): Promise<SigningKeys> {
  if (options.create) await mkdir(options.directory, { recursive: true, mode: 0o700 });
  await checkDirectory(options.directory);
  const [saml, webIdentity, serviceProvider] = await Promise.all(
    ['saml', 'web-identity', 'service-provider'].map(use => openRing(use, options)),
  );
  return { saml: saml!, webIdentity: webIdentity!, serviceProvider: serviceProvider! };
}

async function checkDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch((cause: unknown) => {
    throw refused(`${directory}: cannot be opened; create it (mode 0700), or allow the bridge to create its keys`, cause);
  });
  if (!found.isDirectory()) throw refused(`${directory}: is not a directory`);
  if (openToOthers(found.mode, 0o022)) throw refused(`${directory}: others may write to it; run: chmod 700 ${directory}`);
}

async function openRing(use: string, { directory, create, clock }: SigningKeysOptions): Promise<KeyRing> {
  const file = join(directory, `${use}.pem`);
  const [next, previous] = await Promise.all([
    readKey(join(directory, `${use}.next.pem`)),
    readKey(join(directory, `${use}.previous.pem`)),
  ]);
  let active = await readKey(file);
  if (active === undefined) {
    // In the middle of a rotation by hand the active file is gone for a moment; a new key here would be one that AWS does not know.
    const halfway = next ?? previous;
    if (halfway !== undefined) throw refused(`${file}: is missing, while keys to rotate to or from are there; finish the rotation`);
    if (!create) throw refused(`${file}: is missing; put the key there, or allow the bridge to create its keys`);
    await createKey(file, clock.now());
    active = await readKey(file);
  }
  if (active === undefined) throw refused(`${file}: vanished while the bridge started`);
  return { active, published: [active, next, previous].filter(key => key !== undefined) };
}

/** The key in the file; undefined when there is no such file. */
async function readKey(file: string): Promise<SigningKey | undefined> {
  const text = await readSecretFile(file);
  if (text === undefined) return undefined;
  try {
    const privateKey = createPrivateKey(block(text, /PRIVATE KEY/));
    const certificate = new X509Certificate(block(text, /CERTIFICATE/));
    const bits = privateKey.asymmetricKeyType === 'rsa' ? (privateKey.asymmetricKeyDetails?.modulusLength ?? 0) : 0;
    if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
      throw refused(`${file}: the key must be RSA of ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits`);
    }
    if (!certificate.checkPrivateKey(privateKey)) throw refused(`${file}: the certificate belongs to another key`);
    const publicJwk = await exportJWK(createPublicKey(privateKey));
    return {
      kid: await calculateJwkThumbprint(publicJwk),
      privateKey,
      publicJwk,
      certificatePem: certificate.toString(),
      certificateEndsAt: certificate.validToDate.getTime(),
      privateKeyPem: () => privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    };
  } catch (error) {
    // The cause is left out: what the parser says of a damaged key may hold parts of it.
    if (error instanceof BridgeError) throw error;
    throw refused(`${file}: must hold one unencrypted private key and one certificate, both as PEM`);
  }
}

function block(text: string, label: RegExp): string {
  const blocks = text.match(new RegExp(`-----BEGIN [A-Z ]*${label.source}-----[^-]+-----END [A-Z ]*${label.source}-----`, 'g')) ?? [];
  if (blocks.length !== 1) throw new Error('not exactly one such block');
  return blocks[0]!;
}

async function readSecretFile(file: string): Promise<string | undefined> {
  const handle = await open(file, 'r').catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw refused(`${file}: cannot be read (${codeOf(cause)})`, cause);
  });
  if (handle === undefined) return undefined;
  try {
    const found = await handle.stat();
    const { mode, size } = found;
    if (!found.isFile()) throw refused(`${file}: is not a file`);
    if (openToOthers(mode, 0o077)) throw refused(`${file}: others may read this private key; run: chmod 600 ${file}`);
    if (size > MAX_FILE_BYTES) throw refused(`${file}: is larger than ${MAX_FILE_BYTES} bytes, which no key is`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** Windows knows no such modes; there the directory's access list is the operator's work. */
function openToOthers(mode: number, bits: number): boolean {
  return process.platform !== 'win32' && (mode & bits) !== 0;
}

/** Whole or not at all: written under another name, then linked, which fails when somebody else was first. */
async function createKey(file: string, now: Instant): Promise<void> {
  const { privateKeyPem, certificatePem } = await createKeyAndCertificate(now);
  const draft = `${file}.${randomUUID()}.draft`;
  try {
    const handle = await open(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      await handle.writeFile(privateKeyPem + certificatePem);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(draft, file).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
  } catch (cause) {
    throw refused(`${file}: cannot be created (${codeOf(cause)}); make the directory writable for the bridge, or put the key there`, cause);
  } finally {
    await unlink(draft).catch(() => undefined); // absent when it could not be written
  }
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code ?? 'unknown error');
}

function refused(message: string, cause?: unknown): BridgeError {
  return new BridgeError('unavailable', `signing key: ${message}`, { cause });
}
