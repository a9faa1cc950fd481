/**
 * The cookies of the bridge: the session's, the one that ties a sign-in attempt to the browser that
 * began it, and after a sign-out the one that leads to the identity provider. Once a user has
 * signed in, the second one stays, with a mark that makes the browser a known one (core/ports
 * `KnownBrowsers`).
 *
 * Over https all are `__Host-` cookies. Over plain http, which the configuration allows on
 * loopback only, browsers refuse that prefix, so the names are plain there.
 */
import { parseCookie } from 'cookie';
import type { CookieOptions, Request, Response } from 'express';
import type { KnownBrowsers, Secrets } from '../core/ports.ts';
import { HOUR, MINUTE } from '../core/time.ts';

const ATTEMPT_MILLISECONDS = 10 * MINUTE * 1000;
const SIGN_OUT_MILLISECONDS = 10 * MINUTE * 1000;
/** Half a year after its last sign-in a browser is as unknown as any other. */
const KNOWN_MILLISECONDS = 180 * 24 * HOUR * 1000;
/** base64url of 32 bytes; anything else was not made by us. */
const TOKEN = /^[\w-]{43}$/;
/** The secret, and the mark of a known browser. */
const ATTEMPT = /^([\w-]{43})(?:\.([\w-]{43}))?$/;

export interface BridgeCookies {
  readSession(request: Request): string | undefined;
  writeSession(response: Response, id: string, expiresAt: Date): void;
  clearSession(response: Response): void;
  /** The secret of the newest sign-out in this browser. */
  readSignOut(request: Request): string | undefined;
  writeSignOut(response: Response, secret: string): void;
  clearSignOut(response: Response): void;
  readAttempt(request: Request): string | undefined;
  writeAttempt(response: Response, secret: string): void;
  /**
   * Counts a browser in which a user has signed in before; undefined for any other browser.
   */
  readKnown(request: Request): string | undefined;
  /**
   * Makes the browser with this secret a known one; the secret stays, for another tab may be
   * signing in.
   */
  writeKnown(response: Response, secret: string): void;
}

export interface BridgeCookieParts {
  readonly secure: boolean;
  readonly knownBrowsers: KnownBrowsers;
  readonly secrets: Pick<Secrets, 'equal'>;
}

export function bridgeCookies({
  secure,
  knownBrowsers,
  secrets,
}: BridgeCookieParts): BridgeCookies {
  const name = (base: string): string => (secure ? `__Host-${base}` : base);
  const session = name('rolebridge');
  const attempt = name('rolebridge-attempt');
  const signOut = name('rolebridge-sign-out');
  const base: CookieOptions = { httpOnly: true, secure, path: '/' };
  const sessionOptions: CookieOptions = { ...base, sameSite: 'lax' };
  // The identity provider posts its answer from another site, where a Lax cookie stays at home.
  // None needs Secure; over loopback http the answer is posted once more from our own page instead
  // (views/repost).
  const attemptOptions: CookieOptions = { ...base, sameSite: secure ? 'none' : 'lax' };

  const cookieOf = (request: Request, cookie: string): string =>
    parseCookie(request.headers.cookie ?? '')[cookie] ?? '';
  const attemptIn = (
    request: Request,
  ): { readonly secret?: string | undefined; readonly mark?: string | undefined } => {
    const [, secret, mark] = ATTEMPT.exec(cookieOf(request, attempt)) ?? [];
    return { secret, mark };
  };
  const writeAttempt = (response: Response, value: string, maxAge: number) =>
    void response.cookie(attempt, value, { ...attemptOptions, maxAge });

  const tokenIn = (request: Request, cookie: string): string | undefined => {
    const value = cookieOf(request, cookie);
    return TOKEN.test(value) ? value : undefined;
  };

  return {
    readSession: request => tokenIn(request, session),
    writeSession: (response, id, expiresAt) =>
      response.cookie(session, id, { ...sessionOptions, expires: expiresAt }),
    clearSession: response => response.clearCookie(session, sessionOptions),
    readSignOut: request => tokenIn(request, signOut),
    writeSignOut: (response, secret) =>
      response.cookie(signOut, secret, { ...sessionOptions, maxAge: SIGN_OUT_MILLISECONDS }),
    clearSignOut: response => response.clearCookie(signOut, sessionOptions),
    readAttempt: request => attemptIn(request).secret,
    writeAttempt: (response, secret) => writeAttempt(response, secret, ATTEMPT_MILLISECONDS),
    readKnown: request => {
      const { secret, mark } = attemptIn(request);
      return secret !== undefined &&
        mark !== undefined &&
        secrets.equal(mark, knownBrowsers.markOf(secret))
        ? mark
        : undefined;
    },
    writeKnown: (response, secret) =>
      writeAttempt(response, `${secret}.${knownBrowsers.markOf(secret)}`, KNOWN_MILLISECONDS),
  };
}
