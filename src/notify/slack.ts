/**
 * Notifications by an incoming webhook of Slack, or of a product with the same format. A message
 * has a link and no button that acts: decisions are made at the bridge, after a fresh sign-in.
 */
import { elevationMessage } from '../core/elevation-message.ts';
import type { ElevationNotification, UrlOf } from '../core/elevation-notice.ts';
import type { Clock, NotificationTarget } from '../core/ports.ts';
import type { Outbound } from '../outbound.ts';
import { post } from './posting.ts';

export interface SlackParts {
  readonly id: string;
  /** A secret: a caller that knows it can post. */
  readonly url: string;
  readonly urlOf: UrlOf;
  readonly outbound: Outbound;
  readonly clock: Clock;
}

/** `no_service`: the webhook or its app was removed. */
const GONE: ReadonlySet<number> = new Set([403, 404, 410]);
/** Slack's limits, in characters as it counts them, after escaping. */
const MAX_HEADER = 150;
const MAX_SECTION = 3000;
const MAX_FIELD = 2000;
const MAX_FIELDS = 10;

export function createSlackTarget({
  id,
  url,
  urlOf,
  outbound,
  clock,
}: SlackParts): NotificationTarget {
  return {
    id,
    tell: (notification, signal) => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify(slackMessage(notification, urlOf));
      return post(outbound, { url, headers, body, gone: GONE, now: clock.now() }, signal);
    },
  };
}

function slackMessage(notification: ElevationNotification, urlOf: UrlOf): object {
  const message = elevationMessage(notification);
  const title = message.isUrgent ? `🚨 ${message.title}` : message.title;
  const address = urlOf(notification.request.id);
  return {
    // For notifications of devices, and readers of the screen.
    text: cut(escaped(title), MAX_SECTION),
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      {
        type: 'header',
        text: { type: 'plain_text', text: cut(escaped(title), MAX_HEADER), emoji: false },
      },
      { type: 'section', text: markdown(message.sentences.map(escaped).join('\n'), MAX_SECTION) },
      ...inGroups(message.facts, MAX_FIELDS).map(facts => ({
        type: 'section',
        fields: facts.map(({ label, value }) =>
          markdown(`*${escaped(label)}*\n${escaped(value)}`, MAX_FIELD),
        ),
      })),
      {
        type: 'section',
        text: markdown(`<${escaped(address)}|${escaped(message.linkLabel)}>`, MAX_SECTION),
      },
    ],
  };
}

/** `verbatim`: Slack makes no link or mention of what users wrote. */
function markdown(text: string, most: number): object {
  return { type: 'mrkdwn', text: cut(text, most), verbatim: true };
}

/** The three characters by which Slack begins links, mentions and entities. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Never within an entity or a surrogate pair. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/&[a-z]*$|[\ud800-\udbff]$/, '')}…`;
}

function inGroups<T>(items: readonly T[], most: number): T[][] {
  const groups: T[][] = [];
  for (let start = 0; start < items.length; start += most)
    groups.push(items.slice(start, start + most));
  return groups;
}
