/**
 * Proves that a state-changing request was sent by our own page: by the token of the session, and
 * by what the browser says of where the request began.
 */
import type { Request, Response } from 'express';
import { BridgeError } from '../core/errors.ts';
import type { Secrets } from '../core/ports.ts';
import { unmaskCsrfToken } from './csrf-token.ts';
import { requireSession, sessionIn } from './current-session.ts';

/** What a form proves, by the kind of its row. */
export interface CsrfGuard {
  /**
   * Whether the form carries the token of this session. False for one of our pages from an
   * earlier sign-in: it must have no effect, and it is no attack.
   * Throws `cross_site_request` for every other form without the token, and `not_signed_in`.
   */
  session(request: Request, response: Response, token: string | undefined): boolean;
  /**
   * The same without a session, which is nothing to protect, and without a store, where the browser
   * must say that the form is ours. A page of an earlier sign-in signs out as well: it is ours, and
   * that is what the user wants. Throws `cross_site_request`, and `unavailable`.
   */
  'sign-out'(request: Request, response: Response, token: string | undefined): true;
}

export interface CsrfGuardParts {
  readonly secrets: Pick<Secrets, 'equal'>;
  readonly baseUrl: string;
}

export function csrfGuard(parts: CsrfGuardParts): CsrfGuard {
  const isCurrent: CsrfGuard['session'] = (request, response, token) => {
    const { csrfToken } = requireSession(response);
    const isOurs = isSentByUs(request, parts);
    const unmasked = unmaskCsrfToken(token ?? '');
    if (unmasked !== undefined && parts.secrets.equal(unmasked, csrfToken)) return true;
    if (isOurs) return false;
    throw new BridgeError('cross_site_request', 'a form came without the token of the session');
  };
  return {
    session: isCurrent,
    'sign-out': (request, response, token) => {
      const isOurs = isSentByUs(request, parts);
      try {
        if (sessionIn(response) === undefined) return true;
      } catch (fault) {
        if (isOurs) return true;
        throw fault;
      }
      isCurrent(request, response, token);
      return true;
    },
  };
}

/**
 * Whether the browser says that one of our own pages sent it. Throws `cross_site_request` when it
 * says that another one did.
 */
function isSentByUs(request: Request, { baseUrl }: CsrfGuardParts): boolean {
  // Under `Referrer-Policy: no-referrer` a browser sends `Origin: null` even from our own page, so
  // `Sec-Fetch-Site` is asked first.
  const site = request.get('sec-fetch-site');
  const origin = request.get('origin');
  if (site !== undefined ? site !== 'same-origin' : origin !== undefined && origin !== baseUrl) {
    throw new BridgeError(
      'cross_site_request',
      `a form came from elsewhere (Sec-Fetch-Site ${site === undefined ? 'absent' : 'present'})`,
    );
  }
  return site !== undefined || origin !== undefined;
}
