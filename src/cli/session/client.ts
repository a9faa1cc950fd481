/**
 * The client of one run: its settings, its bridge, its vault and its terminal, opened once and
 * handed to the command.
 */
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
  /** A file of ours that belongs to this bridge. */
  file(name: string): string;
  /** Whether a command may ask the person to sign in. */
  readonly mayLogIn: boolean;
}

export interface BridgeInUse {
  /** By options or environment; else it is the bridge of the last login. */
  readonly isChosen: boolean;
  /** The other bridges that are known here. */
  readonly others: readonly Bridge[];
  /** For people: the address, with its name where it was given one. */
  readonly title: string;
  /**
   * What a command line of ours needs so that it reaches this bridge: ` --server URL`, or nothing
   * where there is no other one.
   */
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

/** Throws `local` for settings that cannot be used, `usage` when it is not said which bridge. */
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
          `the system keychain is not used (${why}). The key to your login is in ${file}, which only you can read. This is said once.`,
        ),
    }),
    server: openServer({
      origin,
      loginCommand: bridge.loginCommand,
      http: openHttp({ server: origin, env, caFile: settings.caFile }),
      onSkew: offset =>
        terminal.warn(
          `the clock of this computer is ${describeSkew(offset)} the server's. AWS refuses requests of a clock that is off: set it (in WSL after a sleep: sudo hwclock -s).`,
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

/** Brackets of an IPv6 address are a pattern to some shells. */
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

/** Throws `usage` for a selection that is none. */
function selected<T>(select: () => T): T {
  try {
    return select();
  } catch (thrown) {
    if (!(thrown instanceof SelectionFault)) throw thrown;
    throw new CliError('usage', thrown.message, { lines: thrown.lines, cause: thrown });
  }
}
