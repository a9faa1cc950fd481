/** What an administrator of Glewlwyd does by its API, and whom it knows. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';

const ADMINISTRATOR = { username: 'admin', password: 'password' };
const SCOPES = ['openid', 'profile', 'email', 'groups'];
const USERS: Readonly<Record<string, readonly string[]>> = {
  alice: ['aws-admins', 'developers'],
  bob: ['developers'],
  carol: [],
  dana: ['developers'],
};

export interface GlewlwydClient {
  readonly clientId: string;
  readonly secret: string;
  readonly redirectUri: string;
  readonly postLogoutRedirectUri: string;
  readonly backchannelLogoutUri: string;
}

export interface GlewlwydAdmin {
  addClient(client: GlewlwydClient): Promise<void>;
  changeGroups(username: string, groups: readonly string[]): Promise<void>;
}

type Call = (method: string, path: string, body?: unknown) => Promise<unknown>;

export async function glewlwydAdmin(origin: string): Promise<GlewlwydAdmin> {
  const call = await callerAt(origin, ADMINISTRATOR);
  return {
    addClient: async client => {
      await call('POST', '/client/', {
        ...{ client_id: client.clientId, name: client.clientId, enabled: true },
        ...{ confidential: true, client_secret: client.secret, scope: [] },
        ...{ redirect_uri: [client.redirectUri], authorization_type: ['code', 'refresh_token'] },
        token_endpoint_auth_method: ['client_secret_basic', 'client_secret_post'],
        post_logout_redirect_uris: [client.postLogoutRedirectUri],
        ...{ backchannel_logout_uri: client.backchannelLogoutUri },
      });
      for (const username of Object.keys(USERS)) {
        const consent = await callerAt(origin, { username, password: username });
        await consent('PUT', `/auth/grant/${client.clientId}/`, { scope: SCOPES.join(' ') });
      }
    },
    changeGroups: async (username, groups) => {
      const user = (await call('GET', `/user/${username}`)) as object;
      await call('PUT', `/user/${username}`, { ...user, groups });
    },
  };
}

/** Users with their groups, the scopes, and the plugin for OpenID Connect. */
export async function setUp(origin: string): Promise<void> {
  const call = await callerAt(origin, ADMINISTRATOR);
  await addProperty(call, 'user', 'groups');
  await addProperty(call, 'client', 'post_logout_redirect_uris');
  for (const name of SCOPES) {
    const scope = { name, display_name: name, password_required: false, scheme: {} };
    // It has one of this name already, which requires a password each time.
    if (name === 'openid') await call('PUT', '/scope/openid', scope);
    else await call('POST', '/scope/', scope);
  }
  for (const [username, groups] of Object.entries(USERS))
    await call('POST', '/user/', {
      ...{ username, password: username, name: username, email: `${username}@example.test` },
      ...{ enabled: true, scope: ['g_profile', ...SCOPES], groups },
    });
  await call('POST', '/mod/plugin/', {
    ...{ module: 'oidc', name: 'oidc', display_name: 'OpenID Connect', enabled: true },
    parameters: openIdConnect(origin),
  });
}

/** A property with several values, which its database of users or clients does not have. */
async function addProperty(call: Call, kind: 'user' | 'client', name: string): Promise<void> {
  const modules = (await call('GET', `/mod/${kind}/`)) as {
    readonly name: string;
    readonly parameters: { readonly 'data-format': Record<string, unknown> };
  }[];
  const database = modules.find(known => known.name === 'database')!;
  database.parameters['data-format'][name] = { multiple: true, read: true, write: true };
  await call('PUT', `/mod/${kind}/database`, database);
  await call('PUT', `/mod/${kind}/database/reset`);
}

function openIdConnect(origin: string): object {
  const kid = 'interop';
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = { ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' };
  const claim = (name: string, property: string, scope: string) => ({
    ...{ name, 'user-property': property, type: 'string', scope: [scope] },
    ...{ mandatory: true, 'on-demand': true },
  });
  return {
    ...{ iss: `${origin}/api/oidc`, 'jwt-type': 'rsa', 'jwt-key-size': '256' },
    ...{ 'jwks-private': JSON.stringify({ keys: [key] }), 'default-kid': kid, 'jwks-show': true },
    ...{ 'code-duration': 600, 'access-token-duration': 3600, 'refresh-token-duration': 86400 },
    ...{ 'refresh-token-rolling': true, 'allow-non-oidc': false, 'subject-type': 'public' },
    ...{ 'auth-type-code-enabled': true, 'auth-type-refresh-enabled': true },
    ...{ 'auth-type-token-enabled': false, 'auth-type-implicit-enabled': false },
    ...{ 'auth-type-password-enabled': false, 'auth-type-client-enabled': false },
    ...{ 'auth-type-device-enabled': false, 'allowed-scope': SCOPES },
    ...{ 'pkce-allowed': true, 'pkce-required': true, 'pkce-method-plain-allowed': false },
    ...{ 'email-claim': 'mandatory', 'name-claim': 'no', 'scope-claim': 'no' },
    ...{ 'session-management-allowed': true, 'session-cookie-name': 'GLEWLWYD2_OIDC_SID' },
    ...{ 'session-cookie-expiration': 86400, 'back-channel-logout-allowed': true },
    claims: [
      claim('groups', 'groups', 'groups'),
      claim('preferred_username', 'username', 'profile'),
    ],
  };
}

/** Calls of one user, who is signed in. */
async function callerAt(
  origin: string,
  user: { readonly username: string; readonly password: string },
): Promise<Call> {
  let cookie = '';
  const call: Call = async (method, path, body) => {
    const answer = await fetch(`${origin}/api${path}`, {
      method,
      headers: { 'content-type': 'application/json', cookie },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await answer.text();
    assert.equal(answer.status, 200, `${method} ${path}: ${text}`);
    cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? cookie;
    return text === '' ? undefined : JSON.parse(text);
  };
  await call('POST', '/auth/', user);
  return call;
}
