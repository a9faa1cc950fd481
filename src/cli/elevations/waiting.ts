/**
 * Waits until requests are decided, and tells the user what happens meanwhile.
 *
 * A bridge that does not answer for a while, as during a restart, ends nothing: the request is kept
 * there.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { ElevationDetail, ElevationStatus } from '../server/elevation-answers.ts';
import type { Client } from '../session/client.ts';
import { CliError } from '../terminal/exit.ts';
import { readOne } from './calls.ts';
import { missingOf, moment, nameOf, roleOf, roleWord, statusOf } from './describing.ts';

const FIRST_INTERVAL_SECONDS = 2;
const LONGEST_INTERVAL_SECONDS = 10;
const GROWTH = 1.25;

/** `lost` means that nothing more can come of the request. */
const OUTCOME: { readonly [S in ElevationStatus]: 'undecided' | 'granted' | 'lost' } = {
  waiting: 'undecided',
  scheduled: 'granted',
  active: 'granted',
  lapsed: 'lost',
  expired: 'lost',
  denied: 'lost',
  withdrawn: 'lost',
  revoked: 'lost',
  'rule-changed': 'lost',
};

/**
 * The requests as they are when all are granted, or as soon as one is not. Throws `interrupted`
 * after Ctrl-C, and what ends a login; the requests stay.
 */
export async function waitForDecisions(
  client: Client,
  made: readonly ElevationDetail[],
): Promise<readonly ElevationDetail[]> {
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  process.once('SIGINT', interrupt);
  try {
    return await poll(client, made, interruption.signal);
  } catch (thrown) {
    if (interruption.signal.aborted) throw interrupted(client, made);
    throw thrown;
  } finally {
    process.off('SIGINT', interrupt);
  }
}

async function poll(
  client: Client,
  made: readonly ElevationDetail[],
  signal: AbortSignal,
): Promise<readonly ElevationDetail[]> {
  const { terminal } = client;
  let current = made;
  for (const elevation of current) terminal.say(progressOf(client, elevation));
  let interval = FIRST_INTERVAL_SECONDS;
  let isSilent = false;
  const stopped = rejected(signal);
  while (!isSettled(current)) {
    await pause(interval * 1000, undefined, { signal });
    interval = Math.min(interval * GROWTH, LONGEST_INTERVAL_SECONDS);
    const looked = await Promise.race([lookAgain(client, current), stopped]);
    if (looked instanceof CliError) {
      if (!isSilent) terminal.warn(`${looked.message}. Still waiting.`);
      isSilent = true;
      continue;
    }
    isSilent = false;
    sayNews(client, current, looked);
    current = looked;
  }
  return current;
}

/** All granted, or one that will not be. */
function isSettled(elevations: readonly ElevationDetail[]): boolean {
  const outcomes = elevations.map(({ status }) => OUTCOME[status]);
  return outcomes.includes('lost') || !outcomes.includes('undecided');
}

/** The error of a bridge that does not answer. */
async function lookAgain(
  client: Client,
  elevations: readonly ElevationDetail[],
): Promise<readonly ElevationDetail[] | CliError> {
  try {
    const looked: ElevationDetail[] = [];
    for (const elevation of elevations)
      looked.push(
        OUTCOME[elevation.status] === 'undecided' ? await readOne(client, elevation.id) : elevation,
      );
    return looked;
  } catch (thrown) {
    if (thrown instanceof CliError && thrown.exit === 'unreachable') return thrown;
    throw thrown;
  }
}

function rejected(signal: AbortSignal): Promise<never> {
  const stopped = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  // It may come between two polls, when nothing waits for it.
  stopped.catch(() => {});
  return stopped;
}

/** What is lost ends the wait with its error, which says it. */
function sayNews(
  client: Client,
  before: readonly ElevationDetail[],
  now: readonly ElevationDetail[],
): void {
  for (const [index, elevation] of now.entries())
    if (
      OUTCOME[elevation.status] !== 'lost' &&
      standingOf(elevation) !== standingOf(before[index]!)
    )
      client.terminal.say(progressOf(client, elevation));
}

function standingOf({ status, approvals, outstanding }: ElevationDetail): string {
  return JSON.stringify([status, approvals.length, outstanding]);
}

function progressOf({ server }: Client, elevation: ElevationDetail): string {
  const role = roleOf(elevation);
  if (OUTCOME[elevation.status] !== 'undecided') return `${role}: ${statusOf(elevation, server)}.`;
  const { approvals, decide_by, url } = elevation;
  const given = approvals.map(({ by }) => nameOf(by)).join(', ');
  const approved = given === '' ? '' : `approved by ${given}; `;
  const missing = missingOf(elevation) || 'approvers';
  return `${role}: ${approved}waits for ${missing}, until ${moment(decide_by, server)}. ${url}`;
}

/** Throws `notGranted` if one of them is not. */
export function requireGranted(
  { server, bridge }: Client,
  elevations: readonly ElevationDetail[],
): void {
  const lost = elevations.find(({ status }) => OUTCOME[status] === 'lost');
  if (lost === undefined) return;
  const others = elevations.filter(({ id }) => id !== lost.id);
  throw new CliError('notGranted', `${roleOf(lost)}: ${statusOf(lost, server)}`, {
    lines: [
      ...others.map(of => `${roleOf(of)} (${of.id}): ${statusOf(of, server)}.`),
      `See ${lost.url}, or make a new request: rolebridge request${bridge.selector} ${roleWord(lost)}`,
    ],
  });
}

function interrupted({ bridge }: Client, made: readonly ElevationDetail[]): CliError {
  const ids = made.map(({ id }) => id);
  return new CliError('interrupted', 'stopped waiting; the request is kept', {
    lines: [
      `To see it: rolebridge requests${bridge.selector}`,
      ...ids.map(id => `To withdraw it: rolebridge withdraw${bridge.selector} ${id}`),
    ],
  });
}
