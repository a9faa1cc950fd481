/**
 * The bridges that this computer knows: their names, and which of them a command means
 * (docs/adr/0021).
 */
import { isLoopbackAddress } from '../../core/loopback.ts';

const { createHash } = process.getBuiltinModule('node:crypto');

type Environment = Readonly<Record<string, string | undefined>>;

/** What the settings file says of bridges. */
export interface BridgeSettings {
  /** The origin of the current bridge: that of the last `login`. */
  readonly server?: string | undefined;
  /** Written as soon as there are several bridges, or one that was given a name. */
  readonly bridges?:
    | readonly { readonly server: string; readonly name?: string | undefined }[]
    | undefined;
}

export interface Bridge {
  /** Unique on this computer, in any case of letters. */
  readonly name: string;
  /** Its origin. */
  readonly server: string;
  /** The user gave it the name (`login --as`); else it comes from the host. */
  readonly isNamed: boolean;
}

/** The bridges that were signed in to with these settings, in the order of their first logins. */
export function knownBridges({ server, bridges = [] }: BridgeSettings): readonly Bridge[] {
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
 * `https://aws.example.com:8443` becomes `aws-example-com-8443`. A dash of the host is doubled, and
 * a host of another form gets a hash: no two hosts share a name, so a name never passes to another
 * bridge when the first is renamed or forgotten.
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

/** Whether the name follows from the host alone; else it depends on other bridges and is stored. */
export function isNameOfHost({ name, server }: Bridge): boolean {
  return name === nameOfHost(server);
}

/** Letters, digits and dashes: it becomes a part of profile names, and a word of command lines. */
const BRIDGE_NAME = /^[A-Za-z\d](?:[A-Za-z\d-]{0,38}[A-Za-z\d])?$/;

export function isBridgeName(text: string): boolean {
  return BRIDGE_NAME.test(text);
}

/** How a bridge is selected: by options, or by environment variables. */
export interface BridgeChoice {
  /** `--server`, `ROLEBRIDGE_SERVER`: an address. */
  readonly server?: string | undefined;
  /** `--bridge`, `ROLEBRIDGE_BRIDGE`: a name. */
  readonly bridge?: string | undefined;
}

export interface SelectedBridge {
  readonly origin: string;
  /** By options or environment; else it is the current bridge. */
  readonly isChosen: boolean;
}

/** The command selects no bridge. */
export class SelectionFault extends Error {
  override readonly name = 'SelectionFault';
  readonly lines: readonly string[];

  constructor(message: string, lines: readonly string[]) {
    super(message);
    this.lines = lines;
  }
}

/** Options override the environment, which overrides the last login. Throws SelectionFault. */
export function selectBridge(
  options: BridgeChoice,
  env: Environment,
  settings: BridgeSettings,
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

function chosenOrigin(
  { server, bridge }: BridgeChoice,
  settings: BridgeSettings,
): string | undefined {
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
    'the server must be an https address without a path (http only on this computer)',
    ['For example: --server https://aws.example.com'],
  );
}

/** `lab (https://b.example), https://a.example` */
export function listOf(bridges: readonly Bridge[]): string {
  return bridges.map(({ name, server }) => `${name} (${server})`).join(', ');
}

/**
 * Whether a host is this computer, where http is as good as https. A name below `localhost` is not:
 * a DNS server may be asked for it.
 */
export function isThisComputer(hostname: string): boolean {
  return hostname === 'localhost' || isLoopbackAddress(hostname);
}

/** The origin of an address; undefined if it is no https origin (http only on this computer). */
export function serverOrigin(text: string): string | undefined {
  const whole = /^https?:\/\//i.test(text) ? text : `https://${text}`;
  if (!URL.canParse(whole)) return undefined;
  const { origin, protocol, hostname, pathname, search, username } = new URL(whole);
  if (pathname !== '/' || search !== '' || username !== '') return undefined;
  return protocol === 'https:' || isThisComputer(hostname) ? origin : undefined;
}

/** A file name that does not tell what it stands for. */
export function hashedName(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);
}
