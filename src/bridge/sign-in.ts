/**
 * Browser sign-in: an attempt is begun, answered once, and becomes a session.
 *
 * Owns: attempts (one-time, bound to the browser), sessions (idle and absolute limits), their audit
 * events. Does not own: how an answer is accepted (sign-in-answer), protocols (connectors), cookies
 * and pages (flows, http).
 */
import type { Origin } from '../core/audit-event.ts';
import { idleEndOf, type Session } from '../core/browser-session.ts';
import { BridgeError } from '../core/errors.ts';
import type { PersonId } from '../core/identity.ts';
import type { LocalPath } from '../core/local-path.ts';
import type { Connector } from '../core/ports.ts';
import type { ProviderSession } from '../core/provider-session.ts';
import type { Viewer } from '../core/requester.ts';
import {
  ATTEMPT_SECONDS,
  type AttemptPurpose,
  type AuthenticationRequest,
} from '../core/sign-in.ts';
import { type Instant, MINUTE, type Seconds } from '../core/time.ts';
import { currentIssuers, type IsCurrent } from './current-issuers.ts';
import {
  type CompletedSignIn,
  completeSignIn,
  refusedSignIn,
  type SignInAnswer,
  type SignInContext,
  type SignInParts,
} from './sign-in-answer.ts';
import { connectorNamed, withWayBack } from './sign-in-attempt.ts';

/** The time of last use is written at most this often, and often enough for a short idle limit. */
const LONGEST_TOUCH_SECONDS: Seconds = MINUTE;

export interface BeginRequest {
  /** The id of a connector, as the browser named it. */
  readonly connector: string;
  /** The secret of the attempt cookie. */
  readonly browser: string;
  readonly returnTo: LocalPath;
  readonly reauthenticate: boolean;
  /** The issuer that another application named (OpenID Connect Core 1.0 section 4). */
  readonly issuer?: string | undefined;
  readonly loginHint?: string | undefined;
  /** What the sign-in is for, unless it is a plain one. */
  readonly purpose?: AttemptPurpose | undefined;
  readonly origin: Origin;
}

/** Whether an attempt waits for an answer, as far as is known without reading the answer. */
export type Expected =
  /** An attempt of this browser. */
  | 'here'
  /** An attempt, but the browser sent no attempt cookie. */
  | 'without-cookie'
  /** None waits: it was answered or has expired. The browser is its own, or sent no cookie. */
  | 'past'
  /** None, and the connector accepts answers to no request. */
  | 'unsolicited'
  | 'nowhere';

export interface SignIn {
  readonly connectors: readonly Connector[];
  /**
   * Throws `connector_unknown`, `connector_unavailable`, `idp_unreachable`, and `bad_request` for
   * an issuer that is not the connector's.
   */
  begin(request: BeginRequest): Promise<AuthenticationRequest>;
  /** Looks for the attempt of an answer and does not consume it. Throws `connector_unknown`. */
  expects(answer: Pick<SignInAnswer, 'connector' | 'attemptId' | 'browser'>): Promise<Expected>;
  /**
   * Throws what the connector throws, and `attempt_invalid`, `attempt_expired`,
   * `assertion_replayed`, `person_blocked`, `step_up_failed`, `step_up_mismatch`.
   */
  complete(answer: SignInAnswer): Promise<CompletedSignIn>;
  /**
   * The live session of a cookie, or undefined. Asks the identity provider about the user first if
   * that is due.
   */
  sessionOf(id: string | undefined, origin: Origin): Promise<Session | undefined>;
  /** As `sessionOf`, but asks no identity provider: for a session that is about to end. */
  knownSessionOf(id: string | undefined): Promise<Session | undefined>;
  /** When the session ends if it is not used again. */
  idleEndOf(session: Session): Instant;
  /** The user of a live session, as far as it is known here. Asks no identity provider. */
  personBehind(id: string | undefined): Promise<PersonId | undefined>;
  /**
   * Ends the session. Its session at the provider, as far as it is known. Throws `unavailable` when
   * the session could not be ended.
   */
  signOut(viewer: Viewer): Promise<ProviderSession | undefined>;
}

interface Context extends SignInContext {
  readonly isCurrent: IsCurrent;
  readonly touchSeconds: Seconds;
}

