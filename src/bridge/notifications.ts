/**
 * Notifications: every event of an elevation is told to every target, at least once, and in order
 * for each elevation and target.
 *
 * Owns: who tells what when, how failures are retried, and when an event is given up. Does not own:
 * what a notification says (core/elevation-message), how a target is reached (notify), what was
 * told (the store).
 *
 * Targets know nothing of each other, and the elevations of one target wait only for its bounded
 * number of calls. Several instances share the work by leases: one that is killed holds an
 * elevation until its lease ends. An event is told once it is in the audit trail.
 */
import type { Elevation, ElevationEvent } from '../core/elevation.ts';
import type { Notice, Telling } from '../core/elevation-notice.ts';
import type { Clock, Notices, NotificationTarget, Secrets } from '../core/ports.ts';
import { DAY, formatAge, HOUR, type Instant, MINUTE, type Seconds } from '../core/time.ts';

export interface Notifications {
  /** Looks for events at once: something has changed. */
  poke(): void;
  /** Begins nothing more, and resolves when calls in flight have ended or were aborted. */
  close(): Promise<void>;
}

/** What operators read in the log. */
export type NotificationReport = { readonly target: string } & (
  | { readonly kind: 'failing' | 'store-failing'; readonly why: string }
  | { readonly kind: 'recovered' }
  /** An event that the target is not told: it does not take it, or too much time has passed. */
  | {
      readonly kind: 'refused' | 'given-up';
      readonly why: string;
      readonly elevation: string;
      readonly event: ElevationEvent['type'];
      readonly number: number;
    }
);

export interface NotificationPace {
  /** An instance that is killed holds an elevation for so long. Longer than a call takes. */
  readonly leaseSeconds: Seconds;
  /** After the first failure. Doubles with each further one. */
  readonly firstPauseSeconds: Seconds;
  readonly longestPauseSeconds: Seconds;
  /** The longest pause that a target can ask for. */
  readonly longestWishSeconds: Seconds;
  readonly giveUpSeconds: Seconds;
}

const NOTIFICATION_PACE: NotificationPace = {
  leaseSeconds: MINUTE,
  firstPauseSeconds: 2,
  longestPauseSeconds: 15 * MINUTE,
  longestWishSeconds: 6 * HOUR,
  giveUpSeconds: 3 * DAY,
};

export interface NotificationParts {
  readonly notices: Notices;
  readonly targets: readonly NotificationTarget[];
  readonly clock: Clock;
  readonly secrets: Pick<Secrets, 'publicId'>;
  readonly report: (report: NotificationReport) => void;
  /** Calls `look` from time to time; the function that it returns ends that. */
  readonly repeat: (look: () => void) => () => void;
  /** Aborted when a call has taken too long. */
  readonly callLimit: () => AbortSignal;
  /** Resolves when calls in flight have had their time after `close`. */
  readonly closeLimit: () => Promise<void>;
  /** Default: a minute, 2 seconds to 15 minutes, 6 hours, 3 days. */
  readonly pace?: NotificationPace | undefined;
}

/** Calls to one target at the same time. */
const AT_ONCE = 4;
/** `dueAt` and `leaseUntil` of what any instance can take. */
const FREE: Instant = 0;
/**
 * After its first look an instance looks at elevations that changed so recently: what is older was
 * told or given up.
 */
const RECENT: Seconds = DAY;

interface Context extends NotificationParts {
  readonly pace: NotificationPace;
  readonly openedAt: Instant;
  readonly closing: AbortController;
  isStopping: boolean;
}

/** A target, and what this process knows of it. */
interface Desk {
  readonly target: NotificationTarget;
  readonly running: Set<Promise<void>>;
  looking: Promise<void> | undefined;
  /** A look began before something changed. */
  isOutdated: boolean;
  since: Instant | undefined;
  hasSeenAll: boolean;
  pausedUntil: Instant;
  /** Elevations with an event that could not be told, since the last recovery. */
  readonly failing: Set<string>;
  failedAt: Instant;
  isStoreFailing: boolean;
}

