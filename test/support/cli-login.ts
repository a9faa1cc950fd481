/**
 * A terminal that logs in through the real endpoints without our own client, and a user who
 * confirms.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { type Viewer, viewerOf as viewerIn } from '../../src/core/requester.ts';
import type { Visitor } from './visitor.ts';
import type { Protocol, World } from './world.ts';

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
export const CLIENT = 'rolebridge-cli';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what a server answers is looked at field by field.
  readonly json: any;
}

export interface TerminalLogin {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly visitor: Visitor;
}

/** A form to an endpoint of the bridge. */
export async function postForm(
  world: World,
  path: string,
  fields: Readonly<Record<string, string>> | URLSearchParams,
): Promise<Answer> {
  const response = await fetch(world.urls.bridge + path, {
    method: 'POST',
    body: new URLSearchParams(fields as Record<string, string>),
  });
  return answerOf(response);
}

/** An operation of the bearer API. */
export async function callApi(
  world: World,
  token: string | undefined,
  request: {
    method?: string;
    path: string;
    body?: unknown;
    headers?: Readonly<Record<string, string>>;
  },
): Promise<Answer> {
  const { method = 'GET', path, body, headers } = request;
  const response = await fetch(`${world.urls.bridge}/api/v1${path}`, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return answerOf(response);
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  let json: unknown;
  try {
    json = text === '' ? undefined : JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, json };
}

/** The user of a signed-in browser, as the bridge knows them. */
export async function viewerOf(world: World, visitor: Visitor): Promise<Viewer> {
  const origin = { correlationId: 'test', address: '127.0.0.1' };
  const cookie = visitor.cookie(world.urls.bridge, 'rolebridge');
  const session = await world.bridge.signIn.sessionOf(cookie, origin);
  assert.ok(session, 'the browser is signed in');
  return viewerIn(session, origin);
}

export function beginDevice(
  world: World,
  fields: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return postForm(world, '/oauth/device_authorization', {
    client_id: CLIENT,
    device_name: 'terminal-of-a-test',
    ...fields,
  });
}

export function pollDevice(world: World, deviceCode: string, clientId = CLIENT): Promise<Answer> {
  return postForm(world, '/oauth/token', {
    grant_type: DEVICE_CODE,
    client_id: clientId,
    device_code: deviceCode,
  });
}

/** Types the code into the page and confirms, as a user does. */
export async function confirmDevice(
  world: World,
  visitor: Visitor,
  userCode: string,
): Promise<void> {
  const form = await visitor.get(`${world.urls.bridge}/device`);
  const question = await visitor.submit(form, 'form[action="/device"]', { user_code: userCode });
  const done = await visitor.submit(question, 'button[value=approve]');
  assert.equal(done.status, 200, done.text.slice(0, 300));
}

/** A whole login by a device code. */
export async function loginByDevice(
  world: World,
  username: string,
  protocol: Protocol = 'saml',
): Promise<TerminalLogin> {
  const { visitor } = await world.signIn(username, protocol);
  const begun = await beginDevice(world);
  assert.equal(begun.status, 200);
  await confirmDevice(world, visitor, begun.json.user_code);
  const { status, json } = await pollDevice(world, begun.json.device_code);
  assert.equal(status, 200, JSON.stringify(json));
  return { accessToken: json.access_token, refreshToken: json.refresh_token, visitor };
}

const REDIRECT_URI = 'http://127.0.0.1:49152/callback';

/** A whole login by an authorization code, in the browser of a user who is signed in. */
export async function loginByCode(world: World, visitor: Visitor): Promise<TerminalLogin> {
  const codeVerifier = randomBytes(48).toString('base64url');
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: CLIENT,
    redirect_uri: REDIRECT_URI,
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
    device_name: 'terminal-of-a-test',
  });
  const question = await visitor.get(`${world.urls.bridge}/oauth/authorize?${query}`);
  const stopAt = (url: string): boolean => url.startsWith(REDIRECT_URI);
  const done = await visitor.submit(question, 'button[value=approve]', {}, { stopAt });
  const { status, json } = await postForm(world, '/oauth/token', {
    grant_type: 'authorization_code',
    client_id: CLIENT,
    redirect_uri: REDIRECT_URI,
    code: new URL(done.path.at(-1)!).searchParams.get('code')!,
    code_verifier: codeVerifier,
  });
  assert.equal(status, 200, JSON.stringify(json));
  return { accessToken: json.access_token, refreshToken: json.refresh_token, visitor };
}

/** What a terminal does when its access token has expired. */
export function refreshLogin(world: World, { refreshToken }: TerminalLogin): Promise<Answer> {
  return postForm(world, '/oauth/token', {
    grant_type: 'refresh_token',
    client_id: CLIENT,
    refresh_token: refreshToken,
  });
}

export interface MadeContainerToken {
  readonly id: string;
  readonly token: string;
  /** Where it gives credentials, below the root of the API. */
  readonly path: string;
}

/** A container token of a login for prod/Developer. */
export async function makeContainerToken(
  world: World,
  { accessToken }: TerminalLogin,
): Promise<MadeContainerToken> {
  const body = { account: 'prod', role: 'Developer' };
  const { status, json } = await callApi(world, accessToken, {
    method: 'POST',
    path: '/container-tokens',
    body,
  });
  assert.equal(status, 200, JSON.stringify(json));
  return {
    id: json.id,
    token: json.token,
    path: new URL(json.url).pathname.replace('/api/v1', ''),
  };
}
