/** Who is asking: the session of a browser, loaded once for each request. */
import type { RequestHandler, Response } from 'express';
import { BridgeError } from '../core/errors.ts';
import type { Connector, Session } from '../core/ports.ts';
import type { BridgeCookies } from './session-cookie.ts';
import type { ViewerModel } from './views.ts';

export interface SessionLoader {
  readonly cookies: BridgeCookies;
  readonly sessionOf: (id: string | undefined) => Promise<Session | undefined>;
}

export function loadSession({ cookies, sessionOf }: SessionLoader): RequestHandler {
  return async (request, response, next) => {
    response.locals['session'] = await sessionOf(cookies.readSession(request));
    next();
  };
}

export function sessionIn(response: Response): Session | undefined {
  return response.locals['session'] as Session | undefined;
}

/** Throws `not_signed_in`. */
export function requireSession(response: Response): Session {
  const session = sessionIn(response);
  if (session === undefined) throw new BridgeError('not_signed_in', 'the request came without a live session');
  return session;
}

export function viewerOf(session: Session | undefined, connectors: readonly Connector[]): ViewerModel | undefined {
  if (session === undefined) return undefined;
  const { identity } = session;
  return {
    name: identity.displayName ?? identity.username,
    username: identity.username,
    connectorLabel: connectors.find(connector => connector.id === identity.connector)?.label ?? identity.connector,
    csrfToken: session.csrfToken,
    sessionEndsAt: new Date(session.expiresAt).toISOString(),
  };
}
