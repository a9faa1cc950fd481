/**
 * The fast path of `credential-process`: cached credentials with enough life left are printed at
 * once.
 *
 * AWS commands run it at every start, so warm/ is all that is loaded, and Node's modules come from
 * `process.getBuiltinModule`: an `import` of them makes a namespace of all their names, which costs
 * a tenth of a warm run (docs/adr/0015).
 */

import { type BridgeChoice, selectBridge } from './bridges.ts';
import { type CachedCredentials, credentialsFile, isUsable } from './cached-credentials.ts';
import { readIfThere } from './private-files.ts';
import { keyInFile, unseal } from './sealed.ts';
import { configDirectory, isOnlyBridge, readSettings } from './settings.ts';

/** What to print; undefined where the whole client is needed: no cache, or anything unusual. */
export async function warmCredentials(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const asked = roleAndBridge(args);
  if (asked === undefined) return undefined;
  try {
    const directory = configDirectory(env);
    const settings = readSettings(directory);
    const { origin } = selectBridge(asked.choice, env, settings);
    if (!isPinned(asked.choice) && !isOnlyBridge(directory, settings, origin)) return undefined;
    const file = credentialsFile(directory, origin, asked.role);
    const sealed = readIfThere(file);
    if (sealed === undefined) return undefined;
    const key = keyInFile(directory) ?? (await keyInKeychain(directory, settings.keychain, env));
    const cached = key && unseal<CachedCredentials>(key, file, sealed);
    return cached !== undefined && isUsable(cached, undefined, Date.now())
      ? cached.process
      : undefined;
  } catch {
    // The whole client meets the same fault and describes it.
    return undefined;
  }
}

/** Whether a profile names its bridge. */
export function isPinned({ server, bridge }: BridgeChoice): boolean {
  return server !== undefined || bridge !== undefined;
}

/** Undefined for arguments of another form than those that `configure` writes. */
function roleAndBridge([role, ...options]: readonly string[]):
  | { readonly role: string; readonly choice: BridgeChoice }
  | undefined {
  if (role === undefined || role.startsWith('-')) return undefined;
  const choice: { server?: string; bridge?: string } = {};
  for (let at = 0; at < options.length; at++) {
    const option = options[at];
    if (option === '--login') continue;
    const value = options[++at];
    if (value === undefined || value.startsWith('-')) return undefined;
    if (option === '--server' && choice.server === undefined) choice.server = value;
    else if (option === '--bridge' && choice.bridge === undefined) choice.bridge = value;
    else return undefined;
  }
  return { role, choice };
}

async function keyInKeychain(
  directory: string,
  setting: boolean | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Buffer | undefined> {
  if (setting === false || env.ROLEBRIDGE_KEYCHAIN === 'off') return undefined;
  const { readFromKeychain } = await import('./keychain.ts');
  const found = await readFromKeychain(directory);
  return found.kind === 'found' ? Buffer.from(found.secret, 'base64') : undefined;
}
