/**
 * The inbox of the demo: an endpoint for webhooks that verifies them as Standard Webhooks asks of a
 * receiver, and a page that shows what came.
 *
 * Shares no code with rolebridge. Keeps the newest messages in memory.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { html } from './html.ts';
import { PAGE_HEADERS, page } from './page.ts';

export interface InboxOptions {
  /** `whsec_` and base64. */
  readonly secret: string;
  /** Epoch milliseconds. */
  readonly now?: (() => number) | undefined;
}

export interface InboxMessage {
  readonly id: string;
  /** Epoch milliseconds, of the first arrival. */
  readonly at: number;
  readonly body: unknown;
}

export interface Inbox {
  readonly handler: RequestListener;
  /** Each once, however often it was delivered; the newest first. */
  messages(): readonly InboxMessage[];
}

const MAX_BYTES = 64 * 1024;
const MAX_MESSAGES = 100;
/** How far the clocks of sender and receiver can differ, in seconds. */
const TOLERANCE = 5 * 60;

export function createInbox({ secret, now = Date.now }: InboxOptions): Inbox {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const kept = new Map<string, InboxMessage>();
  const messages = (): readonly InboxMessage[] => [...kept.values()].reverse();

  const receive = async (request: IncomingMessage): Promise<Answer> => {
    const text = await bodyOf(request);
    if (text === undefined) return refused(413, 'The message is too large.');
    const problem = signatureProblem({ headers: request.headers, text, key, now: now() });
    if (problem !== undefined) return refused(401, problem);
    const body = parsed(text);
    if (body === undefined) return refused(400, 'The message is not JSON.');
    const id = String(request.headers['webhook-id']);
    if (!kept.has(id)) kept.set(id, { id, at: now(), body });
    for (const oldest of kept.keys()) {
      if (kept.size <= MAX_MESSAGES) break;
      kept.delete(oldest);
    }
    return { status: 204, headers: {}, text: '' };
  };

  return {
    messages,
    handler: (request, response) => {
      const answer =
        request.method === 'POST' ? receive(request) : Promise.resolve(inboxPage(messages()));
      answer.then(
        given => send(response, given),
        () => response.destroy(),
      );
    },
  };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

function send(response: ServerResponse, { status, headers, text }: Answer): void {
  response.writeHead(status, headers).end(text);
}

function refused(status: number, why: string): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, text: `${why}\n` };
}

interface Signed {
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly key: Uint8Array;
  readonly now: number;
}

/** Why the message is not of the sender; undefined if it is. */
function signatureProblem({ headers, text, key, now }: Signed): string | undefined {
  const [id, timestamp, signatures] = ['id', 'timestamp', 'signature'].map(
    name => headers[`webhook-${name}`],
  );
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string')
    return 'The message is not signed: webhook-id, webhook-timestamp or webhook-signature is missing.';
  const age = Math.abs(now / 1000 - Number(timestamp));
  if (!/^\d{1,12}$/.test(timestamp) || age > TOLERANCE)
    return `The message is more than ${TOLERANCE} seconds from the time of this receiver.`;
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest();
  const isSigned = signatures.split(' ').some(signature => {
    const given = Buffer.from(/^v1,(.+)$/.exec(signature)?.[1] ?? '', 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  return isSigned ? undefined : 'No signature of the message is made with the secret.';
}

/** Undefined for too many bytes. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BYTES) chunks.push(chunk);
  }
  return bytes > MAX_BYTES ? undefined : Buffer.concat(chunks).toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}

function inboxPage(messages: readonly InboxMessage[]): Answer {
  const items = messages.map(
    ({ id, at, body }) => html`<details>
<summary>${typeOf(body)} <span class="dim">${new Date(at).toISOString()}</span></summary>
<p class="dim">${id}</p>
<pre>${JSON.stringify(body, undefined, 2)}</pre>
</details>`,
  );
  const text = page({
    title: 'Inbox - Acme',
    body: html`
<h1>Inbox</h1>
<p class="dim">Notifications of elevations. Reload the page for new ones.</p>
${items.length === 0 ? html`<p>No message has arrived.</p>` : items}`,
  });
  return { status: 200, headers: PAGE_HEADERS, text };
}

function typeOf(body: unknown): string {
  const { type } = (body ?? {}) as { readonly type?: unknown };
  return typeof type === 'string' ? type : 'a message without a type';
}
