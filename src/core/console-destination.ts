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

/** An address that could be one of the console: its host is not checked yet. */
export interface SessionAddress {
  /** Without the prefix of a session. */
  readonly url: URL;
  /** The account of the session that the address belongs to. */
  readonly owner: AccountId | undefined;
}

/**
 * Reads an address strictly, and takes the prefix of a session off. Throws `destination_refused`
 * for what another parser would read in another way.
 */
export function sessionAddress(text: string): SessionAddress {
  checkDestinationLength(text);
  // The URL parser drops or replaces these; another parser would not.
  if (/[\p{C}\p{Z}\\]/u.test(text))
    throw refused('contains a space, a control character or a backslash');
  const authority = /^https?:\/\/([^/?#]+)/i.exec(text)?.[1];
  if (authority === undefined) throw refused('not a whole https address');
  if (authority.includes('@')) throw refused('contains a user name');
  if (!URL.canParse(text)) throw refused('not an address');
  const url = new URL(text);
  // Percent-encoding, letters of other scripts and superfluous ports name a host in another way.
  if (authority.toLowerCase() !== url.host) throw refused('its host is written in an unusual way');
  if (url.pathname.startsWith('//')) throw refused('its path begins with two slashes');
  const owner = SESSION_PREFIX.exec(url.hostname)?.[1] as AccountId | undefined;
  if (owner !== undefined) url.hostname = url.hostname.replace(SESSION_PREFIX, '');
  // A second prefix would remain behind it, and its account was not compared.
  if (url.hostname.split('.').some(label => SESSION_LABEL.test(label)))
    throw refused('contains the session of a console more than once');
  return { url, owner };
}

function refused(why: string): BridgeError {
  return new BridgeError('destination_refused', `console destination: ${why}`);
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
  const { url, owner } = sessionAddress(destination);
  if (!partition.isConsole(url)) throw refused(`not a console of partition ${partition.partition}`);
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
