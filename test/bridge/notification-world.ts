/** Workers of notifications with targets that do as a test says, on a real store. */
import type { TestContext } from 'node:test';
import {
  createNotifications,
  type NotificationParts,
  type NotificationReport,
  type Notifications,
} from '../../src/bridge/notifications.ts';
import type { Elevation } from '../../src/core/elevation.ts';
import type { ElevationNotification, Telling } from '../../src/core/elevation-notice.ts';
import type { Notices, NotificationTarget, Store } from '../../src/core/ports.ts';
import type { Instant } from '../../src/core/time.ts';
import { systemSecrets } from '../../src/secrets.ts';
import { NOW } from '../contracts/store-samples.ts';
import { type HandTurnedClock, handTurnedClock } from '../support/clock.ts';
import { eventually } from '../support/eventually.ts';

type Answer = (
  notification: ElevationNotification,
  signal: AbortSignal,
) => Telling | Promise<Telling>;

export const told = (): Telling => ({ kind: 'told' });
export const hangs = (): Promise<Telling> => new Promise(() => {});
export const failed = (pauseSeconds?: number): Telling => ({
  ...{ kind: 'failed', why: 'answered with status 500', pauseSeconds },
});

/** A target that answers as it is told, and remembers what it was asked. */
export interface Listener extends NotificationTarget {
  answer: Answer;
  /** `id.number` of each call, in order. */
  readonly asked: string[];
  /** Of each call that was answered by `told`. */
  readonly heard: string[];
  /** Most calls at the same time. */
  readonly busiest: () => number;
}

export function listener(id = 'ops', answer: Answer = told): Listener {
  let running = 0;
  let busiest = 0;
  const self: Listener = {
    ...{ id, answer, asked: [], heard: [], busiest: () => busiest },
    tell: async (notification, signal) => {
      const name = `${notification.request.id}.${notification.event.number}`;
      self.asked.push(name);
      busiest = Math.max(busiest, ++running);
      const telling = await self.answer(notification, signal);
      running -= 1;
      if (telling.kind === 'told') self.heard.push(name);
      return telling;
    },
  };
  return self;
}

export const namesOf = (...elevations: readonly Elevation[]): string[] =>
  elevations.flatMap(({ id, events }) => events.map(({ number }) => `${id}.${number}`));

export interface Desk {
  readonly clock: HandTurnedClock;
  readonly reports: NotificationReport[];
  /** How often a worker looked for work, and how often it wrote what became of a notice. */
  readonly looks: () => number;
  readonly writes: () => number;
  /** Resolves when the worker has looked at what is due now. */
  look(worker: Notifications): Promise<void>;
  /** Aborts the calls that are running, as a limit does that has passed. */
  endCalls(): void;
  /** Ends the patience of `close`. */
  endPatience(): void;
  /** A worker that the test closes. */
  start(targets: readonly NotificationTarget[], over?: Partial<NotificationParts>): Notifications;
  /** Keeps them with all their events in the trail. */
  keep(...elevations: readonly Elevation[]): Promise<void>;
}

export function deskFor(t: TestContext, store: Store, at: Instant = NOW): Desk {
  const clock = handTurnedClock(at);
  const reports: NotificationReport[] = [];
  let calls = new AbortController();
  let [looks, writes] = [0, 0];
  const notices: Notices = {
    ...store.notices,
    claim: (...claim) => store.notices.claim(...claim).finally(() => looks++),
    keep: (...kept) => store.notices.keep(...kept).finally(() => writes++),
  };
  const patience = Promise.withResolvers<void>();
  return {
    ...{ clock, reports, looks: () => looks, writes: () => writes },
    look: async worker => {
      const before = looks;
      worker.poke();
      await eventually(() => looks > before);
    },
    endCalls: () => {
      calls.abort();
      calls = new AbortController();
    },
    endPatience: () => patience.resolve(),
    start: (targets, over = {}) => {
      const worker = createNotifications({
        ...{ notices, targets, clock, secrets: systemSecrets },
        report: report => reports.push(report),
        repeat: () => () => {},
        callLimit: () => calls.signal,
        closeLimit: () => patience.promise,
        ...over,
      });
      t.after(() => {
        patience.resolve();
        return worker.close();
      });
      return worker;
    },
    keep: async (...elevations) => {
      await store.elevations.create(elevations);
      for (const { id, events } of elevations) await store.elevations.recorded(id, events.length);
    },
  };
}
