/**
 * A login in the browser of this computer: authorization code with PKCE (RFC 7636) and a loopback
 * redirect (RFC 8252).
 */
import { createHash, randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { CLIENT_ID, OAuthRefusal, type TokenAnswer } from '../server/server.ts';
import { type Opener, openBrowser } from '../terminal/browser.ts';
import type { Client } from './client.ts';
import { deniedInBrowser, LOGIN_SECONDS, notInTime, rejectedByServer } from './login-outcome.ts';
import { type Tokens, tokensOf } from './login-state.ts';
import { type Loopback, listenOnce, page } from './loopback.ts';

export interface BrowserLoginOptions {
  /** The address is printed and not opened. */
  readonly noBrowser?: boolean;
  /** The identity provider must ask the user again. */
  readonly fresh?: boolean;
}

/** What the browser brought back. */
type Received = { readonly code: string } | { readonly refusal: string };

/** The values that bind one authorization request to its answer. */
interface Request {
  readonly state: string;
  readonly verifier: string;
  readonly redirectUri: string;
}

/** Throws `loginFailed`, `unreachable`. */
export async function logInByBrowser(
  client: Client,
  options: BrowserLoginOptions,
  opener: Opener | undefined,
): Promise<Tokens> {
  const state = randomBytes(32).toString('base64url');
  const loopback = await listenForAnswer(client, state);
  const request: Request = {
    state,
    verifier: randomBytes(32).toString('base64url'),
    redirectUri: `http://127.0.0.1:${loopback.port}/callback`,
  };
  try {
    await showAddress(client, authorizationUrl(client, request, options), {
      opener: options.noBrowser === true ? undefined : opener,
    });
    return await redeem(client, request, await loopback.received);
  } catch (thrown) {
    throw thrown instanceof OAuthRefusal ? rejectedByServer(client, thrown) : thrown;
  } finally {
    loopback.close();
  }
}

function listenForAnswer({ server }: Client, state: string): Promise<Loopback<Received>> {
  return listenOnce<Received>({
    path: '/callback',
    timeoutMilliseconds: LOGIN_SECONDS * 1000,
    answer: (query, response) => {
      // An answer to another request, or of another issuer (RFC 9207): keep waiting.
      if (query.get('state') === state && query.get('iss') === server.origin)
        return receivedIn(query, response);
      page(response, {
        status: 400,
        title: 'This is not the answer to your login',
        text: 'Go back to your terminal and start again.',
      });
      return undefined;
    },
  });
}

function receivedIn(query: URLSearchParams, response: ServerResponse): Received {
  const code = query.get('code');
  if (code !== null) {
    page(response, {
      status: 200,
      title: 'Go back to your terminal',
      text: 'The login is confirmed. You can close this page.',
    });
    return { code };
  }
  page(response, {
    status: 200,
    title: 'The login was stopped',
    text: 'Your terminal is not signed in. You can close this page.',
  });
  return { refusal: query.get('error') ?? 'unknown' };
}

function authorizationUrl(
  { server }: Client,
  { state, verifier, redirectUri }: Request,
  { fresh }: BrowserLoginOptions,
): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: CLIENT_ID,
    redirect_uri: redirectUri,
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    device_name: hostname(),
    ...(fresh === true && { prompt: 'login' }),
  });
  return `${server.origin}/oauth/authorize?${query}`;
}

async function showAddress(
  { terminal, env }: Client,
  address: string,
  { opener }: { readonly opener: Opener | undefined },
): Promise<void> {
  const isOpen = opener !== undefined && (await openBrowser(opener, address, env));
  terminal.say(
    isOpen
      ? 'Confirm the login in the browser that has opened. If none has, open this address on this computer:'
      : 'Open this address in a browser on this computer:',
  );
  terminal.say(`\n  ${address}\n`);
}

async function redeem(
  client: Client,
  { redirectUri, verifier }: Request,
  received: Received | undefined,
): Promise<Tokens> {
  if (received === undefined)
    throw notInTime(
      client,
      `With a browser on another computer: ${client.bridge.loginCommand} --device`,
    );
  if ('refusal' in received) throw deniedInBrowser(client, received.refusal);
  const answer = await client.server.form<TokenAnswer>('/oauth/token', {
    grant_type: 'authorization_code',
    client_id: CLIENT_ID,
    code: received.code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
  });
  return tokensOf(answer);
}
