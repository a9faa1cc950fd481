/**
 * Secrets at rest: files that are sealed under one key, which is in the system's keychain where
 * there is one, else in a file of mode 0600. A file that cannot be opened (half-written, altered,
 * of another key, moved from another path) counts as absent.
 */
import { readIfThere } from './private-files.ts';

const { createCipheriv, createDecipheriv, randomBytes } = process.getBuiltinModule('node:crypto');
const { basename, join } = process.getBuiltinModule('node:path');

export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** The shape of what is sealed; what has another number counts as absent. */
const VERSION = 1;

export const keyFile = (directory: string): string => join(directory, 'key');

/** The key, when it is in a file. */
export function keyInFile(directory: string): Buffer | undefined {
  const key = readIfThere(keyFile(directory));
  return key?.length === KEY_BYTES ? key : undefined;
}

/**
 * The value in sealed bytes; undefined when they were sealed under another key, for another file,
 * or altered.
 */
export function unseal<T extends object>(
  key: Uint8Array,
  file: string,
  sealed: Uint8Array,
): T | undefined {
  if (sealed.length < 1 + NONCE_BYTES + TAG_BYTES || sealed[0] !== VERSION) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    })
      .setAAD(Buffer.from(basename(file)))
      .setAuthTag(sealed.subarray(-TAG_BYTES));
    const text = Buffer.concat([
      decipher.update(sealed.subarray(1 + NONCE_BYTES, -TAG_BYTES)),
      decipher.final(),
    ]);
    return JSON.parse(text.toString('utf8')) as T;
  } catch {
    return undefined;
  }
}

/** The bytes of a file that `unseal` reads with the same key, under the same name. */
export function seal(key: Uint8Array, file: string, value: object): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(
    Buffer.from(basename(file)),
  );
  const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), nonce, text, cipher.getAuthTag()]);
}
