/** The targets of notifications of one snapshot, and the worker that tells them. */
import { setTimeout } from 'node:timers/promises';
import {
  createNotifications,
  type NotificationParts,
  type NotificationReport,
  type Notifications,
} from '../bridge/notifications.ts';
import type { Configuration, NotificationConfiguration } from '../config/configuration.ts';
import type { UrlOf } from '../core/elevation-notice.ts';
import type { Clock, NotificationTarget, Secrets, Store } from '../core/ports.ts';
import type { Seconds } from '../core/time.ts';
import { elevationPath } from '../http/elevation.ts';
import type { Logger } from '../log.ts';
import { createSlackTarget } from '../notify/slack.ts';
import { createWebhookTarget } from '../notify/webhook.ts';
import { createOutbound, type Outbound } from '../outbound.ts';

/** Another instance may have changed something. */
const LOOK_EVERY_MILLISECONDS = 2_000;
/** Receivers of webhooks have 15 to 30 seconds (Standard Webhooks). */
const ANSWER_SECONDS: Seconds = 15;
/** Answers are a few words. */
const ANSWER_BYTES = 64 * 1024;
/** Of one call, whatever it waits for. */
const CALL_MILLISECONDS = 20_000;
/** How long a stop or a reload waits for calls in flight. */
const CLOSE_MILLISECONDS = 3_000;

interface OpeningNotifications {
  readonly configuration: Pick<Configuration, 'notifications' | 'baseUrl' | 'brand'>;
  /** The directory of templates. */
  readonly views: string;
  readonly log: Logger;
}

/** Without targets it does nothing, and has no timer. */
export async function openNotifications(
  ports: Pick<Store, 'notices'> & { readonly clock: Clock; readonly secrets: Secrets },
  { configuration: { notifications, baseUrl, brand }, views, log }: OpeningNotifications,
): Promise<Notifications> {
  const outbound = createOutbound({
    ...{ timeoutSeconds: ANSWER_SECONDS, maxBytes: ANSWER_BYTES, named: 'origin' },
  });
  const urlOf = (id: string): string => `${baseUrl}${elevationPath(id)}`;
  const { clock } = ports;
  const parts: TargetParts = { urlOf, outbound, views, clock, productName: brand.name };
  const targets = await Promise.all(notifications.map(target => targetsOf(target, parts)));
  const worker = createNotifications({
    ...ports,
    targets: targets.flat(),
    report: report => writeReport(log, report),
    ...REAL_TIME,
  });
  const close = async (): Promise<void> => {
    await worker.close();
    await outbound.close();
  };
  let closed: Promise<void> | undefined;
  return {
    poke: worker.poke,
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

const REAL_TIME: Pick<NotificationParts, 'repeat' | 'callLimit' | 'closeLimit'> = {
  repeat: look => {
    const timer = setInterval(look, LOOK_EVERY_MILLISECONDS).unref();
    return () => clearInterval(timer);
  },
  callLimit: () => AbortSignal.timeout(CALL_MILLISECONDS),
  closeLimit: () => setTimeout<void>(CLOSE_MILLISECONDS, undefined, { ref: false }),
};

// ---------------------------------------------------------------- kinds of targets

type Kind = NotificationConfiguration['kind'];

interface TargetParts {
  readonly urlOf: UrlOf;
  readonly outbound: Outbound;
  readonly views: string;
  readonly clock: Clock;
  readonly productName: string;
}

interface KindRow<K extends Kind> {
  /** For users: where others are told. */
  readonly name: string;
  readonly open: (
    target: Extract<NotificationConfiguration, { readonly kind: K }>,
    parts: TargetParts,
  ) => Promise<readonly NotificationTarget[]>;
}

const KINDS: { readonly [K in Kind]: KindRow<K> } = {
  slack: {
    name: 'Slack',
    open: async (target, parts) => [createSlackTarget({ ...target, ...parts })],
  },
  webhook: {
    name: 'a webhook',
    open: async (target, parts) => [createWebhookTarget({ ...target, ...parts })],
  },
  email: {
    name: 'e-mail',
    open: async (target, parts) => {
      // The mail library is loaded where it is used.
      const [{ createMailTargets }, { createMailContent }] = await Promise.all([
        import('../notify/email.ts'),
        import('../notify/mail-content.ts'),
      ]);
      return createMailTargets({ ...target, ...parts, content: createMailContent(parts.views) });
    },
  },
};

function targetsOf(
  target: NotificationConfiguration,
  parts: TargetParts,
): Promise<readonly NotificationTarget[]> {
  // Each row takes the targets of its own kind.
  const row = KINDS[target.kind] as KindRow<Kind>;
  return row.open(target, parts);
}

/** Where others are told of elevations, in words for users. */
export function notifiedBy(targets: readonly NotificationConfiguration[]): readonly string[] {
  return [...new Set(targets.map(({ kind }) => KINDS[kind].name))];
}

// ---------------------------------------------------------------- the log

const LINES: {
  readonly [K in NotificationReport['kind']]: (log: Logger, fields: object) => void;
} = {
  failing: (log, fields) => log.warn({ ...fields }, 'notifications cannot be delivered'),
  recovered: (log, fields) => log.info({ ...fields }, 'notifications are delivered again'),
  refused: (log, fields) => log.warn({ ...fields }, 'a notification was rejected for good'),
  'given-up': (log, fields) => log.error({ ...fields }, 'a notification was given up'),
  'store-failing': (log, fields) =>
    log.error({ ...fields }, 'the notifications that are due cannot be read'),
};

function writeReport(log: Logger, { kind, ...fields }: NotificationReport): void {
  LINES[kind](log, fields);
}
