/**
 * Runs a command with credentials: renewing ones from a local address, or fixed ones in its
 * environment. Where the credentials come from is the caller's.
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatDuration } from '../../core/time.ts';
import { CliError } from '../terminal/exit.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { CachedCredentials } from '../warm/cached-credentials.ts';
import { childEnvironment, type Environment } from './child-environment.ts';
import { runChild } from './child-process.ts';
import {
  type EndpointOptions,
  openEndpoint,
  type ServedCredentials,
} from './container-endpoint.ts';
import { type ExecDirectory, openExecDirectory } from './directory.ts';
import { type ExecProfile, execProfile, processLine } from './profile.ts';
import { readUserFiles, sayWhatIsUnread, type UserFiles } from './user-files.ts';

export type Command = readonly [name: string, ...args: string[]];

export interface CommandRun {
  readonly command: Command;
  /** What the credentials are for, in the environment and the profile: `prod/Admin`. */
  readonly role: string;
  /** Where the user has set no region in the environment. */
  readonly region: string;
  /** What the command starts with. */
  readonly first: ServedCredentials;
  /** The AWS files of the user. */
  readonly files: UserFiles;
  readonly terminal: Terminal;
  /** The user's: see `outsideOfExec`. */
  readonly env: Environment;
  /** The directory of rolebridge. */
  readonly directory: string;
}

/** How credentials are renewed while the command runs: the user cannot be asked then. */
export type Renewal = Pick<EndpointOptions, 'fetch' | 'minimumSeconds' | 'loginCommand'>;

/** The command after `--`. Throws `usage` without one; `example` is a whole command line. */
export function commandIn(passedOn: readonly string[], example: string): Command {
  const [name, ...args] = passedOn;
  if (name !== undefined) return [name, ...args];
  throw new CliError('usage', 'no command was given', {
    lines: [`Write it after two dashes: ${example}`],
  });
}

/** A command in a role, whose credentials say its name and region. */
export interface RoleRun extends Pick<CommandRun, 'command' | 'terminal' | 'env' | 'directory'> {
  readonly first: CachedCredentials;
  /** The credentials are not renewed. */
  readonly isFixed: boolean;
}

/** The exit code of the command. Throws as `runFixed` and `runRenewing`. */
export function runInRole({ isFixed, ...role }: RoleRun, renewal: Renewal): Promise<number> {
  const { first, env } = role;
  const files = readUserFiles(env);
  const run: CommandRun = {
    ...role,
    files,
    role: `${first.account.name}/${first.role}`,
    region: files.settings.region ?? first.account.region,
  };
  return isFixed ? runFixed(run) : runRenewing(run, renewal);
}

/** The exit code of the command. Throws `usage`. */
export function runFixed(run: CommandRun): Promise<number> {
  const { first, terminal } = run;
  const left = formatDuration(Math.floor((first.expiresLocally - Date.now()) / 1000));
  terminal.say(terminal.dim(`fixed credentials for ${left}; they are not renewed`));
  return start(run, { fixed: fixed(first) });
}

/**
 * The exit code of the command. Throws `usage`, and `local` where its profile cannot be written.
 */
export async function runRenewing(run: CommandRun, renewal: Renewal): Promise<number> {
  const { terminal, files } = run;
  const profile = profileFor(run);
  sayWhatIsUnread(terminal, files);
  sayWhatIsLeftOut(terminal, profile, files.config.path);
  const directory = openExecDirectory(run.directory);
  try {
    const written = writeFiles(directory, profile, run);
    const endpoint = await openEndpoint(run.first, { ...renewal, ...reportingTo(terminal) });
    try {
      return await start(run, { renewing: { ...endpoint, ...written, profile: profile.name } });
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
}

type Credentials = Pick<Parameters<typeof childEnvironment>[1], 'fixed' | 'renewing'>;

function start(
  { env, command: [name, ...args], role, region }: CommandRun,
  credentials: Credentials,
): Promise<number> {
  const { platform } = process;
  return runChild(name, args, childEnvironment(env, { role, region, platform, ...credentials }));
}

function profileFor({ env, files, role, region }: CommandRun): ExecProfile {
  return execProfile({
    user: files.settings,
    role,
    region: env.AWS_REGION || env.AWS_DEFAULT_REGION || region,
    process: credentialProcess(process.platform),
  });
}

interface Files {
  readonly configFile: string;
  /** Absent where the command finds the user's own file by itself. */
  readonly credentialsFile: string | undefined;
}

function writeFiles(
  directory: ExecDirectory,
  profile: ExecProfile,
  { env, files }: CommandRun,
): Files {
  const configFile = directory.write('config', profile.text);
  const { fault, path } = files.credentials;
  const isReadable = fault === undefined && files.settings.credentials.faults.length === 0;
  const credentialsFile = isReadable ? namedFile(env, path) : directory.write('credentials', '');
  return { configFile, credentialsFile };
}

function reportingTo(terminal: Terminal): Pick<EndpointOptions, 'onTrouble' | 'onRecovery'> {
  return {
    onTrouble: fault => {
      terminal.warn(`the credentials could not be renewed: ${fault.message}.`);
      for (const line of fault.lines) terminal.say(line);
      if (fault.exit === 'notSignedIn')
        terminal.say('Sign in in another terminal; the command then continues.');
    },
    onRecovery: () => terminal.warn('the credentials are renewed again.'),
  };
}

/** By its full path: in the environment of a command, the name may be another program. */
function credentialProcess(platform: NodeJS.Platform): string | undefined {
  const program = fileURLToPath(new URL('./print-credentials.js', import.meta.url));
  return processLine([process.execPath, program], platform);
}

/**
 * The command may run in another directory, and SDKs differ in what they make of `~`. Undefined
 * where nothing names the file.
 */
function namedFile(env: Environment, path: string): string | undefined {
  return env.AWS_SHARED_CREDENTIALS_FILE ? resolve(path) : undefined;
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
}: ServedCredentials): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
    AWS_CREDENTIAL_EXPIRATION: `${new Date(expiresAt).toISOString().slice(0, 19)}+00:00`,
  };
}
