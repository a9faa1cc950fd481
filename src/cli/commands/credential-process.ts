import type { Run } from '../command-line/command.ts';
import { bridgeChoice } from '../command-line/parse.ts';
import { durationOf } from '../command-line/times.ts';
import { credentialsFor, sayLacking } from '../roles/credentials.ts';
import { readRoleName } from '../roles/matching.ts';
import type { Client } from '../session/client.ts';
import { logIn } from '../session/login.ts';
import { readLogin } from '../session/login-state.ts';
import { CliError } from '../terminal/exit.ts';
import { isOnlyBridge } from '../warm/settings.ts';
import { isPinned } from '../warm/warm-credentials.ts';

export const run: Run = async ({ words, options, client: open, terminal }) => {
  const role = words[0] === undefined ? undefined : readRoleName(words[0]);
  if (role === undefined)
    throw new CliError('usage', 'no role was given; write ACCOUNT/ROLE, for example prod/Admin');
  const minimumSeconds = durationOf(options, 'minimum');
  // AWS tools use stdin and stderr in their own ways, so nothing is asked.
  const client = { ...open(), mayLogIn: false };
  if (!isPinned(bridgeChoice(options))) requireOnlyBridge(client);
  const wasSignedOut = options.login === true && (await readLogin(client)) === undefined;
  const fetch = () => credentialsFor(client, role, { minimumSeconds });
  const credentials = await fetch().catch(async (thrown: unknown) => {
    const mayOpenBrowser = options.login === true && options['no-login'] !== true;
    if (!mayOpenBrowser || !(thrown instanceof CliError) || thrown.exit !== 'notSignedIn')
      throw thrown;
    await logIn(client, { onlyBrowser: true, wasSignedOut });
    return fetch();
  });
  sayLacking(client, credentials);
  terminal.print(credentials.process);
};

/**
 * A profile from before profiles named their bridge: neither the current login nor the environment
 * tells which one it meant. Throws `usage`.
 */
function requireOnlyBridge({ directory, settings, server, bridge }: Client): void {
  if (isOnlyBridge(directory, settings, server.origin)) return;
  const known = [server.origin, ...bridge.others.map(other => other.server)];
  throw new CliError('usage', 'this profile names no bridge, and this computer has used several', {
    lines: [
      'Write the profiles of each bridge again:',
      ...known.map(origin => `  rolebridge configure --server ${origin}`),
      'If you wrote the profile yourself, add --server URL to its command.',
    ],
  });
}
