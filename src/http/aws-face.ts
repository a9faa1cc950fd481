/**
 * How an error looks to AWS tools (REST-JSON): the type in `x-amzn-errortype` and in the body. They print `message` word for word, so it says
 * what is missing and where to ask.
 */
import type { ErrorRequestHandler } from 'express';
import type { BridgeError, ErrorCode } from '../core/errors.ts';
import { explainStep } from '../core/explanation.ts';
import { errorFace, oauthErrorOf, type Recording, recordAtTheDoor } from './error-faces.ts';
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
    const message = isPortal ? sentenceFor(error, help, correlationId) : `${error.title}. ${error.hint}`;
    response.setHeader('x-amzn-errortype', type);
    const body = isPortal ? { __type: type, message } : { __type: type, error: oauthErrorOf(error), error_description: message };
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

/** One line: AWS tools print it behind their own words. */
function sentenceFor({ title, hint, trace }: BridgeError, help: HelpModel | undefined, reference: string): string {
  const reasons = trace?.steps.map(step => `${step.rule}: ${explainStep(step)}`) ?? [];
  const where = help === undefined ? [] : [help.text, ...(help.url === undefined ? [] : [help.url])];
  return [`${title}.`, ...reasons, hint, ...where, `Reference ${reference}.`].join(' ');
}
