/**
 * How an error looks to AWS tools (REST-JSON): the type in `x-amzn-errortype` and in the body. They print `message` word for word, so it says
 * what is missing and where to ask.
 */
import type { ErrorRequestHandler } from 'express';
import { type BridgeError, ERRORS, type ErrorCode } from '../core/errors.ts';
import { explainStep } from '../core/explanation.ts';
import { AWS_TOOLS_SCOPE } from '../core/oauth-client.ts';
import { errorFace, oauthErrorOf, type Recording, recordAtTheDoor, signInHelps } from './error-faces.ts';
import { contextOf } from './request-context.ts';
import type { HelpModel } from './views.ts';

/** SSO OIDC: the exception of each OAuth error. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  authorization_pending: 'AuthorizationPendingException',
  slow_down: 'SlowDownException',
  access_denied: 'AccessDeniedException',
  expired_token: 'ExpiredTokenException',
  invalid_client: 'InvalidClientException',
  invalid_grant: 'InvalidGrantException',
  invalid_request: 'InvalidRequestException',
  invalid_scope: 'InvalidScopeException',
  invalid_redirect_uri: 'InvalidRedirectUriException',
  unauthorized_client: 'UnauthorizedClientException',
  unsupported_grant_type: 'UnsupportedGrantTypeException',
  server_error: 'InternalServerException',
  temporarily_unavailable: 'InternalServerException',
};

/** The SSO portal, for the codes that its operations throw; the rest goes by status. */
const PORTAL: Partial<Record<ErrorCode, readonly [type: string, status: number]>> = {
  token_invalid: ['UnauthorizedException', 401],
  // It is final: AWS tools would try a fault of the server again.
  aws_refused: ['ForbiddenException', 403],
  bad_request: ['InvalidRequestException', 400],
  too_many_requests: ['TooManyRequestsException', 429],
};

const LOG_IN_HERE = 'Log in in the browser of the machine that you work on: aws sso login, without --use-device-code.';
/** A login in a terminal goes by the sign-in that the browser has. */
const SIGN_IN_ANEW = 'For a new sign-in, sign out at the portal of this bridge, then log in once more: aws sso login.';
/** What to do next, where the rows of our errors speak to people who have our client, or the OAuth endpoints, before them. */
const HINTS: Partial<Record<ErrorCode, string>> = {
  grant_invalid: 'Log in again: aws sso login.',
  token_invalid: 'Log in again: aws sso login.',
  device_denied: 'Log in again if it was yours: aws sso login.',
  device_code_expired: 'Log in again: aws sso login.',
  device_grant_off: LOG_IN_HERE,
  role_not_for_device_login: LOG_IN_HERE,
  client_unknown: 'Its registration may be over. Log in again: aws sso login.',
  scope_invalid: `Ask for the scope ${AWS_TOOLS_SCOPE}, or for none.`,
  grant_type_unsupported: 'There are authorization_code, refresh_token and urn:ietf:params:oauth:grant-type:device_code.',
  redirect_refused: 'Register addresses of the machine itself, as http://127.0.0.1/oauth/callback.',
};

export interface IdentityCenterFaceParts extends Recording {
  readonly help: HelpModel | undefined;
}

export function identityCenterFace({ help, ...recording }: IdentityCenterFaceParts): ErrorRequestHandler {
  return errorFace(async (error, request, response) => {
    await recordAtTheDoor(error, request, response, recording);
    const { correlationId } = contextOf(response).origin;
    response.setHeader('x-amzn-requestid', correlationId);
    const isPortal = /^\/(?:assignment|federation|logout)\b/.test(request.path);
    const [type, status] = isPortal ? portalError(error) : oidcError(error);
    const message = isPortal ? sentenceFor(error, help, correlationId) : `${error.title}. ${hintOf(error)}`;
    response.setHeader('x-amzn-errortype', type);
    // AWS says no `message` at SSO OIDC; botocore and JavaScript show nothing else, and Go shows neither.
    const body = isPortal ? { __type: type, message } : { __type: type, error: oauthErrorOf(error), error_description: message, message };
    response.status(status).json(body);
  });
}

function portalError({ code, status }: BridgeError): readonly [string, number] {
  const known = PORTAL[code];
  if (known !== undefined) return known;
  return status >= 500 ? ['InternalServerException', status] : ['ForbiddenException', 403];
}

function oidcError(error: BridgeError): readonly [string, number] {
  const type = EXCEPTIONS[oauthErrorOf(error)]!;
  if (type === 'InvalidClientException') return [type, 401];
  return [type, error.status >= 500 || error.status === 429 ? error.status : 400];
}

/** What the thrower knew better stays. */
function hintOf(error: BridgeError): string {
  const { code, hint } = error;
  const next = hint === ERRORS[code].hint ? (HINTS[code] ?? hint) : hint;
  return signInHelps(error) ? `${next} ${SIGN_IN_ANEW}` : next;
}

/** One line: AWS tools print it behind their own words. */
function sentenceFor(error: BridgeError, help: HelpModel | undefined, reference: string): string {
  const { title, trace } = error;
  const reasons = trace?.steps.map(step => `${step.rule}: ${explainStep(step)}`) ?? [];
  const where = help === undefined ? [] : [help.text, ...(help.url === undefined ? [] : [help.url])];
  return [`${title}.`, ...reasons, hintOf(error), ...where, `Reference ${reference}.`].join(' ');
}
