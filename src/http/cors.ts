/**
 * Which pages of other sites can call what (CORS): pages of the configured applications, and only
 * the rows that name it. No cookie is looked at on those rows, and none is allowed.
 *
 * Whether the page belongs to the application of the token is decided where the token is known; the
 * error `origin_refused` takes the permission back.
 */
import type { Request, RequestHandler, Response } from 'express';
import { PROOF_NONCE_HEADER } from './proof.ts';

/** Seconds that a browser remembers a preflight: a change of the configuration is seen soon. */
const PREFLIGHT_SECONDS = 600;
const EXPOSED = [PROOF_NONCE_HEADER, 'WWW-Authenticate', 'Retry-After'].join(', ');
const ALLOWED_HEADERS = 'Authorization, Content-Type, DPoP';

/** The origin of the page that sent the request; undefined for programs without pages. */
export function originIn(request: Request): string | undefined {
  return request.get('origin');
}

/** Allows pages of these origins to read the answer. */
export function allowOrigins(origins: ReadonlySet<string>): RequestHandler {
  return (request, response, next) => {
    allow(request, response, origins);
    next();
  };
}

/** Answers what a browser asks before it sends a request of a page. */
export function preflight(
  origins: ReadonlySet<string>,
  methods: readonly string[],
): RequestHandler {
  return (request, response) => {
    if (allow(request, response, origins)) {
      response.setHeader('Access-Control-Allow-Methods', methods.join(', ').toUpperCase());
      response.setHeader('Access-Control-Allow-Headers', ALLOWED_HEADERS);
      response.setHeader('Access-Control-Max-Age', PREFLIGHT_SECONDS);
    }
    response.status(204).end();
  };
}

function allow(request: Request, response: Response, origins: ReadonlySet<string>): boolean {
  response.vary('Origin');
  const origin = originIn(request);
  if (origin === undefined || !origins.has(origin)) return false;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', EXPOSED);
  return true;
}

/** The page that asks is not one of the application: it must not read the answer. */
export function withdrawPermission(response: Response): void {
  response.removeHeader('Access-Control-Allow-Origin');
  response.removeHeader('Access-Control-Expose-Headers');
}
