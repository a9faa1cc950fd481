/**
 * The system's keychain: Keychain on macOS, the Credential Manager on Windows, the Secret Service
 * on Linux.
 *
 * `@napi-rs/keyring` is an optional dependency: where it is missing, does not load or does not
 * answer, there is no keychain.
 */

const SERVICE = 'rolebridge';
/** A keychain may wait for a user to unlock it, who might be away. */
const PATIENCE_MILLISECONDS = 10_000;

interface Entry {
  getPassword(signal?: AbortSignal | null): Promise<string | null | undefined>;
  setPassword(password: string, signal?: AbortSignal | null): Promise<void>;
}

type Found =
  | { readonly kind: 'key'; readonly key: Buffer }
  | { readonly kind: 'none' }
  | { readonly kind: 'unusable'; readonly why: string };
type Kept = { readonly kind: 'kept' } | { readonly kind: 'unusable'; readonly why: string };

/** The key that belongs to this directory. */
export async function readFromKeychain(directory: string): Promise<Found> {
  try {
    const text = await patiently((await entryOf(directory)).getPassword());
    return text ? { kind: 'key', key: Buffer.from(text, 'base64') } : { kind: 'none' };
  } catch (thrown) {
    return { kind: 'unusable', why: reasonOf(thrown) };
  }
}

export async function writeToKeychain(directory: string, key: Uint8Array): Promise<Kept> {
  try {
    const entry = await entryOf(directory);
    const text = Buffer.from(key).toString('base64');
    await patiently(entry.setPassword(text));
    // Some keychains accept a password and do not store it.
    return (await patiently(entry.getPassword())) === text
      ? { kind: 'kept' }
      : { kind: 'unusable', why: 'it did not store the key' };
  } catch (thrown) {
    return { kind: 'unusable', why: reasonOf(thrown) };
  }
}

async function entryOf(directory: string): Promise<Entry> {
  const { AsyncEntry } = await import('@napi-rs/keyring');
  // Without a Secret Service, the library would use the kernel's keyring, which is empty after a
  // restart.
  return new AsyncEntry(SERVICE, directory, { linux: { store: 'secret-service' } });
}

async function patiently<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it did not answer in time')), PATIENCE_MILLISECONDS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** One line; messages of keychains contain no secrets. */
function reasonOf(thrown: unknown): string {
  const { code, message } = thrown as { code?: unknown; message?: unknown };
  if (code === 'ERR_MODULE_NOT_FOUND') return 'the package @napi-rs/keyring is not installed';
  return String(message ?? thrown)
    .split('\n')[0]!
    .slice(0, 160);
}
