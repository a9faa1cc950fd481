/**
 * The answer of an identity provider becomes a session: the attempt is consumed, the answer
 * verified, its assertion used up, the user admitted, the session opened and recorded, in this
 * order.
 */
import { type Actor, actorOf, type Origin } from '../core/audit-event.ts';
import type { Session } from '../core/browser-session.ts';
import { asBridgeError, BridgeError } from '../core/errors.ts';
import type { Identity } from '../core/identity.ts';
import { type LocalPath, localPath } from '../core/local-path.ts';
import type { Standing } from '../core/person-record.ts';
import { missingClaims } from '../core/person-record.ts';
import type {
  CliSessions,
  Clock,
  Connector,
  OneTimeKeys,
  People,
  ProviderSessions,
  Secrets,
  Sessions,
  SignInAttempts,
} from '../core/ports.ts';
import type { ProviderSession } from '../core/provider-session.ts';
import type {
  AttemptPurpose,
  AuthenticationResponse,
  Expectation,
  SignInAttempt,
  StepUpPurpose,
  VerifiedSignIn,
} from '../core/sign-in.ts';
import type { StepUp } from '../core/step-up.ts';
import type { Seconds } from '../core/time.ts';
import type { IdentityRefresh } from './identity-refresh.ts';
import type { Recorder } from './recorder.ts';
import {
  connectorNamed,
  consumeAttempt,
  STARTED_ELSEWHERE,
  withWayBack,
} from './sign-in-attempt.ts';
import type { SignOuts } from './sign-outs.ts';
import {
  askerOf,
  recordStepUp,
  requireProof,
  requireSameUser,
  stepUpFault,
  stepUpIn,
} from './step-up-answer.ts';

export interface SignInParts {
  readonly connectors: readonly Connector[];
  readonly attempts: SignInAttempts;
  readonly sessions: Sessions;
  readonly cliSessions: CliSessions;
  readonly oneTimeKeys: OneTimeKeys;
  readonly people: People;
  readonly providerSessions: ProviderSessions;
  readonly identityRefresh: IdentityRefresh;
  readonly signOuts: Pick<SignOuts, 'release'>;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly idleSeconds: Seconds;
  readonly maxSeconds: Seconds;
  /** No session of any kind that comes of a sign-in is valid longer. */
  readonly longestSeconds: Seconds;
}

export interface SignInContext extends SignInParts {
  readonly byId: ReadonlyMap<string, Connector>;
  /** The session of this id, unless it has ended. Asks no identity provider. */
  readonly liveSession: (id: string) => Promise<Session | undefined>;
}

export interface SignInAnswer {
  /** The id of a connector, as the browser named it. */
  readonly connector: string;
  readonly response: AuthenticationResponse;
  /** `state` or `RelayState` as it came back. */
  readonly attemptId: string | undefined;
  /** The secret of the attempt cookie; undefined when the browser sent none. */
  readonly browser: string | undefined;
  /** The session that the browser had before; it ends. */
  readonly previousSession: string | undefined;
  readonly origin: Origin;
  /** Lets the connector verify the answer. */
  readonly authenticate: (
    connector: Connector,
    response: AuthenticationResponse,
    expectation: Expectation | undefined,
  ) => Promise<VerifiedSignIn>;
}

export type CompletedSignIn =
  | {
      readonly kind: 'signed-in';
      readonly session: Session;
      readonly returnTo: LocalPath;
      /** The response answered no attempt, and named the way on itself. */
      readonly isUnsolicited: boolean;
    }
  /** The attempt has ended before, and the browser is signed in: nothing of the answer was read. */
  | { readonly kind: 'past'; readonly returnTo: LocalPath };