export function createNotifications(parts: NotificationParts): Notifications {
  const { targets, clock, repeat, closeLimit, pace = NOTIFICATION_PACE } = parts;
  if (targets.length === 0) return { poke: () => {}, close: async () => {} };
  const closing = new AbortController();
  const context: Context = { ...parts, pace, openedAt: clock.now(), closing, isStopping: false };
  const desks = targets.map(deskOf);
  const poke = (): void => {
    for (const desk of desks) look(context, desk);
  };
  const stopRepeating = repeat(poke);
  poke();
  return {
    poke,
    close: async () => {
      stopRepeating();
      context.isStopping = true;
      const ended = Promise.all(desks.map(untilQuiet));
      await Promise.race([ended, closeLimit()]);
      closing.abort();
      await ended;
    },
  };
}

function deskOf(target: NotificationTarget): Desk {
  return {
    ...{ target, running: new Set<Promise<void>>() },
    ...{ looking: undefined, isOutdated: false, since: undefined, hasSeenAll: false },
    ...{ pausedUntil: 0, failing: new Set<string>(), failedAt: 0, isStoreFailing: false },
  };
}

async function untilQuiet(desk: Desk): Promise<void> {
  while (desk.looking !== undefined) await desk.looking;
  await Promise.all(desk.running);
}

// ---------------------------------------------------------------- looking for work

function look(context: Context, desk: Desk): void {
  if (context.isStopping) return;
  if (desk.looking !== undefined) {
    desk.isOutdated = true;
    return;
  }
  desk.isOutdated = false;
  desk.looking = takeWork(context, desk)
    .then(
      () => {
        desk.isStoreFailing = false;
      },
      (cause: unknown) => reportStore(context, desk, cause),
    )
    .then(() => {
      desk.looking = undefined;
      if (desk.isOutdated) look(context, desk);
    });
}

async function takeWork(context: Context, desk: Desk): Promise<void> {
  const { notices, clock, secrets, pace } = context;
  const { target, running } = desk;
  desk.since ??= await notices.since(target.id, context.openedAt);
  for (;;) {
    const now = clock.now();
    const most = AT_ONCE - running.size;
    if (context.isStopping || most <= 0 || now < desk.pausedUntil) return;
    const horizon = now - (pace.giveUpSeconds + RECENT) * 1000;
    const holder = secrets.publicId();
    const claimed = await notices.claim(target.id, {
      ...{ holder, now, most, leaseUntil: now + pace.leaseSeconds * 1000 },
      since: desk.hasSeenAll ? Math.max(desk.since, horizon) : desk.since,
    });
    for (const notice of claimed) begin(context, desk, { notice, holder });
    if (claimed.length < most) {
      desk.hasSeenAll = true;
      return;
    }
  }
}

/** A notice that this process holds. */
interface Held {
  readonly notice: Notice;
  readonly holder: string;
}

function begin(context: Context, desk: Desk, held: Held): void {
  const run = deliver(context, desk, held).then(
    () => {
      desk.running.delete(run);
      look(context, desk);
    },
    (cause: unknown) => {
      desk.running.delete(run);
      reportStore(context, desk, cause);
    },
  );
  desk.running.add(run);
}

function reportStore({ report }: Context, desk: Desk, cause: unknown): void {
  if (!desk.isStoreFailing) {
    const why = cause instanceof Error ? cause.message : 'unknown';
    report({ kind: 'store-failing', target: desk.target.id, why });
  }
  desk.isStoreFailing = true;
}

// ---------------------------------------------------------------- one elevation and one target

