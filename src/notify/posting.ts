/** A notification as one POST of JSON, and what the answer means for the next attempt. */
import type { Telling } from '../core/elevation-notice.ts';
import { printableExcerpt } from '../core/printable.ts';
import { retryAfterIn } from '../core/retry-after.ts';
import { HOUR, type Instant, type Seconds } from '../core/time.ts';
import type { Outbound } from '../outbound.ts';
import { secretsIn, withheld } from './withheld.ts';

export interface Posting {
  /** Its path can be a secret: `outbound` names origins alone, and no answer repeats it here. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Statuses that say that the endpoint is gone until an administrator sets it up again. */
  readonly gone: ReadonlySet<number>;
  readonly now: Instant;
}

/** How long an endpoint that is gone is left alone. */
const GONE_PAUSE: Seconds = HOUR;
/** Of an answer in the log, in characters. */
const MAX_ANSWER = 120;

export async function post(
  outbound: Outbound,
  { url, headers, body, gone, now }: Posting,
  signal: AbortSignal,
): Promise<Telling> {
  const response = await outbound
    .fetch(url, { method: 'POST', headers, body, signal })
    .catch((fault: unknown) => (fault instanceof Error ? fault.message : 'cannot be reached'));
  if (typeof response === 'string') return { kind: 'failed', why: printableExcerpt(response) };
  const { ok, status } = response;
  if (ok) return { kind: 'told' };
  const answer = printableExcerpt(withheld(await response.text(), secretsIn(url)), MAX_ANSWER);
  const why = `answered with status ${status}${answer === '' ? '' : `: ${answer}`}`;
  if (gone.has(status)) return { kind: 'failed', why, pauseSeconds: GONE_PAUSE };
  const pauseSeconds = retryAfterIn(response.headers.get('retry-after'), now);
  return { kind: 'failed', why, pauseSeconds };
}
