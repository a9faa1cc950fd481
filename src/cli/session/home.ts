/** What the client has on this computer, whichever bridge is used: settings, vault, terminal. */
import { CliError } from '../terminal/exit.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { configDirectory, readSettings, type Settings, SettingsFault } from '../warm/settings.ts';
import { openVault, type Vault } from './vault.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Home {
  readonly env: Environment;
  readonly directory: string;
  readonly settings: Settings;
  readonly terminal: Terminal;
  readonly vault: Vault;
  /** Whether the user allows the system keychain. */
  readonly usesKeychain: boolean;
}

/** Throws `local` for unusable settings. */
export function openHome(env: Environment, terminal: Terminal): Home {
  const directory = configDirectory(env);
  const settings = settingsIn(directory);
  const usesKeychain = settings.keychain !== false && env.ROLEBRIDGE_KEYCHAIN !== 'off';
  return {
    ...{ env, directory, settings, terminal, usesKeychain },
    vault: openVault({
      directory,
      keychain: usesKeychain,
      onKeyFile: (file, why) =>
        terminal.warn(
          `the system keychain is not used (${why}). The key to your login and to cached credentials is in ${file}, which only you can read. This message is shown once.`,
        ),
    }),
  };
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
