/** What stands in front of every door: headers, the limits of how often, and the proof that a form is our own. */
import type { Request, RequestHandler } from 'express';
import rateLimit, { ipKeyGenerator } from 'express-rate-limit';
import helmet from 'helmet';
import { BridgeError } from '../core/errors.ts';
import type { Secrets, Session } from '../core/ports.ts';
import { contextOf, leaveUnrecorded } from './request-context.ts';

export interface HeaderOptions {
  readonly secure: boolean;
  /** Sources that our forms may lead to beside ourselves: the sign-in and console hosts of AWS. */
  readonly formTargets: readonly string[];
}

/** Strict headers for everything; nothing is stored by browsers or proxies unless a route says otherwise. */
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
      // same-origin would cut the console's tab from ours, which is what we want anyway; links open with noopener.
      crossOriginOpenerPolicy: { policy: 'same-origin' },
      crossOriginResourcePolicy: { policy: 'same-origin' },
      referrerPolicy: { policy: 'no-referrer' },
      strictTransportSecurity: secure ? { maxAge: 365 * 24 * 3600, includeSubDomains: false } : false,
      xFrameOptions: { action: 'deny' },
    }),
    (_request, response, next) => {
      response.setHeader('Cache-Control', 'no-store');
      response.setHeader('Permissions-Policy', 'camera=(), microphone=(), geolocation=(), payment=()');
      next();
    },
  ];
}

/**
 * At most so many requests a minute from one address (an IPv6 /56). A whole office may sit behind one address, so this stops machines
 * and not people. Throws `too_many_requests` into the error face.
 */
export function limitPerAddress(perMinute: number, options: { readonly count: 'all' | 'refused' } = { count: 'all' }): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit: perMinute,
    skipSuccessfulRequests: options.count === 'refused',
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    keyGenerator: (_request, response) => ipKeyGenerator(contextOf(response).origin.address, 56),
    handler: (request, response, next) => {
      const { used, limit } = (request as Request & { readonly rateLimit: { readonly used: number; readonly limit: number } }).rateLimit;
      // The first one of a minute stands for all: a flood must not fill the trail.
      if (used > limit + 1) leaveUnrecorded(response);
      next(new BridgeError('too_many_requests', `more than ${perMinute} requests a minute from one address`));
    },
  });
}

/**
 * Lets through what a person does by following a link, and nothing that a page does behind their back: an image, a frame, a prefetch, a
 * HEAD. Throws `cross_site_request`.
 */
export function requireNavigation(request: Request): void {
  const mode = request.get('sec-fetch-mode') ?? 'navigate';
  const destination = request.get('sec-fetch-dest') ?? 'document';
  const ahead = request.get('sec-purpose') ?? request.get('purpose');
  if (request.method === 'GET' && mode === 'navigate' && destination === 'document' && ahead === undefined) return;
  throw new BridgeError('cross_site_request', 'the link was not followed by a person (HEAD, prefetch, frame or embedded)', {
    hint: 'Follow the link itself, in a tab of its own.',
  });
}

/**
 * Proves that a state-changing request was sent by our own page in this session: by the token of the session, and by what the browser
 * says of where the request began. Throws `cross_site_request`.
 */
export type OwnFormGuard = (request: Request, session: Session, token: string | undefined) => void;

export function ownFormGuard({ secrets, baseUrl }: { readonly secrets: Secrets; readonly baseUrl: string }): OwnFormGuard {
  return (request, session, token) => {
    // Under `Referrer-Policy: no-referrer` a browser sends `Origin: null` even from our own page, so `Sec-Fetch-Site` is asked first.
    const site = request.get('sec-fetch-site');
    const origin = request.get('origin');
    if (site !== undefined ? site !== 'same-origin' : origin !== undefined && origin !== baseUrl) {
      throw new BridgeError(
        'cross_site_request',
        `a form came from elsewhere (Sec-Fetch-Site ${site === undefined ? 'absent' : 'present'})`,
      );
    }
    if (token === undefined || !secrets.equal(token, session.csrfToken)) {
      throw new BridgeError('cross_site_request', 'a form came without the token of the session');
    }
  };
}
