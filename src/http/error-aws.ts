/**
 * Errors for AWS tools (REST-JSON): the exception is in `x-amzn-errortype` and in the body. The
 * tools print `message` word for word, so it says what is missing and whom to contact.
 */
import type { Response } from 'express';
import type { OAuthError, PortalException } from '../core/error-rows/row.ts';
import { type BridgeError, ERRORS } from '../core/errors.ts';
import type { ShowError } from './error-face.ts';
import { signInHelps } from './error-json.ts';
import { sentenceOf } from './error-sentence.ts';
import { contextOf } from './request-context.ts';

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
  invalid_dpop_proof: ['InvalidRequestException', 400],
  use_dpop_nonce: ['InvalidRequestException', 400],
  invalid_scope: ['InvalidScopeException', 400],
  // No AWS tool exchanges a token here.
  invalid_target: ['InvalidRequestException', 400],
  invalid_redirect_uri: ['InvalidRedirectUriException', 400],
  unauthorized_client: ['UnauthorizedClientException', 400],
  unsupported_grant_type: ['UnsupportedGrantTypeException', 400],
  server_error: ['InternalServerException', 500],
  temporarily_unavailable: ['InternalServerException', 503],
};

/** The SSO portal: exceptions with a status of their own, whatever the status of the error is. */
const PORTAL_STATUS: { readonly [E in PortalException]?: number } = {
  ForbiddenException: 403,
  TooManyRequestsException: 429,
};

/** The login of a terminal uses the sign-in of the browser. */
const IN_A_TERMINAL =
  'In a terminal: sign out at the portal of this bridge, then aws sso login --profile, with the profile that you use.';

/** Errors of SSO OIDC, which are those of OAuth. */
export const showSsoOidcError: ShowError = (error, { response }) => {
  const { oauth, aws } = ERRORS[error.code];
  const shown = aws.oidc === 'same' ? oauth : aws.oidc;
  const message = `${error.title}. ${hintOf(error)}`;
  // AWS sends no `message` here; botocore and JavaScript show nothing else, and Go shows neither.
  send(response, OIDC[shown], { error: shown, error_description: message, message });
};

/** Errors of the SSO portal. */
export const showSsoPortalError: ShowError = (error, { response }, parts) => {
  const exception = ERRORS[error.code].aws.portal;
  const { correlationId } = contextOf(response).origin;
  const message = sentenceOf(error, hintOf(error), { ...parts, correlationId });
  send(response, [exception, PORTAL_STATUS[exception] ?? error.status], { message });
};

function send(response: Response, [type, status]: Answer, body: object): void {
  response.setHeader('x-amzn-requestid', contextOf(response).origin.correlationId);
  response.setHeader('x-amzn-errortype', type);
  response.status(status).json({ __type: type, ...body });
}

/** The thrower's own hint stays. */
function hintOf(error: BridgeError): string {
  const { hint, aws } = ERRORS[error.code];
  const next = error.hint !== hint || aws.hint === 'same' ? error.hint : aws.hint;
  return signInHelps(error) ? `${next} ${IN_A_TERMINAL}` : next;
}
