/**
 * Notifications by Standard Webhooks (https://www.standardwebhooks.com): JSON that the receiver
 * verifies by HMAC-SHA256, with an id that is the same for every repetition.
 */
import { createHmac } from 'node:crypto';
import type {
  ElevationEvent,
  ElevationEventOf,
  ElevationEventType,
  Party,
} from '../core/elevation.ts';
import type { ElevationNotification, UrlOf } from '../core/elevation-notice.ts';
import type { Clock, NotificationTarget } from '../core/ports.ts';
import { printableExcerpt } from '../core/printable.ts';
import type { Instant } from '../core/time.ts';
import type { Outbound } from '../outbound.ts';
import { post } from './posting.ts';

export interface WebhookParts {
  readonly id: string;
  readonly url: string;
  /** `whsec_` and base64. Each signs, so that receivers can change to another one. */
  readonly secrets: readonly string[];
  readonly urlOf: UrlOf;
  readonly outbound: Outbound;
  readonly clock: Clock;
}

const GONE: ReadonlySet<number> = new Set([410]);
/** Longer than any reason or note that the bridge takes, in characters. */
const MAX_TEXT = 600;

export function createWebhookTarget({
  id,
  url,
  secrets,
  urlOf,
  outbound,
  clock,
}: WebhookParts): NotificationTarget {
  const keys = secrets.map(secret => Buffer.from(secret.replace(/^whsec_/, ''), 'base64'));
  return {
    id,
    tell: (notification, signal) => {
      const now = clock.now();
      const messageId = `${notification.request.id}_${notification.event.number}`;
      const timestamp = String(Math.floor(now / 1000));
      const body = JSON.stringify(webhookBody(notification, urlOf));
      const headers = {
        'content-type': 'application/json',
        'webhook-id': messageId,
        'webhook-timestamp': timestamp,
        'webhook-signature': keys
          .map(key => webhookSignature(key, { id: messageId, timestamp, body }))
          .join(' '),
      };
      return post(outbound, { url, headers, body, gone: GONE, now }, signal);
    },
  };
}

/** One signature of `webhook-signature`. `timestamp` is in seconds. */
export function webhookSignature(
  key: Uint8Array,
  { id, timestamp, body }: Record<'id' | 'timestamp' | 'body', string>,
): string {
  const signed = `${id}.${timestamp}.${body}`;
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}

// ---------------------------------------------------------------- the body

/** Everything in it comes from the request and the event, so that it never changes. */
function webhookBody({ request, event }: ElevationNotification, urlOf: UrlOf): object {
  const { id, batch, accountName, startsAt, extends: base, reason, ticket } = request;
  return {
    type: `elevation.${event.type}`,
    timestamp: iso(event.at),
    data: {
      ...{ id, batch, event: event.number },
      url: urlOf(id),
      requester: userOf(request.requester),
      account: { id: request.account, name: printableExcerpt(accountName) },
      ...{ role: request.role, rule: printableExcerpt(request.rule) },
      ...{ requested_seconds: request.seconds, not_before: isoOf(startsAt), extends: base },
      ...{ reason: textOf(reason), ticket: textOf(ticket), break_glass: request.breakGlass },
      ...{ requested_at: iso(request.requestedAt), decide_by: iso(request.decideBy) },
      by: 'by' in event ? userOf(event.by) : undefined,
      address: event.origin.address,
      ...detailsOf(event),
    },
  };
}

const DETAILS: { readonly [T in ElevationEventType]: (event: ElevationEventOf<T>) => object } = {
  requested: () => ({}),
  approved: ({ seconds, note, outstanding, startsAt, endsAt }) => ({
    ...{ approved_seconds: seconds, note: textOf(note), outstanding },
    ...{ starts_at: isoOf(startsAt), ends_at: isoOf(endsAt) },
  }),
  'glass-broken': ({ startsAt, endsAt, reviewBy }) => ({
    ...{ starts_at: iso(startsAt), ends_at: iso(endsAt), review_by: iso(reviewBy) },
  }),
  denied: ({ note }) => ({ note: textOf(note) }),
  withdrawn: () => ({}),
  revoked: ({ as, note }) => ({ as, note: textOf(note) }),
  'rule-changed': ({ rule: change }) => ({ change }),
  reviewed: ({ note }) => ({ note: textOf(note) }),
  'review-overdue': ({ dueAt, count }) => ({ due_at: iso(dueAt), reminder: count }),
};

function detailsOf(event: ElevationEvent): object {
  const details = DETAILS[event.type] as (event: ElevationEvent) => object;
  return details(event);
}

function userOf({ person, username, connector, displayName, email }: Party): object {
  return {
    ...{ person, connector, username: printableExcerpt(username) },
    ...{ display_name: textOf(displayName), email: textOf(email) },
  };
}

function textOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : printableExcerpt(text, MAX_TEXT);
}

function iso(at: Instant): string {
  return new Date(at).toISOString();
}

function isoOf(at: Instant | undefined): string | undefined {
  return at === undefined ? undefined : iso(at);
}
