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
  fetchUserInfo,
  type IDToken,
  ResponseBodyError,
  refreshTokenGrant,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import { BridgeError } from '../core/errors.ts';
import type { RefreshAnswer, RefreshRequest } from '../core/identity-refresh.ts';
import { providerError } from './oidc-errors.ts';
import { type Exchange, type Heard, isNeverSent } from './oidc-exchange.ts';
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
/**
 * What a refresh means that failed with `thrown`. A refresh token of the answer has replaced the
 * one that was sent, also when a later step fails.
 */
export function meaningOf(
  thrown: unknown,
  exchange: Pick<Exchange, 'endpoint' | 'heard'>,
): Exclude<RefreshedAnswer, Statement> {
  const [endpoint, heard] = [exchange.endpoint(), exchange.heard()];
  return refusalIn(thrown, { endpoint, heard }) ?? failure(providerError(thrown, endpoint), heard);
}

function failure(
  error: BridgeError,
  heard: Heard | undefined,
): Exclude<RefreshedAnswer, Statement> {
  const refreshToken = heard?.body?.refresh_token;
  const isRejected = error.code === 'oidc_response_refused';
  const isReplaced = heard?.status === 200 && typeof refreshToken === 'string';
  const tokens = isReplaced && !isRejected ? { refreshToken } : {};
  if (isReplaced) return { kind: 'failed', error, tokens, lost: isRejected ? 'token' : 'nothing' };
  const lost = isAnswerLost(error, heard) ? 'answer' : 'nothing';
  return { kind: 'failed', error, tokens, lost };
}

/** A gateway that answers 5xx can have lost the answer of the provider behind it. */
function isAnswerLost(error: BridgeError, heard: Heard | undefined): boolean {
  if (heard === undefined) return !isNeverSent(error);
  return heard.status >= 500 || (heard.status === 200 && heard.body === undefined);
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
