/**
 * An IAM user with access keys and a virtual MFA device in a local AWS, and their computer with the
 * profiles that lead there. No bridge runs.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  STSClient,
  type STSClientConfig,
} from '@aws-sdk/client-sts';
import type { LocalAwsEvent } from '../../src/dev/local-aws/events.ts';
import { createLocalAws, type LocalAws } from '../../src/dev/local-aws/local-aws.ts';
import type { WorldInput } from '../../src/dev/local-aws/world.ts';
import { totp } from '../interop/totp.ts';
import { type CliOptions, type CliResult, Computer } from './cli.ts';

export const ACCOUNT = '111122223333';
export const SERIAL = `arn:aws:iam::${ACCOUNT}:mfa/ops-phone`;
export const BREAK_GLASS = `arn:aws:iam::${ACCOUNT}:role/BreakGlass`;
export const KEYS = {
  id: 'AKIAOPSOPSOPSOPSOPS1',
  secret: 'opsSecret/opsSecret+opsSecret/opsSecret+',
};
const SEED = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

export const CREDENTIALS = `[ops]
aws_access_key_id = ${KEYS.id}
aws_secret_access_key = ${KEYS.secret}
`;

const TRUST: RoleInput['trustPolicy'] = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/ops` },
      Action: 'sts:AssumeRole',
      Condition: {
        Bool: { 'aws:MultiFactorAuthPresent': 'true' },
        StringEquals: { 'sts:ExternalId': 'break-glass-7f3c' },
      },
    },
  ],
};

type UserInput = NonNullable<WorldInput['iamUsers']>[number];
type RoleInput = NonNullable<WorldInput['roles']>[number];

function worldWith({
  status = 'Active',
  permissions = [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: BREAK_GLASS }],
  trustPolicy = TRUST,
}: IamUserOptions): WorldInput {
  return {
    accounts: [{ id: ACCOUNT, name: 'prod' }],
    iamUsers: [
      {
        account: ACCOUNT,
        name: 'ops',
        accessKeys: [{ accessKeyId: KEYS.id, secretAccessKey: KEYS.secret, status }],
        mfaDevices: [{ name: 'ops-phone', seed: SEED }],
        permissions,
      },
    ],
    roles: [
      {
        account: ACCOUNT,
        name: 'BreakGlass',
        maxSessionDuration: 7200,
        trustPolicy,
      },
    ],
  };
}

export interface IamUserOptions {
  /** Of the access key. */
  readonly status?: 'Active' | 'Inactive';
  /** Policies of the user, and the trust policy of the role. */
  readonly permissions?: UserInput['permissions'];
  readonly trustPolicy?: RoleInput['trustPolicy'];
  /** How far the clock of AWS is ahead of that of the computer. */
  readonly awsAheadMilliseconds?: number;
  /** Wraps the listener of the local AWS. */
  readonly through?: (good: RequestListener) => RequestListener;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface IamUser {
  readonly computer: Computer;
  readonly aws: LocalAws;
  /** Of the local AWS. */
  readonly url: string;
  /** What the local AWS was asked, the newest last. */
  readonly events: readonly LocalAwsEvent[];
  /** What the device shows. */
  code(): string;
  /** Runs `rolebridge mfa` without a terminal. */
  mfa(args: readonly string[], options?: CliOptions): Promise<CliResult>;
  /** The client as a command line. */
  readonly program: string;
  /** Runs a command line at a terminal, where `typed` answers one question each. */
  atTerminal(command: string, typed: readonly string[]): Promise<TypedRun>;
  /** Sets `~/.aws/config` behind the profile `ops`; STS is the local AWS there. */
  configure(text: string): void;
  credentials(): string;
  /** Assumes the role with the keys alone. Rejects as the SDK does. */
  assumeRoleWithoutMfa(): Promise<unknown>;
  /** A program of a shell script. Gives its path. */
  script(name: string, text: string): string;
}

export interface TypedRun {
  readonly code: number | null;
  readonly screen: string;
}