export async function completeSignIn(
  context: SignInContext,
  answer: SignInAnswer,
): Promise<CompletedSignIn> {
  const connector = connectorNamed(context, answer.connector);
  let actor: Actor | undefined;
  let attempt: SignInAttempt | undefined;
  try {
    attempt = await consumeAttempt(context, connector, answer);
    if (attempt?.purpose?.kind === 'test')
      throw new BridgeError('attempt_invalid', 'the sign-in is a test, and opens no session');
    const purpose = stepUpIn(attempt);
    const verified = await verify(answer, connector, attempt);
    if (purpose !== undefined) requireSameUser(purpose, verified.identity);
    const standing = await accept(context, verified);
    actor = actorOf(verified.identity);
    const session = await admitted(context, answer, { verified, standing, purpose });
    context.identityRefresh.noteSignIn(verified);
    const returnTo = localPath(attempt?.returnTo ?? answer.attemptId);
    return { kind: 'signed-in', session, returnTo, isUnsolicited: attempt === undefined };
  } catch (thrown) {
    const onward = await pastOnward(context, answer, thrown);
    if (onward !== undefined) return { kind: 'past', returnTo: onward };
    const purpose = stepUpIn(attempt);
    const fault = purpose === undefined ? thrown : stepUpFault(purpose, thrown);
    const refused = await refusedSignIn(context, answer, { thrown: fault, actor, purpose });
    throw attempt === undefined ? refused : withWayBack(refused, attempt);
  }
}

/**
 * Where a signed-in user continues whose browser answers an attempt of its own again or too late:
 * by Back, by a reload, or from a page that was left open. Undefined for anything else.
 */
async function pastOnward(
  { liveSession }: SignInContext,
  { previousSession }: SignInAnswer,
  thrown: unknown,
): Promise<LocalPath | undefined> {
  const isPast = thrown instanceof BridgeError && thrown.code === 'attempt_expired';
  if (!isPast || previousSession === undefined) return undefined;
  const session = await liveSession(previousSession);
  return session && localPath(thrown.returnTo);
}

/** The session of a verified user, opened and recorded. */
async function admitted(
  context: SignInContext,
  answer: SignInAnswer,
  {
    verified,
    standing,
    purpose,
  }: Omit<Admission, 'stepUp'> & { readonly purpose: StepUpPurpose | undefined },
): Promise<Session> {
  const { clock } = context;
  const { identity } = verified;
  await admit(context, answer, { identity, standing });
  if (purpose === undefined) {
    const session = await openSession(context, answer, { verified, standing });
    await recordSignIn(context, answer, session);
    return session;
  }
  const { protocol } = connectorNamed(context, answer.connector);
  const stepUp = requireProof(purpose, identity, { clock, protocol });
  const session = await openSession(context, answer, { verified, standing, stepUp });
  await recordStepUp(context, answer, { purpose, session, stepUp });
  return session;
}

// ---------------------------------------------------------------- verify and accept

async function verify(
  { authenticate, response }: SignInAnswer,
  connector: Connector,
  attempt: SignInAttempt | undefined,
): Promise<VerifiedSignIn> {
  const asked = authenticate(connector, response, attempt?.expectation);
  const verified = await (attempt === undefined ? asked.catch(withoutWords) : asked);
  if (attempt !== undefined && verified.identity.source.issuer !== attempt.source.issuer)
    throw new BridgeError('attempt_invalid', STARTED_ELSEWHERE);
  return verified;
}

/** Anyone can post a response that answers no attempt, so a page shows no words of it. */
function withoutWords(thrown: unknown): never {
  if (!(thrown instanceof BridgeError) || thrown.answer === undefined) throw thrown;
  const { code, message, hint, offers } = thrown;
  throw new BridgeError(code, message, { hint, offers, cause: thrown });
}

/**
 * Uses the assertion up and keeps what the sign-in said, both at once so that a store can share the
 * commit: an assertion that was used before says nothing new. Throws `assertion_replayed`.
 */
async function accept(
  { oneTimeKeys, people, clock }: SignInContext,
  { assertion, identity }: VerifiedSignIn,
): Promise<Standing> {
  const [isFirst, standing] = await Promise.all([
    assertion === undefined ||
      oneTimeKeys.claim(`${identity.connector} ${assertion.id}`, assertion.expiresAt),
    people.know(identity, clock.now()),
  ]);
  if (!isFirst)
    throw new BridgeError('assertion_replayed', 'an assertion with this id was accepted before');
  return standing;
}

// ---------------------------------------------------------------- admit and open

/** Names of claims in one event. */
const MOST_MISSING = 50;