/** Tells what the target was not told, event by event, and keeps how far it came. */
async function deliver(context: Context, desk: Desk, { notice, holder }: Held): Promise<void> {
  const { notices, clock, pace } = context;
  const { elevation } = notice;
  let { told, failures } = notice;
  const keep = (dueAt: Instant, leaseUntil: Instant): Promise<boolean> =>
    notices.keep(desk.target.id, elevation.id, { holder, told, failures, dueAt, leaseUntil });

  for (const event of elevation.events.slice(told, elevation.recorded)) {
    if (context.isStopping) break;
    const telling = await settle(context, desk, { elevation, event });
    if (telling.kind === 'failed') {
      // Aborted by `close`, which is no fault of the target.
      if (context.closing.signal.aborted) break;
      failures += 1;
      await keep(clock.now() + pauseAfter(failures, telling, pace) * 1000, FREE);
      return;
    }
    told = event.number;
    failures = 0;
    // Another instance took over while this one was suspended.
    if (!(await keep(FREE, clock.now() + pace.leaseSeconds * 1000))) return;
  }
  await keep(FREE, FREE);
}

function pauseAfter(
  failures: number,
  { pauseSeconds = 0 }: Extract<Telling, { readonly kind: 'failed' }>,
  { firstPauseSeconds, longestPauseSeconds, longestWishSeconds }: NotificationPace,
): Seconds {
  const doubled = Math.min(firstPauseSeconds * 2 ** (failures - 1), longestPauseSeconds);
  return Math.max(doubled, Math.min(pauseSeconds, longestWishSeconds));
}

interface Owed {
  readonly elevation: Elevation;
  readonly event: ElevationEvent;
}

/** Tells one event, unless it is too late for it. */
async function settle(context: Context, desk: Desk, owed: Owed): Promise<Telling> {
  const { clock, pace } = context;
  const { elevation, event } = owed;
  if (clock.now() - event.at > pace.giveUpSeconds * 1000) {
    const why = `not delivered within ${formatAge(pace.giveUpSeconds)}`;
    context.report({ kind: 'given-up', why, ...namesOf(desk, owed) });
    return { kind: 'told' };
  }
  const limit = AbortSignal.any([context.callLimit(), context.closing.signal]);
  const telling = await withinLimit(desk.target.tell({ request: elevation, event }, limit), limit);
  note(context, desk, { ...owed, telling });
  return telling;
}

/** A target that ignores the signal holds nothing either. */
async function withinLimit(telling: Promise<Telling>, limit: AbortSignal): Promise<Telling> {
  const { promise, resolve } = Promise.withResolvers<Telling>();
  const end = (): void => resolve({ kind: 'failed', why: 'no answer in time' });
  limit.addEventListener('abort', end, { once: true });
  telling.then(resolve, (cause: unknown) =>
    resolve({ kind: 'failed', why: `unexpected ${cause instanceof Error ? cause.name : 'fault'}` }),
  );
  try {
    return await promise;
  } finally {
    limit.removeEventListener('abort', end);
  }
}

// ---------------------------------------------------------------- what operators read

interface Told extends Owed {
  readonly telling: Telling;
}

function note(context: Context, desk: Desk, { telling, ...owed }: Told): void {
  const { clock, pace, report, closing } = context;
  if (telling.kind === 'refused')
    report({ kind: 'refused', why: telling.why, ...namesOf(desk, owed) });
  if (telling.kind !== 'failed') {
    noteReached(context, desk, owed);
    return;
  }
  if (closing.signal.aborted) return;
  const { why, pauseSeconds = 0 } = telling;
  const now = clock.now();
  if (desk.failing.size === 0) report({ kind: 'failing', target: desk.target.id, why });
  desk.failing.add(owed.elevation.id);
  desk.failedAt = now;
  const pause = Math.min(pauseSeconds, pace.longestWishSeconds) * 1000;
  desk.pausedUntil = Math.max(desk.pausedUntil, now + pause);
}

/**
 * A target that takes one event and fails with another has not recovered, unless that other one was
 * told by another instance meanwhile.
 */
function noteReached({ clock, pace, report }: Context, desk: Desk, { elevation }: Owed): void {
  if (desk.failing.size === 0) return;
  const isStale = clock.now() - desk.failedAt > pace.longestPauseSeconds * 1000;
  if (!desk.failing.has(elevation.id) && !isStale) return;
  desk.failing.clear();
  report({ kind: 'recovered', target: desk.target.id });
}

function namesOf({ target }: Desk, { elevation, event: { type, number } }: Owed) {
  return { target: target.id, elevation: elevation.id, event: type, number };
}
