/** What a request consists of: roles, length and reasons. The user is asked for what is missing. */
import { formatDuration, HOUR, MINUTE, type Seconds } from '../../core/time.ts';
import { exactName, mayGuess, pickMatching } from '../roles/choice.ts';
import { nameOf } from '../roles/list.ts';
import { exactly, nearestNames } from '../roles/matching.ts';
import type { ElevationLists, Offer } from '../server/elevation-answers.ts';
import type { Client } from '../session/client.ts';
import { CliError } from '../terminal/exit.ts';

export interface Choosing {
  readonly written: readonly string[];
  readonly offers: readonly Offer[];
  /** A program reads the output. */
  readonly forProgram: boolean;
}

/** Throws `refused` for a role that the user cannot request, `usage` in scripts without a name. */
export async function chooseOffers(
  client: Client,
  { written, offers, forProgram }: Choosing,
): Promise<readonly Offer[]> {
  const isGuessing = mayGuess(client, forProgram);
  const chosen: Offer[] = [];
  for (const name of written.length === 0 ? [undefined] : written)
    chosen.push(
      isGuessing
        ? await guessedOffer(client, offers, name)
        : exactOffer(client, offers, nameIn(client, name)),
    );
  return chosen;
}

function nameIn(client: Client, written: string | undefined): string {
  const { account, role } = exactName(client, written);
  return `${account}/${role}`;
}

async function guessedOffer(
  client: Client,
  offers: readonly Offer[],
  written: string | undefined,
): Promise<Offer> {
  if (offers.length === 0)
    throw new CliError('refused', 'you cannot request any role', {
      lines: ['You are not eligible for any role beyond those that you already have.'],
    });
  const hintOf = ({ longest_seconds, open }: Offer) =>
    open === null ? `up to ${formatDuration(longest_seconds)}` : 'already requested';
  const offer = await pickMatching(client, { roles: offers, written, hintOf });
  if (offer !== undefined) return offer;
  throw notOffered(client, offers, written!);
}

function exactOffer(client: Client, offers: readonly Offer[], written: string): Offer {
  const offer = exactly(offers, written);
  if (offer !== undefined) return offer;
  throw notOffered(client, offers, written);
}

function notOffered({ bridge }: Client, offers: readonly Offer[], written: string): CliError {
  const near = nearestNames(offers, written, 3);
  return new CliError('refused', `you cannot request "${written}"`, {
    code: 'elevation_not_offered',
    lines: [
      'You already have it without a request, or you are not eligible for it.',
      ...(near.length === 0 ? [] : [`Did you mean: ${near.join(', ')}?`]),
      `List your roles: rolebridge roles${bridge.selector}`,
    ],
  });
}

const DEFAULT_SECONDS: Seconds = HOUR;
const SHORTEST_SECONDS: Seconds = 30 * MINUTE;

/** An hour, or less where a role offers less. */
export function defaultSeconds(
  { server }: Client,
  offers: readonly Offer[],
  { mine }: Pick<ElevationLists, 'mine'>,
): Seconds {
  const longest = offers.map(({ longest_seconds, open }) => {
    const base = mine.find(({ id, status }) => id === open && status === 'active');
    if (base === undefined || base.ends_at === null) return longest_seconds;
    // An extension ends no later than the longest elevation would from now on.
    return longest_seconds - Math.ceil((Date.parse(base.ends_at) - server.now()) / 1000);
  });
  return Math.max(SHORTEST_SECONDS, Math.min(DEFAULT_SECONDS, ...longest));
}

export interface Explanation {
  readonly reason: string | undefined;
  readonly ticket: string | undefined;
}

/** Asks for what the roles want and the command line does not say. Throws `interrupted`. */
export async function askForReasons(
  { terminal }: Client,
  offers: readonly Offer[],
  { reason, ticket }: Explanation,
): Promise<Explanation> {
  const { ask } = await import('../terminal/prompts.ts');
  const isRequired = offers.some(offer => offer.reason === 'required');
  const tickets = offers.flatMap(offer => (offer.ticket === null ? [] : [offer.ticket]));
  const examples = tickets.flatMap(({ projects }) => projects ?? []).map(of => `${of}-123`);
  const names = offers.map(nameOf).join(', ');
  return {
    reason:
      reason ?? (await ask(terminal, { message: `What do you need ${names} for?`, isRequired })),
    ticket:
      ticket ??
      (tickets.length === 0
        ? undefined
        : await ask(terminal, {
            message: `Which ticket?${examples.length === 0 ? '' : ` (${examples.join(', ')})`}`,
            isRequired: true,
          })),
  };
}
