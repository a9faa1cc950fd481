/**
 * The demo's corporate OpenID provider: oidc-provider (OpenID Certified) with our people, a sign-in
 * page, and controls by which tests change the people and the provider while it runs.
 *
 * Owns: what is said of a person, the clients, the wiring of the parts. The protocol is the
 * library's. Sign-ins and tokens are stamped by `now`; sessions, codes, access and refresh tokens
 * expire by the clock of the machine. Keys, sessions and codes live as long as the process.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import express from 'express';
import { type ClientMetadata, type Configuration, Provider } from 'oidc-provider';
import { createDirectory, type Directory } from '../directory.ts';
import { html } from '../html.ts';
import { page } from '../page.ts';
import type { Person } from '../people.ts';
import { findAccountIn } from './accounts.ts';
import { authenticationPolicy, readParameters } from './authentication.ts';
import { goodManners, type Manners, type RefreshManners, type StepUpManners } from './manners.ts';
import { createMemoryAdapter } from './memory-adapter.ts';
import { endSessionsOf, type LogoutCall, recordedFetch } from './sessions.ts';
import { SETTINGS } from './settings.ts';
import { IDP_NAME, send, serveSignIns } from './sign-in.ts';
import { createOidcSigningKey, type Signer, type SignerOptions, signFor } from './signer.ts';
import { type Endpoint, type Hold, trafficOf, withOutages } from './traffic.ts';

export interface OidcClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris?: readonly string[];
  /** Hears of the end of sessions; http on loopback is accepted. */
  readonly backchannelLogoutUri?: string;
}

export interface OidcIdpOptions {
  /** The issuer: an origin without a trailing slash. */
  readonly baseUrl: string;
  readonly people: readonly Person[];
  readonly clients: readonly OidcClient[];
  /** Epoch milliseconds that sign-ins and tokens are stamped with; the machine's by default. */
  readonly now?: () => number;
  /** Signs its tokens; a new one by default. RS256, extractable. */
  readonly keyPair?: CryptoKeyPair;
}

export interface OidcIdp extends Manners {
  readonly handler: RequestListener;
  readonly issuer: string;
  /** Changes people: groups, attributes, disabled accounts. Refreshes and sign-ins meet it. */
  readonly directory: Directory;
  /** Requests by endpoint since the start. */
  readonly requests: Readonly<Record<Endpoint, number>>;
  /** Logout tokens that were posted, the newest last. */
  readonly logoutCalls: readonly LogoutCall[];
  /** The `sub` of this person. */
  subjectOf(username: string): string;
  /** Answers refreshes of this person with `interaction_required` until their next sign-in. */
  requireInteraction(username: string): void;
  /** Ends the sessions and grants of this person; resolves when the clients have answered. */
  endSessions(username: string): Promise<void>;
  /** Waits with the answers to refreshes, which are carried out. */
  holdRefreshes(): Hold;
  /** Publishes a new key alone, and signs with it. */
  rotateKey(): Promise<void>;
}

/** Starts with a new RS256 key unless one is given. */
export async function createOidcIdp(options: OidcIdpOptions): Promise<OidcIdp> {
  const { baseUrl, now = Date.now } = options;
  const manners = goodManners();
  const { stepUp, refresh, faults } = manners;
  const directory = createDirectory(options.people);
  const subjectOf = (username: string): string =>
    createHash('sha256').update(`${baseUrl} ${username}`).digest('hex').slice(0, 32);
  const needsInteraction = new Set<string>();
  const memory = createMemoryAdapter({
    isReusable: model => model === 'RefreshToken' && refresh.rotation === 'lenient',
  });
  const firstKey = await createOidcSigningKey(options.keyPair);
  const logoutCalls: LogoutCall[] = [];
  const provider = new Provider(baseUrl, {
    ...settingsOf(options, manners),
    jwks: { keys: [firstKey.privateJwk] },
    adapter: memory.forModel,
    findAccount: findAccountIn({ directory, subjectOf, needsInteraction }),
    fetch: recordedFetch(logoutCalls),
  });
  const { requests, holdRefreshes } = trafficOf(provider, faults);
  const signer = signFor(provider, { firstKey, now, stated: statedBy(manners) });
  editAnswers(provider, refresh, signer);
  const app = appReading(stepUp);
  const onSignIn = ({ username }: Person): void => void needsInteraction.delete(username);
  serveSignIns(app, { provider, directory, stepUp, baseUrl, now, subjectOf, onSignIn });
  app.use(provider.callback());
  return {
    handler: withOutages(app, faults),
    issuer: baseUrl,
    directory,
    ...manners,
    requests,
    logoutCalls,
    subjectOf,
    requireInteraction: username => void needsInteraction.add(username),
    endSessions: username => endSessionsOf(provider, memory, subjectOf(username)),
    holdRefreshes,
    rotateKey: signer.rotate,
  };
}

