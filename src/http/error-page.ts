/** An error as a page, with the one link that can help. */

import type { Session } from '../core/browser-session.ts';
import type { PageOffer } from '../core/error-rows/row.ts';
import { type BridgeError, ERRORS } from '../core/errors.ts';
import { type LocalPath, localPath } from '../core/local-path.ts';
import { factsOf } from '../core/provider-answer.ts';
import type { NeededStepUp } from '../core/step-up.ts';
import type { Seconds } from '../core/time.ts';
import { knownSessionIn, viewerIn } from './current-session.ts';
import { neededLink } from './elevation.ts';
import type { ShowError } from './error-face.ts';
import { contextOf, returnToOf } from './request-context.ts';
import { shownTrace } from './shown-trace.ts';
import { anotherSignInLink, signInLink, stepUpLink } from './sign-in-links.ts';
import { stepUpPath } from './step-up.ts';
import type { LinkModel, RefusalModel } from './views.ts';

interface Asked {
  /** The page to come back to. */
  readonly returnTo: LocalPath;
  /** Whether that page repeats what was asked for: a form without a page of its own is not. */
  readonly isRepeatable: boolean;
  readonly retryAfterSeconds: Seconds | undefined;
  readonly session: Session | undefined;
  readonly stepUp: NeededStepUp | undefined;
  readonly retryAt: string | undefined;
  /** Where the user wanted to go when they signed in. */
  readonly wanted: LocalPath | undefined;
}

const LINKS: { readonly [O in PageOffer]: (asked: Asked) => LinkModel | undefined } = {
  nothing: () => undefined,
  roles: () => ({ label: 'Go to your roles', href: '/' }),
  sessions: () => ({ label: 'Go to your sessions', href: '/sessions' }),
  elevations: () => ({ label: 'Go to the requests', href: '/elevations' }),
  'sign-in': ({ wanted }) =>
    wanted === undefined || wanted === '/'
      ? { label: 'Go to the sign-in page', href: '/sign-in' }
      : { label: 'Sign in again', href: signInLink(wanted) },
  'sign-in-then-back': ({ returnTo }) => ({ label: 'Sign in', href: signInLink(returnTo) }),
  'sign-in-then-sessions': () => ({ label: 'Sign in', href: signInLink('/sessions') }),
  'choose-sign-in': ({ returnTo }) => ({
    label: 'Sign in again',
    href: anotherSignInLink(returnTo),
  }),
  'sign-in-again': ({ returnTo, session, stepUp }) => {
    if (session === undefined) return { label: 'Sign in again', href: signInLink(returnTo) };
    if (stepUp !== undefined) return { label: 'Sign in again', href: stepUpPath(stepUp, returnTo) };
    const { connector } = session.identity;
    return { label: 'Sign in again', href: stepUpLink(connector, returnTo) };
  },
  retry: ({ returnTo, isRepeatable, retryAt, retryAfterSeconds: afterSeconds }) => ({
    label: isRepeatable || retryAt !== undefined ? 'Try again' : 'Go to your roles',
    href: retryAt ?? returnTo,
    afterSeconds,
  }),
};

export const showPage: ShowError = (error, { request, response }, { renderer, help }) => {
  const { code, status, title, hint, offers, trace, answer } = error;
  const { retryAfterSeconds, stepUp, retryAt } = error;
  const wanted = error.returnTo === undefined ? undefined : localPath(error.returnTo);
  const returnTo = wanted ?? returnToOf(request, response);
  const asked: Asked = {
    returnTo,
    isRepeatable: request.method === 'GET' || returnTo !== '/',
    retryAfterSeconds,
    session: knownSessionIn(response),
    ...{ stepUp, retryAt, wanted },
  };
  const page = renderer.render('refusal', {
    viewer: viewerIn(response),
    status,
    code,
    title,
    hint,
    trace: trace && shownTrace(trace),
    facts: answer && factsOf(answer),
    correlationId: contextOf(response).origin.correlationId,
    ...linksOf(LINKS[offers](asked), error),
    // The session goes on without the step-up.
    ...(retryAt !== undefined && { alternative: LINKS.roles(asked) }),
    help: ERRORS[code].page.contact ? help : undefined,
  });
  response.type('html').send(page);
};

/** An approval is what helps, unless a step-up does. */
function linksOf(
  offered: LinkModel | undefined,
  { elevation, stepUp }: BridgeError,
): Pick<RefusalModel, 'action' | 'alternative'> {
  if (elevation === undefined) return { action: offered };
  const request = neededLink(elevation);
  return stepUp === undefined ? { action: request } : { action: offered, alternative: request };
}
