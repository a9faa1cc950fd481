/**
 * Asking the bridge as the person who is signed in: the token is renewed when it must be, by one
 * process for all.
 *
 * Owns: when a token is renewed, when a login has ended, and that a person at a terminal is asked
 * to sign in, once.
 */

import { CLIENT_ID, OAuthRefusal, type TokenAnswer } from '../server/server.ts';
import { CliError } from '../terminal/exit.ts';
import type { Client } from './client.ts';
import { withLock } from './lock.ts';
import {
  type LoginState,
  loginLock,
  readLogin,
  removeLogin,
  tokensOf,
  writeLogin,
} from './login-state.ts';

/** A token is renewed this long before its end, so that it does not end on the way. */
const RENEW_BEFORE_MILLISECONDS = 60_000;
const REFRESH_PATIENCE_SECONDS = 30;

export interface SignedIn {
  call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<T>;
}

/** Throws `notSignedIn` from its calls when there is no login and nobody may be asked for one. */
export function signedIn(client: Client): SignedIn {
  const call = async <T>(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: object,
  ): Promise<T> => {
    const state = await currentLogin(client);
    try {
      return await client.server.call<T>(state.accessToken, method, path, body);
    } catch (thrown) {
      if (!(thrown instanceof CliError) || thrown.code !== 'token_invalid') throw thrown;
      // Revoked, or renewed by another process at this moment: a new token tells.
      const renewed = await renew(client, state.accessToken);
      return client.server.call<T>(renewed.accessToken, method, path, body);
    }
  };

  return {
    call: async (method, path, body) => {
      try {
        return await call(method, path, body);
      } catch (thrown) {
        const hasEnded = thrown instanceof CliError && thrown.exit === 'notSignedIn';
        if (!hasEnded || !client.mayLogIn || !client.terminal.isInteractive) throw thrown;
        client.terminal.say(`${thrown.message}.`);
        const { logIn } = await import('./login.ts');
        await logIn(client, {});
        return call(method, path, body);
      }
    },
  };
}

/** A login whose access token is good for a while. Throws `notSignedIn`. */
async function currentLogin(client: Client): Promise<LoginState> {
  const state = await readLogin(client);
  if (state === undefined) throw notSignedIn(client, 'you are not signed in');
  return isFresh(state) ? state : renew(client, state.accessToken);
}

function isFresh({ accessUntil }: LoginState): boolean {
  return Date.now() < accessUntil - RENEW_BEFORE_MILLISECONDS;
}

/**
 * One process renews; those that waited for it take what it got. `worn` is the access token that is
 * no good.
 */
function renew(client: Client, worn: string): Promise<LoginState> {
  const waiting = {
    patienceSeconds: REFRESH_PATIENCE_SECONDS,
    what: 'another rolebridge process that renews the login',
  };
  return withLock(loginLock(client), waiting, async () => {
    const state = await readLogin(client);
    if (state === undefined) throw notSignedIn(client, 'your login has ended');
    if (state.accessToken !== worn && isFresh(state)) return state;
    try {
      const form = {
        grant_type: 'refresh_token',
        client_id: CLIENT_ID,
        refresh_token: state.refreshToken,
      };
      const answer = await client.server.form<TokenAnswer>('/oauth/token', form);
      const renewed = { person: state.person, ...tokensOf(answer) };
      await writeLogin(client, renewed);
      return renewed;
    } catch (thrown) {
      if (!(thrown instanceof OAuthRefusal)) throw thrown;
      removeLogin(client);
      throw notSignedIn(client, 'your login has ended');
    }
  });
}

/** Names the bridge, unless there is no other one that could be meant. */
function notSignedIn(
  { vault, bridge }: Client,
  what: 'you are not signed in' | 'your login has ended',
): CliError {
  const fault = vault.keychainFault();
  const lines = [`Sign in: ${bridge.loginCommand}`];
  const at = what === 'your login has ended' ? 'at' : 'to';
  const message =
    bridge.isChosen || bridge.others.length > 0 ? `${what} ${at} ${bridge.title}` : what;
  if (fault !== undefined)
    lines.unshift(
      `The system keychain cannot be asked here (${fault}); a login that is kept there is out of reach.`,
    );
  return new CliError('notSignedIn', message, { lines });
}
