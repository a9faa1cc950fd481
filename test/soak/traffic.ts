/**
 * Users and terminals, each with a visit of its own, and the ledger of every answer that said yes.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  beginDevice,
  CLIENT,
  callApi,
  confirmDevice,
  DEVICE_CODE,
  postForm,
} from '../support/cli-login.ts';
import { fieldsOf, Visitor } from '../support/visitor.ts';
import { CONNECTOR, past, type World } from '../support/world.ts';

/** What the bridge said yes to. Whatever is in here must be true after the process was killed. */
export interface Ledger {
  /** Browsers that are signed in, and the name that their start page shows. */
  readonly signedIn: { readonly visitor: Visitor; readonly name: string }[];
  /** SAML responses that were accepted. */
  readonly responses: {
    readonly visitor: Visitor;
    readonly action: string;
    readonly fields: Readonly<Record<string, string>>;
  }[];
  readonly accessKeys: string[];
  /** Codes that were redeemed, and the tokens of the last answer. */
  readonly devices: (Used & { readonly deviceCode: string })[];
  readonly refreshes: (Used & { readonly refreshToken: string })[];
  readonly codes: { readonly form: Readonly<Record<string, string>> }[];
  /** Refresh tokens of live sessions, to end them. */
  readonly live: Set<string>;
  /** Access tokens of sessions that were ended. */
  readonly revoked: string[];
}

interface Used {
  readonly accessToken: string;
  readonly terminal: Terminal;
}

/** A login. From the moment that its end is requested, it may have ended. */
interface Terminal {
  mayHaveEnded: boolean;
}

export function emptyLedger(): Ledger {
  return {
    ...{ signedIn: [], responses: [], accessKeys: [], devices: [], refreshes: [], codes: [] },
    ...{ live: new Set<string>(), revoked: [] },
  };
}

export interface Visit {
  readonly world: World;
  readonly ledger: Ledger;
}

export const NAMES = { alice: 'Alice Adams', bob: 'Bob Brandt' } as const;
type Name = keyof typeof NAMES;

/** Throws if the bridge answers otherwise than a user expects. */
export const VISITS: Readonly<Record<string, (visit: Visit) => Promise<void>>> = {
  'saml browser': visit => browse(visit, 'bob'),
  'oidc browser': async ({ world, ledger }) => {
    const { visitor, page } = await world.signIn('alice', 'oidc');
    expect(page.html.includes(NAMES.alice), 'an OpenID sign-in', page.status);
    ledger.signedIn.push({ visitor, name: NAMES.alice });
  },
  'device terminal': deviceLogin,
  'browser terminal': codeLogin,
  strangers,
};

function expect(holds: boolean, what: string, status: number): void {
  if (!holds) throw new Error(`${what} was answered with ${status}`);
}

async function signInBySaml({ world, ledger }: Visit, name: Name): Promise<Visitor> {
  const visitor = new Visitor();
  const begin = `${world.urls.bridge}/sign-in/${CONNECTOR.saml}`;
  const login = await past(visitor, await visitor.get(begin));
  const page = await visitor.submit(login, 'form', { username: name, password: name });
  const form = page.$('input[name=SAMLResponse]').closest('form');
  const response = { visitor, action: form.attr('action') ?? '', fields: fieldsOf(form) };
  const portal = await visitor.submit(page, 'form');
  expect(portal.html.includes(NAMES[name]), 'a SAML sign-in', portal.status);
  ledger.responses.push(response);
  ledger.signedIn.push({ visitor, name: NAMES[name] });
  return visitor;
}

async function browse(visit: Visit, name: Name): Promise<void> {
  const { world, ledger } = visit;
  const visitor = await signInBySaml(visit, name);
  const portal = await visitor.get(world.urls.bridge);
  const button = (what: string): string => `button[aria-label="${what}: prod as Developer"]`;
  const shown = await visitor.submit(portal, button('Credentials'));
  const [accessKey] = /ASIA\w{12,}/.exec(shown.html) ?? [];
  expect(accessKey !== undefined, 'a request for credentials', shown.status);
  ledger.accessKeys.push(accessKey!);
  const link = await visitor.submit(portal, button('Console'));
  expect(link.url.startsWith(`${world.urls.aws}/console`), 'a console link', link.status);
}

interface TokenForm {
  readonly access_token: string;
  readonly refresh_token: string;
}

