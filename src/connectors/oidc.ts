/**
 * The OpenID Connect connector: authorization code flow with PKCE.
 *
 * Owns: the order of a sign-in at an OpenID provider, and what of its answer is believed. Does not
 * own: `state`, which the use case consumes before it calls; protocol checks (oidc-client,
 * oidc-id-token); availability (oidc-discovery); the mapping of claims (attributes).
 */
import { calculatePKCECodeChallenge } from 'openid-client';
import { asBridgeError, BridgeError } from '../core/errors.ts';
import type { ConnectorId, IdentityMapping, IdentitySource } from '../core/identity.ts';
import type { RefreshAnswer, RefreshedTokens, RefreshRequest } from '../core/identity-refresh.ts';
import type { BeginOptions, Clock, Connector, Secrets } from '../core/ports.ts';
import type {
  AuthenticationResponse,
  Availability,
  Expectation,
  InspectedSignIn,
  ReceivedProviderSession,
  VerifiedSignIn,
} from '../core/sign-in.ts';
import type { Seconds } from '../core/time.ts';
import type { Outbound } from '../outbound.ts';
import { inspected } from './inspection.ts';
import { createOidcClient, type OidcClient, type VerifiedAnswer } from './oidc-client.ts';
import type { ClientCredentials } from './oidc-client-authentication.ts';
import { createOidcClients, type EarlierClient, type OidcClients } from './oidc-clients.ts';
import {
  type DocumentNews,
  openProvider,
  type Provider,
  type ProviderMemory,
} from './oidc-discovery.ts';
import { isSessionId } from './oidc-id-token.ts';
import { claimsIn, identityOf, isCompleteFor, refreshedIdentityOf } from './oidc-identity.ts';
import { createProviderKeys, type ProviderKeys } from './oidc-keys.ts';
import { createLogout, type LogoutOptions } from './oidc-logout.ts';
import {
  authenticationParameters,
  type OidcStepUp,
  type RenewalParameter,
} from './oidc-step-up.ts';

const DEFAULT_RETRY: Seconds = 5;

export interface OidcConnectorOptions extends ClientCredentials {
  readonly id: ConnectorId;
  readonly label: string;
  /**
   * Origin of the bridge; the redirect URI is `/oidc/{id}/callback` there, one for each connector
   * (RFC 9700 4.4).
   */
  readonly baseUrl: string;
  /** Exactly as the provider writes it. http is taken on loopback only. */
  readonly issuer: string;
  /** Where the discovery document is. Default: below the issuer. */
  readonly discovery?: string | undefined;
  /** `openid` is added if missing. */
  readonly scopes: readonly string[];
  readonly claims: IdentityMapping;
  /** Values of `amr` or `acr` that count as multi-factor. */
  readonly multiFactorMethods: readonly string[];
  readonly logout: LogoutOptions;
  /** How a second factor is asked for. Default: by a new sign-in (`prompt=login`). */
  readonly stepUp?: OidcStepUp | undefined;
  /** How a newer sign-in is asked for. */
  readonly reauthenticate: RenewalParameter;
  /** Keeps the id_token for accounts that trust the provider directly. */
  readonly keepCorporateProof: boolean;
  readonly clock: Clock;
  readonly outbound: Outbound;
  readonly secrets: Secrets;
  /** Before the first retry of a provider that is down; doubles up to five minutes. Default: 5. */
  readonly retrySeconds?: Seconds | undefined;
  readonly onChange?: ((availability: Availability) => void) | undefined;
  readonly onDocument?: ((news: DocumentNews) => void) | undefined;
  /** What an earlier connector knew of the same provider. */
  readonly before?: OidcMemory | undefined;
}

/** What a connector knows of its provider, for another connector of the same provider. */
export interface OidcMemory {
  readonly provider: ProviderMemory;
  readonly keys: ProviderKeys;
  readonly clients: readonly EarlierClient[];
}

export interface OidcConnector extends Connector {
  /** Resolves after the first attempt at discovery, whether or not it succeeded. */
  readonly asked: Promise<void>;
  memory(): OidcMemory;
}

interface Parts {
  readonly options: OidcConnectorOptions;
  readonly provider: Provider;
  readonly clients: OidcClients;
  /** The current one of them. */
  readonly client: OidcClient;
  readonly source: IdentitySource;
}

/**
 * Begins discovery; a provider that is down makes an unavailable connector, not an error.
 */
export function createOidcConnector(options: OidcConnectorOptions): OidcConnector {
  const { id, label, issuer, before, clock, retrySeconds = DEFAULT_RETRY } = options;
  const provider = openProvider({ ...options, retrySeconds, before: before?.provider });
  // In the URL parser's spelling (no default port): the token request must repeat it exactly.
  const redirectUri = new URL(`/oidc/${id}/callback`, options.baseUrl).href;
  const keys = before?.keys ?? createProviderKeys(options);
  const clients = createOidcClients({
    credentials: credentialsOf(options),
    before: before?.clients ?? [],
    clock,
    clientWith: credentials =>
      createOidcClient({ ...options, ...credentials, redirectUri, keys, provider }),
  });
  const source: IdentitySource = { issuer, trustedBy: issuer };
  const parts: Parts = { options, provider, clients, client: clients.current, source };
  return {
    id,
    label,
    protocol: 'oidc',
    acceptsUnsolicited: false,
    asked: provider.asked,
    memory: () => ({ provider: provider.memory(), keys, clients: clients.memory() }),
    availability: () => provider.availability(),
    source: () => source,
    begin: begun => begin(begun, parts),
    complete: (response, expectation) => complete(response, expectation, parts),
    inspect: (response, expectation) => inspect(response, expectation, parts),
    refresh: request => refresh(request, parts),
    logout: createLogout({ ...options, connector: id, provider, keys }),
    revoke: refreshToken => revoke(refreshToken, parts),
    close: async () => provider.close(),
  };
}

