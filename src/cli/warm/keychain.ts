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
  deletePassword(signal?: AbortSignal | null): Promise<boolean>;
}

type Found =
  | { readonly kind: 'found'; readonly secret: string }
  | { readonly kind: 'none' }
  | Unusable;
type Unusable = { readonly kind: 'unusable'; readonly why: string };

/** The secret of this name: a directory of the client for its key. */
export async function readFromKeychain(name: string): Promise<Found> {
  try {
    const secret = await patiently((await entryOf(name)).getPassword());
    return secret ? { kind: 'found', secret } : { kind: 'none' };
  } catch (thrown) {
    return { kind: 'unusable', why: reasonOf(thrown) };
  }
}

export async function writeToKeychain(
  name: string,
  secret: string,
): Promise<{ readonly kind: 'kept' } | Unusable> {
  try {
    const entry = await entryOf(name);
    await patiently(entry.setPassword(secret));
    // Some keychains accept a password and do not store it.
    return (await patiently(entry.getPassword())) === secret
      ? { kind: 'kept' }
      : { kind: 'unusable', why: 'it did not store the secret' };
  } catch (thrown) {
    return { kind: 'unusable', why: reasonOf(thrown) };
  }
}

export async function removeFromKeychain(
  name: string,
): Promise<{ readonly kind: 'removed' | 'none' } | Unusable> {
  try {
    const isRemoved = await patiently((await entryOf(name)).deletePassword());
    return { kind: isRemoved ? 'removed' : 'none' };
  } catch (thrown) {
    return { kind: 'unusable', why: reasonOf(thrown) };
  }
}

async function entryOf(name: string): Promise<Entry> {
  const { AsyncEntry } = await import('@napi-rs/keyring');
  // Without a Secret Service, the library would use the kernel's keyring, which is empty after a
  // restart.
  return new AsyncEntry(SERVICE, name, { linux: { store: 'secret-service' } });
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
