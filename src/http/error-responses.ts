/**
 * How errors leave the bridge: each route names the face of its errors, and nothing is guessed from
 * `Accept`.
 *
 * Owns: the list of faces, and what they have in common: whatever is thrown becomes one of our
 * errors, is logged, and is recorded where no use case does. Does not own: what each code means
 * (core/errors), how each face looks (error-page, error-json, error-aws).
 */
import type { ErrorRequestHandler } from 'express';
import { asBridgeError, BridgeError, type ErrorCode } from '../core/errors.ts';
import { withdrawPermission } from './cors.ts';
import { showSsoOidcError, showSsoPortalError } from './error-aws.ts';
import type { ErrorResponseParts, ShowError } from './error-face.ts';
import { showApiProblem, showContainerProblem, showOAuthError, showProblem } from './error-json.ts';
import { showPage } from './error-page.ts';
import { logError, recordAtEdge } from './error-record.ts';
import { contextOf } from './request-context.ts';

const FACES = {
  /** HTML, for users. */
  page: { show: showPage, isRecorded: true },
  /** Problem details, for documents and health checks. */
  problem: { show: showProblem, isRecorded: false },
  /** Problem details with reasons, for the bearer API. */
  api: { show: showApiProblem, isRecorded: true },
  /** The same for AWS SDKs in containers. */
  container: { show: showContainerProblem, isRecorded: true },
  /** OAuth JSON, for terminals that log in. */
  oauth: { show: showOAuthError, isRecorded: true },
  /** AWS exceptions, for AWS tools that log in. */
  'sso-oidc': { show: showSsoOidcError, isRecorded: true },
  /** AWS exceptions, for AWS tools with a token. */
  'sso-portal': { show: showSsoPortalError, isRecorded: true },
} as const satisfies Record<
  string,
  { readonly show: ShowError /** In the audit trail. */; readonly isRecorded: boolean }
>;

export type ErrorFace = keyof typeof FACES;

/** The error handler of a route whose errors have this face. */
export function errorResponses(face: ErrorFace, parts: ErrorResponseParts): ErrorRequestHandler {
  const { show, isRecorded } = FACES[face];
  return async (thrown, request, response, _next) => {
    const error = translate(thrown);
    logError(contextOf(response).log, error);
    if (response.headersSent) {
      request.socket.destroy();
      return;
    }
    response.status(error.status);
    if (error.code === 'origin_refused') withdrawPermission(response);
    if (error.retryAfterSeconds !== undefined)
      response.setHeader('Retry-After', String(error.retryAfterSeconds));
    if (isRecorded) await recordAtEdge(error, { request, response }, parts);
    show(error, { request, response }, parts);
  };
}

/** Errors of body-parser, by their `type`. */
const FOREIGN: Readonly<Record<string, ErrorCode>> = {
  'entity.too.large': 'payload_too_large',
  'parameters.too.many': 'payload_too_large',
  'encoding.unsupported': 'unsupported_media_type',
  'charset.unsupported': 'unsupported_media_type',
};

/** Whatever was thrown, by us, Express or body-parser, as one of our errors. */
function translate(thrown: unknown): BridgeError {
  if (thrown instanceof BridgeError) return thrown;
  const { type, status, name } = (thrown ?? {}) as {
    type?: unknown;
    status?: unknown;
    name?: unknown;
  };
  const known = typeof type === 'string' ? FOREIGN[type] : undefined;
  if (known !== undefined)
    return new BridgeError(known, `the body was rejected: ${String(type)}`, { cause: thrown });
  const isOfRequest = typeof status === 'number' && status >= 400 && status < 500;
  if (name === 'URIError' || isOfRequest)
    return new BridgeError('bad_request', 'the request could not be read', { cause: thrown });
  return asBridgeError(thrown);
}
