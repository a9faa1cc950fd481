/**
 * An OpenID provider of which every part can be made wrong. By default it is correct and strict: it
 * checks the client, the redirect URI, the PKCE verifier and that a code is redeemed once.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JWK } from 'jose';
import { forgeLogoutToken, type LogoutTokenFault } from './logout-token-forge.ts';
import { type Mischief, misbehave } from './mischief.ts';
import { clientProblem, type ExpectedClient } from './openid-client-check.ts';
import { discoveryDocument, ENDPOINTS, type Endpoint } from './openid-endpoints.ts';
import { type Claims, createTokenForge, type Signature } from './token-forge.ts';

export interface Faults {
  mischief: Partial<Record<Endpoint, Mischief>>;
  /** Paths that redirect. */
  redirects: Readonly<Record<string, { readonly status: number; readonly location: string }>>;
  discovery: (document: Claims) => Claims;
  /** Changes the claims of the id_token; undefined omits a claim. */
  idToken: (claims: Claims) => Claims;
  header: (header: Claims) => Claims;
  signature: Signature;
  callback: (parameters: URLSearchParams) => void;
  token: (answer: Claims) => Claims;
  userinfo: (claims: Claims) => Claims;
  userinfoFormat: 'json' | 'jwt' | 'jwt-of-another-key';
  atHash: 'none' | 'right' | 'wrong';
  jwks: (keys: JWK[]) => JWK[];
  /** The error that answers a refresh; undefined grants it. */
  refresh: { readonly error: string; readonly error_description?: string } | undefined;
}

/**
 * Everything can be changed at any time: a test signs in, then sets the fault that the answer to
 * its refresh has.
 */
export interface OpenIdProviderForge {
  readonly issuer: string;
  clientId: string;
  clientSecret: string;
  readonly faults: Faults;
  /** Claims of the user, in the id_token and at userinfo. */
  person: { idToken: Claims; userinfo: Claims };
  clientAuthentication: ExpectedClient['clientAuthentication'];
  basicParts: ExpectedClient['basicParts'];
  /** Requests for each endpoint. */
  readonly asked: Record<Endpoint, number>;
  /** Tokens that were revoked (RFC 7009), the newest last. */
  readonly revoked: string[];
  /** Every code, token and secret that was issued: no message may contain one. */
  readonly made: string[];
  /**
   * Acts as the user's browser at the authorization endpoint; returns what comes back to the
   * redirect URI.
   */
  authorize(redirectTo: string): URLSearchParams;
  /**
   * A logout token for ALICE and SESSION_ID, which a test puts into `person.idToken.sid`. Tables
   * of faults are in logout-token-forge.ts.
   */
  logoutToken(fault?: LogoutTokenFault): Promise<string>;
  rotateKey(): Promise<void>;
  close(): Promise<void>;
}

interface Grant {
  readonly nonce: string;
  readonly challenge: string;
  readonly redirectUri: string;
}

/** What the token endpoint grants: claims of the id_token besides those of the person. */
type Granted = Readonly<Record<string, string>>;

export const SESSION_ID = 'session-0001';
const CLIENT_SECRET = 'p@ss:w/o%rd+&=';

const NO_FAULTS: Faults = {
  mischief: {},
  redirects: {},
  discovery: document => document,
  idToken: claims => claims,
  header: header => header,
  signature: 'good',
  callback: () => {},
  token: answer => answer,
  userinfo: claims => claims,
  userinfoFormat: 'json',
  atHash: 'none',
  jwks: keys => keys,
  refresh: undefined,
};

export const ALICE = {
  sub: 'alice-0001',
  preferred_username: 'alice',
  email: 'alice@acme.example',
  groups: ['aws-admins', 'developers'],
};

