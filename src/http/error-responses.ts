/**
 * How an error looks outside. Each door chooses its face when it is mounted; nobody sniffs Accept.
 *
 * Whatever is thrown comes out as one of our errors; the cause goes to the log only.
 */
import type { ErrorRequestHandler, Request, Response } from 'express';
import { actorOf, recordable } from '../core/audit-event.ts';
import type { DecisionTrace, MissingProof, TraceStep } from '../core/decision-trace.ts';
import {
  asBridgeError,
  BridgeError,
  ERRORS,
  type ErrorCode,
  type OAuthError,
} from '../core/errors.ts';
import { explainStep } from '../core/explanation.ts';
import type { LocalPath } from '../core/local-path.ts';
import type { AuditSink, Clock, Session } from '../core/ports.ts';
import type { Logger } from '../log.ts';
import { knownSessionIn, viewerIn } from './current-session.ts';
import type { Renderer } from './render.ts';
import { contextOf, isRecorded, returnToOf } from './request-context.ts';
import type { HelpModel, RefusalModel } from './views.ts';

/** Errors of body-parser and express, by their `type` or status. */
const FOREIGN: Readonly<Record<string, ErrorCode>> = {
  'entity.too.large': 'payload_too_large',
  'parameters.too.many': 'payload_too_large',
  'encoding.unsupported': 'unsupported_media_type',
  'charset.unsupported': 'unsupported_media_type',
};

function translate(thrown: unknown): BridgeError {
  if (thrown instanceof BridgeError) return thrown;
  const { type, status, name } = (thrown ?? {}) as {
    type?: unknown;
    status?: unknown;
    name?: unknown;
  };
  const known = typeof type === 'string' ? FOREIGN[type] : undefined;
  if (known !== undefined)
    return new BridgeError(known, `the body was refused: ${String(type)}`, { cause: thrown });
  if (name === 'URIError' || (typeof status === 'number' && status >= 400 && status < 500)) {
    return new BridgeError('bad_request', 'the request could not be read', { cause: thrown });
  }
  return asBridgeError(thrown);
}

/**
 * What the log may know of a cause: not its other fields, which may hold requests, bodies and
 * tokens.
 */
function describeCause(cause: unknown): object | undefined {
  if (cause === undefined) return undefined;
  if (!(cause instanceof Error)) return { kind: typeof cause };
  return { name: cause.name, message: cause.message, stack: cause.stack };
}

/** Answers of every day: a terminal that polls gets one every few seconds. */
const NOT_YET: ReadonlySet<ErrorCode> = new Set(['authorization_pending', 'slow_down']);

function logError(log: Logger, error: BridgeError): void {
  const level = error.status >= 500 ? 'error' : NOT_YET.has(error.code) ? 'debug' : 'info';
  log[level](
    { code: error.code, why: error.message, cause: describeCause(error.cause) },
    'refused',
  );
}

/** An error handler that writes the error to the log and shows it by `show`. */
export function errorFace(
  show: (error: BridgeError, request: Request, response: Response) => void | Promise<void>,
): ErrorRequestHandler {
  return async (thrown, request, response, _next) => {
    const error = translate(thrown);
    const { log } = contextOf(response);
    logError(log, error);
    if (response.headersSent) {
      request.socket.destroy();
      return;
    }
    response.status(error.status);
    await show(error, request, response);
  };
}

interface Refused {
  readonly error: BridgeError;
  readonly returnTo: LocalPath;
  readonly session: Session | undefined;
}
type Action = (refused: Refused) => { readonly label: string; readonly href: string };

const toRoles: Action = () => ({ label: 'Go to my roles', href: '/' });
const toSessions: Action = () => ({ label: 'Go to your sessions', href: '/sessions' });
const toSignIn: Action = () => ({ label: 'Go to the sign-in page', href: '/sign-in' });
const signInThenBack: Action = ({ returnTo }) => ({
  label: 'Sign in',
  href: `/sign-in?return_to=${encodeURIComponent(returnTo)}`,
});
/**
 * A new answer of an identity provider is needed, and perhaps of another one than before: the
 * person chooses.
 */
