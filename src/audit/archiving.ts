/**
 * Retention of the audit trail: old events are written to an archive, and only then removed.
 *
 * Owns: which events are old, the order of the steps, and that one instance of several does it.
 * After a crash between two steps the next run repeats them: an archive that is there is compared
 * and kept, and what the database knows as archived is removed. Does not own: files
 * (archive-file.ts), nor that the database refuses every other removal (store/migrations).
 */
import type { AuditEvent } from '../core/audit-event.ts';
import type { AuditSink, Clock, PlacedEvent, Trail } from '../core/ports.ts';
import { DAY, HOUR, type Instant, type Seconds } from '../core/time.ts';
import { endOfLeftArchive, type WrittenArchive, writeArchive } from './archive-file.ts';
import { originOfBridge } from './audit-trail.ts';

/** Events are read in pages, and everything else runs between two of them. */
const PAGE = 200;
const REST_MILLISECONDS = 5;
/** About 10 MB of a compressed file. */
const MOST_EVENTS_OF_A_FILE = 100_000;
/** For a file and the removal of its events. A process that was killed holds it so long. */
const LEASE: Seconds = HOUR;
/** An event from further in the future has the time of a clock that was wrong. */
const AHEAD: Seconds = DAY;

export interface ArchivingParts {
  readonly trail: Trail;
  readonly audit: AuditSink;
  readonly clock: Clock;
  readonly directory: string;
  readonly retentionSeconds: Seconds;
  /** Tells one instance from another. */
  readonly holder: string;
  /** Called for each archive once the database knows it. */
  readonly onArchived: (archive: WrittenArchive) => void;
  rest(milliseconds: number): Promise<unknown>;
}

/**
 * Archives and removes the events that happened before the day which the retention reaches back to
 * (UTC). Does nothing while another instance does it. Throws an Error that says what to do; no
 * event is lost then. Stops between two archives when the signal is aborted.
 */
export async function archiveTrail(parts: ArchivingParts, signal: AbortSignal): Promise<void> {
  const { trail, clock, holder } = parts;
  const began = clock.now();
  if (!(await trail.lease(holder, { now: began, until: began + LEASE * 1000 }))) return;
  try {
    for (let isMore = true; isMore && !signal.aborted; ) {
      await trail.removeArchived(signal);
      isMore = await archiveOnce(parts, signal);
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  } finally {
    // The next run need not wait for the lease.
    await trail.lease(holder, { now: began, until: began }).catch(() => false);
  }
}

/** False if no event is old, or the lease has passed to another instance. */
async function archiveOnce(parts: ArchivingParts, signal: AbortSignal): Promise<boolean> {
  const { trail, audit, clock, directory, onArchived, holder } = parts;
  const now = clock.now();
  if (!(await trail.lease(holder, { now, until: now + LEASE * 1000 }))) return false;
  const after = (await trail.archived())?.upTo ?? 0;
  const [oldest] = await trail.after(after, 1);
  const before = startOfDay(now - parts.retentionSeconds * 1000);
  if (oldest === undefined || !isOld(oldest.event, before, now)) return false;
  const upTo = await endOfLeftArchive(directory, after);
  const events = oldEvents(parts, { after, upTo, before, now, signal });
  const written = await writeArchive(directory, after, events);
  if (written === undefined) return false;
  await audit.record({
    ...{ type: 'events.archived', at: clock.now(), origin: originOfBridge() },
    ...toldOf(written),
  });
  if (!(await trail.keepArchive({ after, ...written }, clock.now()))) return false;
  onArchived(written);
  return true;
}

function toldOf({ upTo: _isOfTheDatabase, ...told }: WrittenArchive): Omit<WrittenArchive, 'upTo'> {
  return told;
}

interface Old {
  readonly after: number;
  /** Where an archive ends that a stopped process left; undefined without one. */
  readonly upTo: number | undefined;
  readonly before: Instant;
  readonly now: Instant;
  readonly signal: AbortSignal;
}

async function* oldEvents(
  { trail, rest }: Pick<ArchivingParts, 'trail' | 'rest'>,
  { after: begin, upTo = Infinity, before, now, signal }: Old,
): AsyncGenerator<PlacedEvent> {
  let after = begin;
  for (let count = 0; count < MOST_EVENTS_OF_A_FILE; count += PAGE) {
    const page = await trail.after(after, PAGE);
    for (const placed of page) {
      if (placed.place > upTo || !isOld(placed.event, before, now)) return;
      after = placed.place;
      yield placed;
    }
    if (page.length < PAGE) return;
    await rest(REST_MILLISECONDS);
    // A draft is no archive: the next run begins again.
    signal.throwIfAborted();
  }
}

/** The first event that is not ends an archive. One from the future goes with its neighbours. */
function isOld({ at }: AuditEvent, before: Instant, now: Instant): boolean {
  return at < before || at > now + AHEAD * 1000;
}

function startOfDay(at: Instant): Instant {
  return at - (at % (DAY * 1000));
}
