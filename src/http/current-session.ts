/** Who is asking: the session of a browser, loaded once for each request. */
import type { Request, RequestHandler, Response } from 'express';
import type { Origin } from '../core/audit-event.ts';
import type { Session } from '../core/browser-session.ts';
import { BridgeError } from '../core/errors.ts';
import type { Clock, Connector, Secrets } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';
import { maskCsrfToken } from './csrf-token.ts';
import { ELEVATIONS_PATH } from './elevation.ts';
import type { ViewerModel } from './page-frame.ts';
import { contextOf } from './request-context.ts';
import type { BridgeCookies } from './session-cookie.ts';

export interface SessionLoader {
  readonly cookies: BridgeCookies;
  readonly sessionOf: (id: string | undefined, origin: Origin) => Promise<Session | undefined>;
  readonly knownSessionOf: (id: string | undefined) => Promise<Session | undefined>;
  readonly idleEndOf: (session: Session) => Instant;
  /** Whether the request ends the session, so that no identity provider is asked about its user. */
  readonly isSignOut: (request: Request) => boolean;
  readonly connectors: readonly Connector[];
  readonly elevations: { readonly isUsed: boolean };
  readonly secrets: Pick<Secrets, 'token'>;
  readonly clock: Clock;
}

export function loadSession(loader: SessionLoader): RequestHandler {
  const { cookies, isSignOut, sessionOf, knownSessionOf } = loader;
  const frameOf = viewersOf(loader);
  return async (request, response, next) => {
    // Looking at a session is a use of it. HEAD is refused by every page that would ask for one.
    if (request.method === 'HEAD') return next();
    try {
      const id = cookies.readSession(request);
      const session = isSignOut(request)
        ? await knownSessionOf(id)
        : await sessionOf(id, contextOf(response).origin);
      response.locals.session = session;
      response.locals.viewer = session && frameOf(session);
    } catch (fault) {
      // A handler that asks for the session gets the fault. Signing out works without it.
      response.locals.sessionFault = fault;
    }
    next();
  };
}

/** Throws `unavailable` when the store could not say. */
export function sessionIn(response: Response): Session | undefined {
  const fault: unknown = response.locals.sessionFault;
  if (fault !== undefined) throw fault;
  return knownSessionIn(response);
}

/** The session as far as it is known, for records. */
export function knownSessionIn(response: Response): Session | undefined {
  return response.locals.session as Session | undefined;
}

/** The answer is for a browser that is not signed in. */
export function forgetSession(response: Response): void {
  response.locals.session = undefined;
  response.locals.viewer = undefined;
}

/** Throws `not_signed_in`. */
export function requireSession(response: Response): Session {
  const session = sessionIn(response);
  if (session === undefined)
    throw new BridgeError('not_signed_in', 'the request came without a live session');
  return session;
}

/** The signed-in user as pages name them. */
export function viewerIn(response: Response): ViewerModel | undefined {
  return response.locals.viewer as ViewerModel | undefined;
}

function viewersOf({
  connectors,
  elevations,
  idleEndOf,
  secrets,
  clock,
}: Omit<SessionLoader, 'cookies' | 'sessionOf' | 'knownSessionOf' | 'isSignOut'>): (
  session: Session,
) => ViewerModel {
  const labels = new Map(connectors.map(({ id, label }) => [id, label]));
  const requestsHref = elevations.isUsed ? ELEVATIONS_PATH : undefined;
  return session => {
    const { identity, csrfToken, expiresAt } = session;
    const idleEnd = idleEndOf(session);
    const secondsUntil = (end: Instant): number => Math.floor((end - clock.now()) / 1000);
    return {
      name: identity.displayName ?? identity.username,
      username: identity.username,
      connectorLabel: labels.get(identity.connector)!,
      csrfToken: maskCsrfToken(csrfToken, secrets.token()),
      sessionEndsAt: new Date(expiresAt).toISOString(),
      idleEndsAt: new Date(idleEnd).toISOString(),
      secondsLeft: secondsUntil(expiresAt),
      idleSecondsLeft: secondsUntil(idleEnd),
      requestsHref,
    };
  };
}
