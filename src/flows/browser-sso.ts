/**
 * The first journey: a person signs in at their identity provider and gets a session here, and
 * leaves again.
 *
 * Owns: the routes of sign-in and sign-out, the two ways back from an identity provider, and how
 * often each may be gone.
 * Does not own: protocols (connectors), what an attempt or a session is (bridge/sign-in).
 */
import { type Request, type Response, Router } from 'express';
import * as z from 'zod';
import type { SignIn } from '../bridge/sign-in.ts';
import { BridgeError } from '../core/errors.ts';
import { isTooLong, localPath } from '../core/local-path.ts';
import type { AuthenticationResponse, Clock, Secrets, Session } from '../core/ports.ts';
import { viewerOf } from '../core/requester.ts';
import { isRoleName } from '../core/role.ts';
import { MINUTE } from '../core/time.ts';
import { authenticate } from '../http/authenticate.ts';
import { choicesOf } from '../http/connector-choices.ts';
import { forgetSession, sessionIn, viewerIn } from '../http/current-session.ts';
import { addressKey, limitPerAddress, type OwnFormGuard, onlyNavigations } from '../http/guards.ts';
import { formBody, readForm, readQuery, SMALL_FORM_BYTES, text } from '../http/read.ts';
import type { Renderer } from '../http/render.ts';
import { contextOf, leaveUnrecorded } from '../http/request-context.ts';
import type { BridgeCookies } from '../http/session-cookie.ts';
import { createTally } from '../http/tally.ts';

export interface BrowserSsoParts {
  readonly signIn: SignIn;
  readonly cookies: BridgeCookies;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly renderer: Renderer;
  readonly ownForm: OwnFormGuard;
}

/**
 * From one address; beyond that an answer is looked at only if a live attempt of its browser waits
 * for it.
 */
const REFUSED_ANSWERS_PER_MINUTE = 60;
/**
 * Each leaves a record for ten minutes, and perhaps a signature: two for each of 300 people who
 * come to the office at nine.
 */
const BEGINS_PER_MINUTE = 600;
/** A SAMLResponse of 100 kB, percent-encoded, with its RelayState. */
const ACS_BODY_BYTES = 160 * 1024;

const ReturnPath = z.string().refine(text => !isTooLong(text));
const SignInQuery = z.object({
  return_to: ReturnPath.optional(),
  reauthenticate: z.literal('1').optional(),
});
const AcsForm = z.object({
  SAMLResponse: text(ACS_BODY_BYTES).min(1),
  RelayState: ReturnPath.optional(),
  reposted: z.literal('1').optional(),
});
const SignOutForm = z.object({ csrf_token: text(64).optional() });

export function browserSso(parts: BrowserSsoParts): Router {
  const { signIn, cookies, secrets, renderer, ownForm } = parts;
  const limitBegins = limitPerAddress({
    perMinute: BEGINS_PER_MINUTE,
    knownBrowser: cookies.readKnown,
  });
  const router = Router();

  const begin = async (request: Request, response: Response, connector: string): Promise<void> => {
    const query = readQuery(request, SignInQuery);
    const browser = cookies.readAttempt(request) ?? secrets.token();
    const { redirectTo } = await signIn.begin({
      connector,
      browser,
      returnTo: localPath(query.return_to),
      reauthenticate: query.reauthenticate !== undefined,
      origin: contextOf(response).origin,
    });
    if (cookies.readKnown(request) === undefined) cookies.writeAttempt(response, browser);
    response.redirect(303, redirectTo);
  };

  router.get('/sign-in', limitBegins, async (request: Request, response: Response) => {
    const { return_to } = readQuery(request, SignInQuery);
    const returnTo = localPath(return_to);
    const [only, ...others] = signIn.connectors;
    // Somebody on the way to a place, with one way to sign in, is not asked which.
    if (
      returnTo !== '/' &&
      only !== undefined &&
      others.length === 0 &&
      only.availability().state === 'ready'
    )
      return begin(request, response, only.id);
    const viewer = viewerIn(response);
    response.type('html').send(
      renderer.render('sign-in', {
        viewer,
        connectors: choicesOf(signIn.connectors, returnTo),
        purpose: purposeOf(returnTo),
      }),
    );
  });

  router.get('/sign-in/:connector', limitBegins, (request: Request, response: Response) =>
    begin(request, response, connectorIn(request)),
  );

  router.post('/sign-out', formBody(SMALL_FORM_BYTES), async (request, response) => {
    const { csrf_token } = readForm(request, SignOutForm);
    const isOurs = ownForm.isOurs(request);
    let session: Session | undefined;
    try {
      session = sessionIn(response);
      // A page of an earlier sign-in signs out as well: it is ours, and that is what the person
      // wants.
      if (session !== undefined) ownForm.isCurrent(request, session, csrf_token);
      cookies.clearSession(response);
      if (session !== undefined)
        await signIn.signOut(viewerOf(session, contextOf(response).origin));
    } catch (thrown) {
      if (!isUnavailable(thrown)) throw thrown;
      if (session === undefined && !isOurs) throw thrown;
      cookies.clearSession(response);
      forgetSession(response);
      throw new BridgeError(
        'unavailable',
        `the session was not ended at a sign-out: ${thrown.message}`,
        {
          cause: thrown,
          hint: NOT_ENDED,
        },
      );
    }
    const connector = signIn.connectors.find(({ id }) => id === session?.identity.connector);
    response.type('html').send(
      renderer.render('signed-out', {
        connectorLabel: connector?.label,
        idpSignOutHref: connector?.signOutUrl?.(),
      }),
    );
  });

  return router;
}

