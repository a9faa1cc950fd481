/**
 * What is on this host: Node.js, configuration, keys, store, clock. Looks, and changes nothing.
 *
 * Owns: the order, and what is in order. Each part is a file of its own.
 */
import { type Finding, levelOf } from '../../core/finding.ts';
import type { KeyDirectoryFacts, StoreFacts } from '../../core/host-facts.ts';
import { examineArchive } from './host-archive.ts';
import { examineClock } from './host-clock.ts';
import { examineEnvironment, examineFiles } from './host-environment.ts';
import { examineKeys } from './host-keys.ts';
import type { HostLook, HostPorts } from './host-look.ts';
import { examineStore } from './host-store.ts';
import type { Section } from './section.ts';

export type { HostPorts, ServerTime } from './host-look.ts';

export function hostSection(ports: HostPorts): Section {
  return {
    name: 'host',
    title: 'This host',
    examine: examination => examine({ ...examination, ...ports }),
  };
}

async function* examine(look: HostLook): AsyncGenerator<Finding> {
  const { configuration, progress } = look;
  yield* inOrder(examineEnvironment(look), {
    ...{ id: 'host.ok', subject: `Node.js ${look.node.version}` },
    message: look.node.path,
  });
  progress(look.configFile);
  yield* inOrder(examineFiles(look), {
    ...{ id: 'host.ok', subject: look.configFile },
    message: 'The configuration has no warning.',
  });
  progress('the store');
  const store = await look.store(configuration.store);
  yield* inOrder(examineStore(store), storeInOrder(store));
  yield* examineArchive(look, store);
  const { directory } = configuration.issuer.keys;
  progress(directory);
  const keys = await look.keys(directory);
  yield* inOrder(
    examineKeys({ ...look, keyFacts: keys, storeFacts: store }),
    keysInOrder(directory, keys),
  );
  progress('the clock');
  yield* examineClock(look);
}

function storeInOrder(store: StoreFacts | undefined): Finding {
  const { server, place = 'store' } = store ?? {};
  const told = server && `PostgreSQL ${server.version}${server.isEncrypted ? ' over TLS' : ''}`;
  return {
    ...{ id: 'host.ok', subject: place },
    message: `The store can be read and written${told === undefined ? '' : `: ${told}`}.`,
  };
}

/** Undefined if none is there yet. */
function keysInOrder(subject: string, { files }: KeyDirectoryFacts): Finding | undefined {
  const good = files.filter(({ state }) => state === 'good').length;
  if (good === 0) return undefined;
  return {
    ...{ id: 'host.ok', subject },
    message: `${good} keys, which only their owner can read.`,
  };
}

/** The findings; and that all is in order, unless one is above a note. */
async function* inOrder(
  findings: AsyncIterable<Finding> | Iterable<Finding>,
  good: Finding | undefined,
): AsyncGenerator<Finding> {
  let isGood = true;
  for await (const finding of findings) {
    if (!['note', 'ok'].includes(levelOf(finding))) isGood = false;
    yield finding;
  }
  if (isGood && good !== undefined) yield good;
}
