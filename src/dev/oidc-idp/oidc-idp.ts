/**
 * The demo's corporate OpenID provider: oidc-provider (OpenID Certified) with our people and a
 * sign-in page.
 *
 * Owns: the settings of the library, the sign-in page, what is said of a person. The protocol is
 * the library's, whose own clock is the machine's: `now` only stamps sign-ins (`auth_time`). Keys,
 * sessions and codes live as long as the process.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import express, { type NextFunction, type Request, type Response } from 'express';
import { exportJWK, generateKeyPair } from 'jose';
import { type Configuration, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import { Html, html } from '../html.ts';
import { PAGE_HEADERS, page, signInPage } from '../page.ts';
import { type Person, personWithPassword } from '../people.ts';
import { createMemoryAdapter } from './memory-adapter.ts';

export interface OidcClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris?: readonly string[];
}

export interface OidcIdpOptions {
  /** The issuer: an origin without a trailing slash. */
  readonly baseUrl: string;
  readonly people: readonly Person[];
  readonly clients: readonly OidcClient[];
  /** Epoch milliseconds that sign-ins are stamped with; the machine's clock by default. */
  readonly now?: () => number;
  /** Signs its tokens; a new one by default. RS256, extractable. */
  readonly keyPair?: CryptoKeyPair;
}

export interface OidcIdp {
  readonly handler: RequestListener;
  readonly issuer: string;
}

const NAME = 'Acme Login';
const MULTI_FACTOR_CONTEXT = 'https://refeds.org/profile/mfa';
const PASSWORD_CONTEXT = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport';

interface Idp {
  readonly provider: Provider;
  readonly people: readonly Person[];
  readonly origin: string;
  readonly now: () => number;
  readonly subjectOf: (person: Person) => string;
}

/** Starts with a new RS256 key unless one is given. */
export async function createOidcIdp({
  baseUrl,
  people,
  clients,
  now = Date.now,
  keyPair,
}: OidcIdpOptions): Promise<OidcIdp> {
  const subjectOf = (person: Person): string =>
    createHash('sha256').update(`${baseUrl} ${person.username}`).digest('hex').slice(0, 32);
  const bySubject = new Map(people.map(person => [subjectOf(person), person]));
  const provider = new Provider(baseUrl, {
    ...SETTINGS,
    clients: clients.map(clientMetadata),
    jwks: { keys: [await signingKey(keyPair)] },
    cookies: { names: COOKIES, keys: [randomBytes(32).toString('base64url')] },
    adapter: createMemoryAdapter(),
    findAccount: (_ctx, subject) => {
      const person = bySubject.get(subject);
      return person && { accountId: subject, claims: () => claimsOf(subject, person) };
    },
  });
  const { origin } = new URL(baseUrl);
  return { handler: appOf({ provider, people, origin, now, subjectOf }), issuer: baseUrl };
}

const COOKIES = {
  session: 'acme_oidc_session',
  interaction: 'acme_oidc_interaction',
  resume: 'acme_oidc_resume',
};

function appOf(idp: Idp): RequestListener {
  const { provider, people } = idp;
  const app = express();
  app.disable('x-powered-by');
  app.get('/', (_req, res) => send(res, 200, page({ title: NAME, body: FRONT })));
  app.get('/interaction/:uid', async (req, res) => {
    const { uid, params } = await provider.interactionDetails(req, res);
    showForm(res, 200, { uid, destination: destinationOf(params), people });
  });
  const form = express.urlencoded({ extended: false, limit: '10kb' });
  app.post('/interaction/:uid', form, (req, res) => signIn(idp, req, res));
  app.use('/interaction', (error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    const status = (error as { status?: number }).status ?? 500;
    const text = status < 500 ? SIGN_IN_EXPIRED : 'Something went wrong. Try again.';
    send(res, status, fault(text));
  });
  app.use(provider.callback());
  return app;
}

const SIGN_IN_EXPIRED = 'This sign-in has expired. Start again where you came from.';

async function signIn(idp: Idp, req: Request, res: Response): Promise<void> {
  const { provider, people, origin, now, subjectOf } = idp;
  // The library's interaction cookie is Lax and bound to the unguessable id in the path. This also
  // stops other sites on our own host.
  if (req.headers.origin !== undefined && req.headers.origin !== origin)
    return send(res, 403, fault('This form was not made here.'));
  const { uid, params } = await provider.interactionDetails(req, res);
  const fields = (req.body ?? {}) as Readonly<Record<string, unknown>>;
  const person = personWithPassword(people, fields.username, fields.password);
  if (person === undefined) {
    const problem = 'Wrong user name or password.';
    return showForm(res, 401, { uid, destination: destinationOf(params), people, problem });
  }
  const secondFactor = fields.second_factor === 'on';
  await provider.interactionFinished(req, res, {
    login: {
      accountId: subjectOf(person),
      amr: secondFactor ? ['pwd', 'mfa'] : ['pwd'],
      acr: secondFactor ? MULTI_FACTOR_CONTEXT : PASSWORD_CONTEXT,
      ts: Math.floor(now() / 1000),
    },
  });
}

