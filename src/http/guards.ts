/**
 * What stands in front of every door: headers, the limits of how often, and the proof that a form
 * is our own.
 */
import type { Request, RequestHandler, Response } from 'express';
import rateLimit, { ipKeyGenerator } from 'express-rate-limit';
import helmet from 'helmet';
import { BridgeError } from '../core/errors.ts';
import type { Clock, Secrets, Session } from '../core/ports.ts';
import { type Instant, MINUTE, type Seconds } from '../core/time.ts';
import { requireSession } from './current-session.ts';
import { contextOf, leaveUnrecorded } from './request-context.ts';
import { createTally } from './tally.ts';

export interface HeaderOptions {
  readonly secure: boolean;
  /** Sources that our forms may lead to beside ourselves: the sign-in and console hosts of AWS. */
  readonly formTargets: readonly string[];
}

/**
 * Strict headers for everything; nothing is stored by browsers or proxies unless a route says
 * otherwise.
 */
export function securityHeaders({ secure, formTargets }: HeaderOptions): RequestHandler[] {
  return [
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          styleSrc: ["'self'"],
          scriptSrc: ["'self'"],
          imgSrc: ["'self'"],
          formAction: ["'self'", ...formTargets],
          frameAncestors: ["'none'"],
          baseUri: ["'none'"],
        },
      },
      crossOriginEmbedderPolicy: false,
      // same-origin would cut the console's tab from ours, which is what we want anyway; links open
      // with noopener.
      crossOriginOpenerPolicy: { policy: 'same-origin' },
      crossOriginResourcePolicy: { policy: 'same-origin' },
      referrerPolicy: { policy: 'no-referrer' },
      strictTransportSecurity: secure
        ? { maxAge: 365 * 24 * 3600, includeSubDomains: false }
        : false,
      xFrameOptions: { action: 'deny' },
    }),
    (_request, response, next) => {
      response.setHeader('Cache-Control', 'no-store');
      response.setHeader(
        'Permissions-Policy',
        'camera=(), microphone=(), geolocation=(), payment=()',
      );
      next();
    },
  ];
}

/**
 * Whom a request is counted by beyond the limit of its address, because it shows something live;
 * undefined when it shows nothing.
 */
export type ShownLive = (request: Request, response: Response) => Promise<string | undefined>;

export interface AddressLimit {
  readonly perMinute: number;
  /**
   * Known browsers are counted by themselves, and not by the address that they share with
   * strangers.
   */
  readonly knownBrowser?: ((request: Request) => string | undefined) | undefined;
  /** Asked beyond the limit only. What it gives may ask as often again. */
  readonly shownLive?: ShownLive | undefined;
}

/**
 * At most so many requests a minute from one address (an IPv6 /56). A whole office may sit behind
 * one address, so this stops machines and not people; whoever shows something that a stranger does
 * not have is not stopped by what strangers do (threats R43).
 * Throws `too_many_requests` into the error face.
 */
export function limitPerAddress({
  perMinute,
  knownBrowser,
  shownLive,
}: AddressLimit): RequestHandler {
  const live = createTally(MINUTE);
  return rateLimit({
    windowMs: MINUTE * 1000,
    limit: perMinute,
    // Of draft 8 the headers would name each caller by a hash, which costs more than the counting.
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    keyGenerator: (request, response) => {
      const browser = knownBrowser?.(request as Request);
      return browser === undefined ? addressKey(response as Response) : `browser ${browser}`;
    },
    handler: async (request, response, next) => {
      const key = await shownLive?.(request as Request, response as Response);
      if (key !== undefined && live.add(key, Date.now()) <= perMinute) return next();
      const { used, limit } = (
        request as Request & {
          readonly rateLimit: { readonly used: number; readonly limit: number };
        }
      ).rateLimit;
      // The first one of a window stands for all: a flood must not fill the trail.
      if (used > limit + 1) leaveUnrecorded(response as Response);
      next(
        new BridgeError(
          'too_many_requests',
          `more than ${perMinute} requests a minute from one address`,
        ),
      );
    },
  });
}

/** An IPv6 /56 is one household or office. */
export function addressKey(response: Response): string {
  return ipKeyGenerator(contextOf(response).origin.address, 56);
}

const GUESS_WINDOW: Seconds = 10 * MINUTE;
/** Wrong user codes in ten minutes. */
const MOST_GUESSES = { ofPerson: 10, ofAddress: 30, ofAll: 1000, ofPersonInFlood: 3 } as const;

export interface GuessLimit {
  /** Counts one try of this person. Throws `too_many_requests`. */
  begin(response: Response): void;
  /** The try was no wrong code. */
  takeBack(response: Response): void;
  /** The try was a wrong code. */
  wasWrong(response: Response): void;
}

/**
 * How many wrong user codes a person may try in ten minutes (RFC 8628 section 5.1). Where one
 * address or all together have tried too many, each person has fewer tries left, and never none:
 * what others do must not stop a person whose code is right. For signed-in people.
 */
