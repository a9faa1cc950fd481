/** The client of one run: its settings, bridge, vault and terminal, opened once for the command. */
import { join } from 'node:path';
import { openHttp } from '../server/http.ts';
import { describeSkew, openServer, type Server } from '../server/server.ts';
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
import { configDirectory, readSettings, type Settings, SettingsFault } from '../warm/settings.ts';
import { openVault, type Vault } from './vault.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Client {
  readonly env: Environment;
  readonly directory: string;
  readonly settings: Settings;
  readonly terminal: Terminal;
  readonly vault: Vault;
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
  const directory = configDirectory(env);
  const settings = settingsIn(directory);
  const selection = selected(() => selectBridge(choice, env, settings));
  const { origin } = selection;
  const bridge = bridgeInUse(knownBridges(settings), selection);
  return {
    env,
    directory,
    settings,
    terminal,
    bridge,
    mayLogIn,
    file: name => join(directory, `${name}.${hashedName(origin)}`),
    vault: openVault({
      directory,
      keychain: settings.keychain !== false && env.ROLEBRIDGE_KEYCHAIN !== 'off',
      onKeyFile: (file, why) =>
        terminal.warn(
          `the system keychain is not used (${why}). The key to your login is in ${file}, which only you can read. This message is shown once.`,
        ),
    }),
    server: openServer({
      origin,
      selector: bridge.selector,
      http: openHttp({ server: origin, env, caFile: settings.caFile }),
      onSkew: offset =>
        terminal.warn(
          `clock skew: the clock of this computer is ${describeSkew(offset)} that of the server. AWS rejects requests with a clock skew. Set the clock (in WSL after a sleep: sudo hwclock -s).`,
        ),
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

/** Throws `local`. */
export function settingsIn(directory: string): Settings {
  try {
    return readSettings(directory);
  } catch (thrown) {
    if (!(thrown instanceof SettingsFault)) throw thrown;
    throw new CliError('local', thrown.message, { lines: thrown.lines, cause: thrown });
  }
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
