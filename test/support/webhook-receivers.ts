/**
 * Receivers of notifications: one of Standard Webhooks, which takes only what it can verify, and
 * one with the rules of Slack's incoming webhooks. Both answer what a test says. They share no code
 * with the bridge.
 */
import assert from 'node:assert/strict';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a receiver does with a post that keeps to its rules. */
export type Manner = (count: number) => Answer | 'hang';

export interface Receiver<T> {
  /** With a path that is a secret. */
  readonly url: string;
  manner: Manner;
  /** What was taken: the receiver answered with 200. */
  readonly taken: readonly T[];
  /** Why posts were rejected. */
  readonly faults: readonly string[];
  /** All that came, also what it did not take. */
  readonly posts: () => number;
  close(): Promise<void>;
}

interface Post {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const OK: Answer = { status: 200, body: 'ok' };

async function startReceiver<T>(read: (post: Post) => T): Promise<Receiver<T>> {
  const taken: T[] = [];
  const faults: string[] = [];
  let posts = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    posts += 1;
    try {
      assert.equal(request.method, 'POST');
      assert.equal(request.headers['content-type'], 'application/json');
      const value = read({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      const answer = receiver.manner(posts);
      if (answer === 'hang') return;
      if (answer.status === 200) taken.push(value);
      response.writeHead(answer.status, answer.headers).end(answer.body);
    } catch (fault) {
      faults.push((fault as Error).message);
      response.writeHead(400).end('invalid');
    }
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const receiver: Receiver<T> = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/T0/B0/path-secret`,
    manner: () => OK,
    ...{ taken, faults, posts: () => posts },
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}

// ---------------------------------------------------------------- Standard Webhooks

export interface Webhook {
  readonly id: string;
  readonly text: string;
  readonly body: {
    readonly type: string;
    readonly timestamp: string;
    readonly data: Readonly<Record<string, unknown>>;
  };
}

const TOLERANCE_SECONDS = 300;

/** Takes posts that one of its secrets signed within the last five minutes of `now`. */
export function startWebhookReceiver(
  secrets: readonly string[],
  now: () => number = Date.now,
): Promise<Receiver<Webhook>> {
  return startReceiver(({ headers, body: text }) => {
    const id = String(headers['webhook-id']);
    const timestamp = String(headers['webhook-timestamp']);
    assert.match(id, /^[A-Za-z0-9_-]{1,256}$/);
    assert.match(timestamp, /^\d{10}$/);
    assert.ok(Math.abs(now() / 1000 - Number(timestamp)) <= TOLERANCE_SECONDS, 'stale');
    const signatures = String(headers['webhook-signature']).split(' ');
    assert.ok(
      secrets.some(secret =>
        signatures.some(given => isBy(secret, given, { id, timestamp, text })),
      ),
      'no signature by a secret of this receiver',
    );
    const body = JSON.parse(text) as Webhook['body'];
    assert.match(body.type, /^elevation\.[a-z-]+$/);
    assert.deepEqual(Object.keys(body), ['type', 'timestamp', 'data']);
    return { id, text, body };
  });
}

interface Signed {
  readonly id: string;
  readonly timestamp: string;
  readonly text: string;
}

function isBy(secret: string, given: string, { id, timestamp, text }: Signed): boolean {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const wanted = createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest();
  const [version, encoded = ''] = given.split(',');
  const signature = Buffer.from(encoded, 'base64');
  return (
    version === 'v1' && signature.length === wanted.length && timingSafeEqual(signature, wanted)
  );
}

// ---------------------------------------------------------------- Slack

export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
}

interface SlackText {
  readonly type: 'plain_text' | 'mrkdwn';
  readonly text: string;
  readonly verbatim?: boolean;
}

interface SlackBlock {
  readonly type: 'header' | 'section';
  readonly text?: SlackText;
  readonly fields?: readonly SlackText[];
}

/** Takes messages that keep to Slack's limits, and link to that origin alone. */
export function startSlackReceiver(originOf: () => string): Promise<Receiver<SlackMessage>> {
  return startReceiver(({ body }) => {
    const message = JSON.parse(body) as SlackMessage;
    const origin = originOf();
    checkSlackText({ type: 'mrkdwn', text: message.text, verbatim: true }, 3000, origin);
    assert.ok(message.blocks.length <= 50, 'too many blocks');
    for (const { type, text, fields, ...rest } of message.blocks) {
      assert.ok(type === 'header' || type === 'section', `unexpected block ${type}`);
      assert.deepEqual(rest, {}, 'a block that acts');
      assert.ok(text !== undefined || (fields?.length ?? 0) > 0, 'an empty block');
      if (text !== undefined) checkSlackText(text, type === 'header' ? 150 : 3000, origin);
      if (type === 'header') assert.equal(text?.type, 'plain_text');
      assert.ok((fields?.length ?? 0) <= 10, 'too many fields');
      for (const field of fields ?? []) checkSlackText(field, 2000, origin);
    }
    return message;
  });
}

function checkSlackText({ type, text, verbatim }: SlackText, most: number, origin: string): void {
  assert.ok(text.length > 0 && text.length <= most, `a text of ${text.length} characters`);
  if (type === 'mrkdwn') assert.equal(verbatim, true, 'Slack would make links of plain text');
  const links = [...text.matchAll(/<([^<>]*)>/g)].map(([, inside]) => inside!);
  for (const link of links) assert.ok(link.startsWith(`${origin}/`), `a link to ${link}`);
  const rest = text.replaceAll(/<[^<>]*>/g, '');
  assert.ok(!/[<>]|&(?!amp;|lt;|gt;)/.test(rest), `not escaped: ${rest}`);
}