export function limitGuesses(clock: Clock): GuessLimit {
  const [people, others] = [createTally(GUESS_WINDOW), createTally(GUESS_WINDOW)];
  const person = (response: Response): string => requireSession(response).identity.person;
  const isFlood = (response: Response, now: Instant): boolean =>
    others.of(addressKey(response), now) >= MOST_GUESSES.ofAddress ||
    others.of('all', now) >= MOST_GUESSES.ofAll;
  return {
    begin: response => {
      const now = clock.now();
      const most = isFlood(response, now) ? MOST_GUESSES.ofPersonInFlood : MOST_GUESSES.ofPerson;
      const tries = people.add(person(response), now);
      if (tries <= most) return;
      people.takeBack(person(response), now);
      if (tries > most + 1) leaveUnrecorded(response);
      throw new BridgeError(
        'too_many_requests',
        `more than ${most} wrong codes in ten minutes by one person`,
        {
          hint: 'Wait ten minutes, then enter the code that your terminal shows at that time.',
        },
      );
    },
    takeBack: response => people.takeBack(person(response), clock.now()),
    wasWrong: response => {
      const now = clock.now();
      others.add(addressKey(response), now);
      others.add('all', now);
    },
  };
}

/**
 * Lets the forms of this one page lead to a loopback address: Chromium holds `form-action` against
 * the redirect that answers a form, too. CSP has no way to name an IPv6 address, so for one of
 * those plain http is allowed.
 */
export function allowFormTarget(response: Response, { origin, protocol, hostname }: URL): void {
  const policy = String(response.getHeader('Content-Security-Policy'));
  const source = hostname.startsWith('[') ? protocol : origin;
  response.setHeader(
    'Content-Security-Policy',
    policy.replace("form-action 'self'", `form-action 'self' ${source}`),
  );
}

/**
 * How browsers say that they fetch a page before a person asks for it, or for a preview: Chromium,
 * older ones, Safari, Firefox.
 */
const AHEAD_HEADERS = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'] as const;

/**
 * Refuses what a browser fetches ahead of a person, on every route: a page that is prefetched or
 * prerendered must have no effect. Browsers ask again when the person does go there. Throws
 * `cross_site_request`, which is not recorded: it is nobody's attack.
 */
export const refusePrefetch: RequestHandler = (request, response, next) => {
  if (AHEAD_HEADERS.every(name => request.get(name) === undefined)) return next();
  leaveUnrecorded(response);
  throw new BridgeError(
    'cross_site_request',
    'the page was fetched ahead of a person (prefetch, prerender or preview)',
    {
      hint: FOLLOW_THE_LINK,
    },
  );
};

/**
 * Lets through what a person does by following a link or pressing a button, and nothing that a page
 * does behind their back: a frame, an image, a script, a fetch. Stands in front of the pages for
 * people, before their session is looked at. Programs that say nothing of themselves pass. Throws
 * `cross_site_request`; what another site began is recorded.
 */
export const onlyNavigations: RequestHandler = (request, response, next) => {
  const mode = request.get('sec-fetch-mode') ?? 'navigate';
  const destination = request.get('sec-fetch-dest');
  const site = request.get('sec-fetch-site');
  if (mode === 'navigate' && (destination ?? 'document') === 'document') return next();
  // No browser: Node's fetch sends this one header.
  if (mode === 'cors' && destination === undefined && site === undefined) return next();
  // Browsers ask for a /favicon.ico of their own accord.
  if (site === 'same-origin' || site === 'none') leaveUnrecorded(response);
  throw new BridgeError(
    'cross_site_request',
    'a page for people was fetched or embedded by another page (frame, image, script or fetch)',
    {
      hint: FOLLOW_THE_LINK,
    },
  );
};

const FOLLOW_THE_LINK = 'Follow the link itself, in a tab of its own.';

/**
 * Proves that a state-changing request was sent by our own page: by the token of the session, and
 * by what the browser says of where the request began.
 */
export interface OwnFormGuard {
  /**
   * Whether the browser says that one of our own pages sent it. Throws `cross_site_request` when it
   * says that another one did.
   */
  readonly isOurs: (request: Request) => boolean;
  /**
   * Whether the form carries the token of this session. False for a page of ours that is from an
   * earlier sign-in: it must have no effect, and it is no attack. Throws `cross_site_request` for
   * every other form without the token.
   */
  readonly isCurrent: (request: Request, session: Session, token: string | undefined) => boolean;
}

export function ownFormGuard({
  secrets,
  baseUrl,
}: {
  readonly secrets: Secrets;
  readonly baseUrl: string;
}): OwnFormGuard {
  const isOurs = (request: Request): boolean => {
    // Under `Referrer-Policy: no-referrer` a browser sends `Origin: null` even from our own page,
    // so `Sec-Fetch-Site` is asked first.
    const site = request.get('sec-fetch-site');
    const origin = request.get('origin');
    if (site !== undefined ? site !== 'same-origin' : origin !== undefined && origin !== baseUrl) {
      throw new BridgeError(
        'cross_site_request',
        `a form came from elsewhere (Sec-Fetch-Site ${site === undefined ? 'absent' : 'present'})`,
      );
    }
    return site !== undefined || origin !== undefined;
  };
  return {
    isOurs,
    isCurrent: (request, session, token) => {
      const isFromUs = isOurs(request);
      if (token !== undefined && secrets.equal(token, session.csrfToken)) return true;
      if (isFromUs) return false;
      throw new BridgeError('cross_site_request', 'a form came without the token of the session');
    },
  };
}
