/**
 * The one family of errors, and the one table of what each means to the outside.
 *
 * Owns: the closed set of error codes, their HTTP status and their plain-language title and hint.
 * Does not own: how an error looks on a page or on a wire (http/error-responses), nor the log.
 */
import type { DecisionTrace } from './decision-trace.ts';

interface ErrorRow {
  /** HTTP status of every face that has one. */
  readonly status: number;
  /** What happened, for a person, without any detail of this occurrence. */
  readonly title: string;
  /** What to do next, when the thrower knows nothing better. */
  readonly hint: string;
  /** `error` of RFC 6749 section 5.2 and RFC 8628 section 3.5; without it, the status decides. */
  readonly oauth?: string;
}

/** Every error that leaves the bridge is one of these rows. */
export const ERRORS = {
  bad_request: {
    status: 400,
    title: 'The request was not understood',
    hint: 'Go back and try again. If you came by a link, the link may be damaged.',
  },
  not_found: {
    status: 404,
    title: 'There is no such page',
    hint: 'Check the address, or start at the overview of your roles.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This address takes other methods',
    hint: 'The header Allow says which; /api/v1/openapi.json says what they do.',
  },
  payload_too_large: {
    status: 413,
    title: 'The request was too large',
    hint: 'Start again at the sign-in page. If it happens again, tell the people who run this bridge.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The request had the wrong content type',
    hint: 'Send the form as a browser does (application/x-www-form-urlencoded).',
  },
  too_many_requests: {
    status: 429,
    title: 'Too many requests',
    hint: 'Wait a minute, then try again.',
  },
  cross_site_request: {
    status: 403,
    title: 'The request came from another site',
    hint: 'Start from the overview of your roles and press the button there.',
  },
  not_signed_in: { status: 401, title: 'You are not signed in', hint: 'Sign in, then try again.' },

  connector_unknown: {
    status: 404,
    title: 'There is no such sign-in',
    hint: 'Choose one of the sign-ins that this bridge offers.',
  },
  connector_unavailable: {
    status: 503,
    title: 'This sign-in is not available now',
    hint: 'Choose another sign-in, or try again in a minute.',
  },
  sign_in_busy: {
    status: 503,
    title: 'Too many sign-ins are being checked',
    hint: 'Your sign-in was not checked. Start again at the sign-in page in a minute.',
  },
  attempt_invalid: {
    status: 400,
    title: 'This sign-in was not started here, or is over',
    hint: 'Start again at the sign-in page. A sign-in can be used once, within ten minutes, in the browser that began it.',
  },
  idp_refused: {
    status: 403,
    title: 'Your identity provider refused the sign-in',
    hint: 'Ask the people who run the identity provider, and give them the reference.',
  },
  idp_unreachable: {
    status: 502,
    title: 'Your identity provider did not answer properly',
    hint: 'Try again in a minute. If it goes on, tell the people who run this bridge.',
  },
  saml_response_refused: {
    status: 403,
    title: 'The answer of your identity provider was refused',
    hint: 'Start again at the sign-in page. If it happens again, give the reference to the people who run this bridge.',
  },
  oidc_response_refused: {
    status: 403,
    title: 'The answer of your identity provider was refused',
    hint: 'Start again at the sign-in page. If it happens again, give the reference to the people who run this bridge.',
  },
  assertion_replayed: {
    status: 403,
    title: 'This answer of your identity provider was used before',
    hint: 'Start again at the sign-in page.',
  },
  person_blocked: {
    status: 403,
    title: 'Your access is blocked',
    hint: 'An administrator has blocked your access to this bridge. Contact your administrator, and give them the reference.',
    oauth: 'access_denied',
  },
  identity_incomplete: {
    status: 403,
    title: 'Your identity provider did not say enough about you',
    hint: 'Give the reference to the people who run this bridge: the mapping of claims or attributes must be corrected.',
  },

  access_denied: {
    status: 403,
    title: 'You do not have this role',
    hint: 'Ask the people who run this bridge for the group that gives it.',
  },
  proof_missing: {
    status: 403,
    title: 'This role needs a stronger proof of who you are',
    hint: 'Sign in again in the way that is named below.',
  },
  session_settings_invalid: {
    status: 403,
    title: 'This role cannot be opened for you as it is configured',
    hint: 'Give the reference to the people who run this bridge: the rule that gives the role must be corrected.',
  },
  destination_refused: {
    status: 400,
    title: 'This is not an address of the AWS console',
    hint: 'Use a console address of the same AWS partition as the account.',
  },
  corporate_proof_missing: {
    status: 403,
    title: 'This account needs a fresh sign-in',
    hint: "Sign in again: this account accepts your identity provider's own proof, and the one from your last sign-in has expired.",
  },
  role_not_for_device_login: {
    status: 403,
    title: 'This role is not for a terminal that was confirmed by a code',
    hint: 'Sign in in the browser of the machine that you work on: rolebridge login, without --device.',
  },
  limit_reached: {
    status: 409,
    title: 'You have reached the limit',
    hint: 'End or revoke some of them on the sessions page, then try again.',
  },
  role_not_for_token: {
    status: 403,
    title: 'This token is for another role',
    hint: 'A container token opens the one role that it was made for. Make another one for this role.',
  },

  user_code_unknown: {
    status: 404,
    title: 'There is no login with this code',
    hint: 'Compare it with the code in your terminal. A code lives for ten minutes and can be used once; run the login again for a new one.',
  },
  user_code_mismatch: {
    status: 403,
    title: 'The code is not the one of the link',
    hint: 'The link that you followed belongs to another login than the one in your terminal. If somebody sent you the link, do not go on: they may want your access.',
  },
  fresh_sign_in_needed: {
    status: 403,
    title: 'This login asks for a fresh sign-in',
    hint: 'Sign in again, then confirm the login.',
  },
  device_grant_off: {
    status: 403,
    title: 'Logins by a code are turned off here',
    hint: 'Sign in in the browser of the machine that you work on: rolebridge login, without --device.',
    oauth: 'unauthorized_client',
  },
  redirect_refused: {
    status: 400,
    title: 'The program that sent you here gave no address that you may be sent back to',
    hint: 'Nothing was handed out. Start the login again from your terminal; if it happens again, the program is at fault.',
    oauth: 'invalid_redirect_uri',
  },

  authorization_pending: {
    status: 400,
    title: 'Nobody has confirmed the login yet',
    hint: 'Go on asking.',
    oauth: 'authorization_pending',
  },
  slow_down: {
    status: 400,
    title: 'Asked too often',
    hint: 'Wait five seconds longer between two questions.',
    oauth: 'slow_down',
  },
  device_denied: {
    status: 400,
    title: 'The login was refused by the person',
    hint: 'Start the login again if it was yours.',
    oauth: 'access_denied',
  },
  device_code_expired: {
    status: 400,
    title: 'The login was not confirmed in time',
    hint: 'Start the login again.',
    oauth: 'expired_token',
  },
  grant_invalid: {
    status: 400,
    title: 'The code or token is not valid, or not any more',
    hint: 'Start the login again: rolebridge login.',
    oauth: 'invalid_grant',
  },
  client_unknown: {
    status: 401,
    title: 'There is no such client',
    hint: 'Its registration is over, or is of another bridge. The AWS CLI remembers it: remove the files in ~/.aws/sso/cache, then log in again.',
    oauth: 'invalid_client',
  },
  client_metadata_invalid: {
    status: 400,
    title: 'This registration cannot be taken',
    hint: 'Register a public client, for grant types that there are.',
    oauth: 'invalid_client_metadata',
  },
  redirect_unregistrable: {
    status: 400,
    title: 'This redirect URI cannot be registered',
    hint: 'Register addresses of the machine itself, as http://127.0.0.1/oauth/callback. A hosts file may turn localhost elsewhere.',
    oauth: 'invalid_redirect_uri',
  },
  client_unauthorized: {
    status: 400,
    title: 'This client may not use this way to log in',
    hint: 'Use another way to log in.',
    oauth: 'unauthorized_client',
  },
  grant_type_unsupported: {
    status: 400,
    title: 'There is no such grant type here',
    hint: 'The metadata at /.well-known/oauth-authorization-server lists those that there are.',
    oauth: 'unsupported_grant_type',
  },
  scope_invalid: {
    status: 400,
    title: 'There is no such scope',
    hint: 'Ask for the scope aws, or for none.',
    oauth: 'invalid_scope',
  },
  token_invalid: {
    status: 401,
    title: 'The access token is not valid, or not any more',
    hint: 'Renew it, or sign in again: rolebridge login.',
  },

  aws_refused: {
    status: 502,
    title: 'AWS refused the request',
    hint: 'Give the reference to the people who run this bridge.',
  },
  aws_unavailable: {
    status: 503,
    title: 'AWS did not answer in time',
    hint: 'Try again in a minute.',
  },

  unavailable: {
    status: 503,
    title: 'The bridge is not available now',
    hint: 'Try again in a minute.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong on our side',
    hint: 'Try again. If it goes on, give the reference to the people who run this bridge.',
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/**
 * `error` of OAuth 2.0 (RFC 6749 section 5.2, RFC 7591 section 3.2.2, RFC 8628 section 3.5), as far
 * as there is an occasion for it here.
 */
export type OAuthError =
  | Extract<(typeof ERRORS)[ErrorCode], { readonly oauth: string }>['oauth']
  | 'invalid_request'
  | 'server_error'
  | 'temporarily_unavailable';

export interface BridgeErrorOptions {
  /** What the caller should do next; safe to show to anyone. Replaces the row's own hint. */
  readonly hint?: string;
  /** Why the policy refused; shown to the person concerned. */
  readonly trace?: DecisionTrace;
  /** What was thrown underneath; goes to the log only. */
  readonly cause?: unknown;
}

/**
 * An expected failure. `message` is for the operator (log, audit) and names the rule, field or
 * check that failed; it never holds a token, an assertion, a code or a key. `hint` is for the
 * caller.
 */
export class BridgeError extends Error {
  override readonly name = 'BridgeError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly trace: DecisionTrace | undefined;

  constructor(code: ErrorCode, message: string, options: BridgeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? ERRORS[code].hint;
    this.trace = options.trace;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get title(): string {
    return ERRORS[this.code].title;
  }
}

/**
 * Any throwable as one of ours: what is not expected becomes `internal`, with the original as its
 * cause.
 */
export function asBridgeError(thrown: unknown): BridgeError {
  if (thrown instanceof BridgeError) return thrown;
  return new BridgeError('internal', 'unexpected error', { cause: thrown });
}
