/**
 * The device authorization grant (RFC 8628) as pure transitions: asked for by a terminal, decided
 * by a person, redeemed once.
 *
 * Owns: user codes, the states of a grant and what each leads to, the pace of polling. Does not
 * own: where a grant is kept, who may decide.
 */
import { BridgeError } from './errors.ts';
import type { NamedClient } from './oauth-client.ts';
import type { Instant, Seconds } from './time.ts';

/** How long a person may take. */
export const DEVICE_GRANT_SECONDS: Seconds = 600;
/** How long the bridge remembers a code after its end, to tell latecomers that it has expired. */
export const DEVICE_GRANT_MEMORY_SECONDS: Seconds = 600;

/**
 * What asked for the login. The client and the address are known; the name of the device is what it
 * said.
 */
export interface DeviceLoginRequest {
  readonly client: NamedClient;
  readonly deviceName?: string | undefined;
  readonly address: string;
  readonly userAgent?: string | undefined;
  readonly requestedAt: Instant;
  /** The terminal wants a sign-in that is younger than its request (`prompt=login`). */
  readonly reauthenticate: boolean;
}

export interface DeviceGrant {
  readonly request: DeviceLoginRequest;
  /** SHA-256 of the secret half of the device code. */
  readonly deviceCodeDigest: string;
  /** The end of both codes. */
  readonly decideBy: Instant;
  /** When the record goes. */
  readonly expiresAt: Instant;
  readonly state: 'pending' | 'approved' | 'denied' | 'redeemed';
  /** The id of the CLI session that waits to be picked up, once approved. */
  readonly session?: string | undefined;
  /**
   * SHA-256 of the id of the browser session in which it was decided: there, the same form sent
   * again is no wrong code.
   */
  readonly decidedIn?: string | undefined;
}

/** What a person decided, and in which browser session. */
export interface GrantDecision {
  readonly decidedIn: string;
  /** The id of the CLI session that waits for the terminal. */
  readonly session: string;
}

/**
 * Throws `user_code_unknown` unless the grant waits for a decision: a code that was decided, used
 * or has expired is as good as none.
 */
export function requirePending({ state, decideBy }: DeviceGrant, now: Instant): void {
  if (state !== 'pending')
    throw new BridgeError('user_code_unknown', `the user code was ${state} before`);
  if (now >= decideBy) throw new BridgeError('user_code_unknown', 'the user code has expired');
}

/** Throws `user_code_unknown`. */
export function approve(
  grant: DeviceGrant,
  { session, decidedIn }: GrantDecision,
  now: Instant,
): DeviceGrant {
  requirePending(grant, now);
  return { ...grant, state: 'approved', session, decidedIn };
}

/** Throws `user_code_unknown`. */
export function deny(
  grant: DeviceGrant,
  { decidedIn }: Pick<GrantDecision, 'decidedIn'>,
  now: Instant,
): DeviceGrant {
  requirePending(grant, now);
  return { ...grant, state: 'denied', decidedIn };
}

/**
 * The session that an approved grant gives, once. Throws `authorization_pending`, `device_denied`,
 * `device_code_expired`, `grant_invalid` (RFC 8628 section 3.5).
 */
export function redeem(
  grant: DeviceGrant,
  now: Instant,
): { readonly next: DeviceGrant; readonly session: string } {
  if (grant.state === 'redeemed')
    throw new BridgeError('grant_invalid', 'the device code was used before');
  if (grant.state === 'denied')
    throw new BridgeError('device_denied', 'the person refused the login');
  if (now >= grant.decideBy)
    throw new BridgeError(
      'device_code_expired',
      `the device code expired while it was ${grant.state}`,
    );
  if (grant.state === 'pending')
    throw new BridgeError('authorization_pending', 'nobody has decided yet');
  return { next: { ...grant, state: 'redeemed' }, session: grant.session! };
}

// ---------------------------------------------------------------- user codes

/**
 * Without vowels, so that no code is a word, and without letters that look like others (RFC 8628
 * section 6.1). 20^8 codes: 34.5 bits.
 */
export const USER_CODE_ALPHABET = 'BCDFGHJKLMNPQRSTVWXZ';
export const USER_CODE_LENGTH = 8;

/** A user code as it is kept: eight letters of the alphabet. */
export type UserCode = string & { readonly __brand: 'UserCode' };

/**
 * What a person typed, in any case, with dashes and spaces anywhere; undefined when it cannot be a
 * code.
 */
export function readUserCode(typed: string): UserCode | undefined {
  const letters = typed.replaceAll(/[\s\u2010-\u2015_.-]/g, '');
  // Before case is changed: there are letters beyond A to Z whose capitals are among them.
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

/** How often one device code may be asked for. */
export interface Pace {
  readonly intervalSeconds: Seconds;
  readonly lastAskedAt: Instant;
  readonly count: number;
}

const SLOW_DOWN_SECONDS: Seconds = 5;
/** The AWS CLI asks once before it shows the code and once right after. */
const FREE_POLLS = 2;
/** Clocks and networks are not exact: what comes a little early is in time. */
const TOLERANCE_MILLISECONDS = 500;

/**
 * Counts one poll. One that comes too soon makes the interval longer for good (RFC 8628 section
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
