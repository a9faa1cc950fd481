import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatDuration } from '../../core/time.ts';
import type { Run } from '../command-line/command.ts';
import { durationOf } from '../command-line/times.ts';
import { childEnvironment, type Environment } from '../exec/child-environment.ts';
import { runChild } from '../exec/child-process.ts';
import { type Endpoint, openEndpoint } from '../exec/container-endpoint.ts';
import { type ExecDirectory, openExecDirectory } from '../exec/directory.ts';
import { type ExecProfile, execProfile, processLine } from '../exec/profile.ts';
import { readUserFiles, sayWhatIsUnread, type UserFiles } from '../exec/user-files.ts';
import { chooseRole } from '../roles/choice.ts';
import { credentialsFor } from '../roles/credentials.ts';
import type { NamedRole } from '../roles/matching.ts';
import type { Client } from '../session/client.ts';
import { CliError } from '../terminal/exit.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { CachedCredentials } from '../warm/cached-credentials.ts';

export const run: Run = async ({ words, options, passedOn, client: open, terminal, env }) => {
  const command = commandIn(passedOn);
  const minimumSeconds = durationOf(options, 'minimum');
  const client = open();
  const role = await chooseRole(client, { written: words[0] });
  const first = await credentialsFor(client, role, { minimumSeconds });
  const files = readUserFiles(env);
  const child: Child = {
    command,
    role: `${first.account.name}/${first.role}`,
    region: files.settings.region ?? first.account.region,
    platform: process.platform,
  };
  if (options.env === true) {
    const left = formatDuration(Math.floor((first.expiresLocally - Date.now()) / 1000));
    terminal.say(terminal.dim(`fixed credentials for ${left}; they are not renewed`));
    return start(env, child, { fixed: fixed(first) });
  }
  return runRenewing({ client, role, first, minimumSeconds, files }, child);
};

/** Throws `usage`. */
function commandIn(passedOn: readonly string[]): Child['command'] {
  const [name, ...args] = passedOn;
  if (name !== undefined) return [name, ...args];
  throw new CliError('usage', 'no command was given', {
    lines: ['Write it after two dashes: rolebridge exec prod/Admin -- aws s3 ls'],
  });
}

interface Child {
  readonly command: readonly [name: string, ...args: string[]];
  /** `prod/Admin` */
  readonly role: string;
  /** Of the user's profile, else of the account. */
  readonly region: string;
  readonly platform: NodeJS.Platform;
}

type Credentials = Pick<Parameters<typeof childEnvironment>[1], 'fixed' | 'renewing'>;

/** The exit code of the command. */
function start(
  env: Environment,
  { command: [name, ...args], ...child }: Child,
  credentials: Credentials,
): Promise<number> {
  return runChild(name, args, childEnvironment(env, { ...child, ...credentials }));
}

interface RenewingRun {
  readonly client: Client;
  readonly role: NamedRole;
  /** What the command starts with. */
  readonly first: CachedCredentials;
  readonly minimumSeconds: number | undefined;
  readonly files: UserFiles;
}

async function runRenewing(run: RenewingRun, child: Child): Promise<number> {
  const { client, files } = run;
  const { terminal, env } = client;
  const profile = profileFor(env, files, child);
  sayWhatIsUnread(terminal, files);
  sayWhatIsLeftOut(terminal, profile, files.config.path);
  const directory = openExecDirectory(client.directory);
  try {
    const written = writeFiles(directory, profile, { env, files });
    const endpoint = await openEndpointFor(run);
    try {
      const renewing = { ...endpoint, ...written, profile: profile.name };
      return await start(env, child, { renewing });
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

function profileFor(
  env: Environment,
  { settings }: UserFiles,
  { role, region, platform }: Child,
): ExecProfile {
  return execProfile({
    user: settings,
    role,
    region: env.AWS_REGION || env.AWS_DEFAULT_REGION || region,
    process: credentialProcess(platform),
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
  { env, files }: { readonly env: Environment; readonly files: UserFiles },
): Files {
  const configFile = directory.write('config', profile.text);
  const { fault, path } = files.credentials;
  const isReadable = fault === undefined && files.settings.credentials.faults.length === 0;
  const credentialsFile = isReadable ? namedFile(env, path) : directory.write('credentials', '');
  return { configFile, credentialsFile };
}

function openEndpointFor({ client, role, first, minimumSeconds }: RenewingRun): Promise<Endpoint> {
  const { terminal, bridge } = client;
  // The user cannot be asked to sign in while a command runs.
  const quiet = { ...client, mayLogIn: false };
  return openEndpoint(first, {
    fetch: () => credentialsFor(quiet, role, { minimumSeconds }),
    minimumSeconds,
    loginCommand: bridge.loginCommand,
    onTrouble: fault => {
      terminal.warn(`the credentials could not be renewed: ${fault.message}.`);
      for (const line of fault.lines) terminal.say(line);
      if (fault.exit === 'notSignedIn')
        terminal.say('Sign in in another terminal; the command then continues.');
    },
    onRecovery: () => terminal.warn('the credentials are renewed again.'),
  });
}

/** By its full path: in the environment of a command, the name may be another program. */
function credentialProcess(platform: NodeJS.Platform): string | undefined {
  const program = fileURLToPath(new URL('../exec/print-credentials.js', import.meta.url));
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
}: CachedCredentials): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
    AWS_CREDENTIAL_EXPIRATION: `${new Date(expiresAt).toISOString().slice(0, 19)}+00:00`,
  };
}