const chooseSignIn: Action = ({ returnTo }) => ({
  label: 'Sign in again',
  href: `/sign-in?return_to=${encodeURIComponent(returnTo)}`,
});
const tryAgain: Action = ({ returnTo }) => ({ label: 'Try again', href: returnTo });
const signInAgain: Action = ({ returnTo, session }) => ({
  label: 'Sign in again',
  href: `/sign-in/${session?.identity.connector ?? ''}?reauthenticate=1&return_to=${encodeURIComponent(returnTo)}`,
});

function missingIn(trace: DecisionTrace | undefined): readonly MissingProof[] {
  return trace?.steps.flatMap(step => (step.outcome === 'proof-missing' ? step.missing : [])) ?? [];
}

/** A new sign-in helps against every missing proof but the network. */
const giveProof: Action = refused => {
  const missing = missingIn(refused.error.trace);
  return (missing.every(({ proof }) => proof === 'network') ? tryAgain : signInAgain)(refused);
};

/** What a page offers to press; a code that is not here leads to the roles. */
const ACTIONS: Partial<Record<ErrorCode, Action>> = {
  not_signed_in: signInThenBack,
  proof_missing: giveProof,
  corporate_proof_missing: chooseSignIn,
  fresh_sign_in_needed: signInAgain,
  limit_reached: toSessions,
  connector_unknown: toSignIn,
  connector_unavailable: toSignIn,
  sign_in_busy: toSignIn,
  attempt_invalid: toSignIn,
  idp_refused: toSignIn,
  idp_unreachable: toSignIn,
  saml_response_refused: toSignIn,
  oidc_response_refused: toSignIn,
  assertion_replayed: toSignIn,
  identity_incomplete: toSignIn,
  person_blocked: toSignIn,
};

/** The codes for which it helps to know whom to ask. */
const ASK_PEOPLE: ReadonlySet<ErrorCode> = new Set([
  'access_denied',
  'proof_missing',
  'session_settings_invalid',
  'identity_incomplete',
  'person_blocked',
  'aws_refused',
  'internal',
]);

/** Refusals that come before anybody asks the corridor, which records its own. */
const AT_THE_DOOR: ReadonlySet<ErrorCode> = new Set([
  'bad_request',
  'client_unauthorized',
  'client_metadata_invalid',
  'client_unknown',
  'cross_site_request',
  'grant_type_unsupported',
  'method_not_allowed',
  'not_signed_in',
  'payload_too_large',
  'redirect_refused',
  'redirect_unregistrable',
  'scope_invalid',
  'token_invalid',
  'too_many_requests',
  'unsupported_media_type',
]);

const MAX_RECORDED_PATH = 256;

export interface Recording {
  readonly audit: AuditSink;
  readonly clock: Clock;
}

/**
 * Nothing is handed out here, so a trail that cannot be written (it says so in the log) does not
 * make the answer worse.
 */
export async function recordAtTheDoor(
  { code, message: why }: BridgeError,
  request: Request,
  response: Response,
  { audit, clock }: Recording,
): Promise<void> {
  // Programs that look at links ask by HEAD, where no handler ever runs.
  if (!AT_THE_DOOR.has(code) || !isRecorded(response) || request.method === 'HEAD') return;
  const session = knownSessionIn(response);
  const { method, path: asked } = request;
  const path = recordable(asked, MAX_RECORDED_PATH);
  const { origin } = contextOf(response);
  await audit
    .record({
      type: 'request.refused',
      at: clock.now(),
      origin,
      actor: session && actorOf(session.identity),
      method,
      path,
      code,
      why,
    })
    .catch(() => {});
}

export interface PageFaceParts extends Recording {
  readonly renderer: Renderer;
  readonly help: HelpModel | undefined;
}

/** A page for people. */
export function pageFace({ renderer, help, ...recording }: PageFaceParts): ErrorRequestHandler {
  return errorFace(async (error, request, response) => {
    const session = knownSessionIn(response);
    const { origin } = contextOf(response);
    const { code, trace } = error;
    await recordAtTheDoor(error, request, response, recording);
    const model: RefusalModel = {
      viewer: viewerIn(response),
      status: error.status,
      code,
      title: error.title,
      hint: error.hint,
      trace: trace && {
        account: trace.account,
        role: trace.role,
        lines: trace.steps.map(step => ({
          rule: step.rule,
          outcome: step.outcome,
          sentence: explainStep(step),
        })),
      },
      correlationId: origin.correlationId,
      action: (ACTIONS[code] ?? toRoles)({
        error,
        returnTo: returnToOf(request, response),
        session,
      }),
      help: ASK_PEOPLE.has(code) ? help : undefined,
    };
    response.type('html').send(renderer.render('refusal', model));
  });
}

