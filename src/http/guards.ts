/** What stands in front of the routes: headers, and what browsers do without their user. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { RequestHandler, Response } from 'express';
import helmet from 'helmet';
import { BridgeError } from '../core/errors.ts';
import { leaveUnrecorded } from './request-context.ts';

export interface HeaderOptions {
  readonly baseUrl: string;
  /** Sources that our forms may lead to in addition: the sign-in and console hosts of AWS. */
  readonly consoleSources: readonly string[];
}

/**
 * Strict headers for everything; nothing is stored by browsers or proxies unless a route says
 * otherwise.
 */
export function securityHeaders(options: HeaderOptions): RequestHandler {
  const headers = headersFor(options);
  return (_request, response, next) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    next();
  };
}

/** None of them depends on a request, so they are made once. */
function headersFor({ baseUrl, consoleSources }: HeaderOptions): readonly [string, string][] {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  const setHeaders = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        scriptSrc: ["'self'"],
        imgSrc: ["'self'"],
        formAction: ["'self'", ...consoleSources],
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
    strictTransportSecurity: baseUrl.startsWith('https:')
      ? { maxAge: 365 * 24 * 3600, includeSubDomains: false }
      : false,
    xFrameOptions: { action: 'deny' },
  });
  setHeaders(request, response, fault => {
    if (fault !== undefined) throw fault;
  });
  const named = (name: string): [string, string] => [name, String(response.getHeader(name))];
  return [
    ...response.getHeaderNames().map(named),
    // Nor compressed on the way: which answers may be, is decided here (`compression`).
    ['Cache-Control', 'no-store, no-transform'],
    ['Permissions-Policy', 'camera=(), microphone=(), geolocation=(), payment=()'],
  ];
}

/**
 * The source of a content security policy that contains an address. It cannot name IPv6, and in
 * other hosts a semicolon would begin a directive (CSP Level 3, 2.3.1).
 */
export function sourceOf({ origin, protocol, hostname }: URL): string {
  return /^[a-z\d.-]+$/.test(hostname) ? origin : protocol;
}

/**
 * Lets the forms of this one page lead there, too: Chromium also checks `form-action` against the
 * redirects that answer a form.
 */
export function allowFormSources(response: Response, sources: readonly string[]): void {
  const policy = String(response.getHeader('Content-Security-Policy'));
  response.setHeader(
    'Content-Security-Policy',
    policy.replace("form-action 'self'", `form-action 'self' ${sources.join(' ')}`),
  );
}

/**
 * How browsers mark a page that they fetch before the user asks for it, or for a preview: Chromium,
 * older ones, Safari, Firefox.
 */
const AHEAD_HEADERS = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'] as const;

/**
 * Rejects what a browser fetches ahead of its user, on every route: a page that is prefetched or
 * prerendered must have no effect. Browsers ask again when the user does go there. Throws
 * `cross_site_request`, which is not recorded: it is no attack.
 */
export const refusePrefetch: RequestHandler = (request, response, next) => {
  if (AHEAD_HEADERS.every(name => request.get(name) === undefined)) return next();
  leaveUnrecorded(response);
  throw new BridgeError(
    'cross_site_request',
    'the page was fetched ahead of its user (prefetch, prerender or preview)',
    {
      hint: FOLLOW_THE_LINK,
    },
  );
};

/**
 * Lets through what a user does by following a link or pressing a button, and nothing that a page
 * does behind their back: a frame, an image, a script, a fetch. Stands in front of the pages for
 * users, before their session is read. Programs that do not describe themselves pass. Throws
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
    'a page for users was fetched or embedded by another page (frame, image, script or fetch)',
    {
      hint: FOLLOW_THE_LINK,
    },
  );
};

const FOLLOW_THE_LINK = 'Follow the link itself, in a tab of its own.';
