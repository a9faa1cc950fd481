/**
 * How often what may be asked: one table, which operators read in docs/routes.md, and the counters
 * behind it.
 *
 * Owns: numbers, keys, counters, and the first event of a flood that stands for all in the trail.
 * Does not own: how a request proves that it shows something live (live-proofs).
 */
import type { Request, RequestHandler, Response } from 'express';
import rateLimit, { ipKeyGenerator, MemoryStore } from 'express-rate-limit';
import type { Origin } from '../core/audit-event.ts';
import { BridgeError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import type { Viewer } from '../core/requester.ts';
import { formatWait, MINUTE, type Seconds } from '../core/time.ts';
import { type Answer, refusal } from './answer.ts';
import { contextOf, leaveUnrecorded } from './request-context.ts';
import { createTally, type Tally } from './tally.ts';

/** What is shown by a request that may be made beyond the limit of its address. */
export type LiveProof = 'session' | 'bearer token' | 'AWS tool token' | 'grant' | 'proof of doctor';

interface RequestLimit {
  readonly most: number;
  readonly seconds: Seconds;
  readonly counts: 'requests';
  /** `browser`: a known browser is counted by itself, everything else by its address. */
  readonly key: 'address' | 'browser';
  /** What a request must show to be answered beyond the limit; it is then counted by that. */
  readonly beyond?: LiveProof;
  readonly reason: string;
}

/** A limit of what went wrong. A handler counts it, because only it knows. */
interface FailureLimit {
  readonly most: number;
  readonly seconds: Seconds;
  readonly counts: 'rejected responses' | 'wrong user codes';
  readonly key: 'address' | 'user';
  readonly beyond: string;
  readonly reason: string;
}

export type RateLimit = RequestLimit | FailureLimit;

/** Limits by name. Routes that name the same one share its counter. */
export const RATE_LIMITS = {
  pages: {
    most: 3000,
    seconds: MINUTE,
    counts: 'requests',
    key: 'browser',
    beyond: 'session',
    reason: 'Far more than the users of one office need when they start work.',
  },
  'sign-ins': {
    most: 600,
    seconds: MINUTE,
    counts: 'requests',
    key: 'browser',
    reason:
      'Each leaves a record for seventy minutes, and perhaps a signature: two for each of 300 users who start work at the same time.',
  },
  'sign-in-responses': {
    most: 60,
    seconds: MINUTE,
    counts: 'rejected responses',
    key: 'address',
    beyond: 'A response that a live sign-in of its browser waits for is always read.',
    reason: 'To verify a response is expensive.',
  },
  'logout-tokens': {
    most: 3000,
    seconds: MINUTE,
    counts: 'requests',
    key: 'address',
    reason: 'A provider that signs out the users of one office at the end of the day.',
  },
  'user-codes': {
    most: 10,
    seconds: 10 * MINUTE,
    counts: 'wrong user codes',
    key: 'user',
    beyond:
      'Rejected. Three guesses are left to each user while 30 wrong codes come from the address, or 1,000 from all users.',
    reason: 'No user must find a user code by guessing (RFC 8628 section 5.1).',
  },
  'device-logins': {
    most: 600,
    seconds: MINUTE,
    counts: 'requests',
    key: 'address',
    reason:
      'Each leaves a record for twenty minutes, and needs no sign-in: two for each of 300 users who start work at the same time.',
  },
  registrations: {
    most: 600,
    seconds: MINUTE,
    counts: 'requests',
    key: 'address',
    reason: 'Each is signed, and needs no sign-in.',
  },
  oauth: {
    most: 3000,
    seconds: MINUTE,
    counts: 'requests',
    key: 'address',
    beyond: 'grant',
    reason: 'The terminals of one office, each of which polls every second.',
  },
  'aws-oidc': {
    most: 6000,
    seconds: MINUTE,
    counts: 'requests',
    key: 'address',
    beyond: 'grant',
    reason: 'The AWS tools of one office, each of which polls every second.',
  },
  'aws-portal': {
    most: 6000,
    seconds: MINUTE,
    counts: 'requests',
    key: 'address',
    beyond: 'AWS tool token',
    reason: 'The AWS tools of one office, each of which asks for every profile.',
  },
  api: {
    most: 3000,
    seconds: MINUTE,
    counts: 'requests',
    key: 'address',
    beyond: 'bearer token',
    reason: 'The terminals of one office, when its users start work.',
  },
  doctor: {
    most: 600,
    seconds: MINUTE,
    counts: 'requests',
    key: 'address',
    beyond: 'proof of doctor',
    reason: 'A run of doctor sends about twenty requests.',
  },
} as const satisfies Readonly<Record<string, RateLimit>>;

export type LimitName = keyof typeof RATE_LIMITS;
export type RequestLimitName = {
  [N in LimitName]: (typeof RATE_LIMITS)[N]['counts'] extends 'requests' ? N : never;
}[LimitName];

export function isRequestLimit(name: LimitName): name is RequestLimitName {
  return RATE_LIMITS[name].counts === 'requests';
}

/** Whether what a request shows is in its body, which then is read before it is counted. */
export function readsBody(name: LimitName): boolean {
  const { beyond }: RateLimit = RATE_LIMITS[name];
  return beyond === 'grant';
}

/** The counters of one process. They outlive a reload of the configuration. */
export interface RateLimits {
  readonly requests: Readonly<Record<RequestLimitName, RequestCounter>>;
  readonly signInResponses: { readonly rejected: Tally; readonly turnedAway: Tally };
  readonly userCodes: { readonly byUser: Tally; readonly wrong: Tally };
}

interface RequestCounter {
  readonly byKey: MemoryStore;
  /** Requests beyond the limit, by what they showed. */
  readonly live: Tally;
}

export function createRateLimits(): RateLimits {
  return {
    requests: byRequestLimit(() => ({ byKey: new MemoryStore(), live: createTally(MINUTE) })),
    signInResponses: {
      rejected: createTally(RATE_LIMITS['sign-in-responses'].seconds),
      turnedAway: createTally(MINUTE),
    },
    userCodes: {
      byUser: createTally(RATE_LIMITS['user-codes'].seconds),
      wrong: createTally(RATE_LIMITS['user-codes'].seconds),
    },
  };
}

function byRequestLimit<T>(make: (name: RequestLimitName) => T): Record<RequestLimitName, T> {
  const names = (Object.keys(RATE_LIMITS) as LimitName[]).filter(isRequestLimit);
  return Object.fromEntries(names.map(name => [name, make(name)])) as Record<RequestLimitName, T>;
}

// ---------------------------------------------------------------- requests

/** What a request shows that is live, as a key to count it by; undefined when it shows nothing. */
export type LiveProofs = {
  readonly [P in LiveProof]: (request: Request) => Promise<string | undefined>;
};

export interface RequestLimiting {
  readonly rateLimits: RateLimits;
  readonly knownBrowser: (request: Request) => string | undefined;
  readonly liveProofs: LiveProofs;
}

export type RequestLimiters = Readonly<Record<RequestLimitName, RequestHandler>>;

export function requestLimiters(limiting: RequestLimiting): RequestLimiters {
  return byRequestLimit(name => limitRequests(name, limiting));
}

/**
 * At most so many requests a minute from one address (an IPv6 /56). A whole office may sit behind
 * one address, so this stops programs and not users; a request that shows something live is not
 * stopped by requests of strangers (threats R43).
 * Throws `too_many_requests` into the error face.
 */
function limitRequests(
  name: RequestLimitName,
  { rateLimits, knownBrowser, liveProofs }: RequestLimiting,
): RequestHandler {
  const { most, seconds, key, beyond }: RequestLimit = RATE_LIMITS[name];
  const { byKey, live } = rateLimits.requests[name];
  return rateLimit({
    store: byKey,
    // The store is one of the process, and each snapshot of the configuration has a limiter.
    validate: { unsharedStore: false },
    windowMs: seconds * 1000,
    limit: most,
    // Of draft 8 the headers would name each caller by a hash, which costs more than the counting.
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    keyGenerator: (request, response) => {
      const browser = key === 'browser' ? knownBrowser(request as Request) : undefined;
      const { address } = contextOf(response as Response).origin;
      return browser === undefined ? addressKey(address) : `browser ${browser}`;
    },
    handler: async (request, response, next) => {
      const shown = beyond && (await liveProofs[beyond](request as Request));
      if (shown !== undefined && live.add(shown, Date.now()) <= most) return next();
      const { used, limit, resetTime } = (request as Request & { readonly rateLimit: Counted })
        .rateLimit;
      // The first one of a window stands for all: a flood must not fill the trail.
      if (used > limit + 1) leaveUnrecorded(response as Response);
      next(
        new BridgeError(
          'too_many_requests',
          `more than ${most} requests a minute from one address`,
          { retryAfterSeconds: Math.max(1, Math.ceil((resetTime.getTime() - Date.now()) / 1000)) },
        ),
      );
    },
  });
}

/** What express-rate-limit leaves on a request. */
interface Counted {
  readonly used: number;
  readonly limit: number;
  readonly resetTime: Date;
}

/** An IPv6 /56 is one household or office. */
function addressKey(address: string): string {
  return ipKeyGenerator(address, 56);
}

// ---------------------------------------------------------------- rejected sign-in responses

export interface CountedResponse {
  readonly isBeyondLimit: boolean;
  /** What a response beyond the limit is answered with when no live sign-in waits for it. */
  refusal(): Answer;
  accepted(): void;
}

/** Counts a response as rejected until it is accepted, so that many at once are no way around. */
export function countResponse(
  { signInResponses: { rejected, turnedAway } }: RateLimits,
  { address }: Origin,
  clock: Clock,
): CountedResponse {
  const key = addressKey(address);
  const { most } = RATE_LIMITS['sign-in-responses'];
  return {
    isBeyondLimit: rejected.add(key, clock.now()) > most,
    refusal: () => {
      const error = new BridgeError(
        'too_many_requests',
        `more than ${most} refused answers a minute from one address`,
        {
          hint: 'Start again at the sign-in page. Responses to a sign-in that was started in this browser are always accepted.',
          offers: 'sign-in',
          retryAfterSeconds: rejected.secondsLeft(clock.now()),
        },
      );
      // The first one of a window stands for all: a flood must not fill the trail.
      return refusal(error, { isUnrecorded: turnedAway.add(key, clock.now()) > 1 });
    },
    accepted: () => rejected.takeBack(key, clock.now()),
  };
}

// ---------------------------------------------------------------- wrong user codes

/** Wrong user codes in one window. */
const MOST_GUESSES = { ofAddress: 30, ofAll: 1000, ofUserInFlood: 3 } as const;

export interface CountedGuess {
  /** Set when the user has no guess left. */
  readonly refusal?: Answer;
  /** The guess was no wrong code. */
  takeBack(): void;
  wasWrong(): void;
}

/**
 * Counts a user code that a user tries (RFC 8628 section 5.1). Where one address or all together
 * have tried too many, each user has fewer guesses left, and never none: what others do must not
 * stop a user whose code is right.
 */
export function countGuess(
  { userCodes: { byUser, wrong } }: RateLimits,
  { origin, session }: Viewer,
  clock: Clock,
): CountedGuess {
  const { person } = session.identity;
  const address = addressKey(origin.address);
  const now = clock.now();
  const isFlood =
    wrong.of(address, now) >= MOST_GUESSES.ofAddress || wrong.of('all', now) >= MOST_GUESSES.ofAll;
  const most = isFlood ? MOST_GUESSES.ofUserInFlood : RATE_LIMITS['user-codes'].most;
  const guesses = byUser.add(person, now);
  const takeBack = (): void => byUser.takeBack(person, clock.now());
  const wasWrong = (): void => {
    wrong.add(address, clock.now());
    wrong.add('all', clock.now());
  };
  if (guesses <= most) return { takeBack, wasWrong };
  takeBack();
  const retryAfterSeconds = byUser.secondsLeft(now);
  const error = new BridgeError(
    'too_many_requests',
    `more than ${most} wrong codes in ten minutes by one user`,
    {
      retryAfterSeconds,
      hint: `Wait ${formatWait(retryAfterSeconds)}, then enter the code that your terminal shows at that time.`,
    },
  );
  return { refusal: refusal(error, { isUnrecorded: guesses > most + 1 }), takeBack, wasWrong };
}
