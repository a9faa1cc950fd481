/**
 * The device authorization grant (RFC 8628) as pure transitions: requested by a terminal, decided
 * by a user, redeemed once.
 *
 * Owns: user codes, the states of a grant and what each leads to, the pace of polling. Does not
 * own: where a grant is stored, who can decide.
 */
import { BridgeError } from './errors.ts';
import { networkDistance } from './network-distance.ts';
import type { NamedClient } from './oauth-client.ts';
import type { Instant, Seconds } from './time.ts';
import type { TokenPair } from './tokens.ts';

/** How long a user can take. */
export const DEVICE_GRANT_SECONDS: Seconds = 600;
/** How long the bridge remembers an expired code, to report that it has expired. */
export const DEVICE_GRANT_MEMORY_SECONDS: Seconds = 600;

/**
 * What requested the login. The client and the address are known; the terminal itself gave the name
 * of the device.
 */
export interface DeviceLoginRequest {
  readonly client: NamedClient;
  readonly deviceName?: string | undefined;
  readonly address: string;
  readonly userAgent?: string | undefined;
  readonly requestedAt: Instant;
  /** The terminal requires a sign-in that is younger than its request (`prompt=login`). */
  readonly reauthenticate: boolean;
}

/** Who picked the tokens up, and when. */
export interface Redemption {
  readonly at: Instant;
  readonly address: string;
  readonly userAgent?: string | undefined;
  /** Names the kept answer, together with the device code. */
  readonly answer: string;
  /** Whether the trail has it; until then no other caller records it. */
  readonly isRecorded?: boolean | undefined;
}

/** What a terminal was answered, for as long as the answer can be repeated. Secrets. */
export interface DeviceAnswer {
  readonly session: string;
  readonly tokens: TokenPair;
  /** The thumbprint of the key to which the tokens are bound. */
  readonly jkt?: string | undefined;
  readonly expiresAt: Instant;
}

/** How long the answer is repeated, for a terminal that did not get it. */
export const DEVICE_ANSWER_SECONDS: Seconds = 60;

export interface DeviceGrant {
  readonly request: DeviceLoginRequest;
  /** SHA-256 of the secret half of the device code. */
  readonly deviceCodeDigest: string;
  /** When both codes expire. */
  readonly decideBy: Instant;
  /** When the record is deleted. */
  readonly expiresAt: Instant;
  readonly state: 'pending' | 'approved' | 'denied' | 'redeemed';
  /** The id of the CLI session that waits to be picked up, once approved. */
  readonly session?: string | undefined;
  /** Once redeemed. */
  readonly redemption?: Redemption | undefined;
  /**
   * SHA-256 of the id of the browser session in which it was decided. There, the same form sent
   * again is not a wrong code.
   */
  readonly decidedIn?: string | undefined;
}

/** What a user decided, and in which browser session. */
export interface GrantDecision {
  readonly decidedIn: string;
  /** The id of the CLI session that waits for the terminal. */
  readonly session: string;
}

/**
 * Throws `user_code_expired` unless the grant is pending. It does not say whether the code was
 * decided, used or expired: anyone can enter the code of someone else.
 */
export function requirePending({ state, decideBy }: DeviceGrant, now: Instant): void {
  if (state !== 'pending')
    throw new BridgeError('user_code_expired', `the user code was ${state} before`);
  if (now >= decideBy) throw new BridgeError('user_code_expired', 'the user code has expired');
}

/** Throws `user_code_expired`. */
export function approve(
  grant: DeviceGrant,
  { session, decidedIn }: GrantDecision,
  now: Instant,
): DeviceGrant {
  requirePending(grant, now);
  return { ...grant, state: 'approved', session, decidedIn };
}

/** Throws `user_code_expired`. */
export function deny(
  grant: DeviceGrant,
  { decidedIn }: Pick<GrantDecision, 'decidedIn'>,
  now: Instant,
): DeviceGrant {
  requirePending(grant, now);
  return { ...grant, state: 'denied', decidedIn };
}

export interface Redeemed {
  readonly next: DeviceGrant;
  readonly session: string;
  /** The first one: it alone has tokens. */
  readonly redemption: Redemption | undefined;
}

/**
 * The session of an approved grant, once. The caller who had it gets the same again for a minute.
 * Throws `authorization_pending`, `device_denied`, `device_code_expired`, `grant_invalid` (RFC 8628
 * section 3.5).
 */