/** Problem details (RFC 9457) for machines. */
export function problemFace(): ErrorRequestHandler {
  return errorFace((error, _request, response) =>
    sendProblem(response, problemOf(error, response)),
  );
}

/**
 * Problem details for callers with a token: what the policy said, whether a new sign-in helps, and
 * the challenge of RFC 6750 section 3.
 */
export function apiFace(recording: Recording): ErrorRequestHandler {
  return errorFace(async (error, request, response) => {
    await recordAtTheDoor(error, request, response, recording);
    challenge(error, request, response);
    sendProblem(response, { ...problemOf(error, response), ...reasonsOf(error) });
  });
}

/**
 * The same for AWS SDKs, which print `Code` and `Message`, and that of Go only where the type is
 * plain JSON.
 */
export function containerFace(recording: Recording): ErrorRequestHandler {
  return errorFace(async (error, request, response) => {
    await recordAtTheDoor(error, request, response, recording);
    challenge(error, request, response);
    const message = `${error.title}. ${error.hint}`;
    response.json({
      ...problemOf(error, response),
      ...reasonsOf(error),
      Code: error.code,
      Message: message,
    });
  });
}

function problemOf({ code, title, status, hint }: BridgeError, response: Response): object {
  const { correlationId } = contextOf(response).origin;
  return {
    type: `urn:rolebridge:error:${code}`,
    title,
    status,
    detail: hint,
    code,
    correlation_id: correlationId,
  };
}

function sendProblem(response: Response, problem: object): void {
  response.type('application/problem+json').send(JSON.stringify(problem));
}

function challenge({ code }: BridgeError, request: Request, response: Response): void {
  if (code !== 'token_invalid') return;
  response.setHeader(
    'WWW-Authenticate',
    request.get('authorization') === undefined ? 'Bearer' : 'Bearer error="invalid_token"',
  );
}

/** Whether a new sign-in is something to do about it. */
export function signInHelps({ code, trace }: BridgeError): boolean {
  return (
    code === 'corporate_proof_missing' ||
    (code === 'proof_missing' && missingIn(trace).some(({ proof }) => proof !== 'network'))
  );
}

function reasonsOf(error: BridgeError): object {
  const { trace } = error;
  return {
    ...(trace !== undefined && {
      trace: { account: trace.account, role: trace.role, steps: trace.steps.map(stepOf) },
    }),
    ...(signInHelps(error) && { sign_in_again: true }),
  };
}

/** One step of a decision, as the API says it. */
export function stepOf(step: TraceStep): {
  readonly rule: string;
  readonly outcome: TraceStep['outcome'];
  readonly sentence: string;
} {
  return { rule: step.rule, outcome: step.outcome, sentence: explainStep(step) };
}

/** `error` of RFC 6749 section 5.2, for the codes whose row does not say it. */
export function oauthErrorOf({ code, status }: BridgeError): OAuthError {
  const row = ERRORS[code];
  if ('oauth' in row) return row.oauth;
  if (status === 429 || status === 503) return 'temporarily_unavailable';
  return status >= 500 ? 'server_error' : 'invalid_request';
}

/**
 * OAuth JSON (RFC 6749 section 5.2). What the client got wrong is 400, but for an unknown client
 * and for limits of ours.
 */
export function oauthFace(recording: Recording): ErrorRequestHandler {
  return errorFace(async (error, request, response) => {
    await recordAtTheDoor(error, request, response, recording);
    const oauthError = oauthErrorOf(error);
    if (error.status < 500 && ![401, 413, 415, 429].includes(error.status)) response.status(400);
    response.json({
      error: oauthError,
      error_description: `${error.title}. ${error.hint}`,
      correlation_id: contextOf(response).origin.correlationId,
    });
  });
}
