/**
 * Signing in: in the browser of this computer, or by a code that the user confirms in any browser.
 *
 * Owns: which of the two, and that a login confirmed by another user is not kept unseen. One
 * process signs in; the others wait and use its login.
 */

import { CLIENT_ID, type ServerMetadata } from '../server/server.ts';
import { readWhoAmI, type WhoAmI } from '../server/who-am-i.ts';
import { browserOpener, type Opener } from '../terminal/browser.ts';
import { CliError } from '../terminal/exit.ts';
import { printable } from '../terminal/printable.ts';
import { logInByBrowser } from './browser-login.ts';
import type { Client } from './client.ts';
import { logInByDevice } from './device-login.ts';
import { rememberBridge } from './known-bridges.ts';
import { withLock } from './lock.ts';
import { LOGIN_SECONDS } from './login-outcome.ts';
import {
  forgetPerson,
  loginLock,
  loginPromptLock,
  RENEWAL,
  readLogin,
  type Tokens,
  writeLogin,
} from './login-state.ts';

export interface LoginOptions {
  /** By a code, even where a browser can be opened. */
  readonly device?: boolean;
  /** The address is printed and not opened. */
  readonly noBrowser?: boolean;
  /** The identity provider must ask the user again. */
  readonly fresh?: boolean;
  /** Another user than before is meant. */
  readonly switchPerson?: boolean;
  /** No code is shown, because the user would not see it. */
  readonly onlyBrowser?: boolean;
  /** No login existed when the command began: one that exists now is that of another process. */
  readonly wasSignedOut?: boolean;
}

/**
 * Signs in, unless another process has done so meanwhile. Throws `loginFailed`, `unreachable`,
 * `local`.
 */
export async function logIn(client: Client, options: LoginOptions): Promise<WhoAmI> {
  const before = options.wasSignedOut === true ? undefined : (await readLogin(client))?.accessToken;
  const waiting = {
    patienceSeconds: LOGIN_SECONDS + 30,
    what: 'the login of another rolebridge process',
    onWait: () =>
      client.terminal.say('Another rolebridge process is signing in. Waiting for it ...'),
  };
  return withLock(loginPromptLock(client), waiting, async () => {
    const now = await readLogin(client);
    if (now !== undefined && now.accessToken !== before) return whoIs(client, now.accessToken);
    const metadata = await client.terminal.progress(`Asking ${client.server.origin}`, () =>
      client.server.metadata(),
    );
    const opener = options.device === true ? undefined : browserOpener(client.env);
    const tokens = hasBrowser(options, opener)
      ? await logInByBrowser(client, options, opener)
      : await logInByCode(client, options, metadata);
    return keep(client, tokens, options);
  });
}

/** `opener` is undefined where no browser can be opened; then the user may open one. */
function hasBrowser({ device, noBrowser }: LoginOptions, opener: Opener | undefined): boolean {
  return device !== true && (opener !== undefined || noBrowser === true);
}

/** Throws `notSignedIn` where no code may be shown, `loginFailed` where the server gives none. */
function logInByCode(
  client: Client,
  options: LoginOptions,
  metadata: ServerMetadata,
): Promise<Tokens> {
  const { loginCommand } = client.bridge;
  if (options.onlyBrowser === true) {
    throw new CliError('notSignedIn', 'you are not signed in, and no browser can be opened here', {
      lines: [`Sign in: ${loginCommand}`],
    });
  }
  if (metadata.device_authorization_endpoint === undefined) {
    throw new CliError(
      'loginFailed',
      'device-code logins are turned off at this server, and no browser can be opened here',
      {
        lines: [
          'Use a computer with a browser, or forward the port of the address that this prints:',
          `  ${loginCommand} --no-browser`,
        ],
      },
    );
  }
  return logInByDevice(client, options);
}

async function whoIs(client: Client, accessToken: string): Promise<WhoAmI> {
  return readWhoAmI(
    await client.server.call({ token: accessToken, method: 'GET', path: '/whoami' }),
  );
}

/** Keeps the tokens if they belong to the user who is meant; otherwise revokes them. */
async function keep(client: Client, tokens: Tokens, options: LoginOptions): Promise<WhoAmI> {
  let isKept = false;
  try {
    const who = await whoIs(client, tokens.accessToken);
    await keepFor(client, { who, tokens }, options);
    await rememberBridge(client, {});
    isKept = true;
    return who;
  } finally {
    if (!isKept) await revoke(client, tokens);
  }
}

interface NewLogin {
  readonly who: WhoAmI;
  readonly tokens: Tokens;
}

/** Throws `loginFailed` for another user than the last one of this computer, unless confirmed. */
async function keepFor(
  client: Client,
  { who, tokens }: NewLogin,
  { switchPerson }: LoginOptions,
): Promise<void> {
  const { id, username, display_name: displayName } = who.person;
  const lastFile = client.file('person');
  const last = await client.vault.read<{ id: string; username: string }>(lastFile);
  const isAnother = last !== undefined && last.id !== id;
  if (
    isAnother &&
    switchPerson !== true &&
    !(await confirmsSwitch(client, last.username, username))
  )
    throw anotherUser(client, last.username, username);
  await withLock(loginLock(client), RENEWAL, async () => {
    if (last?.id !== id) forgetPerson(client);
    await client.vault.write(lastFile, { id, username });
    await writeLogin(client, { person: { id, username, displayName }, ...tokens });
  });
}

async function confirmsSwitch(client: Client, before: string, now: string): Promise<boolean> {
  const { terminal } = client;
  if (!terminal.isInteractive) return false;
  terminal.warn(
    `the login was confirmed by ${terminal.bold(printable(now))}, but this computer was last used by ${printable(before)}.`,
  );
  const { confirm } = await import('../terminal/prompts.ts');
  return confirm(terminal, { message: `Continue as ${printable(now)}?`, initial: false });
}

function anotherUser({ bridge }: Client, before: string, now: string): CliError {
  return new CliError(
    'loginFailed',
    `the login was confirmed by ${printable(now)}, but this computer was last used by ${printable(before)}`,
    {
      lines: [
        'Nothing was changed, and the new login was ended.',
        `To switch to the new user: ${bridge.loginCommand} --switch-person`,
      ],
    },
  );
}

async function revoke({ server, terminal }: Client, tokens: Tokens): Promise<void> {
  const form = { client_id: CLIENT_ID, token: tokens.refreshToken };
  await server
    .form('/oauth/revoke', form)
    .catch(() =>
      terminal.warn(
        `the new login could not be ended. End it on the page ${server.origin}/sessions.`,
      ),
    );
}
