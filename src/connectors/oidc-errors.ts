/**
 * Errors of OpenID providers and of openid-client as errors of the bridge.
 *
 * The library keeps tokens, claims and whole response bodies in the causes of its errors, so no
 * cause is passed on. Only its own fixed sentences become part of a message.
 * test/attacks/oidc-*.test.ts pin them.
 */
import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import { BridgeError, type ErrorCode } from '../core/errors.ts';
import { printableExcerpt } from '../core/printable.ts';
import type { ProviderAnswer } from '../core/provider-answer.ts';

/** Failures with a code of the library. Any other one is a response that could not be verified. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  OAUTH_PARSE_ERROR: 'idp_unreachable',
  OAUTH_RESPONSE_IS_NOT_JSON: 'idp_unreachable',
  OAUTH_RESPONSE_IS_NOT_CONFORM: 'idp_unreachable',
  OAUTH_TIMEOUT: 'idp_unreachable',
  OAUTH_ABORT: 'idp_unreachable',
};

/** The provider rejected the bridge as a client, before it looked at what it was sent. */
export class ClientRefused extends BridgeError {
  constructor({ code, message, hint }: BridgeError) {
    super(code, message, { hint });
  }
}

const CHECK_CLIENT = 'check clientId, clientSecret, clientAuthentication and scopes';
const SETTINGS_HINT =
  'Contact your administrator: your identity provider did not accept the settings of this bridge.';

/**
 * `error` of an authorization response (RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6) and what to
 * do about it.
 */
const AUTHORIZATION_HINTS: Readonly<Record<string, string>> = {
  login_required:
    'Start again at the sign-in page, and sign in at your identity provider when prompted.',
  interaction_required:
    'Start again at the sign-in page, and complete every step at your identity provider.',
  consent_required: 'Start again at the sign-in page, and give your consent when prompted.',
  temporarily_unavailable: 'Your identity provider is busy. Try again in a minute.',
  server_error: 'Your identity provider reported an internal error. Try again in a minute.',
  invalid_request: SETTINGS_HINT,
  invalid_scope: SETTINGS_HINT,
  unauthorized_client: SETTINGS_HINT,
  unsupported_response_type: SETTINGS_HINT,
};

/**
 * Translates an error of openid-client. `endpoint` is the last requested address, without its
 * query. Our own errors that passed through the library stay as they are.
 */
export function providerError(thrown: unknown, endpoint: string): BridgeError {
  const ours = bridgeErrorIn(thrown);
  if (ours !== undefined) return ours;
  if (thrown instanceof AuthorizationResponseError) {
    const error = errorWord(thrown.error);
    return new BridgeError(
      error === 'access_denied' ? 'sign_in_cancelled' : 'idp_refused',
      `the provider answered the authorization request with ${error}`,
      { ...hintFor(error), answer: answerOf(thrown) },
    );
  }
  if (thrown instanceof ResponseBodyError) {
    const error = errorWord(thrown.error);
    // The code was wrong, used or too old (RFC 6749 5.2). Any other error rejects us as a client.
    if (error === 'invalid_grant')
      return new BridgeError(
        'oidc_response_refused',
        `${endpoint} answered invalid_grant: the code was rejected`,
      );
    return new BridgeError('idp_refused', `${endpoint} answered ${error}; ${CHECK_CLIENT}`, {
      hint: SETTINGS_HINT,
    });
  }
  if (thrown instanceof WWWAuthenticateChallengeError) {
    return new BridgeError(
      'idp_refused',
      `${endpoint} answered ${thrown.status} with a challenge; ${CHECK_CLIENT}`,
      {
        hint: SETTINGS_HINT,
      },
    );
  }
  if (thrown instanceof ClientError) {
    const code =
      (thrown.code !== undefined && Object.hasOwn(CODES, thrown.code) && CODES[thrown.code]) ||
      'oidc_response_refused';
    return new BridgeError(
      code,
      code === 'idp_unreachable' ? `${endpoint}: ${sentenceOf(thrown)}` : sentenceOf(thrown),
    );
  }
  const name = thrown instanceof Error ? thrown.name : typeof thrown;
  return new BridgeError(
    'oidc_response_refused',
    `the provider's answer could not be processed (${name})`,
  );
}

/** What the provider says of its own error. Its texts are shown on a page, and not logged here. */
function answerOf({ error, error_description }: AuthorizationResponseError): ProviderAnswer {
  return {
    protocol: 'oidc',
    error: printableExcerpt(String(error)),
    ...(typeof error_description === 'string' && {
      description: printableExcerpt(error_description),
    }),
  };
}

/** The library's most precise fixed sentence, and the HTTP status if that is the fault. */
function sentenceOf(error: ClientError): string {
  const { cause } = error;
  if (cause instanceof Response) return `${error.message} (status ${cause.status})`;
  const precise =
    cause instanceof Error &&
    ['OperationProcessingError', 'UnsupportedOperationError'].includes(cause.name);
  return precise ? `${cause.message}${algorithmIn(cause)}` : error.message;
}

/**
 * Which algorithm the provider signed with, and what to do, if that is the fault. The name is the
 * provider's: only one that is known is shown.
 */
function algorithmIn({ message, cause }: Error): string {
  if (message !== 'unexpected JWT "alg" header parameter') return '';
  const { alg } = (cause as { readonly header?: { readonly alg?: unknown } }).header ?? {};
  const known = JWS_ALGORITHMS.find(name => name === alg);
  return known === undefined ? '' : ` (${known}); set RS256 for this client at the provider`;
}

/** RFC 7518 section 3.1, and EdDSA. */
const JWS_ALGORITHMS = [
  'none',
  ...['HS', 'RS', 'PS', 'ES'].flatMap(kind => [`${kind}256`, `${kind}384`, `${kind}512`]),
  'EdDSA',
];

function bridgeErrorIn(thrown: unknown): BridgeError | undefined {
  if (thrown instanceof BridgeError) return thrown;
  return thrown instanceof Error && thrown.cause instanceof BridgeError ? thrown.cause : undefined;
}

function hintFor(error: string): { hint?: string } {
  return Object.hasOwn(AUTHORIZATION_HINTS, error) ? { hint: AUTHORIZATION_HINTS[error]! } : {};
}

/** The code is external input: shown only if it is a plain word. */
function errorWord(error: unknown): string {
  return typeof error === 'string' && /^[A-Za-z0-9_.-]{1,64}$/.test(error)
    ? error
    : 'an error code that is not a plain word';
}
