/**
 * The two cookies of the bridge: the session's, and the one that ties a sign-in attempt to the browser that began it.
 *
 * Over https both are `__Host-` cookies. Over plain http, which the configuration allows on loopback only, browsers refuse that
 * prefix, so the names are plain there.
 */
import { parseCookie } from 'cookie';
import type { CookieOptions, Request, Response } from 'express';
import { MINUTE } from '../core/time.ts';

const ATTEMPT_MILLISECONDS = 10 * MINUTE * 1000;
/** base64url of 32 bytes; anything else was not made by us. */
const TOKEN = /^[\w-]{43}$/;

export interface BridgeCookies {
  readSession(request: Request): string | undefined;
  writeSession(response: Response, id: string, expiresAt: Date): void;
  clearSession(response: Response): void;
  readAttempt(request: Request): string | undefined;
  writeAttempt(response: Response, secret: string): void;
}

export function bridgeCookies(options: { readonly secure: boolean }): BridgeCookies {
  const { secure } = options;
  const name = (base: string): string => (secure ? `__Host-${base}` : base);
  const session = name('rolebridge');
  const attempt = name('rolebridge-attempt');
  const base: CookieOptions = { httpOnly: true, secure, path: '/' };
  const sessionOptions: CookieOptions = { ...base, sameSite: 'lax' };
  // The identity provider posts its answer from another site, where a Lax cookie stays at home. None needs Secure; over
  // loopback http the answer is posted once more from our own page instead (views/repost).
  const attemptOptions: CookieOptions = { ...base, sameSite: secure ? 'none' : 'lax', maxAge: ATTEMPT_MILLISECONDS };

  const read = (request: Request, cookie: string): string | undefined => {
    const value = parseCookie(request.headers.cookie ?? '')[cookie];
    return value !== undefined && TOKEN.test(value) ? value : undefined;
  };

  return {
    readSession: request => read(request, session),
    writeSession: (response, id, expiresAt) => response.cookie(session, id, { ...sessionOptions, expires: expiresAt }),
    clearSession: response => response.clearCookie(session, sessionOptions),
    readAttempt: request => read(request, attempt),
    writeAttempt: (response, secret) => response.cookie(attempt, secret, attemptOptions),
  };
}
