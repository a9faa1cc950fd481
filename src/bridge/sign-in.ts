/**
 * Browser sign-in as a use case: an attempt is begun, answered once, and becomes a session.
 *
 * Owns: attempts (one-time, bound to the browser), sessions (idle and absolute limits), their audit
 * events. Does not own: protocols (connectors), cookies and pages (flows, http).
 */
import { type Actor, actorOf, type Origin } from '../core/audit-event.ts';
import { asBridgeError, BridgeError } from '../core/errors.ts';
import { type Identity, isTrusted } from '../core/identity.ts';
import { type LocalPath, localPath } from '../core/local-path.ts';
import { missingClaims } from '../core/person-record.ts';
import type {
  AuditSink,
  AuthenticationResponse,
  Clock,
  Connector,
  Expectation,
  OneTimeKeys,
  People,
  Secrets,
  Session,
  Sessions,
  SignInAttempt,
  SignInAttempts,
  Standing,
  VerifiedSignIn,
} from '../core/ports.ts';
import { type Instant, MINUTE, type Seconds } from '../core/time.ts';
import { currentIssuers } from './current-issuers.ts';
import { recordEnd } from './record-end.ts';

/** How long a person may take at their identity provider. */
const ATTEMPT_SECONDS: Seconds = 10 * MINUTE;
/** The time of last use is written at most this often, and often enough for a short idle limit. */
const LONGEST_TOUCH_SECONDS: Seconds = MINUTE;

/** Names of claims in one event. */
const MOST_MISSING = 50;
const BEGUN_ELSEWHERE =
  'the attempt was begun at another identity provider than the one that the connector trusts now';

export interface SignInParts {
  readonly connectors: readonly Connector[];
  readonly attempts: SignInAttempts;
  readonly sessions: Sessions;
  readonly oneTimeKeys: OneTimeKeys;
  readonly people: People;
  readonly audit: AuditSink;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly idleSeconds: Seconds;
  readonly maxSeconds: Seconds;
}

export interface BeginRequest {
  readonly connector: string;
  /** The secret of the attempt cookie. */
  readonly browser: string;
  readonly returnTo: LocalPath;
  readonly reauthenticate: boolean;
  readonly origin: Origin;
}

