/**
 * Secrets at rest: files that are sealed under one key, which is in the system's keychain where
 * there is one, else in a file of mode 0600.
 *
 * Owns: the key, sealing and opening. A file that cannot be opened (half-written, altered, of
 * another key, moved from another place) counts as absent. Imports nothing but Node's own modules;
 * the keychain is loaded only when there is no key file.
 */
import { builtin } from './builtin.ts';
import { readIfThere, writePrivately } from './private-files.ts';

const { createCipheriv, createDecipheriv, randomBytes } = builtin('node:crypto');
const { basename, join } = builtin('node:path');

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** The shape of what is sealed; what has another number counts as absent. */
const VERSION = 1;

export interface VaultOptions {
  readonly directory: string;
  /** False when the person does not want the keychain. */
  readonly keychain: boolean;
  /** Told once, when a key file is made because there is no keychain. */
  readonly onKeyFile: (file: string, why: string) => void;
}

export interface Vault {
  /**
   * What is sealed in the file; undefined when there is none, or nothing that this vault has sealed
   * there.
   */
  read<T extends object>(file: string): Promise<T | undefined>;
  /** Throws what Node throws when the file or the key cannot be written. */
  write(file: string, value: object): Promise<void>;
  /**
   * Why the keychain could not be asked for the key, if that is so: over SSH, say, or without a
   * desktop.
   */
  keychainFault(): string | undefined;
}

const keyFile = (directory: string): string => join(directory, 'key');

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

function seal(key: Uint8Array, file: string, value: object): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(
    Buffer.from(basename(file)),
  );
  const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), nonce, text, cipher.getAuthTag()]);
}

export function openVault({ directory, keychain, onKeyFile }: VaultOptions): Vault {
  let known: Promise<Buffer | undefined> | undefined;
  let keychainFault: string | undefined;

  const findKey = async (): Promise<Buffer | undefined> => {
    const inFile = keyInFile(directory);
    if (inFile !== undefined || !keychain) return inFile;
    const { readFromKeychain } = await import('./keychain.ts');
    const found = await readFromKeychain(directory);
    if (found.kind === 'unusable') keychainFault = found.why;
    return found.kind === 'key' && found.key.length === KEY_BYTES ? found.key : undefined;
  };

  const makeKey = async (): Promise<Buffer> => {
    const key = randomBytes(KEY_BYTES);
    if (!keychain) {
      writePrivately(keyFile(directory), key);
      return key;
    }
    const { writeToKeychain } = await import('./keychain.ts');
    const written = await writeToKeychain(directory, key);
    if (written.kind === 'kept') return key;
    writePrivately(keyFile(directory), key);
    onKeyFile(keyFile(directory), written.why);
    return key;
  };

  return {
    keychainFault: () => keychainFault,
    read: async <T extends object>(file: string) => {
      const sealed = readIfThere(file);
      if (sealed === undefined) return undefined;
      known ??= findKey();
      const key = await known;
      return key && unseal<T>(key, file, sealed);
    },
    write: async (file, value) => {
      known ??= findKey();
      const found = await known;
      if (found === undefined) known = makeKey();
      writePrivately(file, seal(found ?? (await known)!, file, value));
    },
  };
}