async function begin(
  { attemptId, loginHint, ...asked }: BeginOptions,
  { options, provider, client, source }: Parts,
): ReturnType<Connector['begin']> {
  const metadata = await provider.metadata('connector_unavailable');
  const { secrets, scopes } = options;
  const [nonce, codeVerifier] = [secrets.token(), secrets.token()];
  const redirectTo = client.authorizationUrl(metadata, {
    response_type: 'code',
    scope: [...new Set(['openid', ...scopes])].join(' '),
    state: attemptId,
    nonce,
    code_challenge: await calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    ...(loginHint !== undefined && { login_hint: loginHint }),
    ...authenticationParameters(asked, options),
  });
  return {
    request: { binding: 'redirect', url: redirectTo.href },
    expectation: { protocol: 'oidc', nonce, codeVerifier, clientId: options.clientId },
    source,
  };
}

async function complete(
  response: AuthenticationResponse,
  expectation: Expectation | undefined,
  parts: Parts,
): Promise<VerifiedSignIn> {
  const answer = await verify(response, expectation, parts);
  return signInFrom({ ...parts.options, source: parts.source }, answer);
}

async function inspect(
  response: AuthenticationResponse,
  expectation: Expectation | undefined,
  parts: Parts,
): Promise<InspectedSignIn> {
  const answer = await verify(response, expectation, parts);
  const { options, source } = parts;
  return inspected({
    source,
    values: claimsIn(answer),
    signIn: () => signInFrom({ ...options, source }, answer),
    refreshToken: answer.refreshToken,
  });
}

async function verify(
  response: AuthenticationResponse,
  expectation: Expectation | undefined,
  { options, provider, clients }: Parts,
): Promise<VerifiedAnswer> {
  const { clientId, ...answer } = answerFrom(response, expectation);
  const metadata = await provider.metadata('idp_unreachable');
  const isComplete = isCompleteFor(options.claims);
  return clients.redeem(clientId, metadata, { ...answer, isComplete });
}

async function revoke(refreshToken: string, { provider, client }: Parts): Promise<void> {
  const metadata = await provider.metadata('idp_unreachable');
  if (metadata.revocation_endpoint !== undefined) await client.revoke(metadata, refreshToken);
}

/**
 * The response in the browser's request, checked as far as possible without the provider. Throws
 * `oidc_response_refused`.
 */
function answerFrom(response: AuthenticationResponse, expectation: Expectation | undefined) {
  if (response.protocol !== 'oidc') throw refused('it is not an OpenID Connect response');
  if (expectation?.protocol !== 'oidc') throw refused('no OpenID Connect sign-in was begun for it');
  const callback = response.parameters;
  // No parameter more than once (RFC 6749 3.1): two readers could choose different ones.
  if (new Set(callback.keys()).size !== callback.size)
    throw refused('a parameter occurs more than once');
  if (!callback.get('state')) throw refused('state is missing');
  const { nonce, codeVerifier, clientId } = expectation;
  return { callback, nonce, codeVerifier, clientId };
}

function refused(why: string): BridgeError {
  return new BridgeError(
    'oidc_response_refused',
    `the authorization response was rejected: ${why}`,
  );
}

function signInFrom(
  options: OidcConnectorOptions & { readonly source: IdentitySource },
  answer: VerifiedAnswer,
): VerifiedSignIn {
  const { claims, idToken, refreshToken } = answer;
  const read = identityOf(options, answer);
  const providerSession: ReceivedProviderSession = {
    ...(isSessionId(claims.sid) && { sid: claims.sid }),
    idToken,
    ...(refreshToken !== undefined && { refreshToken }),
  };
  if (!options.keepCorporateProof) return { ...read, providerSession };
  return {
    ...read,
    providerSession,
    corporateProof: { kind: 'id-token', token: idToken, expiresAt: claims.exp * 1000 },
  };
}

/** Does not reject for a fault of the provider. */
async function refresh(
  request: RefreshRequest,
  { options, provider, client, source }: Parts,
): Promise<RefreshAnswer> {
  let tokens: RefreshedTokens = {};
  try {
    const metadata = await provider.metadata('idp_unreachable');
    const isComplete = isCompleteFor(options.claims);
    const answer = await client.refresh(metadata, { ...request, isComplete });
    if (answer.kind !== 'stated') return answer;
    const { refreshToken, idToken } = answer;
    tokens = { refreshToken, idToken };
    const { subject } = request;
    const about = { subject, now: options.clock.now() };
    const identity = refreshedIdentityOf({ ...options, source }, answer, about);
    return { kind: 'confirmed', identity, tokens };
  } catch (thrown) {
    return { kind: 'failed', error: asBridgeError(thrown), lost: 'nothing', tokens };
  }
}

function credentialsOf(options: ClientCredentials): ClientCredentials {
  const { clientId, clientSecret, clientAuthentication } = options;
  return { clientId, clientSecret, clientAuthentication };
}
