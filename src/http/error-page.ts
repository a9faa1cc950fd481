/** An error as a page, with the one link that can help. */

import type { Session } from '../core/browser-session.ts';
import type { PageOffer } from '../core/error-rows/row.ts';
import { type BridgeError, ERRORS } from '../core/errors.ts';
import { type LocalPath, localPath, withQuery } from '../core/local-path.ts';
import type { NamedRole } from '../core/near-role.ts';
import { factsOf } from '../core/provider-answer.ts';
import type { NeededStepUp } from '../core/step-up.ts';
import type { Seconds } from '../core/time.ts';
import { requestAfter, valuesOf } from './access-request.ts';
import { knownSessionIn, viewerIn } from './current-session.ts';
import { neededLink } from './elevation.ts';
import type { ShowError } from './error-face.ts';
import { contextOf, returnToOf } from './request-context.ts';
import { shownTrace } from './shown-trace.ts';
import { anotherSignInLink, signInLink, stepUpLink } from './sign-in-links.ts';
import { stepUpPath } from './step-up.ts';
import type { LinkModel, RefusalModel } from './views.ts';
import { isFromElsewhere, wayBack } from './way-back.ts';

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

export const showPage: ShowError = (error, { request, response }, parts) => {
  const { code, status, title, hint, trace, answer } = error;
  const { retryAfterSeconds, stepUp, retryAt } = error;
  const wanted = error.returnTo === undefined ? undefined : localPath(error.returnTo);
  const returnTo =
    wanted ?? wayBack(returnToOf(request, response), { isFromElsewhere: isFromElsewhere(request) });
  const session = knownSessionIn(response);
  const asked: Asked = {
    returnTo,
    isRepeatable: request.method === 'GET' || returnTo !== '/',
    retryAfterSeconds,
    ...{ session, stepUp, retryAt, wanted },
  };
  const reference = contextOf(response).origin.correlationId;
  const about = { ...valuesOf(error), reference, username: session?.identity.username };
  const page = parts.renderer.render('refusal', {
    viewer: viewerIn(response),
    status,
    code,
    title,
    hint,
    trace: trace && shownTrace(trace),
    facts: answer && factsOf(answer),
    correlationId: reference,
    ...linksOf(error, asked),
    request: session && requestAfter(error, session.identity, parts),
    help: ERRORS[code].page.contact ? parts.help?.about(about) : undefined,
  });
  response.type('html').send(page);
};

/** The main action, and what else the user can do. */
function linksOf(error: BridgeError, asked: Asked): Pick<RefusalModel, 'action' | 'alternative'> {
  const { elevation, stepUp, near, offers, retryAt } = error;
  const offered = LINKS[offers](asked);
  const nearby = near && nearLink(near, asked);
  if (nearby !== undefined) return { action: nearby, alternative: offered };
  // The session goes on without the step-up.
  if (retryAt !== undefined) return { action: offered, alternative: LINKS.roles(asked) };
  if (elevation === undefined) return { action: offered };
  // An approval is what helps, unless a step-up does.
  const request = neededLink(elevation);
  return stepUp === undefined ? { action: request } : { action: offered, alternative: request };
}

/** The same page for another role; undefined if its address names none. */
function nearLink({ account, role }: NamedRole, { returnTo }: Asked): LinkModel | undefined {
  const { pathname, searchParams } = new URL(returnTo, 'https://here.invalid');
  if (!searchParams.has('account') || !searchParams.has('role')) return undefined;
  const query = { ...Object.fromEntries(searchParams), account, role };
  const href = localPath(withQuery(pathname, query));
  return { label: `Go to ${role} in ${account}`, href };
}
