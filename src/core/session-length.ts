/**
 * How long the sessions of a role are, and which length a user can choose: never more than the rule
 * gives, and never less than AWS does. A choice out of these limits is refused, not adjusted.
 */
import { type Entitlement, entitledSeconds } from './access-rule.ts';
import { OPENED_WITHIN } from './aws-session.ts';
import { BridgeError } from './errors.ts';
import { MIN_DURATION, type SessionSettings } from './session.ts';
import { formatDuration, type Instant, type Seconds } from './time.ts';

type Entitled = Pick<Entitlement, 'account' | 'rule' | 'elevation'>;

/** What a user asks for. */
export interface AskedLength {
  /** Undefined: as long as the rule gives. */
  readonly seconds: Seconds | undefined;
  readonly now: Instant;
}

/**
 * The console's own length; undefined if the console ends with the credentials. A link that is
 * opened as late as possible must not outlive the elevation, and a role behind a hub has no length
 * of its own.
 */
export function ownConsoleSeconds(
  consoleSeconds: Seconds | undefined,
  { account, elevation }: Pick<Entitled, 'account' | 'elevation'>,
  now: Instant,
): Seconds | undefined {
  if (consoleSeconds === undefined || account.trust.by === 'hub') return undefined;
  if (elevation === undefined) return consoleSeconds;
  const left = Math.floor((elevation.endsAt - now) / 1000) - OPENED_WITHIN;
  const seconds = Math.min(consoleSeconds, left);
  return seconds < MIN_DURATION ? undefined : seconds;
}

/** The longest console session that a user can have now. */
export function longestConsole(entitled: Entitled, now: Instant): Seconds {
  const own = ownConsoleSeconds(entitled.rule.session.consoleSeconds, entitled, now);
  return own ?? entitledSeconds(entitled, now);
}

/** The settings of credentials that last as long as asked. Throws `duration_refused`. */
export function credentialsLasting(entitled: Entitled, asked: AskedLength): SessionSettings {
  const { session } = entitled.rule;
  const { seconds, now } = asked;
  if (seconds === undefined) return session;
  requireWithin(seconds, { entitled, longest: entitledSeconds(entitled, now) });
  return { ...session, durationSeconds: seconds };
}

/**
 * The settings of a console session that lasts as long as asked. Its credentials last no longer:
 * the console can end with them, and AWS can refuse a console that ends before them. Throws
 * `duration_refused`.
 */
export function consoleLasting(entitled: Entitled, asked: AskedLength): SessionSettings {
  const { session } = entitled.rule;
  const { seconds, now } = asked;
  if (seconds === undefined) return session;
  requireWithin(seconds, { entitled, longest: longestConsole(entitled, now) });
  return {
    ...session,
    durationSeconds: Math.min(session.durationSeconds, seconds),
    consoleSeconds: session.consoleSeconds === undefined ? undefined : seconds,
  };
}

interface Limits {
  readonly entitled: Entitled;
  readonly longest: Seconds;
}

/** Throws `duration_refused`. */
function requireWithin(seconds: Seconds, { entitled, longest }: Limits): void {
  // The elevation is about to end, which its own error says.
  if (longest < MIN_DURATION) return;
  if (seconds >= MIN_DURATION && seconds <= longest) return;
  const shortest = formatDuration(MIN_DURATION);
  const why =
    seconds < MIN_DURATION
      ? `AWS gives sessions of ${shortest} or more.`
      : whyNoLonger(entitled, longest);
  const choice =
    longest === MIN_DURATION ? shortest : `a length from ${shortest} to ${formatDuration(longest)}`;
  throw new BridgeError(
    'duration_refused',
    `session length: ${seconds} s, and the role has ${MIN_DURATION} s to ${longest} s`,
    { hint: `${why} Choose ${choice}.` },
  );
}

function whyNoLonger({ account, rule, elevation }: Entitled, longest: Seconds): string {
  const most = formatDuration(longest);
  const { durationSeconds, consoleSeconds = 0 } = rule.session;
  const isOfRule = longest === durationSeconds || longest === consoleSeconds;
  if (isOfRule) return `The rule of this role gives at most ${most}.`;
  if (elevation !== undefined) return `Your elevation ends soon and allows at most ${most}.`;
  return `The account ${account.name} is reached through a hub role, for which AWS gives at most ${most}.`;
}
