/**
 * Notices a proxy that the configuration does not name: requests that say for whom they are
 * forwarded, from a peer that is not trusted. What they say is never believed; the log names the
 * peer and the fix, and `/readyz` says that there is such a peer (threats R43).
 */
import { isIPv6 } from 'node:net';
import type { Request } from 'express';
import type { Clock } from '../core/ports.ts';
import { HOUR, type Instant } from '../core/time.ts';
import type { Logger } from '../log.ts';

export interface ForwardedWatch {
  /** Looks at a request; logs each peer that is not in `proxy.trusted` at most once an hour. */
  see(request: Request, isTrusted: (peer: string) => boolean): void;
  /** What an operator should fix, if seen within the last hour. Names no address. */
  warnings(): readonly string[];
}

export interface ForwardedWatchParts {
  readonly log: Logger;
  readonly clock: Clock;
}

const QUIET_MILLISECONDS = HOUR * 1000;
/** Anyone who reaches the bridge directly can send the header. */
const MOST_PEERS = 16;

export function watchForwarded({ log, clock }: ForwardedWatchParts): ForwardedWatch {
  const loggedAt = new Map<string, Instant>();
  let seenAt = Number.NEGATIVE_INFINITY;
  return {
    see: ({ headers, socket }, isTrusted) => {
      if (headers['x-forwarded-for'] === undefined && headers.forwarded === undefined) return;
      const peer = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '');
      if (peer === undefined || isTrusted(peer)) return;
      const now = clock.now();
      seenAt = now;
      if (now < (loggedAt.get(peer) ?? Number.NEGATIVE_INFINITY) + QUIET_MILLISECONDS) return;
      for (const [known, at] of loggedAt)
        if (now >= at + QUIET_MILLISECONDS) loggedAt.delete(known);
      if (loggedAt.size >= MOST_PEERS) return;
      loggedAt.set(peer, now);
      const fix = `If it is your proxy, add ${peer}/${isIPv6(peer) ? 128 : 32} to proxy.trusted. Until then the bridge sees its address for all its users.`;
      log.warn({ peer, fix }, 'forwarded by a peer that is not trusted');
    },
    warnings: () =>
      clock.now() < seenAt + QUIET_MILLISECONDS
        ? [
            'X-Forwarded-For or Forwarded comes from an address that proxy.trusted does not contain; the log names it',
          ]
        : [],
  };
}