/** `port` 0 takes a free one; `now` is the provider's clock in milliseconds. */
export async function startOpenIdProviderForge(
  options: { port?: number; now?: () => number } = {},
): Promise<OpenIdProviderForge> {
  const now = options.now ?? Date.now;
  const grants = new Map<string, Grant>();
  const accessTokens = new Set<string>();
  /** Each is good once. */
  const refreshTokens = new Set<string>();
  const tokens = await createTokenForge(CLIENT_SECRET);
  let counter = 0;

  const server = createServer((request, response) => {
    serve(request, response).catch(error => {
      response.writeHead(500).end();
      console.error(error);
    });
  });
  await new Promise<void>(resolve => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const forge: OpenIdProviderForge = {
    issuer,
    clientId: 'bridge',
    clientSecret: CLIENT_SECRET,
    faults: { ...NO_FAULTS, mischief: {} },
    person: { idToken: { ...ALICE }, userinfo: { ...ALICE } },
    clientAuthentication: 'client_secret_basic',
    basicParts: 'form-encoded',
    asked: { discovery: 0, token: 0, jwks: 0, userinfo: 0, revocation: 0 },
    revoked: [],
    made: [CLIENT_SECRET],
    authorize: redirectTo => {
      const asked = new URL(redirectTo);
      const parameter = (name: string) => asked.searchParams.get(name) ?? '';
      if (asked.origin + asked.pathname !== `${issuer}/authorize`)
        throw new Error('not our authorization endpoint');
      if (parameter('client_id') !== forge.clientId || parameter('response_type') !== 'code')
        throw new Error('not our client, or no code flow');
      if (parameter('code_challenge_method') !== 'S256') throw new Error('no PKCE');
      if (!parameter('scope').split(' ').includes('openid')) throw new Error('no openid scope');
      const code = make('code');
      grants.set(code, {
        nonce: parameter('nonce'),
        challenge: parameter('code_challenge'),
        redirectUri: parameter('redirect_uri'),
      });
      const answer = new URLSearchParams({ code, state: parameter('state'), iss: issuer });
      forge.faults.callback(answer);
      return answer;
    },
    logoutToken: async fault => {
      const token = await forgeLogoutToken(
        {
          forge: tokens,
          issuer,
          clientId: forge.clientId,
          sub: ALICE.sub,
          sid: SESSION_ID,
          issuedAt: Math.floor(now() / 1000),
        },
        fault,
      );
      forge.made.push(token);
      return token;
    },
    rotateKey: () => tokens.rotate(),
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  function make(kind: string): string {
    counter += 1;
    const secret = `${kind}-${counter}-${createHash('sha256').update(`${issuer}${kind}${counter}`).digest('hex').slice(0, 16)}`;
    forge.made.push(secret);
    return secret;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', issuer).pathname;
    const moved = forge.faults.redirects[path];
    if (moved !== undefined)
      return void response.writeHead(moved.status, { location: moved.location }).end();
    const endpoint = ENDPOINTS[path];
    if (endpoint === undefined) return void response.writeHead(404).end();
    forge.asked[endpoint] += 1;
    const mischief = forge.faults.mischief[endpoint];
    if (mischief !== undefined) return misbehave(mischief, response);
    return answers[endpoint](request, response);
  }

  const answers: Record<
    Endpoint,
    (request: IncomingMessage, response: ServerResponse) => Promise<void>
  > = {
    discovery: async (_request, response) =>
      json(response, 200, forge.faults.discovery(discoveryDocument(issuer))),
    jwks: async (_request, response) =>
      json(response, 200, { keys: forge.faults.jwks([tokens.jwk()]) }),
    token: async (request, response) => {
      const form = new URLSearchParams(await textOf(request));
      const granted = granting(request, form);
      if ('error' in granted)
        return json(response, granted.error === 'invalid_client' ? 401 : 400, granted);
      const accessToken = make('access');
      accessTokens.add(accessToken);
      const refreshToken = make('refresh');
      refreshTokens.add(refreshToken);
      const idToken = await idTokenFor(granted, accessToken);
      forge.made.push(idToken);
      return json(
        response,
        200,
        forge.faults.token({
          access_token: accessToken,
          token_type: 'Bearer',
          expires_in: 300,
          refresh_token: refreshToken,
          id_token: idToken,
        }),
      );
    },
    revocation: async (request, response) => {
      const form = new URLSearchParams(await textOf(request));
      const error = clientProblem(forge, request.headers.authorization, form);
      if (error !== undefined) return json(response, 401, { error });
      refreshTokens.delete(form.get('token') ?? '');
      forge.revoked.push(form.get('token') ?? '');
      response.writeHead(200).end();
    },
    userinfo: async (request, response) => {
      const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
      if (bearer === undefined || !accessTokens.has(bearer)) {
        return void response
          .writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' })
          .end();
      }
      const claims = forge.faults.userinfo({ ...forge.person.userinfo });
      if (forge.faults.userinfoFormat === 'json') return json(response, 200, claims);
      const signature = forge.faults.userinfoFormat === 'jwt' ? 'good' : 'other-key';
      response.writeHead(200, { 'content-type': 'application/jwt' });
      response.end(
        await tokens.sign({
          claims: { iss: issuer, aud: forge.clientId, ...claims },
          header: forge.faults.header,
          signature,
        }),
      );
    },
  };

  function granting(request: IncomingMessage, form: URLSearchParams): Granted {
    const error = clientProblem(forge, request.headers.authorization, form);
    if (error !== undefined) return { error };
    switch (form.get('grant_type')) {
      case 'authorization_code':
        return redeemed(form);
      case 'refresh_token':
        return refreshed(form);
      default:
        return { error: 'unsupported_grant_type' };
    }
  }

  function redeemed(form: URLSearchParams): Granted {
    const grant = grants.get(form.get('code') ?? '');
    if (grant === undefined || grant.redirectUri !== form.get('redirect_uri'))
      return { error: 'invalid_grant' };
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (challenge !== grant.challenge) return { error: 'invalid_grant' };
    grants.delete(form.get('code')!);
    return { nonce: grant.nonce };
  }

  function refreshed(form: URLSearchParams): Granted {
    if (forge.faults.refresh !== undefined) return { ...forge.faults.refresh };
    // OpenID Connect Core 12.2: a refreshed id_token has no nonce.
    return refreshTokens.delete(form.get('refresh_token') ?? '') ? {} : { error: 'invalid_grant' };
  }

  async function idTokenFor(granted: Granted, accessToken: string): Promise<string> {
    const seconds = Math.floor(now() / 1000);
    const atHash = createHash('sha256')
      .update(accessToken)
      .digest()
      .subarray(0, 16)
      .toString('base64url');
    const claims = forge.faults.idToken({
      iss: issuer,
      aud: forge.clientId,
      iat: seconds,
      exp: seconds + 300,
      ...granted,
      ...(forge.faults.atHash === 'none'
        ? {}
        : { at_hash: forge.faults.atHash === 'right' ? atHash : 'AAAAAAAAAAAAAAAAAAAAAA' }),
      ...forge.person.idToken,
    });
    const { header, signature } = forge.faults;
    return tokens.sign({ claims, header, signature });
  }

  return forge;
}

function json(response: ServerResponse, status: number, body: Claims): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}
