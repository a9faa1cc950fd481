/**
 * The refresh token grant of an OpenID provider (RFC 6749 section 6, OpenID Connect Core 12), and
 * what its answers mean.
 *
 * Owns: what of an answer is believed, and whether a refresh token was used up by a request that
 * failed. Does not own: signatures and times (openid-client), the identity of the user
 * (oidc-identity), how often the provider is asked (bridge).
 */
import { decodeJwt } from 'jose';
import {
  type Configuration,
  type CustomFetch,
  fetchUserInfo,
  type IDToken,
  ResponseBodyError,
  refreshTokenGrant,
  type ServerMetadata,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import { BridgeError } from '../core/errors.ts';
import type { RefreshAnswer, RefreshRequest } from '../core/identity-refresh.ts';
import type { Outbound } from '../outbound.ts';
import { reaching } from './oidc-discovery.ts';
import { providerError } from './oidc-errors.ts';
import type { IssuedTokens } from './oidc-id-token.ts';

export interface RefreshGrant extends RefreshRequest {
  /** Whether the id_token has all required claims; if not, userinfo is fetched, too. */
  readonly isComplete: (claims: IDToken) => boolean;
}

/** A statement about the user after every check, or why there is none. */
export type RefreshedAnswer = Statement | Exclude<RefreshAnswer, { kind: 'confirmed' }>;

export interface Statement {
  readonly kind: 'stated';
  /** Of the id_token; undefined if the answer had none. */
  readonly claims: IDToken | undefined;
  readonly idToken: string | undefined;
  readonly refreshToken: string | undefined;
  /** Empty if it was not fetched. Its `sub` is that of the user. */
  readonly userinfo: Readonly<Record<string, unknown>>;
}

interface CheckedGrant extends RefreshGrant {
  /** The checks of an id_token that the library does not make. */
  readonly check: (tokens: Omit<IssuedTokens, 'clientId' | 'now'>) => void;
}

/** Throws what the library throws, and `oidc_response_refused`, `identity_incomplete`. */
export async function refreshGranted(
  config: Configuration,
  { refreshToken: sent, subject, idToken: before, isComplete, check }: CheckedGrant,
): Promise<Statement> {
  const granted = await refreshTokenGrant(config, sent);
  const { access_token: accessToken, id_token: idToken, refresh_token: refreshToken } = granted;
  const claims = granted.claims();
  if (idToken !== undefined && claims !== undefined) {
    check({ idToken, claims, accessToken });
    if (claims.sub !== subject) throw refused('sub is another user');
    // OpenID Connect Core 12.2: it should have none, and no other than the first one.
    if (claims.nonce !== undefined && claims.nonce !== decodeJwt(before).nonce)
      throw refused('nonce is another one');
  }
  const hasUserinfo = config.serverMetadata().userinfo_endpoint !== undefined;
  if (claims === undefined && !hasUserinfo)
    throw new BridgeError(
      'identity_incomplete',
      'the refresh brought no id_token, and the provider has no userinfo endpoint',
    );
  const asks = hasUserinfo && (claims === undefined || !isComplete(claims));
  const userinfo = asks ? await fetchUserInfo(config, accessToken, subject) : {};
  return { kind: 'stated', claims, idToken, refreshToken, userinfo };
}

function refused(why: string): BridgeError {
  return new BridgeError('oidc_response_refused', `the id_token of a refresh was rejected: ${why}`);
}

// ---------------------------------------------------------------- answers that are no statement

/** Errors by which the provider requires the user (OpenID Connect Core 3.1.2.6). */
const INTERACTION: ReadonlySet<string> = new Set([
  'interaction_required',
  'login_required',
  'consent_required',
  'account_selection_required',
]);
/** Entra ID says so in the description of `invalid_grant`: a second factor is required. */
const INTERACTION_OF_ENTRA = /\bAADSTS(?:50076|50079)\b/;
/** The provider was not reached, so it has not used up the refresh token. */
const NEVER_SENT: ReadonlySet<unknown> = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** What the token endpoint has answered. */
interface Heard {
  readonly status: number;
  /** Undefined if the answer could not be read. */
  readonly body: { readonly refresh_token?: unknown } | undefined;
}

export interface RefreshListener {
  readonly fetch: CustomFetch;
  /** What the exchange means that failed with `thrown`. */
  meaningOf(thrown: unknown): Exclude<RefreshedAnswer, Statement>;
}

/**
 * Listens to the answer of the token endpoint, of which the library tells nothing when a later step
 * fails: its refresh token has replaced the one that was sent.
 */
export function refreshListener(metadata: ServerMetadata, outbound: Outbound): RefreshListener {
  const tokenEndpoint = URL.parse(metadata.token_endpoint ?? '')?.href;
  let [endpoint, heard]: [string, Heard | undefined] = [metadata.issuer, undefined];
  const reach = reaching(outbound, asked => {
    endpoint = asked;
  });
  return {
    fetch: async (address, options) => {
      const response = await reach(address, options);
      if (address === tokenEndpoint) heard = await heardIn(response);
      return response;
    },
    meaningOf: thrown =>
      refusalIn(thrown, { endpoint, heard }) ?? failure(providerError(thrown, endpoint)),
  };

  function failure(error: BridgeError): Exclude<RefreshedAnswer, Statement> {
    const refreshToken = heard?.body?.refresh_token;
    const isRejected = error.code === 'oidc_response_refused';
    const isReplaced = heard?.status === 200 && typeof refreshToken === 'string';
    const tokens = isReplaced && !isRejected ? { refreshToken } : {};
    if (isReplaced)
      return { kind: 'failed', error, tokens, lost: isRejected ? 'token' : 'nothing' };
    return {
      kind: 'failed',
      error,
      tokens,
      lost: isAnswerLost(error, heard) ? 'answer' : 'nothing',
    };
  }
}

async function heardIn(response: Response): Promise<Heard> {
  const { status } = response;
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  return { status, body: typeof body === 'object' && body !== null ? body : undefined };
}

/** A gateway that answers 5xx can have lost the answer of the provider behind it. */
function isAnswerLost(error: BridgeError, heard: Heard | undefined): boolean {
  if (heard === undefined) return !codesIn(error).some(code => NEVER_SENT.has(code));
  return heard.status >= 500 || (heard.status === 200 && heard.body === undefined);
}

function codesIn(thrown: unknown): readonly unknown[] {
  return thrown instanceof Error
    ? [(thrown as { code?: unknown }).code, ...codesIn(thrown.cause)]
    : [];
}

function refusalIn(
  thrown: unknown,
  { endpoint, heard }: { readonly endpoint: string; readonly heard: Heard | undefined },
): Exclude<RefreshedAnswer, Statement> | undefined {
  // Userinfo rejects the access token that the provider has issued a moment ago (RFC 6750 3.1).
  if (thrown instanceof WWWAuthenticateChallengeError && heard?.status === 200)
    return isInvalidToken(thrown)
      ? { kind: 'denied', why: `${endpoint} answered invalid_token` }
      : undefined;
  if (!(thrown instanceof ResponseBodyError)) return undefined;
  const { error, error_description: description = '' } = thrown;
  if (INTERACTION.has(error)) return { kind: 'interaction', why: `${endpoint} answered ${error}` };
  if (error !== 'invalid_grant') return undefined;
  const entra = INTERACTION_OF_ENTRA.exec(description);
  return entra === null
    ? { kind: 'denied', why: `${endpoint} answered invalid_grant` }
    : { kind: 'interaction', why: `${endpoint} answered invalid_grant (${entra[0]})` };
}

function isInvalidToken({ status, cause }: WWWAuthenticateChallengeError): boolean {
  return status === 401 && cause.some(({ parameters }) => parameters.error === 'invalid_token');
}
