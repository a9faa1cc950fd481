/**
 * The clock of this host against those of others, by their `Date` headers (RFC 9110 section 6.6.1).
 *
 * The bridge's assertions are good for five minutes, and AWS and identity providers judge them by
 * their own clocks. One server with another time says nothing of this one, so the median counts.
 */
import type { Configuration } from '../../config/configuration.ts';
import type { Finding } from '../../core/finding.ts';
import { counted } from '../../core/listed.ts';
import { MINUTE, type Seconds } from '../../core/time.ts';
import type { HostLook, ServerTime } from './host-look.ts';

const DRIFT: Seconds = MINUTE;
const SKEW: Seconds = 4 * MINUTE;
/** Enough to know which one differs. */
const MOST_SOURCES = 5;

interface Difference {
  readonly host: string;
  /** Ours minus theirs. */
  readonly seconds: Seconds;
}

export async function* examineClock(look: HostLook): AsyncGenerator<Finding> {
  const sources = sourcesOf(look.configuration, look.stsUrls());
  const asked = await Promise.all(
    sources.map(async url => ({ url, time: await look.timeAt(url) })),
  );
  const differences = asked
    .flatMap(({ url, time }): Difference[] =>
      time === undefined ? [] : [{ host: url.host, seconds: secondsOf(time) }],
    )
    .toSorted((one, other) => one.seconds - other.seconds);
  const middle = differences[Math.floor((differences.length - 1) / 2)];
  if (middle === undefined) {
    yield {
      ...{ id: 'host.clock-unknown', subject: 'clock' },
      message: 'No server answered with its time, so the clock could not be compared.',
      found: sources.map(({ host }) => host).join(', ') || 'no server to ask',
    };
    return;
  }
  yield findingOf(middle, differences);
}

function findingOf({ seconds }: Difference, differences: readonly Difference[]): Finding {
  const size = Math.abs(seconds);
  const subject = 'clock';
  const found = differences.map(one => `${one.host} ${signed(one.seconds)}`).join(', ');
  if (size <= DRIFT)
    return {
      ...{ id: 'host.ok', subject },
      message: `The clock agrees with ${counted(differences.length, 'server')} to ${Math.max(1, size)} s.`,
    };
  const side = seconds > 0 ? 'ahead of' : 'behind';
  return {
    id: size > SKEW ? 'host.clock-skew' : 'host.clock-drift',
    ...{ subject, found },
    message: `The clock of this host is ${size} s ${side} that of other servers. Assertions are good for five minutes.`,
    fix: 'Let a service such as chrony or systemd-timesyncd set the clock.',
  };
}

function signed(seconds: Seconds): string {
  return `${seconds > 0 ? '+' : ''}${seconds} s`;
}

/** A `Date` is cut to whole seconds, so half a second is the best guess for the rest. */
function secondsOf({ at, sentAt, receivedAt }: ServerTime): Seconds {
  return Math.round(((sentAt + receivedAt) / 2 - (at + 500)) / 1000);
}

/** STS first, whose clock counts most; then identity providers; then what is at the base URL. */
function sourcesOf({ connectors, baseUrl }: Configuration, stsUrls: readonly URL[]): URL[] {
  const ofProviders = connectors.flatMap(connector =>
    connector.protocol === 'oidc'
      ? [new URL('.well-known/openid-configuration', `${connector.issuer.replace(/\/$/, '')}/`)]
      : 'url' in connector.metadata
        ? [new URL(connector.metadata.url)]
        : [],
  );
  const all = [...stsUrls.slice(0, 2), ...ofProviders, new URL('/healthz', baseUrl)];
  return [...new Map(all.map(url => [url.host, url])).values()].slice(0, MOST_SOURCES);
}
