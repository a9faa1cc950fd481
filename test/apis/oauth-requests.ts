/** Requests of a terminal at the OAuth endpoints, and what the person answers. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import {
  type Answer,
  beginDevice,
  CLIENT,
  callApi,
  postForm,
  viewerOf,
} from '../support/cli-login.ts';
import type { Visitor } from '../support/visitor.ts';
import type { World } from '../support/world.ts';

export const errorOf = ({ status, json }: Answer): [number, string] => [status, json.error];
export const refresh = (world: World, token: string, client = CLIENT): Promise<Answer> =>
  postForm(world, '/oauth/token', {
    grant_type: 'refresh_token',
    client_id: client,
    refresh_token: token,
  });
export const isLive = async (world: World, token: string): Promise<boolean> =>
  (await callApi(world, token, { path: '/whoami' })).status === 200;

/** A begun login that the person of this browser has confirmed. */
export async function confirmed(world: World, visitor: Visitor): Promise<string> {
  const { json } = await beginDevice(world);
  await world.bridge.deviceAuthorization.approve(await viewerOf(world, visitor), {
    userCode: json.user_code,
  });
  return json.device_code;
}

export interface Authorization {
  readonly code: string;
  readonly verifier: string;
  readonly redirectUri: string;
}

/** From the consent page to the code, without a listener at the end. */
export async function authorized(
  world: World,
  visitor: Visitor,
  over: Readonly<Record<string, string>> = {},
): Promise<Authorization> {
  const verifier = randomBytes(32).toString('base64url');
  const redirectUri = 'http://127.0.0.1:9/callback';
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: CLIENT,
    redirect_uri: redirectUri,
    state: 'the-state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...over,
  });
  const page = await visitor.get(`${world.urls.bridge}/oauth/authorize?${query}`);
  const done = await visitor.submit(
    page,
    'button[value=approve]',
    {},
    { stopAt: url => url.startsWith(redirectUri) },
  );
  const answered = new URL(done.path.at(-1)!);
  assert.equal(answered.searchParams.get('state'), 'the-state');
  assert.equal(answered.searchParams.get('iss'), world.urls.bridge);
  return { code: answered.searchParams.get('code')!, verifier, redirectUri };
}

export const exchange = (
  world: World,
  { code, verifier, redirectUri }: Authorization,
  over: Readonly<Record<string, string>> = {},
): Promise<Answer> =>
  postForm(world, '/oauth/token', {
    grant_type: 'authorization_code',
    client_id: CLIENT,
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    ...over,
  });
