/**
 * openid-client with one configuration for each sign-in, our clock, our limited `fetch`, and every
 * check switched on.
 *
 * Owns: the authorization URL, the code exchange, the provider's keys, userinfo. Does not own: the
 * identity of the user.
 */
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  Configuration,
  type CustomFetch,
  clockSkew,
  clockTolerance,
  customFetch,
  enableNonRepudiationChecks,
  fetchUserInfo,
  getJwksCache,
  type IDToken,
  type ServerMetadata,
  setJwksCache,
  tokenRevocation,
} from 'openid-client';
import type { BridgeError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import type { Instant, Seconds } from '../core/time.ts';
import type { Outbound } from '../outbound.ts';
import { type ClientCredentials, clientAuthentication } from './oidc-client-authentication.ts';
import type { Provider } from './oidc-discovery.ts';
import { ClientRefused, providerError } from './oidc-errors.ts';
import { createExchange, type Exchange, type Heard } from './oidc-exchange.ts';
import { authenticationInstantOf, CLOCK_SKEW, type IssuedTokens } from './oidc-id-token.ts';
import type { ProviderKeys } from './oidc-keys.ts';
import { allowsHttp } from './oidc-metadata.ts';
import {
  meaningOf,
  type RefreshedAnswer,
  type RefreshGrant,
  refreshGranted,
} from './oidc-refresh.ts';

/** From this age on, the library fetches keys again if none fits a token. */
const LIBRARY_KEYS_RENEWABLE: Seconds = 60;

export interface OidcClientOptions extends ClientCredentials {
  readonly redirectUri: string;
  readonly keys: ProviderKeys;
  readonly provider: Pick<Provider, 'newer'>;
  readonly clock: Clock;
  readonly outbound: Outbound;
}

export interface Redemption {
  readonly callback: URLSearchParams;
  readonly nonce: string;
  readonly codeVerifier: string;
  /** Whether the id_token has all required claims; if not, userinfo is fetched, too. */
  readonly isComplete: (claims: IDToken) => boolean;
}

/** The provider's response after every check. */
export interface VerifiedAnswer {
  readonly idToken: string;
  readonly refreshToken?: string | undefined;
  readonly claims: IDToken;
  /** Empty if it was not fetched. Its `sub` is that of the id_token. */
  readonly userinfo: Readonly<Record<string, unknown>>;
  /** When the user signed in at the provider, if the provider states it. */
  readonly authenticatedAt: Instant | undefined;
}

export interface OidcClient {
  authorizationUrl(metadata: ServerMetadata, parameters: Readonly<Record<string, string>>): URL;
  /**
   * Throws `oidc_response_refused`, `idp_refused`, `idp_unreachable`; a `ClientRefused` if the
   * provider did not look at the code.
   */
  redeem(metadata: ServerMetadata, redemption: Redemption): Promise<VerifiedAnswer>;
  /** Does not reject for a fault of the provider. */
  refresh(metadata: ServerMetadata, grant: RefreshGrant): Promise<RefreshedAnswer>;
  /**
   * RFC 7009; the metadata has a `revocation_endpoint`. Throws `idp_refused`, `idp_unreachable`.
   */
  revoke(metadata: ServerMetadata, refreshToken: string): Promise<void>;
}

export function createOidcClient(options: OidcClientOptions): OidcClient {
  const { redirectUri } = options;
  return {
    authorizationUrl: (metadata, parameters) =>
      buildAuthorizationUrl(configurationFor(options, metadata, NO_FETCH), {
        redirect_uri: redirectUri,
        ...parameters,
      }),
    redeem: (metadata, redemption) =>
      converse(options, metadata, {
        ask: config => withKeys(config, options.keys, () => exchange(config, options, redemption)),
      }),
    refresh: (metadata, grant) => refresh(options, metadata, grant),
    revoke: (metadata, refreshToken) =>
      converse(options, metadata, {
        ask: config => revokeAt(config, refreshToken),
        mayRepeat: true,
      }),
  };
}

/** Does nothing if the provider no longer has the endpoint. */
async function revokeAt(config: Configuration, refreshToken: string): Promise<void> {
  if (config.serverMetadata().revocation_endpoint === undefined) return;
  await tokenRevocation(config, refreshToken, { token_type_hint: 'refresh_token' });
}

/** Building an address sends no request. */
const NO_FETCH: CustomFetch = () => Promise.reject(new Error('no request was expected'));

/** Throws a BridgeError that names the last requested address. */
async function converse<T>(
  options: OidcClientOptions,
  metadata: ServerMetadata,
  { ask, mayRepeat }: { readonly ask: Ask<T>; readonly mayRepeat?: boolean },
): Promise<T> {
  const first = createExchange(metadata, options.outbound);
  try {
    return await held(options, metadata, { exchange: first, ask });
  } catch (thrown) {
    const second = await again(options, { metadata, exchange: first, thrown, mayRepeat });
    if (second === undefined) throw errorOf(thrown, first);
    return await held(options, second.metadata, { ...second, ask }).catch((fault: unknown) => {
      throw errorOf(fault, second.exchange);
    });
  }
}

function errorOf(thrown: unknown, exchange: Exchange): BridgeError {
  const error = providerError(thrown, exchange.endpoint());
  return isClientRefused(exchange.heard()) ? new ClientRefused(error) : error;
}

/** The token endpoint did not accept the client (RFC 6749 section 5.2). */
function isClientRefused(heard: Heard | undefined): boolean {
  if (heard === undefined || heard.status === 200) return false;
  return heard.status === 401 || heard.body?.error === 'invalid_client';
}

type Ask<T> = (config: Configuration) => Promise<T>;

function held<T>(
  options: OidcClientOptions,
  metadata: ServerMetadata,
  { exchange, ask }: { readonly exchange: Exchange; readonly ask: Ask<T> },
): Promise<T> {
  return ask(configurationFor(options, metadata, exchange.fetch));
}

interface Failed {
  readonly metadata: ServerMetadata;
  readonly exchange: Exchange;
  readonly thrown: unknown;
  /** Whether the request can be sent twice. */
  readonly mayRepeat?: boolean | undefined;
}

/**
 * The exchange once more, by the document that the provider publishes now; undefined if that cannot
 * explain the failure, is the same, or the exchange cannot be repeated.
 */
async function again(
  { provider, outbound }: OidcClientOptions,
  { metadata, exchange, thrown, mayRepeat = false }: Failed,
): Promise<{ readonly metadata: ServerMetadata; readonly exchange: Exchange } | undefined> {
  if (!exchange.blamesDocument(thrown)) return undefined;
  const newer = await provider.newer(metadata);
  if (newer === undefined) return undefined;
  const repeated = mayRepeat ? createExchange(newer, outbound) : exchange.repeatedBy(newer);
  return repeated && { metadata: newer, exchange: repeated };
}

async function refresh(
  options: OidcClientOptions,
  metadata: ServerMetadata,
  grant: RefreshGrant,
): Promise<RefreshedAnswer> {
  const { clientId, clock, keys, outbound } = options;
  const check = (tokens: Omit<IssuedTokens, 'clientId' | 'now'>): void =>
    void authenticationInstantOf({ ...tokens, clientId, now: clock.now() });
  const ask: Ask<RefreshedAnswer> = config =>
    withKeys(config, keys, () => refreshGranted(config, { ...grant, check }));
  const first = createExchange(metadata, outbound);
  try {
    return await held(options, metadata, { exchange: first, ask });
  } catch (thrown) {
    const second = await again(options, { metadata, exchange: first, thrown });
    if (second === undefined) return meaningOf(thrown, first);
    return await held(options, second.metadata, { ...second, ask }).catch((fault: unknown) =>
      meaningOf(fault, second.exchange),
    );
  }
}

/** Gives the known keys to the library, and keeps those that it has fetched. */
async function withKeys<T>(
  config: Configuration,
  keys: ProviderKeys,
  ask: () => Promise<T>,
): Promise<T> {
  const metadata = config.serverMetadata();
  const known = giveKeys(config, keys);
  try {
    const answer = await ask();
    const used = getJwksCache(config);
    if (used !== undefined && used.uat !== known?.uat) keys.keep(metadata, used.jwks);
    return answer;
  } catch (thrown) {
    // A provider without key ids may have changed its key in place.
    keys.doubt();
    throw thrown;
  }
}

/**
 * The library may renew these keys at once, so that a rotation fails no sign-in. Only callers with
 * a valid code or a refresh token can cause that.
 */
function giveKeys(
  config: Configuration,
  keys: ProviderKeys,
): { readonly uat: Seconds } | undefined {
  const known = keys.known(config.serverMetadata());
  if (known === undefined) return undefined;
  const given = { jwks: known, uat: Math.floor(Date.now() / 1000) - LIBRARY_KEYS_RENEWABLE };
  setJwksCache(config, given);
  return given;
}

async function exchange(
  config: Configuration,
  options: OidcClientOptions,
  redemption: Redemption,
): Promise<VerifiedAnswer> {
  const { callback, nonce, codeVerifier, isComplete } = redemption;
  const granted = await authorizationCodeGrant(
    config,
    new URL(`${options.redirectUri}?${callback}`),
    {
      expectedNonce: nonce,
      pkceCodeVerifier: codeVerifier,
      // The attempt was found by this state and is consumed; the library compares it once more.
      expectedState: callback.get('state')!,
    },
  );
  // A nonce is expected, so the library has rejected a response without an id_token.
  const idToken = granted.id_token!;
  const claims = granted.claims()!;
  const accessToken = granted.access_token;
  const authenticatedAt = authenticationInstantOf({
    idToken,
    claims,
    accessToken,
    clientId: options.clientId,
    now: options.clock.now(),
  });
  const asks = !isComplete(claims) && config.serverMetadata().userinfo_endpoint !== undefined;
  const userinfo = asks ? await fetchUserInfo(config, accessToken, claims.sub) : {};
  const refreshToken = granted.refresh_token;
  return { idToken, refreshToken, claims, userinfo, authenticatedAt };
}

/** One for each sign-in, because it contains the current difference to our clock. */
function configurationFor(
  options: OidcClientOptions,
  metadata: ServerMetadata,
  fetch: CustomFetch,
): Configuration {
  const skew = Math.round((options.clock.now() - Date.now()) / 1000);
  const authentication = clientAuthentication(options.clientAuthentication, options.clientSecret);
  const client = { [clockSkew]: skew, [clockTolerance]: CLOCK_SKEW };
  const config = new Configuration(metadata, options.clientId, client, authentication);
  config[customFetch] = fetch;
  if (allowsHttp(metadata.issuer)) allowInsecureRequests(config);
  // Without this the library trusts TLS to the token endpoint in place of the id_token's signature.
  enableNonRepudiationChecks(config);
  return config;
}