export function createSignIn(parts: SignInParts): SignIn {
  const { connectors, idleSeconds } = parts;
  const context: Context = {
    ...parts,
    byId: new Map(connectors.map(connector => [connector.id, connector])),
    isCurrent: currentIssuers(connectors),
    liveSession: id => liveSession(context, id),
    touchSeconds: Math.min(LONGEST_TOUCH_SECONDS, idleSeconds / 4),
  };
  return {
    connectors,
    begin: request => begin(context, request),
    expects: answer => expects(context, answer),
    complete: answer => completeSignIn(context, answer),
    sessionOf: async (id, origin) =>
      id === undefined ? undefined : sessionOf(context, id, origin),
    knownSessionOf: async id => (id === undefined ? undefined : liveSession(context, id)),
    idleEndOf: session => idleEndOf(session, idleSeconds),
    personBehind: async id =>
      id === undefined ? undefined : (await liveSession(context, id))?.identity.person,
    signOut: viewer => signOut(context, viewer),
  };
}

// ---------------------------------------------------------------- begin

async function begin(context: Context, request: BeginRequest): Promise<AuthenticationRequest> {
  const { returnTo } = request;
  const connector = connectorNamed(context, request.connector, { returnTo });
  try {
    return await openAttempt(context, connector, request);
  } catch (thrown) {
    const refused = await refusedSignIn(context, request, { thrown, purpose: request.purpose });
    throw withWayBack(refused, request);
  }
}

const ANOTHER_ISSUER =
  'The application that led here names another identity provider (iss) than this sign-in option. Choose how to sign in on the sign-in page.';

async function openAttempt(
  { attempts, secrets, clock }: Context,
  connector: Connector,
  { browser, returnTo, reauthenticate, loginHint, issuer, purpose }: BeginRequest,
): Promise<AuthenticationRequest> {
  const attemptId = secrets.token();
  const { request, expectation, source } = await connector.begin({
    attemptId,
    reauthenticate,
    loginHint,
    ...(purpose?.kind === 'step-up' && { wish: purpose.wish }),
  });
  if (issuer !== undefined && issuer !== source.issuer)
    throw new BridgeError('bad_request', 'iss is not the issuer of the connector', {
      ...{ hint: ANOTHER_ISSUER, offers: 'sign-in' },
    });
  const now = clock.now();
  await attempts.create({
    id: attemptId,
    connector: connector.id,
    source,
    browser,
    returnTo,
    expectation,
    ...(purpose !== undefined && { purpose }),
    createdAt: now,
    expiresAt: now + ATTEMPT_SECONDS * 1000,
  });
  return request;
}

async function expects(
  context: Context,
  { connector: id, attemptId, browser }: Pick<SignInAnswer, 'connector' | 'attemptId' | 'browser'>,
): Promise<Expected> {
  const { attempts, secrets, clock } = context;
  const connector = connectorNamed(context, id);
  const otherwise = connector.acceptsUnsolicited ? 'unsolicited' : 'nowhere';
  if (attemptId === undefined) return otherwise;
  const waiting = await attempts.find(attemptId, clock.now());
  const attempt = waiting ?? (await attempts.past(attemptId, clock.now()));
  if (attempt?.connector !== connector.id) return otherwise;
  const isHere = browser === undefined || secrets.equal(attempt.browser, browser);
  if (waiting === undefined) return isHere ? 'past' : otherwise;
  if (browser === undefined) return 'without-cookie';
  return isHere ? 'here' : otherwise;
}

// ---------------------------------------------------------------- sessions

async function sessionOf(
  context: Context,
  id: string,
  origin: Origin,
): Promise<Session | undefined> {
  const session = await liveSession(context, id);
  if (session === undefined || !context.identityRefresh.isDue(session)) return session;
  return context.identityRefresh.refreshed(session, {
    origin,
    readAgain: () => context.sessions.find(id),
  });
}

async function liveSession(context: Context, id: string): Promise<Session | undefined> {
  const { sessions, signOuts, clock, touchSeconds } = context;
  const session = await sessions.find(id);
  if (session === undefined) return undefined;
  const now = clock.now();
  if (isOver(context, session, now)) {
    await sessions.end(id);
    await signOuts.release(session);
    return undefined;
  }
  if (now < session.lastUsedAt + touchSeconds * 1000) return session;
  await sessions.touch(id, now);
  return { ...session, lastUsedAt: now };
}

function isOver({ idleSeconds, isCurrent }: Context, session: Session, now: Instant): boolean {
  return now >= idleEndOf(session, idleSeconds) || !isCurrent(session.identity);
}

async function signOut(
  { sessions, recorder, signOuts }: Context,
  viewer: Viewer,
): Promise<ProviderSession | undefined> {
  await sessions.end(viewer.session.id);
  await recorder.recordEnd(viewer, { type: 'sign-out' });
  return signOuts.release(viewer.session);
}
