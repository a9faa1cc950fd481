/** Who asks: one value for each kind of row, made of the request once. */
import type { Request, Response } from 'express';
import type { ContainerAccess } from '../bridge/container-access.ts';
import type { ElevationUseCases } from '../bridge/elevations.ts';
import type { Tokens } from '../bridge/tokens.ts';
import { viewerOf } from '../core/requester.ts';
import { bearerIn, containerTokenIn, requireAwsToken } from './bearer.ts';
import { sessionIn } from './current-session.ts';
import { contextOf } from './request-context.ts';
import type { Anyone, Browser, Requesters } from './route.ts';
import type { BridgeCookies } from './session-cookie.ts';

export interface RequesterParts {
  readonly tokens: Tokens;
  readonly containerAccess: ContainerAccess;
  readonly cookies: BridgeCookies;
  readonly elevations: Pick<ElevationUseCases, 'heldBy'>;
}

/** Undefined for a browser whose user is not signed in. Throws `token_invalid`, `unavailable`. */
export type RequesterReaders = {
  readonly [W in keyof Requesters]: (
    request: Request,
    response: Response,
  ) => Requesters[W] | undefined | Promise<Requesters[W]>;
};

export function requesterReaders({
  tokens,
  containerAccess,
  cookies,
  elevations,
}: RequesterParts): RequesterReaders {
  return {
    anyone: anyone,
    browser: (request, response) => ({
      ...anyone(request, response),
      session: () => sessionIn(response),
      sessionCookie: cookies.readSession(request),
      signOut: cookies.readSignOut(request),
      ...sentBy(request, cookies),
    }),
    'signed-in user': (request, response) => {
      const session = sessionIn(response);
      if (session === undefined) return undefined;
      const held = elevations.heldBy(session.identity.person);
      const { origin } = contextOf(response);
      return { ...viewerOf(session, origin, held), ...sentBy(request, cookies) };
    },
    'login token': (request, response) =>
      tokens.callerOf(bearerIn(request), contextOf(response).origin),
    'container token': (request, response) =>
      containerAccess.callerOf(containerTokenIn(request), contextOf(response).origin),
    'AWS tool token': (request, response) =>
      tokens.callerOf(requireAwsToken(request), contextOf(response).origin),
    'unchecked AWS tool token': (request, response) => ({
      ...anyone(request, response),
      token: requireAwsToken(request),
    }),
  };
}

function anyone(request: Request, response: Response): Anyone {
  const { origin } = contextOf(response);
  return { subject: { kind: 'anonymous' }, origin, target: request.originalUrl };
}

function sentBy(request: Request, cookies: BridgeCookies): Pick<Browser, 'attempt' | 'isKnown'> {
  return {
    attempt: cookies.readAttempt(request),
    isKnown: cookies.readKnown(request) !== undefined,
  };
}
