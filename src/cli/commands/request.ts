import { formatDuration } from '../../core/time.ts';
import type { Invocation, Run } from '../command-line/command.ts';
import { durationOf, startOf } from '../command-line/times.ts';
import { askForReasons, chooseOffers, defaultSeconds } from '../elevations/asking.ts';
import { makeRequest, readMine } from '../elevations/calls.ts';
import { requireConfirmed, textIn } from '../elevations/deciding.ts';
import { markedRoleOf, roleOf, roleWord, statusOf } from '../elevations/describing.ts';
import { requireGranted, waitForDecisions } from '../elevations/waiting.ts';
import { nameOf } from '../roles/list.ts';
import type { ElevationDetail, Offer } from '../server/elevation-answers.ts';
import type { Client } from '../session/client.ts';
import { CliError } from '../terminal/exit.ts';
import { jsonText } from '../terminal/printable.ts';
import { table } from '../terminal/terminal.ts';

export const run: Run = async ({ words, options, client: open }) => {
  const client = open();
  const isJson = options.json === true;
  const seconds = durationOf(options, 'for');
  const startsAt = startOf(options, client.server.now());
  const lists = await readMine(client);
  const { offers } = lists;
  const chosen = await chooseOffers(client, { written: words, offers, forProgram: isJson });
  const { reason, ticket } = await explanationFor(client, chosen, options);
  const isBreakGlass = options['break-glass'] === true;
  if (isBreakGlass && options.yes !== true) await confirmBreakGlass(client, chosen);
  const made = await makeRequest(client, {
    roles: chosen.map(({ account, role }) => ({ account: account.name, role })),
    duration_seconds: seconds ?? defaultSeconds(client, chosen, lists),
    ...{ reason, ticket },
    ...(startsAt !== undefined && { starts_at: new Date(startsAt).toISOString() }),
    ...(isBreakGlass && { break_glass: true }),
  });
  if (!isJson) tellMade(client, made);
  const decided = options.wait === true ? await waitForDecisions(client, made) : made;
  if (isJson) client.terminal.print(jsonText({ elevations: decided }));
  if (options.wait === true) requireGranted(client, decided);
  if (!isJson) tellNext(client, decided);
  return undefined;
};

function explanationFor(
  client: Client,
  offers: readonly Offer[],
  options: Invocation['options'],
): Promise<{ readonly reason: string | undefined; readonly ticket: string | undefined }> {
  const said = { reason: textIn(options, 'reason'), ticket: textIn(options, 'ticket') };
  const mayAsk = client.terminal.isInteractive && options.json !== true;
  const needsTicket = said.ticket === undefined && offers.some(({ ticket }) => ticket !== null);
  // A complete command line asks for nothing.
  if (!mayAsk || (said.reason !== undefined && !needsTicket)) return Promise.resolve(said);
  return askForReasons(client, offers, said);
}

async function confirmBreakGlass(client: Client, offers: readonly Offer[]): Promise<void> {
  const barred = offers.find(offer => offer.break_glass === null);
  if (barred !== undefined)
    throw new CliError('refused', `you cannot grant ${nameOf(barred)} to yourself`, {
      lines: ['Request it without --break-glass, and let an approver decide.'],
    });
  const review = Math.min(...offers.map(offer => offer.break_glass!.review_seconds));
  const names = offers.map(({ account, role }) =>
    markedRoleOf({ account, role, environment: account.environment }),
  );
  await requireConfirmed(client, {
    message: `Grant yourself ${names.join(', ')} now? The approvers see it at once, and another user must review it within ${formatDuration(review)}.`,
    otherwise: 'nothing was requested',
  });
}

/** Ids come first, so that they can be copied. */
function tellMade({ terminal, server }: Client, made: readonly ElevationDetail[]): void {
  const rows = made.map(elevation => [
    elevation.id,
    roleOf(elevation),
    formatDuration(elevation.requested_seconds),
    statusOf(elevation, server),
  ]);
  terminal.print(table(rows, terminal.columns));
}

function tellNext({ terminal, bridge }: Client, decided: readonly ElevationDetail[]): void {
  const { selector } = bridge;
  for (const elevation of decided) {
    if (elevation.status === 'active')
      terminal.say(`Use it: rolebridge exec${selector} ${roleWord(elevation)} -- COMMAND`);
    if (elevation.status === 'waiting') terminal.say(`See ${elevation.url}`);
  }
}
