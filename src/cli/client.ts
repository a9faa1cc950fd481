/**
 * The client of one run: its settings, its server, its vault and its terminal, opened once and handed to the command.
 */
import { join } from 'node:path';
import { CliError } from './exit.ts';
import { openHttp } from './http.ts';
import { configDirectory, hashedName, readSettings, type Settings, SettingsFault, serverOrigin, settingsFile } from './places.ts';
import { writePrivately } from './private-files.ts';
import { describeSkew, openServer, type Server } from './server.ts';
import type { Terminal } from './terminal.ts';
import { openVault, type Vault } from './vault.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Client {
  readonly env: Environment;
  readonly directory: string;
  readonly settings: Settings;
  readonly terminal: Terminal;
  readonly vault: Vault;
  readonly server: Server;
  /** A file of ours that belongs to this server. */
  file(name: string): string;
  /** Whether a command may ask the person to sign in. */
  readonly mayLogIn: boolean;
}

export interface ClientOptions {
  readonly env: Environment;
  readonly terminal: Terminal;
  /** `--server` */
  readonly server?: string | undefined;
  /** Not `--no-login`. */
  readonly mayLogIn: boolean;
}

/** Throws `local` for settings that cannot be used, `usage` when nobody has said which server. */
export function openClient({ env, terminal, server, mayLogIn }: ClientOptions): Client {
  const directory = configDirectory(env);
  const settings = settingsIn(directory);
  const origin = originOf(server ?? env.ROLEBRIDGE_SERVER ?? settings.server);
  return {
    env,
    directory,
    settings,
    terminal,
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
      http: openHttp({ server: origin, env, caFile: settings.caFile }),
      onSkew: offset =>
        terminal.warn(
          `the clock of this computer is ${describeSkew(offset)} the server's. AWS refuses requests of a clock that is off: set it (in WSL after a sleep: sudo hwclock -s).`,
        ),
    }),
  };
}

/** Remembers the server of a login for the commands to come, and says so when it was another one before. Other settings stay as they are. */
export function saveServer({ directory, settings, server, terminal }: Client): void {
  if (settings.server === server.origin) return;
  if (settings.server !== undefined) terminal.say(`From now on ${server.origin} is asked, and no longer ${settings.server}.`);
  writePrivately(settingsFile(directory), `${JSON.stringify({ ...settings, server: server.origin }, null, 2)}\n`);
}

function settingsIn(directory: string): Settings {
  try {
    return readSettings(directory);
  } catch (thrown) {
    if (!(thrown instanceof SettingsFault)) throw thrown;
    throw new CliError('local', thrown.message, { lines: ['Correct the file, or move it away. It was not changed.'], cause: thrown });
  }
}

function originOf(written: string | undefined): string {
  if (written === undefined || written === '') {
    throw new CliError('usage', 'no server is known yet', { lines: ['Say once which: rolebridge login --server https://aws.example.com'] });
  }
  const origin = serverOrigin(written);
  if (origin !== undefined) return origin;
  throw new CliError('usage', 'the server must be an https address without a path (http on this computer alone)', {
    lines: ['For instance: --server https://aws.example.com'],
  });
}
