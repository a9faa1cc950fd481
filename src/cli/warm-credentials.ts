/**
 * The fast way of `credential-process`: what is in the cache and has enough life left is printed at once.
 *
 * An AWS command runs this at every start, so it loads nothing but Node's own modules, and of ours only what they need.
 */
import { type CachedCredentials, isUsable } from './cached-credentials.ts';
import { configDirectory, credentialsFile, readSettings, serverOrigin } from './places.ts';
import { readIfThere } from './private-files.ts';
import { keyInFile, unseal } from './vault.ts';

/** What to print; undefined when the whole client must look: nothing there, too old, or anything unusual. */
export async function warmCredentials(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const [role, ...options] = args;
  if (role === undefined || role.startsWith('-') || options.some(option => option !== '--login')) return undefined;
  try {
    const directory = configDirectory(env);
    const settings = readSettings(directory);
    const server = serverOrigin(env.ROLEBRIDGE_SERVER ?? settings.server ?? '');
    if (server === undefined) return undefined;
    const file = credentialsFile(directory, server, role);
    const sealed = readIfThere(file);
    if (sealed === undefined) return undefined;
    const key = keyInFile(directory) ?? (await keyInKeychain(directory, settings.keychain, env));
    const cached = key && unseal<CachedCredentials>(key, file, sealed);
    return cached !== undefined && isUsable(cached, undefined, Date.now()) ? cached.process : undefined;
  } catch {
    // The whole client meets the same fault, and has the words for it.
    return undefined;
  }
}

async function keyInKeychain(
  directory: string,
  setting: boolean | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Buffer | undefined> {
  if (setting === false || env.ROLEBRIDGE_KEYCHAIN === 'off') return undefined;
  const { readFromKeychain } = await import('./keychain.ts');
  const found = await readFromKeychain(directory);
  return found.kind === 'key' ? found.key : undefined;
}
