/** What the section on this host looks with. Nothing here creates or changes a file or a row. */
import { archiveDirectoryFault } from '../audit/archive-file.ts';
import type { Configuration } from '../config/configuration.ts';
import { readSmallFile, UnreadableFile } from '../config/files.ts';
import { partitionTable, stsUrlOf } from '../core/partitions.ts';
import type { Clock } from '../core/ports.ts';
import { inspectKeys } from '../issuer/key-inspection.ts';
import { type HostPorts, hostSection, type ServerTime } from '../operate/doctor/host-section.ts';
import type { Section } from '../operate/doctor/section.ts';
import { createOutbound } from '../outbound.ts';

const MAX_CA_BYTES: number = 4 * 1024 * 1024;
const TIMEOUT_SECONDS = 5;
const MAX_ANSWER_BYTES: number = 2 * 1024 * 1024;

export function openHostSection(
  configuration: Configuration,
  clock: Clock,
  change: Partial<HostPorts> = {},
): Section {
  const { env } = process;
  return hostSection({
    env,
    node: { version: process.versions.node, path: process.execPath },
    user: process.getuid?.(),
    whyUnreadable,
    keys: inspectKeys,
    store: inspectStore,
    whyNoArchive: archiveDirectoryFault,
    timeAt: url => timeAt(url, clock),
    stsUrls: () => stsUrlsOf(configuration),
    ...change,
  });
}

async function whyUnreadable(file: string): Promise<string | undefined> {
  try {
    const { text } = await readSmallFile(file, MAX_CA_BYTES);
    return text.includes('-----BEGIN ') ? undefined : 'contains no certificate in PEM';
  } catch (thrown) {
    if (thrown instanceof UnreadableFile) return thrown.message;
    throw thrown;
  }
}

/** Undefined for a store in the memory of the server. Changes nothing. */
export const inspectStore: HostPorts['store'] = async store => {
  if (store.kind === 'postgres')
    return (await import('../store/postgres-inspection.ts')).inspectPostgresStore(store.url);
  if (store.file === ':memory:') return undefined;
  return (await import('../store/sqlite-inspection.ts')).inspectSqliteStore(store.file);
};

async function timeAt(url: URL, clock: Clock): Promise<ServerTime | undefined> {
  const sentAt = clock.now();
  try {
    const outbound = createOutbound({
      ...{ timeoutSeconds: TIMEOUT_SECONDS, maxBytes: MAX_ANSWER_BYTES },
    });
    const { headers } = await outbound.fetch(url).finally(() => outbound.close());
    const age = Number(headers.get('age') ?? 0);
    const at = Date.parse(headers.get('date') ?? '') + (age > 0 ? age * 1000 : 0);
    return Number.isNaN(at) ? undefined : { at, sentAt, receivedAt: clock.now() };
  } catch {
    // That it does not answer is the finding of another section.
    return undefined;
  }
}

/** An action without credentials is refused, and not redirected as a bare address is. */
function stsUrlsOf({ accounts, aws }: Configuration): readonly URL[] {
  const partitions = partitionTable(aws);
  const urls = accounts.map(account => stsUrlOf(partitions, account));
  return [...new Set(urls)].map(url => {
    const asked = new URL(url);
    asked.search = '?Action=GetCallerIdentity&Version=2011-06-15';
    return asked;
  });
}
