/** The store: reachable, writable, of this version, with room to grow. */
import type { Finding, FindingId } from '../../core/finding.ts';
import type { StoreFacts, StoreFault } from '../../core/host-facts.ts';

const FAULTS: Readonly<
  Record<StoreFault['kind'], { readonly id: FindingId; readonly fix: string }>
> = {
  unreachable: {
    id: 'host.store-unreachable',
    fix: 'Check that the database runs, that this host can reach it, and the address, user and password of the URL.',
  },
  'read-only': {
    id: 'host.store-read-only',
    fix: 'Give the user that runs the bridge the right to write, on the file and its directory or on the tables.',
  },
  newer: {
    id: 'host.store-newer',
    fix: 'Run the newer version, or restore a backup from before it.',
  },
  'no-file': {
    id: 'host.store-no-file',
    fix: 'Write the path of a file in store.sqlite.',
  },
  foreign: {
    id: 'host.store-foreign',
    fix: 'Give the bridge a file or a database of its own, or restore a backup.',
  },
};

const MIB: number = 1024 * 1024;
/** A commit fails below the first; below the second a busy day can fill the disk. */
const FULL_BYTES: number = 16 * MIB;
const LOW_BYTES: number = 256 * MIB;

export function* examineStore(store: StoreFacts | undefined): Generator<Finding> {
  if (store === undefined) {
    yield {
      ...{ id: 'host.store-in-memory', subject: 'store' },
      message: 'The store is in memory: a restart loses sessions and audit events.',
      fix: 'Name a file in store.sqlite, or a database in store.postgres.',
    };
    return;
  }
  const { place: subject, fault, exists, pendingSteps } = store;
  if (fault !== undefined) {
    const { id, fix } = FAULTS[fault.kind];
    yield { id, subject, message: fault.message, fix };
    return;
  }
  yield* diskFindings(store);
  if (!exists)
    yield {
      ...{ id: 'host.store-new', subject },
      message: 'The store has no tables yet: the first start makes them.',
    };
  else if (pendingSteps > 0)
    yield {
      ...{ id: 'host.store-migrates', subject },
      message: `The next start changes the schema (${pendingSteps} steps), and older versions then reject it.`,
      fix: 'Make a backup first.',
    };
}

function* diskFindings({ place: subject, disk }: StoreFacts): Generator<Finding> {
  if (disk === undefined) return;
  const { freeBytes, network, isOpen } = disk;
  if (network !== undefined)
    yield {
      ...{ id: 'host.store-on-network', subject, found: network },
      message: 'The file is on a network file system, where SQLite cannot lock and log safely.',
      fix: 'Put it on a local disk, or use PostgreSQL.',
    };
  if (freeBytes < LOW_BYTES)
    yield {
      id: freeBytes < FULL_BYTES ? 'host.disk-full' : 'host.disk-low',
      ...{ subject, found: `${Math.floor(freeBytes / MIB)} MiB free` },
      message: 'The disk has little room left. Without room the bridge is not ready.',
      fix: 'Make room, or move the store to a larger disk.',
    };
  if (isOpen)
    yield {
      ...{ id: 'host.store-open', subject },
      message: 'Other users can read the file, which contains the audit trail.',
      fix: `Run chmod 600 ${subject}; the next start does so, too.`,
    };
}
