/**
 * Step-up: a user proves more at their identity provider, because a role requires it; for the
 * session of their browser, or for one of their terminals.
 *
 * Owns: what is asked for, and who may ask it for which terminal. Does not own: whether the answer
 * proves it (step-up-answer), the decision on a role (access).
 */
import { recordable } from '../core/audit-event.ts';
import type { CliSessionSummary } from '../core/cli-session.ts';
import { BridgeError } from '../core/errors.ts';
import type { Authentication } from '../core/identity.ts';
import type { LocalPath } from '../core/local-path.ts';
import type { AuthenticatedRequester, Viewer } from '../core/requester.ts';
import type { AuthenticationRequest } from '../core/sign-in.ts';
import { ANY_SIGN_IN, type StepUpWish } from '../core/step-up.ts';
import type { Seconds } from '../core/time.ts';
import type { Access, AskedRole } from './access.ts';
import type { MySessions } from './my-sessions.ts';
import type { Recorder } from './recorder.ts';
import type { SignIn } from './sign-in.ts';
import type { TokenCallers } from './token-callers.ts';

export interface AskedStepUp {
  /** Undefined: a sign-in at the identity provider will do. */
  readonly role?: AskedRole | undefined;
  /** The longest time since the sign-in, where no role is named; undefined means any time. */
  readonly withinSeconds?: Seconds | undefined;
  /** The public id of a session in a terminal; undefined for the session of the browser. */
  readonly cliSession?: string | undefined;
}

export interface BeginStepUp extends AskedStepUp {
  /** The secret of the attempt cookie. */
  readonly browser: string;
  readonly returnTo: LocalPath;
  /** The page that begins it, a local path. */
  readonly page: string;
}

/** What a step-up would be, before it begins. */
export interface InspectedStepUp {
  /** The terminal that it is for. */
  readonly terminal?: CliSessionSummary | undefined;
  /** What the identity provider is asked for; undefined if nothing must be proved. */
  readonly wish?: StepUpWish | undefined;
}

export interface StepUps {
  /**
   * Throws `cli_session_unknown` for a session that is not the viewer's,
   * `step_up_not_for_device_login`, and what access throws for a role that no sign-in gives.
   */
  inspect(viewer: Viewer, asked: AskedStepUp): Promise<InspectedStepUp>;
  /**
   * How the browser asks the provider; undefined if nothing must be proved. Throws as `inspect`
   * does, and `connector_unavailable`, `idp_unreachable`.
   */
  begin(viewer: Viewer, asked: BeginStepUp): Promise<AuthenticationRequest | undefined>;
}

export interface StepUpParts {
  readonly access: Access;
  readonly signIn: SignIn;
  readonly mySessions: MySessions;
  readonly callers: TokenCallers;
  readonly recorder: Recorder;
}

export function createStepUps(parts: StepUpParts): StepUps {
  return {
    inspect: (viewer, asked) => inspect(parts, viewer, asked),
    begin: (viewer, asked) => begin(parts, viewer, asked),
  };
}

async function inspect(
  parts: StepUpParts,
  viewer: Viewer,
  { role, cliSession, withinSeconds }: AskedStepUp,
): Promise<InspectedStepUp> {
  const terminal =
    cliSession === undefined ? undefined : await terminalOf(parts, viewer, cliSession);
  if (role === undefined) return { terminal, wish: { ...ANY_SIGN_IN, withinSeconds } };
  const requester = terminal === undefined ? viewer : inTerminal(parts, viewer, terminal);
  return { terminal, wish: await parts.access.wishFor(requester, role) };
}

async function begin(
  parts: StepUpParts,
  viewer: Viewer,
  { browser, returnTo, page, ...asked }: BeginStepUp,
): Promise<AuthenticationRequest | undefined> {
  const { wish } = await inspect(parts, viewer, asked);
  if (wish === undefined) return undefined;
  const { person, connector, username } = viewer.subject.identity;
  const { cliSession } = asked;
  return parts.signIn.begin({
    ...{ connector, browser, returnTo, origin: viewer.origin, reauthenticate: false },
    purpose: { kind: 'step-up', person, connector, username, wish, cliSession, page },
  });
}

// ---------------------------------------------------------------- terminals

/** The link to the page is no secret, so what is not the viewer's is refused and recorded. */
async function terminalOf(
  parts: StepUpParts,
  viewer: Viewer,
  cliSession: string,
): Promise<CliSessionSummary> {
  const found = (await parts.mySessions.list(viewer)).find(
    ({ publicId }) => publicId === cliSession,
  );
  if (found === undefined)
    throw await refused(parts, viewer, {
      cliSession,
      error: new BridgeError(
        'cli_session_unknown',
        'the user has no CLI session of that public id',
      ),
    });
  if (!parts.callers.mayStepUp(found))
    throw await refused(parts, viewer, {
      cliSession,
      error: new BridgeError(
        'step_up_not_for_device_login',
        'the session was confirmed by a code, and cli.deviceGrant.stepUp is false',
      ),
    });
  return found;
}

const NOTHING_PROVED: Authentication = { methods: [], multiFactor: false };

/**
 * The viewer as their terminal asks. The authentication of its session is sealed under its own
 * secret, so the wish is everything that the rule requires.
 */
function inTerminal(
  { callers }: StepUpParts,
  { subject, origin, elevations }: Viewer,
  terminal: CliSessionSummary,
): AuthenticatedRequester {
  const { lastUsedAddress, address } = terminal;
  return {
    subject: { ...subject, identity: { ...subject.identity, authentication: NOTHING_PROVED } },
    origin: { ...origin, address: lastUsedAddress ?? address },
    elevations,
    scope: callers.scopeOf(terminal),
  };
}

const MAX_RECORDED_ID = 64;

/** Records a refusal and returns the error to throw. */
async function refused(
  { recorder }: StepUpParts,
  viewer: Viewer,
  { cliSession, error }: { readonly cliSession: string; readonly error: BridgeError },
): Promise<BridgeError> {
  await recorder.record(viewer, {
    type: 'sign-in.step-up-refused',
    cliSession: recordable(cliSession, MAX_RECORDED_ID),
    code: error.code,
    why: error.message,
  });
  return error;
}
