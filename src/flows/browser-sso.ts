/**
 * Sign-in in a browser: a user signs in at their identity provider and gets a session here.
 *
 * Owns: the routes of sign-in, and the two ways back from an identity provider. Does not own:
 * protocols (connectors), what an attempt or a session is (bridge/sign-in).
 */
import * as z from 'zod';
import type { SignIn } from '../bridge/sign-in.ts';
import type { SignInTests } from '../bridge/sign-in-test.ts';
import type { Session } from '../core/browser-session.ts';
import { BridgeError } from '../core/errors.ts';
import { isTooLong, type LocalPath, withoutOwnOrigin } from '../core/local-path.ts';
import type { Clock, Secrets } from '../core/ports.ts';
import { viewerOf } from '../core/requester.ts';
import { isRoleName } from '../core/role.ts';
import type { AuthenticationResponse } from '../core/sign-in.ts';
import { type Answer, redirect, view } from '../http/answer.ts';
import { askProvider } from '../http/ask-provider.ts';
import { authenticate } from '../http/authenticate.ts';
import { logClaims } from '../http/claims-log.ts';
import { choicesOf } from '../http/connector-choices.ts';
import { GO_PATH } from '../http/console-paths.ts';
import { countResponse, type RateLimits } from '../http/rate-limits.ts';
import { text } from '../http/read.ts';
import { type Browser, foreign, foreignPost, page } from '../http/route.ts';
import { ARRIVAL_PATH, arrivalLink, stepUpLink } from '../http/sign-in-links.ts';
import { testedModel } from '../http/sign-in-test-model.ts';
import { byPage, STEP_UP_PATH } from '../http/step-up.ts';
import { opensUnasked, wayBack } from '../http/way-back.ts';
import type { Logger } from '../log.ts';

export interface BrowserSsoParts {
  readonly baseUrl: string;
  readonly signIn: SignIn;
  readonly signInTests: SignInTests;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly rateLimits: RateLimits;
  readonly log: Logger;
}

/** A SAMLResponse of 100 kB, percent-encoded, with its RelayState. */
const ACS_BODY_BYTES = 160 * 1024;
/** Enough for a return address with a long address of the console, and the issuer. */
const INITIATION_BODY_BYTES = 64 * 1024;

const ConnectorPath = z.object({ connector: z.string() });
const ReturnPath = z.string().refine(text => !isTooLong(text));
const SignInQuery = z.object({
  return_to: ReturnPath.optional(),
  reauthenticate: z.literal('1').optional(),
  /** The user is signed in, and must do it once more. */
  again: z.literal('1').optional(),
});
/** What an application says that begins a sign-in here (OpenID Connect Core 1.0 section 4). */
const Initiation = z.object({
  iss: z.string().optional(),
  login_hint: z.string().optional(),
  target_link_uri: ReturnPath.optional(),
});
const AcsForm = z.object({
  SAMLResponse: text(ACS_BODY_BYTES).min(1),
  RelayState: ReturnPath.optional(),
  reposted: z.literal('1').optional(),
});

// ---------------------------------------------------------------- sign-in

export const signInPage = page({
  path: '/sign-in',
  who: 'browser',
  limit: 'sign-ins',
  reads: { query: SignInQuery },
  handle: (asked, browser, parts: BrowserSsoParts) => {
    const { connectors } = parts.signIn;
    const returnTo = wayBack(withoutOwnOrigin(asked.return_to, parts.baseUrl), browser);
    const session = asked.again === undefined ? browser.session() : undefined;
    if (session !== undefined) return showSignedIn(session, returnTo, parts);
    const [only, ...others] = connectors;
    // A user on the way to a page, with one way to sign in, is not asked which.
    const isOnlyWay = others.length === 0 && only?.availability().state !== 'unavailable';
    if (returnTo !== '/' && only !== undefined && isOnlyWay)
      return begin({ ...asked, connector: only.id }, browser, parts);
    return view('sign-in', {
      connectors: choicesOf(connectors, returnTo),
      purpose: purposeOf(returnTo),
    });
  },
});

