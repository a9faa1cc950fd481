/**
 * Signing in: in the browser of this computer (authorization code with PKCE), or by a code that is
 * confirmed in a browser anywhere.
 *
 * Owns: which of the two, and that a login by somebody else does not slip in. One process logs in;
 * the others wait and take what it got.
 */
import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { DEVICE_CODE_GRANT } from '../../core/oauth-client.ts';
import {
  type Check,
  isAmount,
  isText,
  isToken,
  objectOf,
  optional,
  usable,
} from '../server/answers.ts';
import { CLIENT_ID, OAuthRefusal, type TokenAnswer } from '../server/server.ts';
import { readWhoAmI, type WhoAmI } from '../server/who-am-i.ts';
import { browserOpener, openBrowser } from '../terminal/browser.ts';
import { CliError } from '../terminal/exit.ts';
import { printable } from '../terminal/printable.ts';
import type { Client } from './client.ts';
import { rememberBridge } from './known-bridges.ts';
import { withLock } from './lock.ts';
import {
  forgetPerson,
  loginLock,
  loginPromptLock,
  readLogin,
  type Tokens,
  tokensOf,
  writeLogin,
} from './login-state.ts';
import { listenOnce, page } from './loopback.ts';

export interface LoginOptions {
  /** By a code, even where a browser could be opened. */
  readonly device?: boolean;
  /** The address is printed and not opened. */
  readonly noBrowser?: boolean;
  /** The identity provider must ask the person again. */
  readonly fresh?: boolean;
  /** Sign in although there is a login. */
  readonly force?: boolean;
  /** Another person than before is meant. */
  readonly switchPerson?: boolean;
  /** No code is shown: nobody would see it. */
  readonly onlyBrowser?: boolean;
}

/** How long a person may take; the server's own limit is ten minutes. */
const PERSON_SECONDS = 600;
const SLOW_DOWN_SECONDS = 5;
const LONGEST_INTERVAL_SECONDS = 60;

/**
 * Signs in, unless another process has done so meanwhile. Throws `loginFailed`, `unreachable`,
 * `local`.
 */
export async function logIn(client: Client, options: LoginOptions): Promise<WhoAmI> {
  const before = (await readLogin(client))?.accessToken;
  const waiting = {
    patienceSeconds: PERSON_SECONDS + 30,
    what: 'the login of another rolebridge process',
    onWait: () =>
      client.terminal.say('Another rolebridge process is signing in; waiting for it ...'),
  };
  return withLock(loginPromptLock(client), waiting, async () => {
    const now = await readLogin(client);
    if (now !== undefined && now.accessToken !== before) return whoIs(client, now.accessToken);
    const metadata = await client.terminal.progress(`Asking ${client.server.origin}`, () =>
      client.server.metadata(),
    );
    const opener = options.device ? undefined : browserOpener(client.env);
    const byBrowser = !options.device && (opener !== undefined || options.noBrowser === true);
    if (!byBrowser && options.onlyBrowser === true)
      throw new CliError(
        'notSignedIn',
        'you are not signed in, and no browser can be opened here',
        {
          lines: [`Sign in: ${client.bridge.loginCommand}`],
        },
      );
    if (!byBrowser && metadata.device_authorization_endpoint === undefined) {
      throw new CliError(
        'loginFailed',
        'logins by a code are turned off at this server, and no browser can be opened here',
        {
          lines: [
            `Use a computer with a browser, or forward the port: ${client.bridge.loginCommand} --no-browser prints the address.`,
          ],
        },
      );
    }
    const tokens = byBrowser
      ? await logInByBrowser(client, options, opener)
      : await logInByDevice(client, options);
    return keep(client, tokens, options);
  });
}

async function whoIs(client: Client, accessToken: string): Promise<WhoAmI> {
  return readWhoAmI(await client.server.call(accessToken, 'GET', '/whoami'));
}

/**
 * Keeps the tokens if they are of the person who is meant; otherwise they are revoked, and what was
 * there stays.
 */