const SCOPES = ['openid', 'profile', 'email', 'groups'];

const SETTINGS: Configuration = {
  scopes: SCOPES,
  claims: {
    openid: ['sub', 'amr', 'acr', 'auth_time'],
    profile: ['name', 'preferred_username', 'department'],
    email: ['email', 'email_verified'],
    groups: ['groups'],
  },
  // Claims come with the id_token, as corporate providers send them, and not from userinfo alone.
  conformIdTokenClaims: false,
  acrValues: [PASSWORD_CONTEXT, MULTI_FACTOR_CONTEXT],
  responseTypes: ['code'],
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: false },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        const body = html`<h1>${NAME}</h1><p>Do you want to sign out of ${NAME} as well?</p>${new Html(form)}
<button type="submit" form="op.logoutForm" name="logout" value="yes" autofocus>Sign out</button>
<button type="submit" form="op.logoutForm">Stay signed in</button>`;
        show(ctx, page({ title: NAME, body }));
      },
      postLogoutSuccessSource: ctx =>
        show(ctx, page({ title: NAME, body: html`<h1>${NAME}</h1><p>You are signed out.</p>` })),
    },
  },
  renderError: (ctx, out) =>
    show(ctx, fault(`${out.error}: ${out.error_description ?? 'the request cannot be answered'}`)),
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  clientBasedCORS: () => false,
  // No consent page: the company decides what its own applications can know.
  loadExistingGrant: async ctx => {
    const { client, session, provider } = ctx.oidc;
    if (!client || !session?.accountId) return undefined;
    const known = session.grantIdFor(client.clientId);
    const grant =
      (known && (await provider.Grant.find(known))) ||
      new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope(SCOPES.join(' '));
    await grant.save();
    return grant;
  },
  ttl: {
    AccessToken: 600,
    AuthorizationCode: 60,
    IdToken: 3600,
    Interaction: 600,
    Session: 10 * 3600,
    Grant: 10 * 3600,
  },
};

function clientMetadata(client: OidcClient) {
  return {
    client_id: client.clientId,
    client_secret: client.clientSecret,
    redirect_uris: [...client.redirectUris],
    post_logout_redirect_uris: [...(client.postLogoutRedirectUris ?? [])],
    // The library takes client_secret_post from such a client as well.
    token_endpoint_auth_method: 'client_secret_basic' as const,
    grant_types: ['authorization_code'],
    response_types: ['code' as const],
    id_token_signed_response_alg: 'RS256' as const,
  };
}

async function signingKey(keyPair: CryptoKeyPair | undefined) {
  const { privateKey } = keyPair ?? (await generateKeyPair('RS256', { extractable: true }));
  return {
    ...(await exportJWK(privateKey)),
    use: 'sig',
    alg: 'RS256',
    kid: randomBytes(8).toString('hex'),
  };
}

function claimsOf(subject: string, { username, displayName, email, department, groups }: Person) {
  return {
    sub: subject,
    preferred_username: username,
    name: displayName,
    email,
    email_verified: true,
    department,
    ...(groups.length > 0 ? { groups: [...groups] } : {}),
  };
}

const FRONT = html`<h1>${NAME}</h1><p>Sign-ins begin at the application that you want to use.</p>
<p class="dim"><a href="/session/end">Sign out here</a> &middot; <a href="/.well-known/openid-configuration">Discovery</a></p>`;

function fault(message: string): string {
  return page({ title: NAME, body: html`<h1>${NAME}</h1><p class="bad">${message}</p>` });
}

function destinationOf(params: Readonly<Record<string, unknown>>): string {
  const uri = params.redirect_uri;
  return typeof uri === 'string' && URL.canParse(uri) ? new URL(uri).host : 'an application';
}

interface FormState {
  readonly uid: string;
  readonly destination: string;
  readonly people: readonly Person[];
  readonly problem?: string;
}

function showForm(
  res: Response,
  status: number,
  { uid, destination, people, problem }: FormState,
): void {
  const usernames = people.map(person => person.username);
  send(
    res,
    status,
    signInPage({
      provider: NAME,
      destination,
      action: `/interaction/${uid}`,
      hidden: {},
      problem,
      usernames,
    }),
  );
}

function send(res: Response, status: number, text: string): void {
  res.status(status).set(PAGE_HEADERS).send(text);
}

/** A page that the library answers with; it has set the status. */
function show(ctx: KoaContextWithOIDC, text: string): void {
  ctx.set(PAGE_HEADERS);
  ctx.body = text;
}
