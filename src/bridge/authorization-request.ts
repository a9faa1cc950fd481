/**
 * Authorization requests (RFC 6749 section 4.1.1): which ones are shown to a user, and what the
 * others are answered.
 */
import { recordable } from '../core/audit-event.ts';
import { BridgeError, type ErrorCode } from '../core/errors.ts';
import {
  isRegisteredRedirect,
  isScope,
  MAX_DEVICE_NAME,
  type OAuthClient,
  SCOPE,
} from '../core/oauth-client.ts';
import type { Requester } from '../core/requester.ts';
import type { Clients } from './clients.ts';
import type { Recorder } from './recorder.ts';

export interface AuthorizationRequestParts {
  readonly clients: Clients;
  readonly recorder: Recorder;
  /** The `iss` of every answer (RFC 9207). */
  readonly issuer: string;
}

/** The query of an authorization request, unchecked. */
export interface AuthorizationQuery {
  readonly response_type?: string | undefined;
  readonly client_id?: string | undefined;
  readonly redirect_uri?: string | undefined;
  readonly state?: string | undefined;
  readonly code_challenge?: string | undefined;
  readonly code_challenge_method?: string | undefined;
  readonly scope?: string | undefined;
  readonly prompt?: string | undefined;
  readonly device_name?: string | undefined;
  readonly dpop_jkt?: string | undefined;
}

/** A request that can be shown to a user. */
export interface AuthorizationRequest {
  readonly client: OAuthClient;
  readonly redirectUri: string;
  readonly state?: string | undefined;
  readonly codeChallenge: string;
  /** The thumbprint of the key that redeems the code (RFC 9449 section 10). */
  readonly jkt?: string | undefined;
  readonly deviceName?: string | undefined;
  /** `prompt=login` */
  readonly reauthenticate: boolean;
}

export type CheckedRequest =
  | { readonly kind: 'request'; readonly request: AuthorizationRequest }
  /** The client is known and the redirect URI its own: it receives the error (section 4.1.2.1). */
  | { readonly kind: 'refused'; readonly redirectTo: string };

/** base64url of a SHA-256: a challenge (RFC 7636 section 4.2), a thumbprint (RFC 7638). */
const SHA_256 = /^[\w-]{43}$/;

/** Throws `client_unknown`, `redirect_refused`. */
export async function checkRequest(
  parts: AuthorizationRequestParts,
  requester: Requester,
  query: AuthorizationQuery,
): Promise<CheckedRequest> {
  const client = await parts.clients.clientOf(query.client_id ?? '');
  const { redirect_uri: redirectUri = '', state } = query;
  if (!isRegisteredRedirect(client, redirectUri))
    throw new BridgeError(
      'redirect_refused',
      `the client ${client.id} has not registered the redirect URI`,
    );
  const fault = REQUEST_FAULTS.find(({ applies }) => applies(query));
  if (fault !== undefined) {
    const { error, description: error_description, code } = fault;
    const why = `the client ${client.id} was told: ${error_description}`;
    await parts.recorder.record(requester, { type: 'cli-login.refused', code, why });
    const redirectTo = answerTo(parts, { redirectUri, state }, { error, error_description });
    return { kind: 'refused', redirectTo };
  }
  const { code_challenge: codeChallenge, device_name: name, prompt, dpop_jkt: jkt } = query;
  const request: AuthorizationRequest = {
    client,
    redirectUri,
    state,
    codeChallenge: codeChallenge!,
    jkt,
    // An application is called by its name in the configuration and by nothing that a page says.
    deviceName:
      name === undefined || client.application !== undefined
        ? undefined
        : recordable(name, MAX_DEVICE_NAME),
    reauthenticate: prompt === 'login',
  };
  return { kind: 'request', request };
}

/** The redirect URI with an answer in its query. */
export function answerTo(
  { issuer }: Pick<AuthorizationRequestParts, 'issuer'>,
  { redirectUri, state }: Pick<AuthorizationRequest, 'redirectUri' | 'state'>,
  answer: Readonly<Record<string, string>>,
): string {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value);
  if (state !== undefined) url.searchParams.set('state', state);
  url.searchParams.set('iss', issuer);
  return url.href;
}

/** Why a request from a known client is refused (section 4.1.2.1). */
interface RequestFault {
  readonly error: string;
  /** `error_description` */
  readonly description: string;
  readonly applies: (query: AuthorizationQuery) => boolean;
  readonly code: ErrorCode;
}

const REQUEST_FAULTS: readonly RequestFault[] = [
  {
    error: 'unsupported_response_type',
    description: 'response_type must be code.',
    applies: ({ response_type }) => response_type !== 'code',
    code: 'bad_request',
  },
  {
    error: 'invalid_request',
    description: 'PKCE is required: code_challenge with code_challenge_method S256.',
    applies: ({ code_challenge, code_challenge_method }) =>
      code_challenge_method !== 'S256' || !SHA_256.test(code_challenge ?? ''),
    code: 'bad_request',
  },
  {
    error: 'invalid_request',
    description: 'dpop_jkt must be the SHA-256 thumbprint of the key, in base64url.',
    applies: ({ dpop_jkt }) => dpop_jkt !== undefined && !SHA_256.test(dpop_jkt),
    code: 'bad_request',
  },
  {
    error: 'invalid_scope',
    description: `The only scope is ${SCOPE}.`,
    applies: ({ scope }) => !isScope(scope),
    code: 'scope_invalid',
  },
  {
    error: 'interaction_required',
    description: 'A user must confirm every login.',
    applies: ({ prompt }) => prompt === 'none',
    code: 'bad_request',
  },
];