async function keep(
  client: Client,
  tokens: Tokens,
  { switchPerson }: LoginOptions,
): Promise<WhoAmI> {
  const { terminal } = client;
  let isKept = false;
  try {
    const who = await whoIs(client, tokens.accessToken);
    const { id, username, display_name: displayName } = who.person;
    const lastFile = client.file('person');
    const last = await client.vault.read<{ id: string; username: string }>(lastFile);
    if (
      last !== undefined &&
      last.id !== id &&
      switchPerson !== true &&
      !(await confirmsPerson(client, last.username, username))
    ) {
      throw new CliError(
        'loginFailed',
        `the login was confirmed by ${printable(username)}, and this computer was ${printable(last.username)}'s before`,
        {
          lines: [
            'Nothing was changed, and the new login was ended.',
            `If you mean it: ${client.bridge.loginCommand} --switch-person`,
          ],
        },
      );
    }
    await withLock(
      loginLock(client),
      { patienceSeconds: 30, what: 'another rolebridge process that renews the login' },
      async () => {
        if (last?.id !== id) forgetPerson(client);
        await client.vault.write(lastFile, { id, username });
        await writeLogin(client, { person: { id, username, displayName }, ...tokens });
      },
    );
    await rememberBridge(client, {});
    isKept = true;
    return who;
  } finally {
    if (!isKept) {
      const form = { client_id: CLIENT_ID, token: tokens.refreshToken };
      await client.server
        .form('/oauth/revoke', form)
        .catch(() =>
          terminal.warn(
            'the new login could not be ended; your sessions are listed on the page /sessions of the server.',
          ),
        );
    }
  }
}

async function confirmsPerson(client: Client, before: string, now: string): Promise<boolean> {
  if (!client.terminal.isInteractive) return false;
  client.terminal.warn(
    `the login was confirmed by ${client.terminal.bold(printable(now))}. Before, this computer was ${printable(before)}'s.`,
  );
  const { confirm } = await import('../terminal/prompts.ts');
  return confirm(client.terminal, { message: `Go on as ${printable(now)}?`, initial: false });
}

// ---------------------------------------------------------------- in the browser of this computer

async function logInByBrowser(
  client: Client,
  options: LoginOptions,
  opener: ReturnType<typeof browserOpener>,
): Promise<Tokens> {
  const { server, terminal, env } = client;
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(32).toString('base64url');
  const loopback = await listenOnce<{ readonly code: string } | { readonly refusal: string }>({
    path: '/callback',
    timeoutMilliseconds: PERSON_SECONDS * 1000,
    answer: (query, response) => {
      // An answer to something else, or of somebody else (RFC 9207): not ours, and no reason to
      // stop waiting.
      if (query.get('state') !== state || query.get('iss') !== server.origin) {
        page(response, {
          status: 400,
          title: 'This is not the answer to your login',
          text: 'Go back to your terminal and start again.',
        });
        return undefined;
      }
      const code = query.get('code');
      if (code !== null) {
        page(response, {
          status: 200,
          title: 'Go back to your terminal',
          text: 'The login is confirmed. You can close this page.',
        });
        return { code };
      }
      page(response, {
        status: 200,
        title: 'The login was stopped',
        text: 'Your terminal is not signed in. You can close this page.',
      });
      return { refusal: query.get('error') ?? 'unknown' };
    },
  });
  const redirectUri = `http://127.0.0.1:${loopback.port}/callback`;
  try {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: CLIENT_ID,
      redirect_uri: redirectUri,
      state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      device_name: hostname(),
      ...(options.fresh === true && { prompt: 'login' }),
    });
    const address = `${server.origin}/oauth/authorize?${query}`;
    const isOpen =
      options.noBrowser !== true &&
      opener !== undefined &&
      (await openBrowser(opener, address, env));
    terminal.say(
      isOpen
        ? 'Confirm the login in the browser that has opened. If none has, open this address on this computer:'
        : 'Open this address in a browser on this computer:',
    );
    terminal.say(`\n  ${address}\n`);
    const received = await loopback.received;
    if (received === undefined)
      throw new CliError('loginFailed', 'the login was not confirmed in time', {
        lines: [
          tryAgain(client),
          `With a browser on another computer: ${client.bridge.loginCommand} --device`,
        ],
      });
    if ('refusal' in received) throw refusedByPerson(client, received.refusal);
    const form = {
      grant_type: 'authorization_code',
      client_id: CLIENT_ID,
      code: received.code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    };
    return tokensOf(await server.form<TokenAnswer>('/oauth/token', form));
  } catch (thrown) {
    throw thrown instanceof OAuthRefusal ? refusedByServer(client, thrown) : thrown;
  } finally {
    loopback.close();
  }
}

