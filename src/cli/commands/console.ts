import { MAX_DESTINATION } from '../../core/console-destination.ts';
import { withQuery } from '../../core/local-path.ts';
import type { Seconds } from '../../core/time.ts';
import type { Run } from '../command-line/command.ts';
import { durationOf } from '../command-line/times.ts';
import { chooseRole, withSuggestions } from '../roles/choice.ts';
import { requireLength } from '../roles/lasting-credentials.ts';
import { keptRoles } from '../roles/list.ts';
import type { NamedRole } from '../roles/matching.ts';
import type { Client } from '../session/client.ts';
import { readLogin } from '../session/login-state.ts';
import { signedIn } from '../session/signed-in.ts';
import { browserOpener, openBrowser } from '../terminal/browser.ts';
import { CliError } from '../terminal/exit.ts';
import { printable } from '../terminal/printable.ts';
import { isThisComputer } from '../warm/bridges.ts';

export const run: Run = async ({ words, options, client: open, terminal, env }) => {
  const client = open();
  const destination = destinationIn(options.destination);
  const seconds = durationOf(options, 'duration');
  const role = await chooseRole(client, { written: words[0] });
  requireConsole(client, role);
  const page = { ...role, destination, seconds };
  if (options.print === true) {
    terminal.print(`${await linkFor(client, page)}\n`);
    terminal.say('Anyone who has this link acts as you in AWS. It expires in 15 minutes.');
    return;
  }
  // Every user of the computer can see the arguments of programs, so the browser gets an address
  // that works only with a session there.
  const address = consoleAddress(client.server.origin, page);
  const opener = browserOpener(env);
  const isOpen = opener !== undefined && (await openBrowser(opener, address, env));
  if (!isOpen) {
    throw new CliError(
      'failed',
      opener === undefined ? 'could not find a browser to open' : 'the browser did not open',
      {
        lines: [
          'Open this address in a browser where you are signed in to the bridge:',
          `  ${address}`,
          'Or use --print for a link that needs no sign-in.',
        ],
      },
    );
  }
  const mark = role.warning === undefined ? '' : ` (${terminal.red(role.warning)})`;
  terminal.say(
    `Opening the console of ${printable(role.account)}${mark} as ${printable(role.role)} in the browser.`,
  );
  const login = await readLogin(client);
  const here =
    login === undefined ? '' : ` In this terminal you are ${printable(login.person.username)}.`;
  terminal.say(
    `It opens for the user who is signed in there; without one, the page asks for a sign-in.${here}`,
  );
};

/** Throws `refused` where the role list says it; the server says it in any case. */
function requireConsole(client: Client, { account }: NamedRole): void {
  const roles = keptRoles(client.file('roles'))?.roles ?? [];
  const found = roles.find(role => [role.account.name, role.account.id].includes(account));
  if (typeof found?.account.sts_endpoint !== 'string') return;
  throw new CliError('refused', `account ${printable(account)} has no AWS console`, {
    lines: ['It is not an AWS account. Get credentials instead: rolebridge credentials'],
    code: 'console_missing',
  });
}

/** Throws `refused` with the length. */
function destinationIn(option: string | boolean | undefined): string | undefined {
  if (typeof option !== 'string' || option === '') return undefined;
  if (option.length <= MAX_DESTINATION) return option;
  throw new CliError(
    'refused',
    `the console address has ${option.length} characters; the limit is ${MAX_DESTINATION}`,
    {
      lines: ['Shorten it, for example its query or filter.'],
      code: 'destination_refused',
    },
  );
}

interface ConsolePage extends NamedRole {
  readonly destination: string | undefined;
  readonly seconds: Seconds | undefined;
}

function consoleAddress(
  origin: string,
  { account, role, destination, seconds }: ConsolePage,
): string {
  const duration = seconds === undefined ? undefined : `${seconds}s`;
  return `${origin}${withQuery('/console', { account, role, destination, duration })}`;
}

interface LinkAnswer {
  readonly url: unknown;
  readonly duration_seconds?: unknown;
  readonly console_seconds?: unknown;
}

async function linkFor(
  client: Client,
  { account, role, destination, seconds }: ConsolePage,
): Promise<string> {
  const ask = {
    ...{ account, role },
    ...(destination !== undefined && { destination }),
    ...(seconds !== undefined && { duration_seconds: seconds }),
  };
  const answer = await client.terminal
    .progress(`Asking for the console of ${printable(account)}`, () =>
      signedIn(client).call<LinkAnswer | null>('POST', '/console-link', ask),
    )
    .catch(async (thrown: unknown) => {
      const named = { account, role };
      throw thrown instanceof CliError ? await withSuggestions(client, named, thrown) : thrown;
    });
  // A console without a length of its own ends with the credentials.
  if (seconds !== undefined)
    requireLength(answer?.console_seconds ?? answer?.duration_seconds, seconds);
  const url = answer?.url;
  if (isWebAddress(url)) return url;
  throw new CliError('failed', 'the server sent a console link that is not a web address', {
    lines: ['Nothing was printed. Contact the administrators of the server.'],
  });
}

/** Fit for a terminal and for a shell in quotes: printable ASCII, https (http on this computer). */
function isWebAddress(text: unknown): text is string {
  if (typeof text !== 'string' || !/^https?:\/\/[\x21-\x7e]+$/.test(text) || !URL.canParse(text))
    return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || isThisComputer(hostname);
}
