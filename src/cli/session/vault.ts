/**
 * The vault of this computer: reads and writes sealed files, and finds or makes their key.
 *
 * Owns: where the key is, in the keychain or in a file. The keychain is loaded only where there is
 * no key file.
 */
import { randomBytes } from 'node:crypto';
import { readFromKeychain, writeToKeychain } from '../warm/keychain.ts';
import { readIfThere, writePrivately } from '../warm/private-files.ts';
import { KEY_BYTES, keyFile, keyInFile, seal, unseal } from '../warm/sealed.ts';

export interface VaultOptions {
  readonly directory: string;
  /** False keeps the key in a file. */
  readonly keychain: boolean;
  /** Called once, when a key file is made because no keychain is available. */
  readonly onKeyFile: (file: string, why: string) => void;
}

export interface Vault {
  /** The value in a sealed file; undefined for no file, and for one that cannot be opened. */
  read<T extends object>(file: string): Promise<T | undefined>;
  /** Throws what Node throws when the file or the key cannot be written. */
  write(file: string, value: object): Promise<void>;
  /**
   * Why the keychain could not be asked for the key, if that is so: over SSH, say, or without a
   * desktop.
   */
  keychainFault(): string | undefined;
}

/** The key of a vault, looked for once. */
interface VaultKey {
  found?: Promise<Buffer | undefined>;
  keychainFault?: string;
}

export function openVault(options: VaultOptions): Vault {
  const key: VaultKey = {};
  return {
    keychainFault: () => key.keychainFault,
    read: async <T extends object>(file: string) => {
      const sealed = readIfThere(file);
      if (sealed === undefined) return undefined;
      const found = await existingKey(key, options);
      return found && unseal<T>(found, file, sealed);
    },
    write: async (file, value) => {
      let found = await existingKey(key, options);
      if (found === undefined) {
        key.found = makeKey(options);
        found = await key.found;
      }
      writePrivately(file, seal(found!, file, value));
    },
  };
}

function existingKey(key: VaultKey, options: VaultOptions): Promise<Buffer | undefined> {
  key.found ??= findKey(key, options);
  return key.found;
}

async function findKey(
  vaultKey: VaultKey,
  { directory, keychain }: VaultOptions,
): Promise<Buffer | undefined> {
  const inFile = keyInFile(directory);
  if (inFile !== undefined || !keychain) return inFile;
  const found = await readFromKeychain(directory);
  if (found.kind === 'unusable') vaultKey.keychainFault = found.why;
  if (found.kind !== 'found') return undefined;
  const key = Buffer.from(found.secret, 'base64');
  return key.length === KEY_BYTES ? key : undefined;
}

async function makeKey({ directory, keychain, onKeyFile }: VaultOptions): Promise<Buffer> {
  const key = randomBytes(KEY_BYTES);
  const written = keychain ? await writeToKeychain(directory, key.toString('base64')) : undefined;
  if (written?.kind === 'kept') return key;
  writePrivately(keyFile(directory), key);
  if (written !== undefined) onKeyFile(keyFile(directory), written.why);
  return key;
}
