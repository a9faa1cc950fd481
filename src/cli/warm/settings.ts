/**
 * Where the client keeps things, and which bridge it talks to.
 *
 * Owns: `~/.config/rolebridge/`, the one settings file in it, and how a bridge is selected
 * (docs/adr/0021).
 * Imports nothing but Node's own modules: it is on the way of every `credential-process`.
 */
import { builtin } from './builtin.ts';
import { readIfThere } from './private-files.ts';

const { createHash } = builtin('node:crypto');
const { readdirSync, statSync } = builtin('node:fs');
const { join, resolve } = builtin('node:path');

export interface Settings {
  /** The origin of the current bridge: that of the last `login`. */
  readonly server?: string | undefined;
  /** Written as soon as there are several bridges, or one that was given a name. */
  readonly bridges?:
    | readonly { readonly server: string; readonly name?: string | undefined }[]
    | undefined;
  /** PEM file with further certificate authorities. */
  readonly caFile?: string | undefined;
  /** False keeps the key in a file although there is a keychain. */
  readonly keychain?: boolean | undefined;
}

/** The settings file cannot be used; nothing is written over it. */
export class SettingsFault extends Error {
  override readonly name = 'SettingsFault';
  /** What to do. */
  readonly lines: readonly string[];

  constructor(
    message: string,
    lines: readonly string[] = ['Correct the file, or move it away. It was not changed.'],
    options?: { readonly cause: unknown },
  ) {
    super(message, options);
    this.lines = lines;
  }
}

/** No bridge, or no single one, is selected by what was written; the lines say what to do. */
export class SelectionFault extends Error {
  override readonly name = 'SelectionFault';
  readonly lines: readonly string[];

