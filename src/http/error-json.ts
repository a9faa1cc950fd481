/** Errors for programs: problem details (RFC 9457) and OAuth. */
import type { Request, Response } from 'express';
import type { TraceStep } from '../core/decision-trace.ts';
import { PROOF_ALGORITHM } from '../core/dpop.ts';
import { type BridgeError, ERRORS, type ErrorCode } from '../core/errors.ts';
import { explainStep } from '../core/explanation.ts';
import { elevationUrl } from './elevation.ts';
import type { ErrorResponseParts, ShowError } from './error-face.ts';
import { sentenceOf } from './error-sentence.ts';
import { contextOf } from './request-context.ts';
import { stepUpUrl } from './step-up.ts';

/** Problem details. */
export const showProblem: ShowError = (error, { response }) =>
  sendProblem(response, problemOf(error, response));

/**
 * Problem details for callers with a token: in addition, the decision of the policy, whether a new
 * sign-in helps, and the challenge of RFC 6750 section 3.
 */
export const showApiProblem: ShowError = (error, { request, response }, parts) => {
  challenge(error, request, response);
  sendProblem(response, { ...problemOf(error, response), ...reasonsOf(error, parts) });
};

/**
 * The same for AWS SDKs, which print `Code` and `Message`. The SDK for Go reads them only if the
 * type is exactly application/json, without the charset that Express adds to text.
 */
export const showContainerProblem: ShowError = (error, { request, response }, parts) => {
  const { correlationId } = contextOf(response).origin;
  challenge(error, request, response);
  const problem = {
    ...problemOf(error, response),
    ...reasonsOf(error, parts),
    Code: error.code,
    Message: sentenceOf(error, error.hint, { ...parts, correlationId }),
  };
  response.setHeader('Content-Type', 'application/json');
  response.send(Buffer.from(JSON.stringify(problem)));
};

/** Statuses that OAuth responses keep; any other error of the client is 400. */
const OAUTH_STATUSES: readonly number[] = [404, 413, 415, 429];

/** RFC 6749 section 5.2: only an unknown client is answered with 401. */
export const showOAuthError: ShowError = ({ code, status, title, hint }, { response }) => {
  const { oauth } = ERRORS[code];
  const isKept = status >= 500 || OAUTH_STATUSES.includes(status) || oauth === 'invalid_client';
  if (!isKept) response.status(400);
  response.json({
    error: oauth,
    error_description: `${title}. ${hint}`,
    correlation_id: contextOf(response).origin.correlationId,
  });
};

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

/** RFC 6750 section 3, RFC 9449 section 7.1. */
function challenge({ code, status }: BridgeError, request: Request, response: Response): void {
  if (status !== 401) return;
  const sent = request.get('authorization');
  const isBound = code in BOUND_ERRORS || /^dpop /i.test(sent ?? '');
  const scheme = isBound ? 'DPoP' : 'Bearer';
  const error = BOUND_ERRORS[code] ?? (sent === undefined ? undefined : 'invalid_token');
  const parameters = [
    ...(error === undefined ? [] : [`error="${error}"`]),
    ...(isBound ? [`algs="${PROOF_ALGORITHM}"`] : []),
  ];
  response.setHeader('WWW-Authenticate', [scheme, parameters.join(', ')].join(' ').trim());
}

const BOUND_ERRORS: { readonly [C in ErrorCode]?: string } = {
  dpop_proof_invalid: 'invalid_dpop_proof',
  token_binding_invalid: 'invalid_token',
};

/** Whether a new sign-in at an identity provider can help. */
export function signInHelps({ offers, elevation, stepUp }: BridgeError): boolean {
  if (elevation !== undefined && stepUp === undefined) return false;
  return offers === 'sign-in-again' || offers === 'choose-sign-in';
}

function reasonsOf(error: BridgeError, parts: Pick<ErrorResponseParts, 'baseUrl'>): object {
  const { trace, near } = error;
  const url = stepUpUrl(error, parts);
  const requestUrl = elevationUrl(error, parts);
  return {
    ...(trace !== undefined && {
      trace: { account: trace.account, role: trace.role, steps: trace.steps.map(stepOf) },
    }),
    ...(near !== undefined && { did_you_mean: near }),
    ...(signInHelps(error) && { sign_in_again: true }),
    ...(url !== undefined && { step_up_url: url }),
    ...(requestUrl !== undefined && { request_url: requestUrl }),
  };
}

/** One step of a decision in the API. */
export function stepOf(step: TraceStep): {
  readonly rule: string;
  readonly outcome: TraceStep['outcome'];
  readonly sentence: string;
} {
  return { rule: step.rule, outcome: step.outcome, sentence: explainStep(step) };
}
