/** The client of one run: its settings, bridge, vault and terminal, opened once for the command. */
import { join } from 'node:path';
import { skewWarning } from '../server/clock-skew.ts';
import { openHttp } from '../server/http.ts';
import { openServer, type Server } from '../server/server.ts';
import { CliError } from '../terminal/exit.ts';
import type { Terminal } from '../terminal/terminal.ts';
import {
  type Bridge,
  type BridgeChoice,
  hashedName,
  knownBridges,
  type SelectedBridge,
  SelectionFault,
  selectBridge,
} from '../warm/bridges.ts';
import { type Home, openHome } from './home.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Client extends Home {
  readonly server: Server;
  readonly bridge: BridgeInUse;
  /** The path of a file that belongs to this bridge. */
  file(name: string): string;
  /** Whether a command may ask the user to sign in. */
  readonly mayLogIn: boolean;
}

export interface BridgeInUse {
  /** By options or environment; else it is the bridge of the last login. */
  readonly isChosen: boolean;
  /** The other bridges that this computer knows. */
  readonly others: readonly Bridge[];
  /** For messages: the address, with its name if it was given one. */
  readonly title: string;
  /** What selects this bridge in a command line: ` --server URL`; empty for the only bridge. */
  readonly selector: string;
  /** What signs in to this bridge: `rolebridge login --server URL`. */
  readonly loginCommand: string;
}

export interface ClientOptions {
  readonly env: Environment;
  readonly terminal: Terminal;
  readonly choice: BridgeChoice;
  /** Not `--no-login`. */
  readonly mayLogIn: boolean;
}

/** Throws `local` for unusable settings, `usage` where no bridge is selected. */
export function openClient({ env, terminal, choice, mayLogIn }: ClientOptions): Client {
  const home = openHome(env, terminal);
  const { directory, settings } = home;
  const selection = selected(() => selectBridge(choice, env, settings));
  const { origin } = selection;
  const bridge = bridgeInUse(knownBridges(settings), selection);
  return {
    ...home,
    bridge,
    mayLogIn,
    file: name => join(directory, `${name}.${hashedName(origin)}`),
    server: openServer({
      origin,
      selector: bridge.selector,
      http: openHttp({ server: origin, env, caFile: settings.caFile }),
      onSkew: offset => terminal.warn(skewWarning(offset, 'the server')),
    }),
  };
}

function bridgeInUse(known: readonly Bridge[], { origin, isChosen }: SelectedBridge): BridgeInUse {
  const others = known.filter(({ server }) => server !== origin);
  const named = known.find(({ server, isNamed }) => server === origin && isNamed);
  const option =
    named === undefined ? `--server ${quotedForShell(origin)}` : `--bridge ${named.name}`;
  const selector = isChosen || others.length > 0 ? ` ${option}` : '';
  return {
    isChosen,
    others,
    title: named === undefined ? origin : `${origin} (${named.name})`,
    selector,
    loginCommand: `rolebridge login${selector}`,
  };
}

/** Some shells read the brackets of an IPv6 address as a pattern. */
function quotedForShell(origin: string): string {
  return origin.includes('[') ? `'${origin}'` : origin;
}

/** Throws `usage` where no bridge is selected. */
function selected<T>(select: () => T): T {
  try {
    return select();
  } catch (thrown) {
    if (!(thrown instanceof SelectionFault)) throw thrown;
    throw new CliError('usage', thrown.message, { lines: thrown.lines, cause: thrown });
  }
}
