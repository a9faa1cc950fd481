/**
 * Calls to the bridge as the signed-in user. One process renews the token for all.
 *
 * Owns: when a token is renewed, when a login has ended, and that a user at a terminal is asked
 * once to sign in.
 */

import { type ApiCall, CLIENT_ID, OAuthRefusal, type TokenAnswer } from '../server/server.ts';
import { CliError } from '../terminal/exit.ts';
import type { Client } from './client.ts';
import { withLock } from './lock.ts';
import {
  type LoginState,
  loginLock,
  RENEWAL,
  readLogin,
  removeLogin,
  tokensOf,
  writeLogin,
} from './login-state.ts';

/** A token is renewed this long before it expires, so that it does not expire in transit. */
const RENEW_BEFORE_MILLISECONDS = 60_000;

export interface SignedIn {
  call<T>(method: ApiCall['method'], path: string, body?: object): Promise<T>;
}

/** Calls throw `notSignedIn` when there is no login and the user cannot be asked to sign in. */
export function signedIn(client: Client): SignedIn {
  return {
    call: async <T>(method: ApiCall['method'], path: string, body?: object) => {
      const call = { method, path, body };
      try {
        return await callWithLogin<T>(client, call);
      } catch (thrown) {
        const hasEnded = thrown instanceof CliError && thrown.exit === 'notSignedIn';
        if (!hasEnded || !client.mayLogIn || !client.terminal.isInteractive) throw thrown;
        client.terminal.say(`${thrown.message}.`);
        const { logIn } = await import('./login.ts');
        await logIn(client, {});
        return callWithLogin<T>(client, call);
      }
    },
  };
}

async function callWithLogin<T>(client: Client, call: Omit<ApiCall, 'token'>): Promise<T> {
  const { accessToken } = await currentLogin(client);
  try {
    return await client.server.call<T>({ ...call, token: accessToken });
  } catch (thrown) {
    if (!(thrown instanceof CliError) || thrown.code !== 'token_invalid') throw thrown;
    // Revoked, or renewed by another process at this moment: a new token shows which.
    const renewed = await renew(client, accessToken);
    return client.server.call<T>({ ...call, token: renewed.accessToken });
  }
}

/** A login with a fresh access token. Throws `notSignedIn`. */
async function currentLogin(client: Client): Promise<LoginState> {
  const state = await readLogin(client);
  if (state === undefined) throw notSignedIn(client, 'you are not signed in');
  return isFresh(state) ? state : renew(client, state.accessToken);
}

function isFresh({ accessUntil }: LoginState): boolean {
  return Date.now() < accessUntil - RENEW_BEFORE_MILLISECONDS;
}

/** Renewed by one process; the others use its result. `rejected` is the token to replace. */
function renew(client: Client, rejected: string): Promise<LoginState> {
  return withLock(loginLock(client), RENEWAL, async () => {
    const state = await readLogin(client);
    if (state === undefined) throw notSignedIn(client, 'your login has ended');
    if (state.accessToken !== rejected && isFresh(state)) return state;
    try {
      const answer = await client.server.form<TokenAnswer>('/oauth/token', {
        grant_type: 'refresh_token',
        client_id: CLIENT_ID,
        refresh_token: state.refreshToken,
      });
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

/** Names the bridge where another one could be meant. */
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
      `The system keychain is not available here (${fault}), so a login that is stored there cannot be used.`,
    );
  return new CliError('notSignedIn', message, { lines });
}