/** The settings of this provider that its manners decide, in addition to those of all. */
function settingsOf(
  { clients, now = Date.now }: OidcIdpOptions,
  { stepUp, refresh }: Manners,
): Configuration {
  return {
    ...SETTINGS,
    clients: clients.map(clientMetadata),
    cookies: { names: COOKIES, keys: [randomBytes(32).toString('base64url')] },
    interactions: { ...SETTINGS.interactions, policy: authenticationPolicy({ stepUp, now }) },
    issueRefreshToken: async () => refresh.issued,
    rotateRefreshToken: () => refresh.rotation !== 'none',
  };
}

function statedBy({ stepUp, refresh }: Manners): SignerOptions['stated'] {
  return (claims, { refreshed }) => ({
    ...claims,
    ...AUTH_TIMES[stepUp.authTime],
    ...(refreshed && refresh.subject !== undefined ? { sub: refresh.subject } : {}),
  });
}

/** The front page, and the authorization request without the parameters that are not read. */
function appReading(stepUp: StepUpManners): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.get('/', (_req, res) => send(res, 200, page({ title: IDP_NAME, body: FRONT })));
  app.get('/auth', (req, _res, next) => {
    const [path, query] = req.url.split('?', 2);
    req.url = `${path}?${readParameters(new URLSearchParams(query), stepUp)}`;
    next();
  });
  return app;
}

/** Answers that the library does not give by itself. */
function editAnswers(provider: Provider, refresh: RefreshManners, signer: Signer): void {
  provider.use(async (ctx, next) => {
    await next();
    const { route, params } = ctx.oidc ?? {};
    const body = ctx.body as Record<string, unknown>;
    if (ctx.status !== 200) return;
    if (route === 'jwks') ctx.body = signer.jwks();
    if (route === 'userinfo' && refresh.subject !== undefined) body.sub = refresh.subject;
    if (route === 'token' && params?.grant_type === 'refresh_token' && !refresh.idToken)
      delete body.id_token;
  });
}

function clientMetadata(client: OidcClient): ClientMetadata {
  return {
    client_id: client.clientId,
    client_secret: client.clientSecret,
    redirect_uris: [...client.redirectUris],
    post_logout_redirect_uris: [...(client.postLogoutRedirectUris ?? [])],
    ...(client.backchannelLogoutUri === undefined
      ? {}
      : {
          backchannel_logout_uri: client.backchannelLogoutUri,
          backchannel_logout_session_required: true,
        }),
    // The library takes client_secret_post from such a client as well.
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    id_token_signed_response_alg: 'RS256',
  };
}

const COOKIES = {
  session: 'acme_oidc_session',
  interaction: 'acme_oidc_interaction',
  resume: 'acme_oidc_resume',
};

const AUTH_TIMES: Readonly<Record<StepUpManners['authTime'], object>> = {
  stated: {},
  zero: { auth_time: 0 },
  absent: { auth_time: undefined },
};

const FRONT = html`<h1>${IDP_NAME}</h1><p>Sign-ins begin at the application that you want to use.</p>
<p class="dim"><a href="/session/end">Sign out here</a> &middot; <a href="/.well-known/openid-configuration">Discovery</a></p>`;
