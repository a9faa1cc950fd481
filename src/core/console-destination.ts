/**
 * Where a console link can lead: the only check of `destination`, for every route.
 *
 * Owns: the longest destination, the form of the address, the session prefix of a multi-session
 * console. Does not own: which hosts are consoles (partitions).
 */
import { BridgeError } from './errors.ts';
import type { PartitionFacts } from './partitions.ts';
import type { AccountId } from './role.ts';

/**
 * Characters, before and after the address is normalised. Links into CloudWatch Logs Insights have
 * more than 3,500.
 */
export const MAX_DESTINATION = 4096;

/**
 * `111122223333-abcd1234.eu-west-1.console.aws.amazon.com`: a console in which several sessions are
 * open at once.
 */
const SESSION_PREFIX = /^(\d{12})-[a-z0-9]+\.(?=.)/;
const SESSION_LABEL = /^\d{12}-[a-z0-9]+$/;

/** Throws `destination_refused` with the length. */
export function checkDestinationLength(destination: string): void {
  if (destination.length <= MAX_DESTINATION) return;
  const length = `${destination.length.toLocaleString('en')} characters`;
  const most = MAX_DESTINATION.toLocaleString('en');
  throw new BridgeError('destination_refused', `console destination: ${length}, at most ${most}`, {
    hint: `The console address has ${length}; the limit is ${most}. Shorten it, for example its query or filter.`,
  });
}

/**
 * The address as AWS receives it: normalized, without the prefix of a session. Throws
 * `destination_refused` if it is not a console of the partition, is too long, or belongs to a
 * session in another account.
 */
export function consoleDestination(
  partition: PartitionFacts,
  account: AccountId,
  destination: string,
): string {
  const refuse = (why: string): BridgeError =>
    new BridgeError('destination_refused', `console destination: ${why}`);
  checkDestinationLength(destination);
  // The URL parser drops or replaces these; another parser would not.
  if (/[\p{C}\p{Z}\\]/u.test(destination))
    throw refuse('contains a space, a control character or a backslash');
  if (!/^https?:\/\/[^/]/i.test(destination)) throw refuse('not a whole https address');
  if (/^[^/]*\/\/[^/?#]*@/.test(destination)) throw refuse('contains a user name');
  if (!URL.canParse(destination)) throw refuse('not an address');
  const url = new URL(destination);
  const owner = SESSION_PREFIX.exec(url.hostname)?.[1];
  if (owner !== undefined) url.hostname = url.hostname.replace(SESSION_PREFIX, '');
  // A second prefix would remain behind it, and its account was not compared.
  if (url.hostname.split('.').some(label => SESSION_LABEL.test(label)))
    throw refuse('holds a session of a console more than once');
  if (!partition.isConsole(url)) throw refuse(`not a console of partition ${partition.partition}`);
  if (owner !== undefined && owner !== account) {
    throw new BridgeError(
      'destination_refused',
      `console destination: belongs to a session in account ${owner}, not ${account}`,
      {
        hint: `The console address belongs to a session in account ${owner}, but the role is in account ${account}. Choose a role in account ${owner}, or remove the part before the first dot from the address.`,
      },
    );
  }
  checkDestinationLength(url.href);
  return url.href;
}