/** Throws `person_blocked`. Records claims that the user had before and has lost. */
async function admit(
  { recorder }: SignInContext,
  { origin }: SignInAnswer,
  { identity, standing }: { readonly identity: Identity; readonly standing: Standing },
): Promise<void> {
  const { isBlocked, before } = standing;
  if (isBlocked) throw new BridgeError('person_blocked', 'an operator has blocked the user');
  const missing = before === undefined ? [] : missingClaims(before, identity);
  if (missing.length === 0) return;
  await recorder.record(
    { origin },
    {
      type: 'sign-in.claims-missing',
      actor: actorOf(identity),
      missing: missing.slice(0, MOST_MISSING),
    },
  );
}

interface Admission {
  readonly verified: VerifiedSignIn;
  readonly standing: Standing;
  readonly stepUp?: StepUp;
}

/** Replaces the session that the browser had before. */
async function openSession(
  context: SignInContext,
  { previousSession, origin: { address, userAgent } }: SignInAnswer,
  { verified, standing, stepUp }: Admission,
): Promise<Session> {
  const { sessions, providerSessions, signOuts, secrets, clock, maxSeconds } = context;
  const { identity, received, corporateProof, sessionNotAfter: notAfter } = verified;
  const now = clock.now();
  const atProvider = providerSessionOf(context, verified);
  const session: Session = {
    id: secrets.token(),
    publicId: secrets.publicId(),
    openedFrom: { address, userAgent },
    ...{ identity, received, corporateProof },
    ...(atProvider !== undefined && { providerSession: atProvider.id }),
    ...(stepUp !== undefined && { steppedUp: stepUp }),
    confirmedAt: now,
    generation: standing.generation,
    csrfToken: secrets.token(),
    createdAt: now,
    lastUsedAt: now,
    expiresAt: Math.min(now + maxSeconds * 1000, notAfter ?? Number.POSITIVE_INFINITY),
    notAfter,
  };
  const replaced = previousSession === undefined ? undefined : await sessions.end(previousSession);
  // At once, so that a store can share the commit.
  await Promise.all([
    atProvider !== undefined && providerSessions.create(atProvider),
    sessions.create(session),
  ]);
  // Only now, because the new session may have come of the same one at the provider. Nothing waits.
  if (replaced !== undefined) void signOuts.release(replaced);
  return session;
}

/** Undefined where the protocol names no session, or the provider gave nothing of it. */
function providerSessionOf(
  { secrets, clock, longestSeconds }: SignInContext,
  { identity, providerSession: received }: VerifiedSignIn,
): ProviderSession | undefined {
  if (received === undefined) return undefined;
  const { person, connector, source, subject } = identity;
  return {
    id: secrets.token(),
    ...{ person, connector, subject, issuer: source.issuer },
    ...received,
    expiresAt: clock.now() + longestSeconds * 1000,
  };
}

// ---------------------------------------------------------------- record

async function recordSignIn(
  { recorder }: SignInContext,
  { origin }: SignInAnswer,
  { identity, createdAt: at, publicId: browserSession }: Session,
): Promise<void> {
  const { authentication, groups } = identity;
  await recorder.record(
    { origin },
    {
      type: 'sign-in.succeeded',
      at,
      actor: actorOf(identity),
      browserSession,
      groupCount: groups.length,
      methods: authentication.methods,
      multiFactor: authentication.multiFactor,
    },
  );
}

interface Refusal {
  readonly thrown: unknown;
  /** Whose identity was verified. */
  readonly actor?: Actor | undefined;
  readonly purpose?: AttemptPurpose | undefined;
}

/** Records a refusal and returns the error to throw on. */
export async function refusedSignIn(
  { recorder }: Pick<SignInContext, 'recorder'>,
  { connector, origin }: Pick<SignInAnswer, 'connector' | 'origin'>,
  { thrown, actor, purpose }: Refusal,
): Promise<BridgeError> {
  const error = asBridgeError(thrown);
  const { code, message: why } = error;
  await recorder.record(
    { origin },
    purpose?.kind === 'step-up'
      ? { type: 'sign-in.step-up-refused', ...askerOf(purpose), code, why }
      : { type: 'sign-in.refused', connector, ...(actor && { actor }), code, why },
  );
  return error;
}
