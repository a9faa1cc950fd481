/** How a login can fail, in the browser as by a code. */
import type { OAuthRefusal } from '../server/server.ts';
import { CliError } from '../terminal/exit.ts';
import { printable } from '../terminal/printable.ts';
import type { Client } from './client.ts';

/** How long the user has to confirm; the server allows ten minutes. */
export const LOGIN_SECONDS = 600;

export function notInTime(client: Client, ...more: readonly string[]): CliError {
  return new CliError('loginFailed', 'the login was not confirmed in time', {
    lines: [tryAgain(client), ...more],
  });
}

/** `error` is the OAuth error that the browser or the server gave. */
export function deniedInBrowser(client: Client, error: string): CliError {
  if (error !== 'access_denied')
    return new CliError('loginFailed', `the login was denied (${printable(error)})`, {
      lines: [tryAgain(client)],
    });
  return new CliError('loginFailed', 'the login was denied in the browser', {
    lines: [`If that was a mistake: ${client.bridge.loginCommand}`],
  });
}

export function rejectedByServer(client: Client, { error, message }: OAuthRefusal): CliError {
  return new CliError('loginFailed', `the server rejected the login (${printable(error)})`, {
    lines: [printable(message), tryAgain(client)].filter(Boolean),
  });
}

function tryAgain({ bridge }: Client): string {
  return `Try again: ${bridge.loginCommand}`;
}