  constructor(message: string, lines: readonly string[]) {
    super(message);
    this.lines = lines;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `ROLEBRIDGE_CONFIG_DIR`, else the place that the system has for settings (XDG base directories,
 * APPDATA). A full path: commands of `exec` may run in another directory.
 */
export function configDirectory(env: Environment): string {
  if (env.ROLEBRIDGE_CONFIG_DIR) return resolve(env.ROLEBRIDGE_CONFIG_DIR);
  if (process.platform === 'win32' && env.APPDATA) return join(env.APPDATA, 'rolebridge');
  return resolve(
    env.XDG_CONFIG_HOME || join(env.HOME || builtin('node:os').homedir(), '.config'),
    'rolebridge',
  );
}

export const settingsFile = (directory: string): string => join(directory, 'config.json');

/** Throws SettingsFault with file and place, and for a directory in which others can write. */
export function readSettings(directory: string): Settings {
  requireOwnDirectory(directory);
  const file = settingsFile(directory);
  const content = readIfThere(file);
  if (content === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(content.toString('utf8'));
  } catch (thrown) {
    throw new SettingsFault(`${file} is not JSON: ${(thrown as Error).message}`, undefined, {
      cause: thrown,
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SettingsFault(`${file} must hold one JSON object`);
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
 * A user who can write there says which bridge is meant, whose login is used, and which programs
 * AWS tools run in `exec`.
 */
function requireOwnDirectory(directory: string): void {
  const self = process.getuid?.();
  const stats = statSync(directory, { throwIfNoEntry: false });
  if (self === undefined || stats === undefined) return;
  const fault = (what: string): SettingsFault =>
    new SettingsFault(`${directory} ${what}`, [
      'Name a directory of your own in ROLEBRIDGE_CONFIG_DIR, or correct its owner and mode (0700).',
    ]);
  // With sudo it is the directory of the user.
  if (self !== 0 && stats.uid !== self && stats.uid !== 0) throw fault('belongs to another user');
  if ((stats.mode & 0o002) !== 0) throw fault('can be written by every user of this computer');
}

/** Letters, digits and dashes: it becomes a part of profile names, and a word of command lines. */
const BRIDGE_NAME = /^[A-Za-z\d](?:[A-Za-z\d-]{0,38}[A-Za-z\d])?$/;

export function isBridgeName(text: string): boolean {
  return BRIDGE_NAME.test(text);
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
      `${file}: "bridges" must be a list of { "server": "https://...", "name": "..." }, without the same server or name twice`,
    );
  }
}

export interface Bridge {
  /** Unique on this computer, in any case of letters. */
  readonly name: string;
  /** Its origin. */
  readonly server: string;
  /** Somebody gave it the name (`login --as`); else it comes from the host. */
  readonly isNamed: boolean;
}

/** The bridges that were signed in to with these settings, in the order of their first logins. */
export function knownBridges({ server, bridges = [] }: Settings): readonly Bridge[] {
  const current = server === undefined ? undefined : serverOrigin(server);
  const isListed = current === undefined || bridges.some(one => one.server === current);
  const all = isListed ? bridges : [...bridges, { server: current, name: undefined }];
  const taken = new Set(
    all.flatMap(({ name }) => (name === undefined ? [] : [name.toLowerCase()])),
  );
  return all.map(({ server: origin, name }) => {
    if (name !== undefined) return { name, server: origin, isNamed: true };
    const plain = nameOfHost(origin);
    let free = plain;
    for (let number = 2; taken.has(free); number++) free = `${plain}-${number}`;
    taken.add(free);
    return { name: free, server: origin, isNamed: false };
  });
}

/**
 * `https://aws.example.com:8443` is `aws-example-com-8443`. A dash of the host is doubled, and a
 * host of another form has a hash behind it: no two hosts have the same name, so a name never
 * passes from one bridge to another when the first is renamed or forgotten.
 */
function nameOfHost(origin: string): string {
  const { host } = new URL(origin);
  const plain = host.replaceAll('-', '--').replaceAll(/[^a-z\d-]+/g, '-');
  const isUsual = /^[a-z\d]+(?:-+[a-z\d]+)*(?:\.[a-z\d]+(?:-+[a-z\d]+)*)*(?::\d+)?$/.test(host);
  if (isUsual && plain.length <= 36) return plain;
  return `${plain.slice(0, 27).replaceAll(/^-+|-+$/g, '')}-${hashedName(origin).slice(0, 8)}`.replace(
    /^-/,
    '',
  );
}

/**
 * Whether the name comes from the host alone; else it depends on the other bridges, and must be
 * kept.
 */
export function isNameOfHost({ name, server }: Bridge): boolean {
  return name === nameOfHost(server);
}

/** What says which bridge is meant: options of a command, or variables of the environment. */
export interface BridgeChoice {
  /** `--server`, `ROLEBRIDGE_SERVER`: an address. */
  readonly server?: string | undefined;
  /** `--bridge`, `ROLEBRIDGE_BRIDGE`: a name. */
  readonly bridge?: string | undefined;
}

export interface SelectedBridge {
  readonly origin: string;
  /** By options or environment; else it is the current one. */
  readonly isChosen: boolean;
}

/** Options win over the environment, and that over the last login. Throws SelectionFault. */
export function selectBridge(
  options: BridgeChoice,
  env: Environment,
  settings: Settings,
): SelectedBridge {
  const variables = {
    server: env.ROLEBRIDGE_SERVER || undefined,
    bridge: env.ROLEBRIDGE_BRIDGE || undefined,
  };
  const chosen = chosenOrigin(options, settings) ?? chosenOrigin(variables, settings);
  if (chosen !== undefined) return { origin: chosen, isChosen: true };
  const current = settings.server ?? knownBridges(settings)[0]?.server;
  if (current !== undefined && current !== '')
    return { origin: requiredOrigin(current), isChosen: false };
  throw new SelectionFault('no server configured', [
    'Run once: rolebridge login --server https://aws.example.com',
  ]);
}

function chosenOrigin({ server, bridge }: BridgeChoice, settings: Settings): string | undefined {
  const byAddress = server === undefined ? undefined : requiredOrigin(server);
  if (bridge === undefined) return byAddress;
  const known = knownBridges(settings);
  const named = known.find(({ name }) => name.toLowerCase() === bridge.toLowerCase());
  if (named === undefined) {
    throw new SelectionFault(`unknown bridge ${JSON.stringify(bridge)}`, [
      ...(known.length === 0 ? [] : [`Known bridges: ${listOf(known)}`]),
      'To give a bridge a name: rolebridge login --server URL --as NAME',
    ]);
  }
  if (byAddress !== undefined && byAddress !== named.server) {
    throw new SelectionFault(
      `the bridge ${named.name} is ${named.server}, but the server given is ${byAddress}`,
      ['Give either the name or the address.'],
    );
  }
  return named.server;
}

function requiredOrigin(written: string): string {
  const origin = serverOrigin(written);
  if (origin !== undefined) return origin;
  throw new SelectionFault(
    'the server must be an https address without a path (http on this computer alone)',
    ['For example: --server https://aws.example.com'],
  );
}

/** `lab (https://b.example), https://a.example` */
export function listOf(bridges: readonly Bridge[]): string {
  return bridges.map(({ name, server }) => `${name} (${server})`).join(', ');
}

/**
 * Whether what was written without naming a bridge can have meant this one alone: no other one is
 * known, and none has left a trace from before bridges were listed, or from before it was
 * forgotten.
 */
export function isOnlyBridge(directory: string, settings: Settings, origin: string): boolean {
  if (knownBridges(settings).some(({ server }) => server !== origin)) return false;
  const own = hashedName(origin);
  return filesIn(directory).every(name => {
    const [, other] = TRACE.exec(name) ?? [];
    return other === undefined || other === own;
  });
}

/** Who was signed in at a bridge, or that it was forgotten. */
const TRACE = /^(?:person|forgotten)\.([\da-f]{32})$/;

function filesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    // Nothing was ever written there.
    return [];
  }
}

const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether a host means this machine, where http is as good as https. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK_HOST.test(hostname);
}

/**
 * The origin of a server as people write it; undefined when it is no https origin (http on
 * loopback).
 */
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

/**
 * The cached credentials of one role at one bridge, as it was typed. The bridge's part of the name
 * is `credentialsOf`.
 */
export function credentialsFile(directory: string, server: string, role: string): string {
  return join(directory, 'credentials', `${credentialsOf(server)}${hashedName(server, role)}`);
}

/** With this begins the name of every file of credentials of one bridge. */
export function credentialsOf(server: string): string {
  return `${hashedName(server)}.`;
}
