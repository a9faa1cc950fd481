/**
 * What a user of each dialect has on a computer: the files of a login, or the environment of a
 * container, and how AWS clients run there.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { awsTools } from '../support/aws-tools.ts';
import { Computer } from '../support/cli.ts';
import { callApi, loginByDevice } from '../support/cli-login.ts';
import type { Dialect } from '../support/compatibility.ts';
import type { World } from '../support/world.ts';

const run = promisify(execFile);

/** The role of the matrix: every client can show that it has it, also one that only lists S3. */
const ROLE = { account: 'prod', role: 'PhotoUser' } as const;
export const PROFILE = 'prod-PhotoUser';

/** Of the sign-ins: clients do not notice it, and this one takes less of the processors. */
export const PROTOCOL = 'oidc';
/** A client that is stuck ends: longer than any needs, also on a busy machine. */
const RUN_MILLISECONDS = 240_000;

export type Environment = Readonly<Record<string, string | undefined>>;

/** `~/.aws/sso/cache/<sha1 of the session's name>.json` */
export interface CachedToken {
  readonly accessToken: string;
  readonly expiresAt: string;
  readonly refreshToken: string;
}

/** The file of `aws sso login`, and the profiles of the page "Use it in your terminal". */
export interface SsoLogin {
  token(): CachedToken;
  /** As if the hour of the access token were over: only a renewal can help. */
  endToken(): void;
}

/** A login of the AWS kind in `home`. */
export async function ssoLogin(world: World, home: string, username: string): Promise<SsoLogin> {
  const { visitor } = await world.signIn(username, PROTOCOL);
  const page = await visitor.get(`${world.urls.bridge}/aws-config?dialect=sso-session`);
  const cache = join(home, '.aws/sso/cache');
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(home, '.aws/config'), page.html);
  const [, session = ''] = /^\[sso-session (.+)\]$/m.exec(page.html)!;
  const [, startUrl] = /^sso_start_url = (.+)$/m.exec(page.html)!;
  const file = join(cache, `${createHash('sha1').update(session).digest('hex')}.json`);
  const read = (): CachedToken => JSON.parse(readFileSync(file, 'utf8')) as CachedToken;
  const tools = awsTools(world);
  try {
    const { client, tokens } = await tools.logIn(visitor);
    const login = {
      startUrl,
      region: 'us-east-1',
      accessToken: tokens.accessToken,
      expiresAt: iso(Date.now() + tokens.expiresIn! * 1000),
      clientId: client.clientId,
      clientSecret: client.clientSecret,
      registrationExpiresAt: iso(client.clientSecretExpiresAt! * 1000),
      refreshToken: tokens.refreshToken,
    };
    writeFileSync(file, JSON.stringify(login));
  } finally {
    tools.close();
  }
  const ended = { accessToken: 'ended', expiresAt: iso(Date.now() - 60_000) };
  return {
    token: read,
    endToken: () => writeFileSync(file, JSON.stringify({ ...read(), ...ended })),
  };
}

/** As the AWS CLI writes it. */
function iso(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}

/**
 * What a user of a dialect has in `home`, an empty directory, and the environment that uses it. It
 * can be copied: nothing in it names the place.
 */
export type Begin = (world: World, username: string, home: string) => Promise<Environment>;

export const BEGIN: Readonly<Record<Dialect, Begin>> = {
  'sso-session': async (world, username, home) => {
    await ssoLogin(world, home, username);
    return { HOME: home, AWS_PROFILE: PROFILE };
  },
  credential_process: async (world, username, home) => {
    const computer = new Computer();
    try {
      const { visitor } = await world.signIn(username, PROTOCOL);
      await computer.logInHere(world, visitor);
      await computer.done(['configure', '--yes']);
      cpSync(computer.home, home, { recursive: true });
      return { ...computer.env, HOME: home, AWS_PROFILE: PROFILE };
    } finally {
      computer.close();
    }
  },
  container: async (world, username, home) => {
    const { accessToken } = await loginByDevice(world, username, PROTOCOL);
    const { json } = await callApi(world, accessToken, {
      ...{ method: 'POST', path: '/container-tokens', body: ROLE },
    });
    return {
      HOME: home,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: json.url,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: json.token,
    };
  },
};

export interface Said {
  readonly code: number;
  /** Both streams, with runs of space as one: clients break lines where they like. */
  readonly text: string;
}

/** What a program says in an environment that has nothing of the machine of the tests. */
export async function runClient(
  world: World,
  words: readonly string[],
  env: Environment,
): Promise<Said> {
  const [program = '', ...args] = words;
  const options = {
    env: {
      PATH: process.env.PATH,
      LANG: 'C.UTF-8',
      AWS_REGION: 'eu-west-1',
      AWS_DEFAULT_REGION: 'eu-west-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_MAX_ATTEMPTS: '1',
      AWS_ENDPOINT_URL_STS: world.urls.aws,
      ...env,
    },
    timeout: RUN_MILLISECONDS,
    maxBuffer: 16 * 1024 * 1024,
  };
  const plain = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
  return run(program, args, options).then(
    ({ stdout, stderr }) => ({ code: 0, text: plain(stdout + stderr) }),
    ({ code, stdout, stderr }) => ({ code: Number(code), text: plain(`${stdout}${stderr}`) }),
  );
}

/** What a program says, and to which hosts it wanted connections with TLS. They are refused. */
export async function runOffline(
  world: World,
  words: readonly string[],
  env: Environment,
): Promise<Said & { readonly hosts: readonly string[] }> {
  const hosts: string[] = [];
  const proxy = createServer().on('connect', ({ url = '' }, socket) => {
    hosts.push(url);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
  try {
    const HTTPS_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    return { ...(await runClient(world, words, { ...env, HTTPS_PROXY })), hosts };
  } finally {
    proxy.close();
  }
}

/** Credentials of the local AWS that say they expire in so many seconds. */
export function shortLived(seconds: () => number): (good: RequestListener) => RequestListener {
  return good => (request, response) => good(request, shortened(response, seconds()));
}

function shortened(response: ServerResponse, seconds: number): ServerResponse {
  const end = response.end.bind(response);
  response.end = ((body?: unknown, ...rest: []) => {
    const said = typeof body === 'string' || Buffer.isBuffer(body) ? String(body) : undefined;
    const soon = `<Expiration>${iso(Date.now() + seconds * 1000)}</Expiration>`;
    return end(said?.replace(/<Expiration>[^<]*<\/Expiration>/, soon) ?? body, ...rest);
  }) as ServerResponse['end'];
  return response;
}
