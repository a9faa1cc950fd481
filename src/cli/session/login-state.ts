/** The stored login: tokens and their user. Times are of the local clock. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isAmount, isToken, objectOf, usable } from '../server/answers.ts';
import type { TokenAnswer } from '../server/server.ts';
import { credentialsOf } from '../warm/cached-credentials.ts';
import type { Client } from './client.ts';
import type { LockOptions } from './lock.ts';

export interface LoginState {
  readonly person: {
    readonly id: string;
    readonly username: string;
    readonly displayName: string | null;
  };
  /** Secrets. */
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly accessUntil: number;
  readonly sessionUntil: number;
}

export type Tokens = Omit<LoginState, 'person'>;

const isTokenAnswer = objectOf({
  access_token: isToken,
  refresh_token: isToken,
  expires_in: isAmount,
  session_expires_in: isAmount,
});

/** Throws `failed` for an answer that cannot be used. */
export function tokensOf(answer: TokenAnswer): Tokens {
  usable(answer, isTokenAnswer, 'tokens');
  const now = Date.now();
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token,
    accessUntil: now + answer.expires_in * 1000,
    sessionUntil: now + answer.session_expires_in * 1000,
  };
}

/** How long a process waits for the one that changes the stored login. */
export const RENEWAL: LockOptions = {
  patienceSeconds: 30,
  what: 'another rolebridge process that renews the login',
};

const stateFile = (client: Client): string => client.file('login');

export function readLogin(client: Client): Promise<LoginState | undefined> {
  return client.vault.read<LoginState>(stateFile(client));
}

export function writeLogin(client: Client, state: LoginState): Promise<void> {
  return client.vault.write(stateFile(client), state);
}

/** The lock for changes of the stored login; held briefly. */
export function loginLock(client: Client): string {
  return client.file('login.lock');
}

/** The lock of the process that asks the user to sign in; held until they have. */
export function loginPromptLock(client: Client): string {
  return client.file('login-prompt.lock');
}

export function removeLogin(client: Client): void {
  rmSync(stateFile(client), { force: true });
}

/** Forgets the last user of this bridge. */
export function removePerson(client: Client): void {
  rmSync(client.file('person'), { force: true });
}

/** Removes the cached credentials and lists of a user, at sign-out and for a new user. */
export function forgetPerson(client: Client): void {
  for (const name of ['roles', 'recent', 'elevations']) rmSync(client.file(name), { force: true });
  const credentials = join(client.directory, 'credentials');
  let names: string[] = [];
  try {
    names = readdirSync(credentials);
  } catch {
    // There were none.
  }
  const own = credentialsOf(client.server.origin);
  for (const name of names)
    if (!name.endsWith('.lock') && (name.startsWith(own) || isUnassigned(name)))
      rmSync(join(credentials, name), { force: true });
}

/** Written before these names contained the bridge: no longer read. */
function isUnassigned(name: string): boolean {
  return /^[\da-f]{32}$/.test(name);
}
