/**
 * Where the client keeps things, and which server it talks to.
 *
 * Owns: `~/.config/rolebridge/` and the one settings file in it. Imports nothing but Node's own modules: it is on the way of every
 * `credential-process`.
 */
import { builtin } from './builtin.ts';
import { readIfThere } from './private-files.ts';

const { createHash } = builtin('node:crypto');
const { join } = builtin('node:path');

export interface Settings {
  /** The origin of the bridge. */
  readonly server?: string | undefined;
  /** PEM file with further certificate authorities. */
  readonly caFile?: string | undefined;
  /** False keeps the key in a file although there is a keychain. */
  readonly keychain?: boolean | undefined;
}

/** The settings file cannot be used; nothing is written over it. */
export class SettingsFault extends Error {
  override readonly name = 'SettingsFault';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** `ROLEBRIDGE_CONFIG_DIR`, else the place that the system has for settings (XDG base directories, APPDATA). */
export function configDirectory(env: Environment): string {
  if (env.ROLEBRIDGE_CONFIG_DIR) return env.ROLEBRIDGE_CONFIG_DIR;
  if (process.platform === 'win32' && env.APPDATA) return join(env.APPDATA, 'rolebridge');
  return join(env.XDG_CONFIG_HOME || join(env.HOME || builtin('node:os').homedir(), '.config'), 'rolebridge');
}

export const settingsFile = (directory: string): string => join(directory, 'config.json');

/** Throws SettingsFault with file and place. */
export function readSettings(directory: string): Settings {
  const file = settingsFile(directory);
  const content = readIfThere(file);
  if (content === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(content.toString('utf8'));
  } catch (thrown) {
    throw new SettingsFault(`${file} is not JSON: ${(thrown as Error).message}`, { cause: thrown });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SettingsFault(`${file} must hold one JSON object`);
  for (const [name, kind] of [
    ['server', 'string'],
    ['caFile', 'string'],
    ['keychain', 'boolean'],
  ] as const) {
    const found = (value as Record<string, unknown>)[name];
    if (found !== undefined && typeof found !== kind) throw new SettingsFault(`${file}: "${name}" must be a ${kind}`);
  }
  return value as Settings;
}

const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether a host means this machine, where http is as good as https. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK_HOST.test(hostname);
}

/** The origin of a server as people write it; undefined when it is no https origin (http on loopback). */
export function serverOrigin(text: string): string | undefined {
  const whole = /^https?:\/\//i.test(text) ? text : `https://${text}`;
  if (!URL.canParse(whole)) return undefined;
  const { origin, protocol, hostname, pathname, search, username } = new URL(whole);
  if (pathname !== '/' || search !== '' || username !== '') return undefined;
  return protocol === 'https:' || isLoopback(hostname) ? origin : undefined;
}

/** The name of a file for something that only its content should tell. */
export function hashedName(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);
}

/** The cached credentials of one role at one server, as it was typed. */
export function credentialsFile(directory: string, server: string, role: string): string {
  return join(directory, 'credentials', hashedName(server, role));
}
