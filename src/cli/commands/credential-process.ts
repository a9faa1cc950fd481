import type { Run } from '../command.ts';
import { CliError } from '../exit.ts';
import { logIn } from '../login.ts';
import { minimumOf } from '../minimum.ts';
import { credentialsFor } from '../role-credentials.ts';
import { readRoleName } from '../role-matching.ts';

export const run: Run = async ({ words, options, client: open, terminal }) => {
  const role = words[0] === undefined ? undefined : readRoleName(words[0]);
  if (role === undefined) throw new CliError('usage', 'name a role as ACCOUNT/ROLE, as in prod/Admin');
  const minimumSeconds = minimumOf(options.minimum);
  // Whoever runs this has its own idea of stdin and stderr, so nothing is ever asked.
  const client = { ...open(), mayLogIn: false };
  const fetch = () => credentialsFor(client, role, { minimumSeconds });
  const credentials = await fetch().catch(async (thrown: unknown) => {
    const mayOpenBrowser = options.login === true && options['no-login'] !== true;
    if (!mayOpenBrowser || !(thrown instanceof CliError) || thrown.exit !== 'notSignedIn') throw thrown;
    await logIn(client, { onlyBrowser: true });
    return fetch();
  });
  terminal.print(credentials.process);
};
