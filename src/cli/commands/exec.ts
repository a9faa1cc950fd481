import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { formatDuration } from '../../core/time.ts';
import type { CachedCredentials } from '../cached-credentials.ts';
import type { Run } from '../command.ts';
import { openEndpoint } from '../container-endpoint.ts';
import { CliError, systemCode } from '../exit.ts';
import { minimumOf } from '../minimum.ts';
import { chooseRole } from '../role-choice.ts';
import { credentialsFor } from '../role-credentials.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What AWS tools would take instead of the role that was asked for. */
const WOULD_WIN = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_CREDENTIAL_EXPIRATION',
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_ROLE_ARN',
  'AWS_ROLE_SESSION_NAME',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
];

export const run: Run = async ({ words, options, passedOn, client: open, terminal, env }) => {
  const [command, ...args] = passedOn;
  if (command === undefined)
    throw new CliError('usage', 'no command was given', { lines: ['Write it behind two dashes: rolebridge exec prod/Admin -- aws s3 ls'] });
  const minimumSeconds = minimumOf(options.minimum);
  const client = open();
  const role = await chooseRole(client, { written: words[0] });
  const first = await credentialsFor(client, role, { minimumSeconds });
  const base = environmentFor(env, first);
  if (options.env === true) {
    const left = formatDuration(Math.floor((first.expiresLocally - Date.now()) / 1000));
    terminal.say(terminal.dim(`fixed credentials for ${left}; they are not renewed`));
    return runChild(command, args, { ...base, ...fixed(first) });
  }
  // Nobody can be asked for a login in the middle of somebody else's command.
  const quiet = { ...client, mayLogIn: false };
  const endpoint = await openEndpoint(first, {
    fetch: () => credentialsFor(quiet, role, { minimumSeconds }),
    minimumSeconds,
    loginCommand: client.bridge.loginCommand,
    onTrouble: fault => {
      terminal.warn(`the credentials could not be renewed: ${fault.message}.`);
      for (const line of fault.lines) terminal.say(line);
      if (fault.exit === 'notSignedIn') terminal.say('Do it in another terminal; the command goes on then.');
    },
    onRecovery: () => terminal.warn('the credentials are renewed again.'),
  });
  try {
    return await runChild(command, args, {
      ...base,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: endpoint.url,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: endpoint.token,
    });
  } finally {
    endpoint.close();
  }
};

function environmentFor(env: Environment, { account, role }: CachedCredentials): Record<string, string | undefined> {
  const kept = Object.fromEntries(Object.entries(env).filter(([name]) => !WOULD_WIN.includes(name)));
  const noProxy = [env.NO_PROXY ?? env.no_proxy, '127.0.0.1'].filter(Boolean).join(',');
  const region = env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? account.region;
  return {
    ...kept,
    NO_PROXY: noProxy,
    no_proxy: noProxy,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    ROLEBRIDGE_ROLE: `${account.name}/${role}`,
  };
}

function fixed({ accessKeyId, secretAccessKey, sessionToken, expiresAt }: CachedCredentials): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
    AWS_CREDENTIAL_EXPIRATION: `${new Date(expiresAt).toISOString().slice(0, 19)}+00:00`,
  };
}

const CANNOT_RUN = 126;
const NOT_FOUND = 127;

/** The command's own exit code, or 128 and the number of the signal that ended it. */
async function runChild(command: string, args: readonly string[], env: Record<string, string | undefined>): Promise<number> {
  const child = spawn(command, args, { stdio: 'inherit', env });
  const stop = forwardSignals(child);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', thrown => {
        const isMissing = systemCode(thrown) === 'ENOENT';
        process.stderr.write(
          `rolebridge: ${command} ${isMissing ? 'was not found' : `cannot be run (${systemCode(thrown) ?? 'unknown fault'})`}.\n`,
        );
        resolve(isMissing ? NOT_FOUND : CANNOT_RUN);
      });
      child.once('exit', (code, signal) => {
        if (code !== null) resolve(code);
        else if (signal !== null) resolve(128 + constants.signals[signal]);
        else reject(new Error('the command ended in no known way'));
      });
    });
  } finally {
    stop();
  }
}

/**
 * We live until the command has ended. A terminal sends Ctrl-C to it as well as to us, and a second one would make terraform give up at
 * once; so that is passed on only where there is no terminal.
 */
function forwardSignals(child: ChildProcess): () => void {
  const isFromTerminal = process.stdin.isTTY === true;
  const handlers = (['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP'] as const).map(signal => {
    const handler = (): void => {
      if (!isFromTerminal || signal === 'SIGTERM' || signal === 'SIGHUP') child.kill(signal);
    };
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => {
    for (const remove of handlers) remove();
  };
}
