/**
 * An OpenID provider of which every part can be made wrong. By default it is correct and strict: it
 * checks the client, the redirect URI, the PKCE verifier and that a code is redeemed once.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export type Endpoint = 'discovery' | 'token' | 'jwks' | 'userinfo';
/** What an endpoint does instead of a proper answer. */
export type Mischief =
  | 'huge'
  | 'hanging'
  | 'redirecting'
  | 'garbage'
  | 'not-json'
  | 'failing'
  | 'dropping';
type Claims = Record<string, unknown>;

export interface Faults {
  mischief: Partial<Record<Endpoint, Mischief>>;
  discovery: (document: Claims) => Claims;
  /** Changes the claims of the id_token; undefined omits a claim. */
  idToken: (claims: Claims) => Claims;
  header: (header: Claims) => Claims;
  signature: 'good' | 'none' | 'hs256' | 'other-key' | 'cut';
  callback: (parameters: URLSearchParams) => void;
  token: (answer: Claims) => Claims;
  userinfo: (claims: Claims) => Claims;
  userinfoFormat: 'json' | 'jwt' | 'jwt-of-another-key';
  atHash: 'none' | 'right' | 'wrong';
  jwks: (keys: JWK[]) => JWK[];
}

export interface OpenIdProviderForge {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly faults: Faults;
  /** Claims of the user, in the id_token and at userinfo. */
  person: { idToken: Claims; userinfo: Claims };
  clientAuthentication: 'client_secret_basic' | 'client_secret_post';
  /** Requests for each endpoint. */
  readonly asked: Record<Endpoint, number>;
  /** Every code, token and secret that was issued: no message may contain one. */
  readonly made: string[];
  /**
   * Acts as the user's browser at the authorization endpoint; returns what comes back to the
   * redirect URI.
   */
  authorize(redirectTo: string): URLSearchParams;
  rotateKey(): Promise<void>;
  close(): Promise<void>;
}

interface Grant {
  readonly nonce: string;
  readonly challenge: string;
  readonly redirectUri: string;
}