// ---------------------------------------------------------------- by a code, in a browser anywhere

interface DeviceAnswer {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
  readonly expires_in: number;
  readonly interval?: number;
}

/**
 * The page must be of the bridge itself: a code and an address of another bridge would sign in
 * there, and its tokens would go to the server that answered. The code is nothing but a code, so it
 * cannot name another page.
 */
function isDeviceAnswer(origin: string): Check {
  const isPageOfBridge: Check = address =>
    isToken(address) &&
    (address as string).length <= 512 &&
    URL.canParse(address as string) &&
    new URL(address as string).origin === origin;
  return objectOf({
    device_code: isToken,
    user_code: code => isText(code) && /^[A-Z\d]{1,8}(?:-[A-Z\d]{1,8}){0,3}$/.test(code as string),
    verification_uri: isPageOfBridge,
    verification_uri_complete: isPageOfBridge,
    expires_in: isAmount,
    interval: optional(seconds => isAmount(seconds) && (seconds as number) >= 0),
  });
}

async function logInByDevice(client: Client, { fresh }: LoginOptions): Promise<Tokens> {
  const { server, terminal } = client;
  try {
    const answer = await server.form<DeviceAnswer>('/oauth/device_authorization', {
      client_id: CLIENT_ID,
      device_name: hostname(),
      ...(fresh === true && { prompt: 'login' }),
    });
    const begun = usable(answer, isDeviceAnswer(server.origin), 'a code');
    await showCode(client, begun);
    const until = Date.now() + begun.expires_in * 1000;
    let interval = Math.min(begun.interval ?? 5, LONGEST_INTERVAL_SECONDS);
    const form = {
      grant_type: DEVICE_CODE_GRANT,
      client_id: CLIENT_ID,
      device_code: begun.device_code,
    };
    while (Date.now() < until) {
      await pause(interval * 1000);
      try {
        return tokensOf(await server.form<TokenAnswer>('/oauth/token', form));
      } catch (thrown) {
        // The network may come and go while somebody looks for their phone.
        if (thrown instanceof CliError && thrown.exit === 'unreachable') continue;
        if (!(thrown instanceof OAuthRefusal)) throw thrown;
        if (thrown.error === 'slow_down') interval += SLOW_DOWN_SECONDS;
        else if (thrown.error !== 'authorization_pending') throw thrown;
      }
    }
    throw new OAuthRefusal('expired_token', '');
  } catch (thrown) {
    if (!(thrown instanceof OAuthRefusal)) throw thrown;
    if (thrown.error === 'access_denied') throw refusedByPerson(client, thrown.error);
    if (thrown.error !== 'expired_token') throw refusedByServer(client, thrown);
    throw new CliError('loginFailed', 'the login was not confirmed in time', {
      lines: [tryAgain(client)],
    });
  } finally {
    terminal.say('');
  }
}

async function showCode({ terminal }: Client, begun: DeviceAnswer): Promise<void> {
  if (terminal.isInteractive) {
    const { renderUnicodeCompact } = await import('uqr');
    terminal.say(renderUnicodeCompact(begun.verification_uri_complete, { border: 2 }));
  }
  terminal.say(
    `Open ${terminal.bold(printable(begun.verification_uri))} in a browser on any device, and type this code:\n`,
  );
  terminal.say(`    ${terminal.bold(printable(begun.user_code))}\n`);
  terminal.say('Type it only there, and tell it to nobody. Waiting for you to confirm ...');
}

function refusedByPerson(client: Client, error: string): CliError {
  if (error !== 'access_denied')
    return new CliError('loginFailed', `the login was refused (${printable(error)})`, {
      lines: [tryAgain(client)],
    });
  return new CliError('loginFailed', 'the login was refused in the browser', {
    lines: [`If that was a mistake: ${client.bridge.loginCommand}`],
  });
}

function tryAgain({ bridge }: Client): string {
  return `Try again: ${bridge.loginCommand}`;
}

function refusedByServer(client: Client, { error, message }: OAuthRefusal): CliError {
  return new CliError('loginFailed', `the server refused the login (${printable(error)})`, {
    lines: [printable(message), tryAgain(client)].filter(Boolean),
  });
}