/** A user who is signed in goes on, or signs in as someone else. */
function showSignedIn(
  { identity, expiresAt }: Session,
  returnTo: LocalPath,
  { signIn: { connectors } }: BrowserSsoParts,
): Answer {
  const { username, displayName: name = username, connector } = identity;
  const label = returnTo === '/' ? 'Go to your roles' : 'Continue';
  return view('sign-in', {
    connectors: choicesOf(connectors, returnTo, stepUpLink),
    purpose: purposeOf(returnTo),
    signedIn: {
      ...{ name, username },
      connectorLabel: connectors.find(({ id }) => id === connector)!.label,
      until: new Date(expiresAt).toISOString(),
      onward: { label, href: returnTo },
    },
  });
}

export const signInStart = page({
  path: '/sign-in/{connector}',
  who: 'browser',
  limit: 'sign-ins',
  reads: { path: ConnectorPath, query: SignInQuery.extend(Initiation.shape) },
  handle: begin,
});

/** As the GET, for applications of the identity provider that post what they say. */
export const signInInitiation = foreignPost({
  path: '/sign-in/{connector}',
  limit: 'sign-ins',
  reads: { path: ConnectorPath, form: Initiation, maxBytes: INITIATION_BODY_BYTES },
  handle: (form, browser, parts: BrowserSsoParts) => begin(form, browser, parts),
});

type Begun = z.output<typeof ConnectorPath> &
  z.output<typeof SignInQuery> &
  z.output<typeof Initiation>;

/** Starts an attempt, ties it to the browser, and sends the browser to the identity provider. */
async function begin(
  asked: Partial<Begun> & Pick<Begun, 'connector'>,
  { attempt, isKnown, isFromElsewhere, origin }: Browser,
  { signIn, secrets, baseUrl }: BrowserSsoParts,
): Promise<Answer> {
  const secret = attempt ?? secrets.token();
  const request = await signIn.begin({
    connector: asked.connector,
    browser: secret,
    returnTo: wayBack(withoutOwnOrigin(asked.return_to ?? asked.target_link_uri, baseUrl), {
      isFromElsewhere,
    }),
    reauthenticate: asked.reauthenticate !== undefined,
    issuer: asked.iss,
    loginHint: hintIn(asked.login_hint),
    origin,
  });
  return { ...askProvider(request), ...(!isKnown && { attempt: secret }) };
}

/** The login_hint, if it is a printable text of at most 256 characters. */
function hintIn(text: string | undefined): string | undefined {
  return text !== undefined && /^[^\p{C}]{1,256}$/u.test(text) ? text : undefined;
}

// ---------------------------------------------------------------- responses

export const samlAssertionConsumer = foreignPost({
  path: '/saml/{connector}/acs',
  limit: 'sign-in-responses',
  reads: { path: ConnectorPath, form: AcsForm, maxBytes: ACS_BODY_BYTES },
  handle: async (form, browser, parts: BrowserSsoParts) => {
    const { connector, SAMLResponse: samlResponse } = form;
    // Our own page posts an empty one where there was none.
    const attemptId = withoutOwnOrigin(form.RelayState, parts.baseUrl) || undefined;
    const expected = { connector, attemptId, browser: browser.attempt };
    if (form.reposted === undefined && (await lacksCookie(expected, browser, parts)))
      return view('repost', {
        action: `/saml/${encodeURIComponent(connector)}/acs`,
        samlResponse,
        relayState: form.RelayState ?? '',
      });
    return complete({ ...expected, response: { protocol: 'saml', samlResponse } }, browser, parts);
  },
});

/**
 * An identity provider posts from another site, where cookies may stay at home: that of the attempt
 * in some browsers, in all that of the session, which a test needs, and an answer that comes again.
 */
async function lacksCookie(
  expected: Parameters<SignIn['expects']>[0],
  { attempt, sessionCookie }: Browser,
  { signIn, signInTests }: BrowserSsoParts,
): Promise<boolean> {
  if (attempt === undefined) return (await signIn.expects(expected)) !== 'nowhere';
  if (sessionCookie !== undefined) return false;
  const isPast = (await signIn.expects(expected)) === 'past';
  return isPast || signInTests.awaits(expected.attemptId);
}

export const oidcCallback = foreign({
  path: '/oidc/{connector}/callback',
  limit: 'sign-in-responses',
  reads: { path: ConnectorPath },
  handle: ({ connector }, browser, parts: BrowserSsoParts) => {
    const { searchParams: parameters } = new URL(browser.target, 'https://here.invalid');
    const [state, ...more] = parameters.getAll('state');
    const attemptId = more.length === 0 ? state : undefined;
    const response = { protocol: 'oidc', parameters } as const;
    return complete({ connector, attemptId, response }, browser, parts);
  },
});

