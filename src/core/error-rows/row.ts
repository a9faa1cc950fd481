/**
 * The columns of the error table: everything that the bridge and its client do with an error code.
 *
 * Every column is required, so a new code does not compile until each face is chosen. `same` is the
 * explicit default.
 */

export interface ErrorRow {
  /** HTTP status. OAuth and AWS prescribe their own for some errors (http/error-responses). */
  readonly status: number;
  /** What happened, as a sentence without full stop and without details of this occurrence. */
  readonly title: string;
  /** What to do next, unless the thrower knows better. */
  readonly hint: string;
  readonly page: {
    /** The button, unless the thrower knows better. */
    readonly offers: PageOffer;
    /** Whether the page shows the `help` of the configuration. */
    readonly contact: boolean;
  };
  readonly record: { readonly audit: AuditedBy; readonly log: LogLevel };
  /** `error` of OAuth responses. */
  readonly oauth: OAuthError;
  readonly aws: {
    /** The OAuth error that SSO OIDC shows as an exception; `same` as `oauth`. */
    readonly oidc: OAuthError | 'same';
    /** Exception of the SSO portal. */
    readonly portal: PortalException;
    /** What to do next for users of AWS tools, or `same` as `hint`. */
    readonly hint: string;
  };
  /** How the client ends, by the name of its exit code (cli/exit). */
  readonly exit: ClientExit;
}

/** What an error page offers: the one step that can help, and never one to the same error. */
export type PageOffer =
  | 'nothing'
  /** The start page: the user's roles. */
  | 'roles'
  /** The page of the user's sessions. */
  | 'sessions'
  /** The page of requests for roles. */
  | 'elevations'
  /** The sign-in page. */
  | 'sign-in'
  /** A sign-in, then the page that was asked for. */
  | 'sign-in-then-back'
  /** A sign-in, then the page of the user's sessions. */
  | 'sign-in-then-sessions'
  /** Another sign-in of the user's choice, then the page that was asked for. */
  | 'choose-sign-in'
  /** Another authentication at the same identity provider, then the page that was asked for. */
  | 'sign-in-again'
  /** The page that was asked for, after the wait if there is one. */
  | 'retry';

/** Who writes the audit event: the HTTP layer, the use case that throws, or nothing is recorded. */
export type AuditedBy = 'edge' | 'use-case' | 'none';

export type LogLevel = 'debug' | 'info' | 'error';

/**
 * RFC 6749 section 5.2, RFC 7591 section 3.2.2, RFC 8628 section 3.5, RFC 8707 section 2, RFC 9449
 * section 12.
 */
export type OAuthError =
  | 'access_denied'
  | 'authorization_pending'
  | 'expired_token'
  | 'invalid_client'
  | 'invalid_client_metadata'
  | 'invalid_dpop_proof'
  | 'invalid_grant'
  | 'invalid_redirect_uri'
  | 'invalid_request'
  | 'invalid_scope'
  | 'invalid_target'
  | 'server_error'
  | 'slow_down'
  | 'temporarily_unavailable'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'use_dpop_nonce';

/** Errors of the SSO portal API, and the fault of a server as AWS names it. */
export type PortalException =
  | 'ForbiddenException'
  | 'InternalServerException'
  | 'InvalidRequestException'
  | 'TooManyRequestsException'
  | 'UnauthorizedException';

export type ClientExit = 'failed' | 'notSignedIn' | 'refused' | 'unreachable';