async function deviceLogin(visit: Visit): Promise<void> {
  const { world, ledger } = visit;
  const { json: begun } = await beginDevice(world);
  const pending = await pollDevice(world, begun.device_code);
  expect(pending.json?.error === 'authorization_pending', 'a pending poll', pending.status);
  await confirmDevice(world, await signInBySaml(visit, 'bob'), begun.user_code);
  const got = await pollDevice(world, begun.device_code);
  expect(got.status === 200, 'a confirmed poll', got.status);
  const tokens = got.json as TokenForm;
  const terminal: Terminal = { mayHaveEnded: false };
  const { access_token: accessToken } = tokens;
  ledger.devices.push({ deviceCode: begun.device_code, accessToken, terminal });
  ledger.live.add(tokens.refresh_token);
  await useTerminal(visit, tokens, terminal);
}

function pollDevice(world: World, deviceCode: string) {
  const grant = { grant_type: DEVICE_CODE, client_id: CLIENT, device_code: deviceCode };
  return postForm(world, '/oauth/token', grant);
}

const REDIRECT_URI = 'http://127.0.0.1:49152/callback';

async function codeLogin(visit: Visit): Promise<void> {
  const { world, ledger } = visit;
  const visitor = await signInBySaml(visit, 'alice');
  const verifier = randomBytes(48).toString('base64url');
  const query = new URLSearchParams({
    ...{ response_type: 'code', client_id: CLIENT, redirect_uri: REDIRECT_URI },
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    device_name: 'soak',
  });
  const question = await visitor.get(`${world.urls.bridge}/oauth/authorize?${query}`);
  const stopAt = (url: string): boolean => url.startsWith(REDIRECT_URI);
  const done = await visitor.submit(question, 'button[value=approve]', {}, { stopAt });
  const form = {
    ...{ grant_type: 'authorization_code', client_id: CLIENT, redirect_uri: REDIRECT_URI },
    code: new URL(done.path.at(-1)!).searchParams.get('code')!,
    code_verifier: verifier,
  };
  const got = await postForm(world, '/oauth/token', form);
  expect(got.status === 200, 'an authorization code', got.status);
  ledger.codes.push({ form });
  ledger.live.add(got.json.refresh_token);
  if (Math.random() < 0.5) return logOut(visit, got.json as TokenForm);
}

/** Credentials, a refresh, credentials, and often a logout. */
async function useTerminal(visit: Visit, tokens: TokenForm, terminal: Terminal): Promise<void> {
  await credentials(visit, tokens.access_token);
  const { world, ledger } = visit;
  const refreshed = await refresh(world, tokens.refresh_token);
  expect(refreshed.status === 200, 'a refresh', refreshed.status);
  const next = refreshed.json as TokenForm;
  const { access_token: accessToken } = next;
  ledger.refreshes.push({ refreshToken: tokens.refresh_token, accessToken, terminal });
  ledger.live.add(next.refresh_token);
  await credentials(visit, next.access_token);
  if (Math.random() < 0.5) return;
  terminal.mayHaveEnded = true;
  await logOut(visit, next);
}

export function refresh(world: World, token: string) {
  const grant = { grant_type: 'refresh_token', client_id: CLIENT, refresh_token: token };
  return postForm(world, '/oauth/token', grant);
}

async function credentials({ world, ledger }: Visit, token: string): Promise<void> {
  const body = { account: 'prod', role: 'ReadOnly' };
  const got = await callApi(world, token, { method: 'POST', path: '/credentials', body });
  expect(got.status === 200, 'credentials of a terminal', got.status);
  ledger.accessKeys.push(got.json.access_key_id);
}

async function logOut({ world, ledger }: Visit, tokens: TokenForm): Promise<void> {
  const got = await endSession(world, tokens.refresh_token);
  expect(got.status === 200, 'a logout', got.status);
  ledger.revoked.push(tokens.access_token);
}

export function endSession(world: World, refreshToken: string) {
  return postForm(world, '/oauth/revoke', { client_id: CLIENT, token: refreshToken });
}

/** What the Internet sends. */
async function strangers({ world }: Visit): Promise<void> {
  const paths = ['/healthz', '/sign-in', '/.well-known/jwks.json', '/nowhere', '/api/v1/roles'];
  for (const path of paths) await (await fetch(world.urls.bridge + path)).text();
  await postForm(world, '/oauth/token', { grant_type: 'refresh_token', client_id: CLIENT });
  await pollDevice(world, 'BCDFGHJK.nothing');
}