/** A user for one test. */
export async function iamUserFor(t: TestContext, options: IamUserOptions = {}): Promise<IamUser> {
  const { awsAheadMilliseconds = 0, through = good => good, env } = options;
  const now = (): number => Date.now() + awsAheadMilliseconds;
  const events: LocalAwsEvent[] = [];
  let handler: RequestListener = (_, response) => response.end();
  const server = createServer((request, response) => {
    response.setHeader('date', new Date(now()).toUTCString());
    handler(request, response);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const world = worldWith(options);
  const log = (event: LocalAwsEvent): void => void events.push(event);
  const aws = createLocalAws({ world, baseUrl: url, now, log });
  handler = through(aws.handler);
  const computer = new Computer({ AWS_ENDPOINT_URL_SIGNIN: url, ...env });
  t.after(async () => {
    computer.close();
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });
  mkdirSync(computer.file('.aws'));
  const user: IamUser = {
    ...{ computer, aws, url, events },
    code: () => totp(SEED, now()),
    mfa: (args, cli) => mfa(user, args, cli),
    program: `${process.execPath} ${computer.entry}`,
    atTerminal: (command, typed) => atTerminal(user, command, typed),
    configure: text => writeFileSync(computer.file('.aws/config'), configOf(url, text)),
    credentials: () => readFileSync(computer.file('.aws/credentials'), 'utf8'),
    assumeRoleWithoutMfa: async () => {
      const client = clientOf(url, { accessKeyId: KEYS.id, secretAccessKey: KEYS.secret });
      return client.send(
        new AssumeRoleCommand({ RoleArn: BREAK_GLASS, RoleSessionName: 'ops-on-call' }),
      );
    },
    script: (name, text) => {
      writeFileSync(computer.file(name), `#!/bin/sh\n${text}\n`);
      chmodSync(computer.file(name), 0o755);
      return computer.file(name);
    },
  };
  writeFileSync(computer.file('.aws/credentials'), CREDENTIALS, { mode: 0o600 });
  user.configure(`mfa_serial = ${SERIAL}\n`);
  return user;
}

function configOf(url: string, text: string): string {
  return `[services lab]\nsts =\n  endpoint_url = ${url}\n\n[profile ops]\nservices = lab\nregion = eu-west-1\n${text}`;
}

async function mfa(
  { computer }: IamUser,
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  const result = await computer.run(['mfa', ...args], { detached: true, ...options });
  assert.ok(!result.stderr.includes(KEYS.secret), 'the secret key is in no message');
  assert.ok(!result.stderr.includes('bug in rolebridge'), result.stderr);
  return result;
}

export const SCRIPT = '/usr/bin/script';

const QUESTION = /MFA code for \S+ \(\S+\): |(?:into|from) the keychain\?/g;
const TERMINAL_MILLISECONDS = 60_000;

/** By util-linux's script. */
function atTerminal(
  { computer }: IamUser,
  command: string,
  typed: readonly string[],
): Promise<TypedRun> {
  const line = `stty cols 200 rows 30 && exec ${command}`;
  const child = spawn(SCRIPT, ['-qfec', line, '/dev/null'], {
    env: { ...computer.env, TERM: 'xterm', SHELL: '/bin/sh' } as NodeJS.ProcessEnv,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting = [...typed];
  let [raw, seen] = ['', 0];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    raw += chunk;
    const questions = raw.match(QUESTION)?.length ?? 0;
    if (questions <= seen || waiting.length === 0) return;
    seen = questions;
    child.stdin.write(`${waiting.shift()}\r`);
  });
  // A question that no answer is for would wait for ever.
  const limit = setTimeout(() => child.kill('SIGKILL'), TERMINAL_MILLISECONDS);
  return new Promise(resolve =>
    child.once('close', code => {
      clearTimeout(limit);
      resolve({ code, screen: stripVTControlCharacters(raw) });
    }),
  );
}

/** Who AWS says that credentials of `credential_process` are. */
export async function callerOf(url: string, printed: string): Promise<string> {
  const { AccessKeyId, SecretAccessKey, SessionToken } = JSON.parse(printed) as Record<
    string,
    string
  >;
  const client = clientOf(url, {
    accessKeyId: AccessKeyId!,
    secretAccessKey: SecretAccessKey!,
    sessionToken: SessionToken!,
  });
  const { Arn } = await client.send(new GetCallerIdentityCommand());
  return Arn!;
}

type Credentials = NonNullable<STSClientConfig['credentials']>;

function clientOf(endpoint: string, credentials: Credentials): STSClient {
  return new STSClient({ endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 });
}
