/**
 * How an error looks to AWS tools (REST-JSON): the type in `x-amzn-errortype` and in the body. They
 * print `message` word for word, so it says what is missing and where to ask.
 */
import type { ErrorRequestHandler, Response } from 'express';
import { type BridgeError, ERRORS, type ErrorCode, type OAuthError } from '../core/errors.ts';
import { explainStep } from '../core/explanation.ts';
import { AWS_TOOLS_SCOPE, DEVICE_CODE_GRANT } from '../core/oauth-client.ts';
import {
  errorFace,
  oauthErrorOf,
  type Recording,
  recordAtTheDoor,
  signInHelps,
} from './error-responses.ts';
import { contextOf } from './request-context.ts';
import type { HelpModel } from './views.ts';

/** Exception and HTTP status. */
type Answer = readonly [type: string, status: number];

/** SSO OIDC: the exception of each OAuth error. */
const OIDC: { readonly [E in OAuthError]: Answer } = {
  authorization_pending: ['AuthorizationPendingException', 400],
  slow_down: ['SlowDownException', 400],
  access_denied: ['AccessDeniedException', 400],
  expired_token: ['ExpiredTokenException', 400],
  invalid_client: ['InvalidClientException', 401],
  invalid_client_metadata: ['InvalidClientMetadataException', 400],
  invalid_grant: ['InvalidGrantException', 400],
  invalid_request: ['InvalidRequestException', 400],
  invalid_scope: ['InvalidScopeException', 400],
  invalid_redirect_uri: ['InvalidRedirectUriException', 400],
  unauthorized_client: ['UnauthorizedClientException', 400],
  unsupported_grant_type: ['UnsupportedGrantTypeException', 400],
  server_error: ['InternalServerException', 500],
  temporarily_unavailable: ['InternalServerException', 503],
};

/**
 * The SSO portal: the codes of a request and its token. The others say of a role that it is
 * refused, or are faults of ours.
 */
const PORTAL: Partial<Record<ErrorCode, Answer>> = {
  token_invalid: ['UnauthorizedException', 401],
  bad_request: ['InvalidRequestException', 400],
  method_not_allowed: ['InvalidRequestException', 405],
  too_many_requests: ['TooManyRequestsException', 429],
  // It is final: AWS tools would try a fault of the server again.
  aws_refused: ['ForbiddenException', 403],
};

const LOG_IN_AGAIN = 'Log in again: aws sso login --profile, with the profile that you use.';
const LOG_IN_HERE =
  'Log in in the browser of the machine that you work on: aws sso login, without --use-device-code.';
/** A login in a terminal goes by the sign-in that the browser has. */
const IN_A_TERMINAL =
  'In a terminal: sign out at the portal of this bridge, then aws sso login --profile, with the profile that you use.';
/**
 * What to do next, where the rows of our errors speak to people who have our client, or the OAuth
 * endpoints, before them.
 */
const HINTS: Partial<Record<ErrorCode, string>> = {
  grant_invalid: LOG_IN_AGAIN,
  token_invalid: LOG_IN_AGAIN,
  device_denied: LOG_IN_AGAIN,
  device_code_expired: LOG_IN_AGAIN,
  device_grant_off: LOG_IN_HERE,
  role_not_for_device_login: LOG_IN_HERE,
  scope_invalid: `Ask for the scope ${AWS_TOOLS_SCOPE}, or for none.`,
  grant_type_unsupported: `There are authorization_code, refresh_token and ${DEVICE_CODE_GRANT}.`,
  method_not_allowed: 'The header Allow says which.',
};

/** Errors of SSO OIDC, which are those of OAuth. */
export function ssoOidcFace(recording: Recording): ErrorRequestHandler {
  return errorFace(async (error, request, response) => {
    await recordAtTheDoor(error, request, response, recording);
    // At 429 and 503 the AWS CLI gives its login up; at this it asks again, a little later.
    const oauthError = error.code === 'too_many_requests' ? 'slow_down' : oauthErrorOf(error);
    const message = `${error.title}. ${hintOf(error)}`;
    // AWS says no `message` here; botocore and JavaScript show nothing else, and Go shows neither.
    send(response, OIDC[oauthError], { error: oauthError, error_description: message, message });
  });
}

export interface SsoPortalFaceParts extends Recording {
  readonly help: HelpModel | undefined;
}

/** Errors of the SSO portal. */
export function ssoPortalFace({ help, ...recording }: SsoPortalFaceParts): ErrorRequestHandler {
  return errorFace(async (error, request, response) => {
    await recordAtTheDoor(error, request, response, recording);
    const usual: Answer =
      error.status >= 500 ? ['InternalServerException', error.status] : ['ForbiddenException', 403];
    const message = sentenceFor(error, help, contextOf(response).origin.correlationId);
    send(response, PORTAL[error.code] ?? usual, { message });
  });
}

function send(response: Response, [type, status]: Answer, body: object): void {
  response.setHeader('x-amzn-requestid', contextOf(response).origin.correlationId);
  response.setHeader('x-amzn-errortype', type);
  response.status(status).json({ __type: type, ...body });
}

/** What the thrower knew better stays. */
function hintOf(error: BridgeError): string {
  const { code, hint } = error;
  const next = hint === ERRORS[code].hint ? (HINTS[code] ?? hint) : hint;
  return signInHelps(error) ? `${next} ${IN_A_TERMINAL}` : next;
}

/** One line: AWS tools print it behind their own words. */
function sentenceFor(error: BridgeError, help: HelpModel | undefined, reference: string): string {
  const { title, trace } = error;
  const reasons = trace?.steps.map(step => `${step.rule}: ${explainStep(step)}`) ?? [];
  const where =
    help === undefined ? [] : [help.text, ...(help.url === undefined ? [] : [help.url])];
  return [`${title}.`, ...reasons, hintOf(error), ...where, `Reference ${reference}.`].join(' ');
}
