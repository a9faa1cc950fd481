/**
 * A sign-in that an administrator tries: what the identity provider says, the identity that the
 * bridge makes of it, and which rules match that.
 *
 * Owns: who may try, and that nothing comes of it: no session, no record of a user, no role. Does
 * not own: the verification of the answer (connectors), the rules (core/policy).
 */
import type { Origin } from '../core/audit-event.ts';
import { asBridgeError, BridgeError } from '../core/errors.ts';
import { compileSelector, type GroupSelector, selects } from '../core/group-selector.ts';
import type { Identity } from '../core/identity.ts';
import { localPath } from '../core/local-path.ts';
import type { Policy } from '../core/policy.ts';
import type {
  Clock,
  Connector,
  OneTimeKeys,
  People,
  Secrets,
  SignInAttempts,
} from '../core/ports.ts';
import type { Viewer } from '../core/requester.ts';
import type { RulesReport } from '../core/rule-report.ts';
import type {
  AuthenticationRequest,
  AuthenticationResponse,
  InspectedSignIn,
  ReceivedClaim,
  ReceivedClaims,
  SignInAttempt,
} from '../core/sign-in.ts';
import type { Recorder } from './recorder.ts';
import type { SignIn } from './sign-in.ts';
import { refusedSignIn } from './sign-in-answer.ts';
import {
  connectorNamed,
  consumeAttempt,
  STARTED_ELSEWHERE,
  withWayBack,
} from './sign-in-attempt.ts';

export interface SignInTestParts {
  readonly signIn: Pick<SignIn, 'begin' | 'connectors'>;
  /** Undefined: no user is an administrator. */
  readonly administrators: GroupSelector | undefined;
  readonly policy: Pick<Policy, 'report'>;
  readonly attempts: SignInAttempts;
  readonly oneTimeKeys: OneTimeKeys;
  readonly people: Pick<People, 'find'>;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly secrets: Secrets;
}

export interface TestAnswer {
  /** The id of a connector, as the browser named it. */
  readonly connector: string;
  readonly response: AuthenticationResponse;
  readonly attemptId: string | undefined;
  /** The secret of the attempt cookie. */
  readonly browser: string | undefined;
  /** The user who is signed in, if one is. */
  readonly viewer: Viewer | undefined;
  readonly origin: Origin;
}

/** What a test has shown. The values are those of the tested user. */
export interface SignInTest {
  readonly connector: Connector;
  readonly claims: readonly ReceivedClaim[];
  readonly outcome: TestedIdentity | { readonly incomplete: BridgeError };
}

export interface TestedIdentity {
  readonly identity: Identity;
  readonly received: ReceivedClaims;
  readonly report: RulesReport;
  /** A sign-in of this user would be denied. */
  readonly isBlocked: boolean;
}

export interface SignInTests {
  /** Throws `not_found` if the user is no administrator, then `connector_unknown`. */
  connectorFor(viewer: Viewer, id: string): Connector;
  /** Throws as `connectorFor`, and `connector_unavailable`, `idp_unreachable`. */
  begin(
    viewer: Viewer,
    test: {
      readonly connector: string;
      readonly browser: string;
      /** The page that begins it, for another try. */
      readonly page: string;
    },
  ): Promise<AuthenticationRequest>;
  /** Whether an attempt that waits is a test. Does not consume it. */
  awaits(attemptId: string | undefined): Promise<boolean>;
  /**
   * Shows what the answer says. Throws what the connector throws, `attempt_invalid`,
   * `assertion_replayed`, `not_signed_in`, and `not_found` if the user is no longer an
   * administrator.
   */
  complete(answer: TestAnswer): Promise<SignInTest>;
}

interface Context extends SignInTestParts {
  readonly isAdministrator: (viewer: Viewer) => boolean;
  readonly byId: ReadonlyMap<string, Connector>;
}

export function createSignInTests(parts: SignInTestParts): SignInTests {
  const { administrators, signIn, attempts, clock } = parts;
  const selector = administrators && compileSelector(administrators);
  const context: Context = {
    ...parts,
    // The groups of a user whom the provider has not confirmed in time count for nothing.
    isAdministrator: ({ session, unconfirmed }) =>
      selector !== undefined && unconfirmed === undefined && selects(selector, session.identity),
    byId: new Map(signIn.connectors.map(connector => [connector.id, connector])),
  };
  return {
    connectorFor: (viewer, id) => connectorFor(context, viewer, id),
    begin: (viewer, test) => begin(context, viewer, test),
    awaits: async attemptId => {
      const attempt =
        attemptId === undefined ? undefined : await attempts.find(attemptId, clock.now());
      return attempt?.purpose?.kind === 'test';
    },
    complete: answer => complete(context, answer),
  };
}

