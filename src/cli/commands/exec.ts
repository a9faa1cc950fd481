import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatDuration } from '../../core/time.ts';
import { awsFile } from '../aws/config-file.ts';
import type { AwsIni } from '../aws/ini.ts';
import type { Run } from '../command-line/command.ts';
import { minimumOf } from '../command-line/minimum.ts';
import { childEnvironment, type Environment } from '../exec/child-environment.ts';
import { runChild } from '../exec/child-process.ts';
import { openEndpoint } from '../exec/container-endpoint.ts';
import { openExecDirectory } from '../exec/directory.ts';
import { type ExecProfile, execProfile, processLine, readUserSettings } from '../exec/profile.ts';
import { chooseRole } from '../roles/choice.ts';
import { credentialsFor } from '../roles/credentials.ts';
import { CliError, systemCode } from '../terminal/exit.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { CachedCredentials } from '../warm/cached-credentials.ts';

export const run: Run = async ({ words, options, passedOn, client: open, terminal, env }) => {
  const [command, ...args] = passedOn;
  if (command === undefined)
    throw new CliError('usage', 'no command was given', {
      lines: ['Write it behind two dashes: rolebridge exec prod/Admin -- aws s3 ls'],
    });
  const minimumSeconds = minimumOf(options.minimum);
  const client = open();
  const role = await chooseRole(client, { written: words[0] });
  const first = await credentialsFor(client, role, { minimumSeconds });
  const files = {
    config: readUserFile(env, 'config'),
    credentials: readUserFile(env, 'credentials'),
  };
  const user = readUserSettings(
    { config: files.config.text, credentials: files.credentials.text },
    env.AWS_PROFILE || env.AWS_DEFAULT_PROFILE || undefined,
  );
  const base = {
    role: `${first.account.name}/${first.role}`,
    region: user.region ?? first.account.region,
    isWindows: process.platform === 'win32',
  };
  if (options.env === true) {
    const left = formatDuration(Math.floor((first.expiresLocally - Date.now()) / 1000));
    terminal.say(terminal.dim(`fixed credentials for ${left}; they are not renewed`));
    return runChild(command, args, childEnvironment(env, { ...base, fixed: fixed(first) }));
  }

  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || base.region;
  const profile = execProfile({
    user,
    role: base.role,
    region,
    process: credentialProcess(base.isWindows),
  });
  const hasCredentialsFile =
    files.credentials.fault === undefined && user.credentials.faults.length === 0;
  sayWhatIsMissing(terminal, [
    {
      ...files.config,
      lines: linesOf(user.config),
      effect: 'These lines are ignored for this command.',
    },
    {
      ...files.credentials,
      lines: linesOf(user.credentials),
      effect: 'The file is ignored for this command.',
    },
  ]);
  sayWhatIsLeftOut(terminal, profile, files.config.path);

  const directory = openExecDirectory(client.directory);
  try {
    const configFile = directory.write('config', profile.text);
    const credentialsFile = hasCredentialsFile
      ? namedFile(env, files.credentials.path)
      : directory.write('credentials', '');
    // Nobody can be asked for a login in the middle of somebody else's command.
    const quiet = { ...client, mayLogIn: false };
    const endpoint = await openEndpoint(first, {
      fetch: () => credentialsFor(quiet, role, { minimumSeconds }),
      minimumSeconds,
      loginCommand: client.bridge.loginCommand,
      onTrouble: fault => {
        terminal.warn(`the credentials could not be renewed: ${fault.message}.`);
        for (const line of fault.lines) terminal.say(line);
        if (fault.exit === 'notSignedIn')
          terminal.say('Sign in in another terminal; the command then continues.');
      },
      onRecovery: () => terminal.warn('the credentials are renewed again.'),
    });
    try {
      const renewing = { ...endpoint, profile: profile.name, configFile, credentialsFile };
      return await runChild(command, args, childEnvironment(env, { ...base, renewing }));
    } finally {
      endpoint.close();
    }
  } finally {
    if (directory.close().length > 0) {
      terminal.warn(
        `the command changed the AWS config file of this run, which is removed now. ${files.config.path} has not changed.`,
      );
    }
  }
};

/**
 * This program's own part, by its place: what the environment of a command finds under a name may
 * be another program.
 */
function credentialProcess(isWindows: boolean): string | undefined {
  return processLine(
    [process.execPath, fileURLToPath(new URL('../exec/print-credentials.js', import.meta.url))],
    isWindows,
  );
}

/**
 * The command may run in another directory, and SDKs differ in what they make of `~`. Undefined
 * where nothing names the file.
 */
function namedFile(env: Environment, path: string): string | undefined {
  return env.AWS_SHARED_CREDENTIALS_FILE ? resolve(path) : undefined;
}

interface UserFile {
  readonly path: string;
  readonly text: string;
  /** Why it cannot be read. */
  readonly fault?: string | undefined;
}

/**
 * AWS tools take only regular files; what cannot be read is as good as empty, and the role is right
 * without it.
 */
function readUserFile(env: Environment, kind: 'config' | 'credentials'): UserFile {
  const path = awsFile(env, kind);
  try {
    const isRegular = statSync(path).isFile();
    return { path, text: isRegular ? readFileSync(path, 'latin1') : '' };
  } catch (thrown) {
    const code = systemCode(thrown);
    return {
      path,
      text: '',
      fault: code === 'ENOENT' || code === 'ENOTDIR' ? undefined : (code ?? 'unknown fault'),
    };
  }
}

interface Judged extends UserFile {
  readonly lines: readonly number[];
  readonly effect: string;
}

const SHOWN_LINES = 5;

const linesOf = ({ faults }: AwsIni): readonly number[] => faults.map(({ line }) => line);

function sayWhatIsMissing(terminal: Terminal, files: readonly Judged[]): void {
  for (const { path, fault, lines, effect } of files) {
    if (fault !== undefined) terminal.warn(`${path} cannot be read (${fault}). ${effect}`);
    if (lines.length === 0) continue;
    const shown = `${lines.slice(0, SHOWN_LINES).join(', ')}${lines.length > SHOWN_LINES ? ' and more' : ''}`;
    terminal.warn(
      `${path}: AWS tools cannot read line${lines.length > 1 ? 's' : ''} ${shown}. ${effect}`,
    );
  }
}

function sayWhatIsLeftOut(terminal: Terminal, { leftOut }: ExecProfile, path: string): void {
  const others = leftOut.filter(name => name !== 'default');
  if (others.length === 0) return;
  terminal.say(
    terminal.dim(
      `not available to this command, because their keys are in ${path}: ${others.join(', ')} (move keys to ~/.aws/credentials)`,
    ),
  );
}

function fixed({
  accessKeyId,
  secretAccessKey,
  sessionToken,
  expiresAt,
}: CachedCredentials): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
    AWS_CREDENTIAL_EXPIRATION: `${new Date(expiresAt).toISOString().slice(0, 19)}+00:00`,
  };
}