const NOT_ENDED =
  'This browser is signed out, but the bridge could not end your session. Sign in again in a minute, then press "Sign out everywhere" on the sessions page.';

function isUnavailable(thrown: unknown): thrown is BridgeError {
  return thrown instanceof BridgeError && thrown.code === 'unavailable';
}

/**
 * The two ways back from an identity provider. They stand in front of the limits of everything
 * else: an answer that a live attempt of its browser waits for is taken whatever else comes from
 * its address, and what nobody waits for is turned away before it costs.
 */
export function signInAnswers(parts: BrowserSsoParts): Router {
  const { signIn, cookies, secrets, clock, renderer } = parts;
  const [refusedAnswers, turnedAway] = [createTally(MINUTE), createTally(MINUTE)];
  const router = Router();

  /** Throws `too_many_requests` for an answer that nobody waits for, beyond the limit. */
  const requireExpected = async (
    response: Response,
    answer: Parameters<SignIn['expects']>[0],
  ): Promise<void> => {
    // Counted until it was taken, so that many at the same time are no way around.
    const refused = refusedAnswers.add(addressKey(response), clock.now());
    if (refused <= REFUSED_ANSWERS_PER_MINUTE || (await signIn.expects(answer)) !== 'nowhere')
      return;
    // The first one of a window stands for all: a flood must not fill the trail.
    if (turnedAway.add(addressKey(response), clock.now()) > 1) leaveUnrecorded(response);
    throw new BridgeError(
      'too_many_requests',
      `more than ${REFUSED_ANSWERS_PER_MINUTE} refused answers a minute from one address`,
      {
        hint: 'Start again at the sign-in page. Answers to a sign-in that was started in this browser are always taken.',
      },
    );
  };

  const complete = async (
    request: Request,
    response: Response,
    answered: {
      connector: string;
      response: AuthenticationResponse;
      attemptId: string | undefined;
    },
  ): Promise<void> => {
    const answer = { ...answered, browser: cookies.readAttempt(request) };
    await requireExpected(response, answer);
    const { session, returnTo } = await signIn.complete({
      ...answer,
      previousSession: cookies.readSession(request),
      origin: contextOf(response).origin,
      authenticate: (connector, message, expectation) =>
        authenticate(request, connector, { response: message, expectation }),
    });
    refusedAnswers.takeBack(addressKey(response), clock.now());
    cookies.writeSession(response, session.id, new Date(session.expiresAt));
    cookies.writeKnown(response, answer.browser ?? secrets.token());
    response.redirect(303, returnTo);
  };

  const parse = formBody(ACS_BODY_BYTES);
  router.post(
    '/saml/:connector/acs',
    onlyNavigations,
    parse,
    async (request: Request, response: Response) => {
      const form = readForm(request, AcsForm);
      const connector = connectorIn(request);
      // Our own page posts an empty one where there was none.
      const attemptId = form.RelayState || undefined;
      const hasCookie = cookies.readAttempt(request) !== undefined;
      if (
        !hasCookie &&
        form.reposted === undefined &&
        (await signIn.expects({ connector, attemptId, browser: undefined })) !== 'nowhere'
      ) {
        const action = `/saml/${encodeURIComponent(connector)}/acs`;
        response.type('html').send(
          renderer.render('repost', {
            action,
            samlResponse: form.SAMLResponse,
            relayState: form.RelayState ?? '',
          }),
        );
        return;
      }
      await complete(request, response, {
        connector,
        response: { protocol: 'saml', samlResponse: form.SAMLResponse },
        attemptId,
      });
    },
  );

  router.get(
    '/oidc/:connector/callback',
    onlyNavigations,
    (request: Request, response: Response) => {
      const parameters = new URL(request.originalUrl, 'https://here.invalid').searchParams;
      const [state, ...more] = parameters.getAll('state');
      return complete(request, response, {
        connector: connectorIn(request),
        response: { protocol: 'oidc', parameters },
        attemptId: more.length === 0 ? state : undefined,
      });
    },
  );

  return router;
}

function connectorIn(request: Request): string {
  return String(request.params.connector);
}

function purposeOf(returnTo: string): string | undefined {
  const { pathname, searchParams } = new URL(returnTo, 'https://here.invalid');
  if (pathname === '/device' || pathname === '/oauth/authorize')
    return 'a terminal that asks for your confirmation';
  const place = { '/console': 'the AWS console of', '/credentials': 'credentials for' }[pathname];
  const [account, role] = [searchParams.get('account'), searchParams.get('role')];
  // Anybody can write the link, so nothing but names gets onto the page.
  const named =
    account !== null && /^[\w.-]{1,64}$/.test(account) && role !== null && isRoleName(role);
  return place !== undefined && named ? `${place} ${account} as ${role}` : undefined;
}