/** The same error for other users, whether or not the connector exists. */
function connectorFor({ isAdministrator, byId }: Context, viewer: Viewer, id: string): Connector {
  if (!isAdministrator(viewer)) throw notFound();
  return connectorNamed({ byId }, id);
}

function notFound(): BridgeError {
  return new BridgeError('not_found', 'the user is not an administrator');
}

async function begin(
  context: Context,
  viewer: Viewer,
  { connector: id, browser, page }: Parameters<SignInTests['begin']>[1],
): Promise<AuthenticationRequest> {
  const connector = connectorFor(context, viewer, id);
  return context.signIn.begin({
    connector: connector.id,
    browser,
    returnTo: localPath(page),
    // Another user than the administrator can be tried.
    reauthenticate: true,
    purpose: { kind: 'test', person: viewer.session.identity.person },
    origin: viewer.origin,
  });
}

// ---------------------------------------------------------------- complete

async function complete(context: Context, answer: TestAnswer): Promise<SignInTest> {
  const connector = connectorNamed(context, answer.connector);
  let administrator: Viewer | undefined;
  let attempt: SignInAttempt | undefined;
  try {
    attempt = await consumeAttempt(context, connector, answer);
    administrator = administratorIn(context, answer, attempt);
    const inspected = await connector.inspect(answer.response, attempt?.expectation);
    if (inspected.source.issuer !== attempt?.source.issuer)
      throw new BridgeError('attempt_invalid', STARTED_ELSEWHERE);
    await useUp(context, connector, inspected);
    const outcome = await outcomeOf(context, inspected, administrator);
    await recordTest(context, administrator, { connector, outcome });
    return { connector, claims: inspected.claims, outcome };
  } catch (thrown) {
    const error = asBridgeError(thrown);
    if (administrator === undefined) await refusedSignIn(context, answer, { thrown: error });
    else await recordTest(context, administrator, { connector, outcome: { incomplete: error } });
    throw attempt === undefined ? error : withWayBack(error, attempt);
  }
}

/**
 * The user who began the test and is still an administrator, before anything of the answer is
 * believed. Throws `attempt_invalid`, `not_signed_in`, `not_found`.
 */
function administratorIn(
  { isAdministrator }: Context,
  { viewer }: TestAnswer,
  attempt: SignInAttempt | undefined,
): Viewer {
  const purpose = attempt?.purpose;
  if (purpose?.kind !== 'test')
    throw new BridgeError('attempt_invalid', 'the sign-in is not a test');
  if (viewer === undefined)
    throw new BridgeError('not_signed_in', 'the administrator of the test has signed out');
  if (viewer.session.identity.person !== purpose.person)
    throw new BridgeError('attempt_invalid', 'another user began the test');
  if (!isAdministrator(viewer)) throw notFound();
  return viewer;
}

/** Nothing of the answer can be used again, and the provider need not wait for us. */
async function useUp(
  { oneTimeKeys }: Context,
  connector: Connector,
  { assertion, refreshToken }: InspectedSignIn,
): Promise<void> {
  // The test does not depend on it: a token that is not revoked expires unused.
  if (refreshToken !== undefined) await connector.revoke?.(refreshToken).catch(() => {});
  if (assertion === undefined) return;
  const isFirst = await oneTimeKeys.claim(`${connector.id} ${assertion.id}`, assertion.expiresAt);
  if (!isFirst)
    throw new BridgeError('assertion_replayed', 'an assertion with this id was accepted before');
}

async function outcomeOf(
  { policy, people, clock }: Context,
  { outcome }: InspectedSignIn,
  { origin }: Viewer,
): Promise<SignInTest['outcome']> {
  if ('incomplete' in outcome) return outcome;
  const { identity, received } = outcome.verified;
  const known = await people.find(identity.person);
  return {
    ...{ identity, received },
    report: policy.report(identity, { now: clock.now(), address: origin.address }),
    isBlocked: known?.blocked !== undefined,
  };
}

async function recordTest(
  { recorder }: Context,
  administrator: Viewer,
  { connector, outcome }: Pick<SignInTest, 'connector' | 'outcome'>,
): Promise<void> {
  await recorder.record(administrator, {
    type: 'sign-in.tested',
    testedConnector: connector.id,
    ...('incomplete' in outcome
      ? { code: outcome.incomplete.code, why: outcome.incomplete.message }
      : {
          testedPerson: outcome.identity.person,
          testedUsername: outcome.identity.username,
        }),
  });
}
