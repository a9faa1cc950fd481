/**
 * AWS sessions that the bridge has given a user and that can still be alive: consoles, and sets of
 * credentials. The audit trail knows them; neither the bridge nor the user can end one.
 */
import type { OpenedFrom } from './browser-session.ts';
import type { HandOut } from './elevation-notice.ts';
import type { AccountId, RoleName } from './role.ts';
import { MAX_DURATION } from './session.ts';
import { type Instant, MINUTE, type Seconds } from './time.ts';

/** How long a link can be opened (sign-in token of AWS). A console counts its length from then. */
export const OPENED_WITHIN: Seconds = 15 * MINUTE;
/** No AWS session ends later after its hand-out. */
export const LONGEST_AWS_SESSION: Seconds = MAX_DURATION + OPENED_WITHIN;

export type AwsSessionKind = 'console' | 'credentials';

/** Who was given a session, as audit events name it. */
export interface Holder
  extends Pick<HandOut, 'browserSession' | 'cliSession' | 'containerToken' | 'application'> {
  readonly origin: OpenedFrom;
}

/** The AWS sessions of one kind, for one role, by one elevation or by none. */
export interface AwsSessions {
  readonly account: AccountId;
  readonly accountName: string;
  readonly role: RoleName;
  readonly kind: AwsSessionKind;
  /** The id of the elevation with which they end at the latest. */
  readonly elevation?: string | undefined;
  /** How many are alive. Programs that share credentials share one session. */
  readonly count: number;
  /** When the newest was handed out. */
  readonly newestAt: Instant;
  /** When all of them have ended. A console can end earlier, by a sign-out there. */
  readonly endsAt: Instant;
  /** The last one first. */
  readonly holders: readonly Holder[];
}

/** When what was handed out ends: a console at the latest, because its link can be opened later. */
export function endOfHandOut(handOut: HandOut): Instant {
  const { type, at, expiresAt } = handOut;
  if (type !== 'console-link.issued' || handOut.consoleSeconds === undefined) return expiresAt;
  return at + (OPENED_WITHIN + handOut.consoleSeconds) * 1000;
}

/** The sessions alive at `now`, the newest hand-out first. `handOuts` are newest first. */
export function awsSessionsIn(handOuts: readonly HandOut[], now: Instant): readonly AwsSessions[] {
  const alive = handOuts.filter(handOut => endOfHandOut(handOut) > now);
  const groups = Map.groupBy(alive, ({ account, role, type, elevation }) =>
    JSON.stringify([account, role, type, elevation]),
  );
  return [...groups.values()].map(sessionsIn);
}

function sessionsIn(handOuts: readonly HandOut[]): AwsSessions {
  const { account, accountName, role, type, elevation, at } = handOuts[0]!;
  return {
    ...{ account, accountName, role, elevation },
    kind: type === 'console-link.issued' ? 'console' : 'credentials',
    count: new Set(handOuts.map(({ accessKeyId }) => accessKeyId)).size,
    newestAt: at,
    endsAt: Math.max(...handOuts.map(endOfHandOut)),
    holders: holdersIn(handOuts),
  };
}

function holdersIn(handOuts: readonly HandOut[]): readonly Holder[] {
  const holders = new Map<string, Holder>();
  for (const handOut of handOuts) {
    const { browserSession, cliSession, containerToken, application } = handOut;
    const { address, userAgent } = handOut.origin;
    const named = containerToken ?? cliSession ?? browserSession;
    const key = named ?? JSON.stringify([address, userAgent]);
    if (holders.has(key)) continue;
    const origin = { address, userAgent };
    holders.set(key, { browserSession, cliSession, containerToken, application, origin });
  }
  return [...holders.values()];
}