interface Key {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

const NO_FAULTS: Faults = {
  mischief: {},
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
  let key = await newKey();
  const otherKey = await newKey();
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
    clientSecret: 'p@ss:w/o%rd+&=',
    faults: { ...NO_FAULTS, mischief: {} },
    person: { idToken: { ...ALICE }, userinfo: { ...ALICE } },
    clientAuthentication: 'client_secret_basic',
    asked: { discovery: 0, token: 0, jwks: 0, userinfo: 0 },
    made: ['p@ss:w/o%rd+&='],
    authorize: redirectTo => {
      const asked = new URL(redirectTo);
      const parameter = (name: string) => asked.searchParams.get(name) ?? '';
      if (asked.origin + asked.pathname !== `${issuer}/authorize`)
        throw new Error('not our authorization endpoint');
      if (parameter('client_id') !== 'bridge' || parameter('response_type') !== 'code')
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
    rotateKey: async () => {
      key = await newKey();
    },
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

  async function newKey(): Promise<Key> {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(publicKey);
    const kid = createHash('sha256').update(JSON.stringify(jwk)).digest('hex').slice(0, 8);
    return { kid, privateKey, jwk: { ...jwk, kid, use: 'sig', alg: 'ES256' } };
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', issuer).pathname;
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
    jwks: async (_request, response) => json(response, 200, { keys: forge.faults.jwks([key.jwk]) }),
    token: async (request, response) => {
      const form = new URLSearchParams(await textOf(request));
      const problem = clientProblem(forge, request, form) ?? grantProblem(form);
      if (problem !== undefined)
        return json(response, problem === 'invalid_client' ? 401 : 400, { error: problem });
      const grant = grants.get(form.get('code')!)!;
      grants.delete(form.get('code')!);
      const accessToken = make('access');
      accessTokens.add(accessToken);
      const idToken = await idTokenFor(grant, accessToken);
      forge.made.push(idToken);
      return json(
        response,
        200,
        forge.faults.token({
          access_token: accessToken,
          token_type: 'Bearer',
          expires_in: 300,
          id_token: idToken,
        }),
      );
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
      const signer = forge.faults.userinfoFormat === 'jwt' ? key : { ...otherKey, kid: key.kid };
      response.writeHead(200, { 'content-type': 'application/jwt' });
      response.end(await signed(signer, { iss: issuer, aud: 'bridge', ...claims }));
    },
  };

  function grantProblem(form: URLSearchParams): string | undefined {
    const grant = grants.get(form.get('code') ?? '');
    if (form.get('grant_type') !== 'authorization_code') return 'unsupported_grant_type';
    if (grant === undefined || grant.redirectUri !== form.get('redirect_uri'))
      return 'invalid_grant';
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    return challenge === grant.challenge ? undefined : 'invalid_grant';
  }

  async function idTokenFor(grant: Grant, accessToken: string): Promise<string> {
    const seconds = Math.floor(now() / 1000);
    const atHash = createHash('sha256')
      .update(accessToken)
      .digest()
      .subarray(0, 16)
      .toString('base64url');
    const claims = forge.faults.idToken({
      iss: issuer,
      aud: 'bridge',
      iat: seconds,
      exp: seconds + 300,
      nonce: grant.nonce,
      ...(forge.faults.atHash === 'none'
        ? {}
        : { at_hash: forge.faults.atHash === 'right' ? atHash : 'AAAAAAAAAAAAAAAAAAAAAA' }),
      ...forge.person.idToken,
    });
    switch (forge.faults.signature) {
      case 'none':
        return `${encoded({ alg: 'none' })}.${encoded(claims)}.`;
      case 'hs256': {
        const header = forge.faults.header({ alg: 'HS256', kid: key.kid });
        return new SignJWT(claims)
          .setProtectedHeader(header as { alg: string })
          .sign(new TextEncoder().encode(forge.clientSecret.padEnd(32, '.')));
      }
      case 'other-key':
        return signed({ ...otherKey, kid: key.kid }, claims);
      case 'cut':
        return (await signed(key, claims)).slice(0, -8);
      case 'good':
        return signed(key, claims);
    }
  }

  function signed(signer: Key, claims: Claims): Promise<string> {
    const header = forge.faults.header({ alg: 'ES256', kid: signer.kid });
    // The library signs a critical extension only when it is told that it knows it.
    return new SignJWT(claims)
      .setProtectedHeader(header as { alg: string })
      .sign(signer.privateKey, { crit: { 'urn:acme:extension': true } });
  }

  return forge;
}

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  '/.well-known/openid-configuration': 'discovery',
  '/jwks': 'jwks',
  '/token': 'token',
  '/userinfo': 'userinfo',
};

function discoveryDocument(issuer: string): Claims {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code', 'code id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['HS256', 'ES256', 'none'],
    userinfo_signing_alg_values_supported: ['ES256', 'none'],
    code_challenge_methods_supported: ['plain', 'S256'],
    authorization_response_iss_parameter_supported: true,
  };
}

/**
 * RFC 6749 2.3.1: the parts of a Basic header are form-encoded. Only the registered method is
 * accepted.
 */
function clientProblem(
  forge: OpenIdProviderForge,
  request: IncomingMessage,
  form: URLSearchParams,
): string | undefined {
  const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  const parts = basic === undefined ? [] : Buffer.from(basic, 'base64').toString().split(':');
  const decode = (text: string | undefined) =>
    decodeURIComponent((text ?? '').replaceAll('+', ' '));
  const given =
    forge.clientAuthentication === 'client_secret_basic'
      ? [parts.length === 2 && decode(parts[0]), decode(parts[1]), form.has('client_secret')]
      : [form.get('client_id'), form.get('client_secret'), basic !== undefined];
  const [id, secret, both] = given;
  return id === forge.clientId && secret === forge.clientSecret && both === false
    ? undefined
    : 'invalid_client';
}

function misbehave(mischief: Mischief, response: ServerResponse): void {
  const type = { 'content-type': 'application/json' };
  switch (mischief) {
    case 'huge':
      return void response
        .writeHead(200, type)
        .end(JSON.stringify({ padding: 'x'.repeat(2_000_000) }));
    case 'hanging':
      return void response.writeHead(200, type).write('{');
    case 'redirecting':
      return void response.writeHead(302, { location: '/elsewhere' }).end();
    case 'garbage':
      return void response.writeHead(200, type).end('{"access_token": "sensitive-value", ');
    case 'not-json':
      return void response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<p>maintenance</p>');
    case 'failing':
      return void response.writeHead(503).end();
    case 'dropping':
      return void response.destroy();
  }
}

function json(response: ServerResponse, status: number, body: Claims): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function encoded(value: Claims): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}
