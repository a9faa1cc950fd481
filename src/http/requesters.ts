/** Who asks: one value for each kind of row, made of the request once. */
import type { Request, Response } from 'express';
import type { ContainerAccess } from '../bridge/container-access.ts';
import type { ElevationUseCases } from '../bridge/elevations.ts';
import type { Caller } from '../bridge/token-callers.ts';
import type { Tokens } from '../bridge/tokens.ts';
import type { Workloads } from '../bridge/workloads.ts';
import { actorOf } from '../core/audit-event.ts';
import { BridgeError } from '../core/errors.ts';
import type { Clock, DoctorProofs } from '../core/ports.ts';
import { viewerOf } from '../core/requester.ts';
import { TOKEN_PREFIX } from '../core/tokens.ts';
import { arrivalIn } from './arrival.ts';
import { containerTokenIn, requireAwsToken, shownTokenIn, workloadProofIn } from './bearer.ts';
import { originIn } from './cors.ts';
import { sessionIn } from './current-session.ts';
import { proofIfSent } from './proof.ts';
import { contextOf, rememberActor } from './request-context.ts';
import type { Anyone, Browser, Requesters } from './route.ts';
import type { BridgeCookies } from './session-cookie.ts';
import { isFromElsewhere } from './way-back.ts';

export interface RequesterParts {
  readonly baseUrl: string;
  readonly tokens: Tokens;
  readonly containerAccess: ContainerAccess;
  readonly cookies: BridgeCookies;
  readonly elevations: Pick<ElevationUseCases, 'heldBy'>;
  readonly workloads: Pick<Workloads, 'callerOf'>;
  readonly doctorProofs: DoctorProofs;
  readonly clock: Clock;
}

/** Undefined for a browser whose user is not signed in. Throws `token_invalid`, `unavailable`. */
export type RequesterReaders = {
  readonly [W in keyof Requesters]: (
    request: Request,
    response: Response,
  ) => Requesters[W] | undefined | Promise<Requesters[W]>;
};

export function requesterReaders(parts: RequesterParts): RequesterReaders {
  const { baseUrl, tokens, containerAccess, cookies, elevations, workloads } = parts;
  const anyone = anyoneAt(baseUrl);
  const loginOf = (request: Request, response: Response): Promise<Caller> =>
    tokens.callerOf(shownTokenIn(request, baseUrl), contextOf(response).origin);
  return {
    anyone,
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
    'login token': async (request, response) =>
      requireNoApplication(await loginOf(request, response), response),
    'login or application token': async (request, response) =>
      requireOwnPage(await loginOf(request, response), request, response),
    'container token': (request, response) => {
      const { origin } = contextOf(response);
      const shown = workloadProofIn(request);
      return shown === undefined || shown.startsWith(TOKEN_PREFIX.container)
        ? containerAccess.callerOf(containerTokenIn(request), origin)
        : workloads.callerOf(shown, origin);
    },
    workload: (request, response) =>
      workloads.callerOf(workloadProofIn(request), contextOf(response).origin),
    'AWS tool token': async (request, response) => {
      const { origin } = contextOf(response);
      const caller = await tokens.callerOf({ token: requireAwsToken(request) }, origin);
      return requireNoApplication(caller, response);
    },
    'unchecked AWS tool token': (request, response) => ({
      ...anyone(request, response),
      token: requireAwsToken(request),
    }),
    doctor: (request, response) => arrivalIn(request, response, parts),
  };
}

function anyoneAt(baseUrl: string): (request: Request, response: Response) => Anyone {
  return (request, response) => ({
    subject: { kind: 'anonymous' },
    origin: contextOf(response).origin,
    target: request.originalUrl,
    pageOrigin: originIn(request),
    proof: proofIfSent(request, baseUrl),
  });
}

/** Throws `operation_not_for_application`. */
function requireNoApplication(caller: Caller, response: Response): Caller {
  if (caller.application === undefined) return caller;
  rememberActor(response, actorOf(caller.subject.identity));
  throw new BridgeError(
    'operation_not_for_application',
    `the application ${caller.application.id} called an operation that it must not use`,
  );
}

/** Throws `origin_refused`. */
function requireOwnPage(caller: Caller, request: Request, response: Response): Caller {
  const origin = originIn(request);
  if (origin === undefined || caller.application?.application.origins.includes(origin))
    return caller;
  rememberActor(response, actorOf(caller.subject.identity));
  throw new BridgeError('origin_refused', 'a token was sent by a page that is not its own');
}

function sentBy(
  request: Request,
  cookies: BridgeCookies,
): Pick<Browser, 'attempt' | 'isKnown' | 'isFromElsewhere'> {
  return {
    isFromElsewhere: isFromElsewhere(request),
    attempt: cookies.readAttempt(request),
    isKnown: cookies.readKnown(request) !== undefined,
  };
}
