import { randomBytes } from 'node:crypto';
import { browserOpener, openBrowser } from '../browser.ts';
import type { Run } from '../command.ts';
import { CliError } from '../exit.ts';
import { listenOnce } from '../loopback.ts';
import { chooseRole, withSuggestions } from '../role-choice.ts';
import { signedIn } from '../signed-in.ts';

const BROWSER_MILLISECONDS = 60_000;

export const run: Run = async ({ words, options, client: open, terminal, env }) => {
  const client = open();
  const isPrinted = options.print === true;
  const opener = isPrinted ? undefined : browserOpener(env);
  if (!isPrinted && opener === undefined) {
    throw new CliError('failed', 'no browser can be opened here', {
      lines: [`--print gives the link, or open it from the portal: ${client.server.origin}`],
    });
  }
  const role = await chooseRole(client, { written: words[0] });
  const { destination } = options;
  const ask = { account: role.account, role: role.role, ...(typeof destination === 'string' && { destination }) };
  const { url } = await terminal
    .progress(`Asking for the console of ${role.account}`, () => signedIn(client).call<{ url: string }>('POST', '/console-link', ask))
    .catch(async (thrown: unknown) => {
      throw thrown instanceof CliError ? await withSuggestions(client, role, thrown) : thrown;
    });
  if (opener === undefined) {
    terminal.print(`${url}\n`);
    terminal.say('Whoever has this link is you in AWS. It can be used within 15 minutes.');
    return;
  }
  // The link is a secret, and arguments of programs are seen by everybody on the machine: the browser is sent to us, and we send it on.
  const path = `/${randomBytes(24).toString('base64url')}`;
  const loopback = await listenOnce<true>({
    path,
    timeoutMilliseconds: BROWSER_MILLISECONDS,
    answer: (_query, response) => {
      response.writeHead(303, { Location: url }).end();
      return true;
    },
  });
  try {
    const isOpen = await openBrowser(opener, `http://127.0.0.1:${loopback.port}${path}`, env);
    if (isOpen) terminal.say(`Opening the console of ${role.account} as ${role.role} ...`);
    const arrived = isOpen && (await loopback.received);
    if (arrived !== true) throw new CliError('failed', 'the browser did not open', { lines: ['--print gives the link instead.'] });
  } finally {
    loopback.close();
  }
};
