/**
 * The directory of the client and the settings file in it.
 *
 * Owns: `~/.config/rolebridge/`, and the check that no other user can write to it.
 */
import {
  type BridgeSettings,
  hashedName,
  isBridgeName,
  knownBridges,
  serverOrigin,
} from './bridges.ts';
import { readIfThere } from './private-files.ts';

const { readdirSync, statSync } = process.getBuiltinModule('node:fs');
const { join, resolve } = process.getBuiltinModule('node:path');

export interface Settings extends BridgeSettings {
  /** PEM file with further certificate authorities. */
  readonly caFile?: string | undefined;
  /** False keeps the key in a file although a keychain is available. */
  readonly keychain?: boolean | undefined;
}

/** The settings file is unusable; it is not overwritten. */
export class SettingsFault extends Error {
  override readonly name = 'SettingsFault';
  /** What to do. */
  readonly lines: readonly string[];

  constructor(
    message: string,
    lines: readonly string[] = ['Fix the file or move it away. It was not changed.'],
    options?: { readonly cause: unknown },
  ) {
    super(message, options);
    this.lines = lines;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `ROLEBRIDGE_CONFIG_DIR`, else the system's directory for settings (XDG base directories,
 * APPDATA). A full path: commands of `exec` may run in another directory.
 */
export function configDirectory(env: Environment): string {
  if (env.ROLEBRIDGE_CONFIG_DIR) return resolve(env.ROLEBRIDGE_CONFIG_DIR);
  if (process.platform === 'win32' && env.APPDATA) return join(env.APPDATA, 'rolebridge');
  return resolve(
    env.XDG_CONFIG_HOME ||
      join(env.HOME || process.getBuiltinModule('node:os').homedir(), '.config'),
    'rolebridge',
  );
}

export const settingsFile = (directory: string): string => join(directory, 'config.json');

/** Throws SettingsFault, also for a directory in which other users can write. */
export function readSettings(directory: string): Settings {
  requireOwnDirectory(directory);
  const file = settingsFile(directory);
  const content = readIfThere(file);
  if (content === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(content.toString('utf8'));
  } catch (thrown) {
    throw new SettingsFault(`${file} is not valid JSON: ${(thrown as Error).message}`, undefined, {
      cause: thrown,
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SettingsFault(`${file} must contain one JSON object`);
  for (const [name, kind] of [
    ['server', 'string'],
    ['caFile', 'string'],
    ['keychain', 'boolean'],
  ] as const) {
    const found = (value as Record<string, unknown>)[name];
    if (found !== undefined && typeof found !== kind)
      throw new SettingsFault(`${file}: "${name}" must be a ${kind}`);
  }
  const settings = value as Settings;
  requireBridges(file, settings.bridges);
  return settings;
}

/**
 * A user who can write there chooses the bridge and the login, and the programs that AWS tools run
 * in `exec`.
 */
function requireOwnDirectory(directory: string): void {
  const self = process.getuid?.();
  const stats = statSync(directory, { throwIfNoEntry: false });
  if (self === undefined || stats === undefined) return;
  const fault = (what: string): SettingsFault =>
    new SettingsFault(`${directory} ${what}`, [
      'Fix its owner and mode (0700), or name a directory of your own in ROLEBRIDGE_CONFIG_DIR.',
    ]);
  // With sudo, it is the directory of the calling user.
  if (self !== 0 && stats.uid !== self && stats.uid !== 0) throw fault('belongs to another user');
  if ((stats.mode & 0o002) !== 0) throw fault('is writable by every user of this computer');
}

function requireBridges(file: string, bridges: unknown): void {
  if (bridges === undefined) return;
  const seen = new Set<string>();
  const isUsable = (entry: unknown): boolean => {
    const { server, name } = (entry ?? {}) as { server?: unknown; name?: unknown };
    if (typeof server !== 'string' || serverOrigin(server) !== server) return false;
    if (name !== undefined && !(typeof name === 'string' && isBridgeName(name))) return false;
    const isTwice = seen.has(server) || (name !== undefined && seen.has(name.toLowerCase()));
    seen.add(server);
    if (name !== undefined) seen.add(name.toLowerCase());
    return !isTwice;
  };
  if (!Array.isArray(bridges) || !bridges.every(isUsable)) {
    throw new SettingsFault(
      `${file}: "bridges" must be a list of { "server": "https://...", "name": "..." } with unique servers and names`,
    );
  }
}

/**
 * Whether a profile that names no bridge can mean only this one: no other bridge is known, and none
 * has left a trace from before bridges were listed or from before it was forgotten.
 */
export function isOnlyBridge(directory: string, settings: Settings, origin: string): boolean {
  if (knownBridges(settings).some(({ server }) => server !== origin)) return false;
  const own = hashedName(origin);
  return filesIn(directory).every(name => {
    const [, other] = TRACE.exec(name) ?? [];
    return other === undefined || other === own;
  });
}

/** A file with the last user of a bridge, or a mark that the bridge was forgotten. */
const TRACE = /^(?:person|forgotten)\.([\da-f]{32})$/;

function filesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    // Nothing was ever written there.
    return [];
  }
}
