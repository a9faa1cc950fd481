/**
 * `/go`: whatever address or ARN a link carries, only a console of AWS comes out of it, in the
 * partition that was read.
 *
 * The hosts of the oracle are written here from the documentation of AWS, not taken from the code.
 */
import { consolePage, readAddress } from '../../src/core/console-address.ts';
import { consoleDestination, MAX_DESTINATION } from '../../src/core/console-destination.ts';
import { partitionTable } from '../../src/core/partitions.ts';
import type { Partition } from '../../src/core/role.ts';
import { type FuzzTarget, promise, unlessRejected } from './target.ts';

const DOMAINS: Readonly<Record<Partition, string>> = {
  aws: 'aws\\.amazon\\.com',
  'aws-cn': 'amazonaws\\.cn',
  'aws-us-gov': 'amazonaws-us-gov\\.com',
  'aws-eusc': 'amazonaws-eusc\\.eu',
};

function isConsole(partition: Partition, hostname: string): boolean {
  const label = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
  const console = '(?:console|health|phd|quicksight|lightsail)';
  return new RegExp(`^(?:${label}\\.)*${console}\\.${DOMAINS[partition]}$`).test(hostname);
}

const TABLE = partitionTable();

export const target: FuzzTarget = {
  name: 'go',
  mostBytes: 6000,
  mostMilliseconds: 200,
  guidedBy: ['/src/core/'],
  covers: [
    'src/core/console-address.ts',
    'src/core/console-destination.ts',
    'src/core/arn-pages.ts',
    'src/core/console-services.ts',
    'src/core/partitions.ts',
  ],
  check: async input => {
    const read = await unlessRejected(['destination_refused'], () => readAddress(input, TABLE));
    if (read === undefined) return;
    const { partition, destination, accounts } = read;
    promise(partition !== undefined, 'an address without a partition only with an added console');
    promise(destination.length <= MAX_DESTINATION, 'a destination is not too long');
    const url = new URL(destination);
    promise(url.protocol === 'https:', 'a destination is https');
    promise(
      url.username + url.password + url.port === '',
      'a destination has neither user nor port',
    );
    promise(isConsole(partition, url.hostname), 'a destination is a console of its partition');
    promise(url.href === destination, 'a destination is normalized');
    promise(
      accounts.every(account => /^\d{12}$/.test(account)),
      'accounts have twelve digits',
    );
    const again = readAddress(destination, TABLE);
    promise(again.destination === destination, 'a destination is its own destination');
    promise(again.partition === partition, 'a destination stays in its partition');
    promise(consolePage(destination) !== undefined, 'a destination is a page');
    promise(
      consoleDestination(
        TABLE[partition],
        accounts[0] ?? ('111122223333' as never),
        destination,
      ) === destination,
      'the check of console links accepts what /go makes',
    );
  },
};
