/**
 * Cookies and forms of the identity provider's own pages: a form counts only in the browser that it
 * was made for.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import { Refusal } from './refusal.ts';

// Lax, not Strict: people come here by a link from another site, and must then be known. No Secure:
// it is loopback http.
const COOKIE = { httpOnly: true, sameSite: 'lax', path: '/' } as const;
const BROWSER_COOKIE = 'acme_saml_browser';
const TOKEN_FIELD = 'form_token';

/** 256 random bits, fit for a cookie. */
export function newCookieValue(): string {
  return randomBytes(32).toString('base64url');
}

export function setCookie(res: Response, name: string, value: string): void {
  res.cookie(name, value, COOKIE);
}

export function clearCookie(res: Response, name: string): void {
  res.clearCookie(name, COOKIE);
}

export function cookieOf(req: Request, name: string): string | undefined {
  const pairs = (req.headers.cookie ?? '').split(';').map(pair => pair.trim().split('='));
  const value = pairs.find(([key]) => key === name)?.[1];
  return value !== undefined && /^[\w-]{43}$/.test(value) ? value : undefined;
}

/** A field of a posted form; empty when it is absent or was sent twice. */
export function fieldOf(req: Request, name: string): string {
  const value: unknown = (req.body as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'string' ? value : '';
}

export interface OwnForms {
  /**
   * Hidden fields that bind a form to this browser and to its purpose; marks the browser by a
   * cookie when it has none.
   */
  fields(req: Request, res: Response, purpose: string): Readonly<Record<string, string>>;
  /**
   * Throws a Refusal when the form was made for another browser or purpose, or was sent by another
   * site.
   */
  require(req: Request, purpose: string): void;
}

export function createOwnForms(origin: string): OwnForms {
  const key = randomBytes(32);
  const tokenFor = (browser: string, purpose: string) =>
    createHmac('sha256', key).update(`${purpose} ${browser}`).digest('base64url');
  return {
    fields(req, res, purpose) {
      const known = cookieOf(req, BROWSER_COOKIE);
      const browser = known ?? newCookieValue();
      if (known === undefined) setCookie(res, BROWSER_COOKIE, browser);
      return { [TOKEN_FIELD]: tokenFor(browser, purpose) };
    },
    require(req, purpose) {
      const sent = Buffer.from(fieldOf(req, TOKEN_FIELD));
      const expected = Buffer.from(tokenFor(cookieOf(req, BROWSER_COOKIE) ?? '', purpose));
      const sameOrigin = req.headers.origin === undefined || req.headers.origin === origin;
      if (!sameOrigin || sent.length !== expected.length || !timingSafeEqual(sent, expected)) {
        throw new Refusal(
          'This form was not made for this browser. Start again where you came from.',
          403,
        );
      }
    },
  };
}