export interface Answer {
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

/** Whether a live attempt waits for an answer, as far as can be told without reading the answer. */
export type Expected =
  /** One of this browser. */
  | 'here'
  /** One, but the browser sent no attempt cookie. */
  | 'without-cookie'
  /** None, and the connector takes answers that nobody asked for. */
  | 'unsolicited'
  | 'nowhere';

export interface SignIn {
  readonly connectors: readonly Connector[];
  /** Throws `connector_unknown`, `connector_unavailable`, `idp_unreachable`. */
  begin(request: BeginRequest): Promise<{ readonly redirectTo: string }>;
  /** Looks for the attempt of an answer and leaves it as it is. Throws `connector_unknown`. */
  expects(answer: Pick<Answer, 'connector' | 'attemptId' | 'browser'>): Promise<Expected>;
  /**
   * Throws what the connector throws, and `attempt_invalid`, `assertion_replayed`,
   * `person_blocked`.
   */
  complete(answer: Answer): Promise<{ readonly session: Session; readonly returnTo: LocalPath }>;
  /** The live session of a cookie, or undefined. */
  sessionOf(id: string | undefined): Promise<Session | undefined>;
  /** Throws `unavailable` when the session could not be ended. */
  signOut(session: Session, origin: Origin): Promise<void>;
}

export function createSignIn(parts: SignInParts): SignIn {
  const { connectors, attempts, sessions, oneTimeKeys, people, audit, clock, secrets } = parts;
  const touchSeconds = Math.min(LONGEST_TOUCH_SECONDS, parts.idleSeconds / 4);
  const byId = new Map<string, Connector>(connectors.map(connector => [connector.id, connector]));
  const isCurrent = currentIssuers(connectors);

  const connectorNamed = (id: string): Connector => {
    const connector = byId.get(id);
    if (connector === undefined)
      throw new BridgeError('connector_unknown', 'no connector of that id');
    return connector;
  };

  /** Runs a step of a sign-in; a refusal is audited before it goes on to the person. */
  const audited = async <T>(
    id: string,
    origin: Origin,
    step: (connector: Connector, verified: { actor?: Actor }) => Promise<T>,
  ): Promise<T> => {
    // Not a sign-in at all: an address that somebody mistyped, or guesses.
    const connector = connectorNamed(id);
    const verified: { actor?: Actor } = {};
    try {
      return await step(connector, verified);
    } catch (thrown) {
      const error = asBridgeError(thrown);
      const { code, message: why } = error;
      await audit.record({
        type: 'sign-in.refused',
        at: clock.now(),
        origin,
        connector: id,
        ...verified,
        code,
        why,
      });
      throw error;
    }
  };

  /**
   * The attempt that this answer belongs to. It is consumed here, before anything of the answer is
   * believed.
   */
  const redeem = async (
    answer: Answer,
    connector: Connector,
  ): Promise<SignInAttempt | undefined> => {
    const attempt =
      answer.attemptId === undefined
        ? undefined
        : await attempts.consume(answer.attemptId, clock.now());
    if (attempt === undefined) {
      if (connector.acceptsUnsolicited && answer.response.protocol === 'saml') return undefined;
      if (answer.attemptId === undefined) {
        throw new BridgeError(
          'attempt_invalid',
          'the answer names no attempt; one that the identity provider begins is taken where the connector allows it (allowUnsolicited)',
          {
            hint: 'Start at the sign-in page of this bridge instead of the page of your identity provider.',
          },
        );
      }
      throw new BridgeError(
        'attempt_invalid',
        'no such attempt: never begun, over, or answered before',
      );
    }
    if (attempt.connector !== connector.id)
      throw new BridgeError('attempt_invalid', 'the attempt was begun at another connector');
    // Before anything of the answer is used: a code of one provider must not be sent to another.
    if (!isTrusted(attempt.source, connector.source()))
      throw new BridgeError('attempt_invalid', BEGUN_ELSEWHERE);
    if (answer.browser === undefined)
      throw new BridgeError('attempt_invalid', 'the browser sent no attempt cookie');
    if (!secrets.equal(attempt.browser, answer.browser))
      throw new BridgeError('attempt_invalid', 'the attempt was begun in another browser');
    return attempt;
  };

  /**
   * Uses the assertion up and keeps what the sign-in said, at once, so that a store may share the
   * commit: of an assertion that was used before nothing is new. Throws `assertion_replayed`.
   */
  const accept = async (
    { assertion, identity }: VerifiedSignIn,
    now: Instant,
  ): Promise<Standing> => {
    const [isFirst, standing] = await Promise.all([
      assertion === undefined ||
        oneTimeKeys.claim(`${identity.connector} ${assertion.id}`, assertion.expiresAt),
      people.know(identity, now),
    ]);
    if (!isFirst)
      throw new BridgeError('assertion_replayed', 'an assertion of this id was accepted before');
    return standing;
  };

  /** Throws `person_blocked`. */
  const admit = async (
    { isBlocked, before }: Standing,
    identity: Identity,
    recorded: { at: Instant; origin: Origin },
  ): Promise<void> => {
    if (isBlocked) throw new BridgeError('person_blocked', 'an operator has blocked the person');
    const missing =
      before === undefined ? [] : missingClaims(before, identity).slice(0, MOST_MISSING);
    if (missing.length > 0)
      await audit.record({
        type: 'sign-in.claims-missing',
        ...recorded,
        actor: actorOf(identity),
        missing,
      });
  };

  const open = async (
    verified: VerifiedSignIn,
    { generation }: Standing,
    previous: string | undefined,
  ): Promise<Session> => {
    const now = clock.now();
    const session: Session = {
      id: secrets.token(),
      identity: verified.identity,
      corporateProof: verified.corporateProof,
      generation,
      csrfToken: secrets.token(),
      createdAt: now,
      lastUsedAt: now,
      expiresAt: Math.min(
        now + parts.maxSeconds * 1000,
        verified.sessionNotAfter ?? Number.POSITIVE_INFINITY,
      ),
      notAfter: verified.sessionNotAfter,
    };
    if (previous !== undefined) await sessions.end(previous);
    await sessions.create(session);
    return session;
  };

  return {
    connectors,

    begin: ({ connector: id, browser, returnTo, reauthenticate, origin }) =>
      audited(id, origin, async connector => {
        const attemptId = secrets.token();
        const { redirectTo, expectation, source } = await connector.begin({
          attemptId,
          reauthenticate,
        });
        const now = clock.now();
        await attempts.create({
          id: attemptId,
          connector: connector.id,
          source,
          browser,
          returnTo,
          expectation,
          createdAt: now,
          expiresAt: now + ATTEMPT_SECONDS * 1000,
        });
        return { redirectTo };
      }),

    expects: async ({ connector: id, attemptId, browser }) => {
      const connector = connectorNamed(id);
      const attempt =
        attemptId === undefined ? undefined : await attempts.find(attemptId, clock.now());
      if (attempt?.connector === connector.id) {
        if (browser === undefined) return 'without-cookie';
        if (secrets.equal(attempt.browser, browser)) return 'here';
      }
      return connector.acceptsUnsolicited ? 'unsolicited' : 'nowhere';
    },

    complete: answer =>
      audited(answer.connector, answer.origin, async (connector, seen) => {
        const attempt = await redeem(answer, connector);
        const verified = await answer.authenticate(
          connector,
          answer.response,
          attempt?.expectation,
        );
        if (attempt !== undefined && verified.identity.source.issuer !== attempt.source.issuer)
          throw new BridgeError('attempt_invalid', BEGUN_ELSEWHERE);
        const now = clock.now();
        const standing = await accept(verified, now);
        seen.actor = actorOf(verified.identity);
        await admit(standing, verified.identity, { at: now, origin: answer.origin });
        const session = await open(verified, standing, answer.previousSession);
        const { authentication, groups } = session.identity;
        await audit.record({
          type: 'sign-in.succeeded',
          at: session.createdAt,
          origin: answer.origin,
          actor: actorOf(session.identity),
          groupCount: groups.length,
          methods: authentication.methods,
          multiFactor: authentication.multiFactor,
        });
        return { session, returnTo: localPath(attempt?.returnTo ?? answer.attemptId) };
      }),

    sessionOf: async id => {
      if (id === undefined) return undefined;
      const session = await sessions.find(id);
      if (session === undefined) return undefined;
      const now = clock.now();
      if (
        now >= session.expiresAt ||
        now >= session.lastUsedAt + parts.idleSeconds * 1000 ||
        !isCurrent(session.identity)
      ) {
        await sessions.end(id);
        return undefined;
      }
      if (now >= session.lastUsedAt + touchSeconds * 1000) await sessions.touch(id, now);
      return session;
    },

    signOut: async (session, origin) => {
      await sessions.end(session.id);
      await recordEnd(audit, {
        type: 'sign-out',
        at: clock.now(),
        origin,
        actor: actorOf(session.identity),
      });
    },
  };
}