interface Responded {
  readonly connector: string;
  readonly attemptId: string | undefined;
  readonly response: AuthenticationResponse;
}

/** Lets the connector verify a response, and opens the session, or shows what a test found. */
async function complete(
  responded: Responded,
  { attempt, signOut, sessionCookie, origin }: Browser,
  { signIn, signInTests, secrets, clock, rateLimits, log }: BrowserSsoParts,
): Promise<Answer> {
  const answer = { ...responded, browser: attempt };
  const counted = countResponse(rateLimits, origin, clock);
  if (counted.isBeyondLimit && (await signIn.expects(answer)) === 'nowhere')
    return counted.refusal();
  // No test is completed without a session, and no sign-in by the attempt of a test.
  if (sessionCookie !== undefined && (await signInTests.awaits(answer.attemptId))) {
    const session = await signIn.sessionOf(sessionCookie, origin);
    const viewer = session && viewerOf(session, origin);
    const tested = await signInTests.complete({ ...answer, viewer, origin });
    counted.accepted();
    return view('sign-in-tested', testedModel(tested));
  }
  const completed = await signIn.complete({
    ...answer,
    previousSession: sessionCookie,
    origin,
    authenticate: (connector, response, expectation) =>
      authenticate(connector, { response, expectation }),
  });
  counted.accepted();
  if (completed.kind === 'past') return redirect(completed.returnTo);
  const { session, isUnsolicited } = completed;
  // What an unsolicited response names, anyone can have written.
  const returnTo = wayBack(completed.returnTo, { isFromElsewhere: isUnsolicited });
  logClaims(log, { session, origin });
  return {
    ...onwardTo(returnTo),
    session,
    knownBrowser: attempt ?? secrets.token(),
    ...(signOut !== undefined && { signOut: 'cleared' }),
  };
}

/**
 * From the provider's site, a redirect looks like a link of that site. Where the user was led by no
 * other site, a page of the bridge leads on, so that a console opens without a question.
 */
function onwardTo(returnTo: LocalPath): Answer {
  const link = arrivalLink(returnTo);
  return opensUnasked(returnTo) ? byPage(link) : redirect(link);
}

/** Leads on after a sign-in, unless the browser dropped its session: that would ask for another. */
export const arrivalPage = page({
  path: ARRIVAL_PATH,
  who: 'browser',
  reads: { query: z.object({ return_to: ReturnPath.optional() }) },
  handle: ({ return_to }, browser, { baseUrl }: BrowserSsoParts) => {
    const returnTo = wayBack(withoutOwnOrigin(return_to, baseUrl), browser);
    if (browser.session() !== undefined) return redirect(returnTo);
    if (browser.sessionCookie === undefined)
      throw new BridgeError('session_not_kept', 'no session cookie after a sign-in', { returnTo });
    throw new BridgeError('not_signed_in', 'the session ended right after the sign-in', {
      ...{ returnTo, hint: ENDED_AT_ONCE, offers: 'sign-in' },
    });
  },
});

const ENDED_AT_ONCE =
  'Your session has ended already. Sign in again. If it happens again, contact your administrator.';

// ---------------------------------------------------------------- what a page says

function purposeOf(returnTo: string): string | undefined {
  const { pathname, searchParams } = new URL(returnTo, 'https://here.invalid');
  if (pathname === '/device' || pathname === '/oauth/authorize')
    return 'a terminal login that needs your confirmation';
  if (pathname === STEP_UP_PATH) return 'a terminal that requires additional verification';
  if (pathname === GO_PATH && searchParams.has('to')) return 'a page of the AWS console';
  const place = { '/console': 'the AWS console of', '/credentials': 'credentials for' }[pathname];
  const [account, role] = [searchParams.get('account'), searchParams.get('role')];
  // Anyone can write the link, so the page shows names alone.
  const named =
    account !== null && /^[\w.-]{1,64}$/.test(account) && role !== null && isRoleName(role);
  return place !== undefined && named ? `${place} ${account} as ${role}` : undefined;
}