export function redeem(grant: DeviceGrant, now: Instant, redemption?: Redemption): Redeemed {
  if (grant.state === 'redeemed') {
    const first = grant.redemption;
    if (first !== undefined && isSameCaller(first, redemption) && isRepeatable(first, now))
      return { next: grant, session: grant.session!, redemption: first };
    throw new BridgeError('grant_invalid', 'the device code was used before');
  }
  if (grant.state === 'denied') throw new BridgeError('device_denied', 'the user denied the login');
  if (now >= grant.decideBy)
    throw new BridgeError(
      'device_code_expired',
      `the device code expired while it was ${grant.state}`,
    );
  if (grant.state === 'pending')
    throw new BridgeError('authorization_pending', 'the user has not decided yet');
  const next: DeviceGrant = {
    ...grant,
    state: 'redeemed',
    ...(redemption !== undefined && { redemption }),
  };
  return { next, session: grant.session!, redemption };
}

/**
 * The same address, and not the same network alone: a device code is often typed or sent, and
 * nothing else tells the terminal from someone who has a copy of it.
 */
function isSameCaller(first: Redemption, other: Redemption | undefined): boolean {
  if (other === undefined || first.userAgent !== other.userAgent) return false;
  const { address } = first;
  return address === other.address || networkDistance(address, other.address) === 'same-address';
}

function isRepeatable({ at }: Redemption, now: Instant): boolean {
  return now < at + DEVICE_ANSWER_SECONDS * 1000;
}

/** The redeemed grant whose redemption the trail has. Another state stays as it is. */
export function asRecorded(grant: DeviceGrant): DeviceGrant {
  const { redemption } = grant;
  return redemption === undefined
    ? grant
    : { ...grant, redemption: { ...redemption, isRecorded: true } };
}

/** After this, the caller that redeemed the grant is gone, and the next caller records it. */
const RECORD_SECONDS: Seconds = 2;

/** Whether a repeated answer must be recorded first: the process that gave it first has ended. */
export function isRecordMissing({ at, isRecorded }: Redemption, now: Instant): boolean {
  return isRecorded !== true && now >= at + RECORD_SECONDS * 1000;
}

// ---------------------------------------------------------------- user codes

/**
 * Without vowels, so that no code is a word, and without letters that look like others (RFC 8628
 * section 6.1). 20^8 codes: 34.5 bits.
 */
export const USER_CODE_ALPHABET = 'BCDFGHJKLMNPQRSTVWXZ';
export const USER_CODE_LENGTH = 8;

/** A user code as stored: eight letters of the alphabet. */
export type UserCode = string & { readonly __brand: 'UserCode' };

/**
 * Reads what a user typed, in any case, with dashes and spaces anywhere; undefined if it cannot be
 * a code.
 */
export function readUserCode(typed: string): UserCode | undefined {
  const letters = typed.replaceAll(/[\s\u2010-\u2015_.-]/g, '');
  // Before case is changed: some letters beyond A to Z have capitals among them.
  if (!/^[A-Za-z]+$/.test(letters)) return undefined;
  const code = letters.toUpperCase();
  const isCode =
    code.length === USER_CODE_LENGTH &&
    [...code].every(letter => USER_CODE_ALPHABET.includes(letter));
  return isCode ? (code as UserCode) : undefined;
}

/** `WDJB-MJHT` */
export function formatUserCode(code: UserCode): string {
  return `${code.slice(0, USER_CODE_LENGTH / 2)}-${code.slice(USER_CODE_LENGTH / 2)}`;
}

// ---------------------------------------------------------------- polling

/** The polling of one device code. */
export interface Pace {
  readonly intervalSeconds: Seconds;
  readonly lastAskedAt: Instant;
  readonly count: number;
}

const SLOW_DOWN_SECONDS: Seconds = 5;
/** The AWS CLI polls once before it shows the code and once right after. */
const FREE_POLLS = 2;
/** Clocks and networks are not exact: a poll that is a little early counts as in time. */
const TOLERANCE_MILLISECONDS = 500;

/**
 * Counts one poll. A poll that comes too soon lengthens the interval permanently (RFC 8628 section
 * 3.5).
 */
export function countPoll(
  pace: Pace | undefined,
  now: Instant,
  intervalSeconds: Seconds,
): { readonly pace: Pace; readonly tooSoon: boolean } {
  const {
    count,
    lastAskedAt,
    intervalSeconds: current,
  } = pace ?? { count: 0, lastAskedAt: now, intervalSeconds };
  const tooSoon =
    count >= FREE_POLLS && now - lastAskedAt < current * 1000 - TOLERANCE_MILLISECONDS;
  return {
    pace: {
      intervalSeconds: current + (tooSoon ? SLOW_DOWN_SECONDS : 0),
      lastAskedAt: now,
      count: count + 1,
    },
    tooSoon,
  };
}
