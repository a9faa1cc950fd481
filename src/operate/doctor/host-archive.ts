/** Whether audit events that are too old for the database reach their archive. */
import type { Finding } from '../../core/finding.ts';
import type { StoreFacts } from '../../core/host-facts.ts';
import { DAY, formatDay } from '../../core/time.ts';
import type { HostLook } from './host-look.ts';

/** A day is archived as a whole, and a bridge that was stopped begins again with its start. */
const LATE_MILLISECONDS: number = 3 * DAY * 1000;

export async function* examineArchive(
  { configuration, clock, whyNoArchive }: HostLook,
  store: StoreFacts | undefined,
): AsyncGenerator<Finding> {
  const { retention } = configuration.audit;
  if (retention === undefined) return;
  const { directory: subject, retentionSeconds } = retention;
  const fault = await whyNoArchive(subject);
  if (fault !== undefined)
    yield {
      ...{ id: 'host.archive-unusable', subject },
      message: `No audit event can be archived, so none is removed: ${fault}.`,
      fix: 'Make the directory usable. The next run archives what has become old.',
    };
  const oldest = store?.usedSince;
  if (oldest === undefined) return;
  if (oldest >= clock.now() - retentionSeconds * 1000 - LATE_MILLISECONDS) return;
  yield {
    ...{ id: 'host.archive-late', subject },
    message: `The database still has audit events since ${formatDay(oldest)}, which are older than audit.retention.`,
    fix: 'Look for "audit events cannot be archived" in the log. The first run is a minute after the start.',
  };
}
