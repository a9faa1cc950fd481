/** What an administrator changes in a running Keycloak, by its admin REST API. */
import assert from 'node:assert/strict';

const REALM = 'acme';
/** The bridge of `docs/keycloak/realm.json`. */
const BRIDGE_OF_THE_REALM = 'http://127.0.0.1:3000';

export interface KeycloakAdmin {
  /** Gives the clients of the realm to the bridge at this address; the one before loses them. */
  serve(bridgeUrl: string): Promise<void>;
  /** Adds a user, whose password is the name. */
  addUser(username: string, groups: readonly string[]): Promise<void>;
  leaveGroup(username: string, group: string): Promise<void>;
  disable(username: string): Promise<void>;
  /** Ends the sessions of the user; Keycloak tells its clients by back-channel logout. */
  endSessions(username: string): Promise<void>;
  /** Sets attributes of the SAML client. */
  setSamlClient(attributes: Readonly<Record<string, string>>): Promise<void>;
  /** Adds an RS256 key, with which Keycloak signs from now on. */
  addSigningKey(): Promise<void>;
}

type Call = (method: string, path: string, body?: unknown) => Promise<unknown>;
type Representation = Readonly<Record<string, unknown>> & { readonly id: string };

export function keycloakAdmin(
  origin: string,
  administrator: { readonly username: string; readonly password: string },
): KeycloakAdmin {
  const call = callerAt(origin, administrator);
  const user = (username: string) => only(call, `users?exact=true&username=${username}`);
  let served = BRIDGE_OF_THE_REALM;
  let priority = 200;
  return {
    serve: async bridgeUrl => {
      const clients = (await call('GET', 'clients')) as Representation[];
      for (const client of clients.filter(known => JSON.stringify(known).includes(served)))
        await call('PUT', `clients/${client.id}`, rewritten(client, served, bridgeUrl));
      served = bridgeUrl;
    },
    addUser: async (username, groups) => {
      await call('POST', 'users', {
        username,
        email: `${username}@acme.example`,
        firstName: username,
        lastName: 'Example',
        enabled: true,
        emailVerified: true,
        groups: groups.map(group => `/${group}`),
        credentials: [{ type: 'password', value: username, temporary: false }],
      });
    },
    leaveGroup: async (username, name) => {
      const group = await only(call, `groups?exact=true&search=${name}`);
      await call('DELETE', `users/${(await user(username)).id}/groups/${group.id}`);
    },
    disable: async username => {
      const known = await user(username);
      await call('PUT', `users/${known.id}`, { ...known, enabled: false });
    },
    endSessions: async username => {
      await call('POST', `users/${(await user(username)).id}/logout`);
    },
    setSamlClient: async attributes => {
      const clients = (await call('GET', 'clients')) as Representation[];
      const client = clients.find(
        ({ protocol, attributes: known }) =>
          protocol === 'saml' && JSON.stringify(known).includes(served),
      )!;
      const known = client.attributes as object;
      await call('PUT', `clients/${client.id}`, {
        ...client,
        attributes: { ...known, ...attributes },
      });
    },
    addSigningKey: async () => {
      priority += 1;
      await call('POST', 'components', {
        name: `rsa-${priority}`,
        providerType: 'org.keycloak.keys.KeyProvider',
        providerId: 'rsa-generated',
        config: { priority: [`${priority}`], algorithm: ['RS256'] },
      });
    },
  };
}

/** Each call signs in by itself: the administrator's tokens expire after a minute. */
function callerAt(origin: string, administrator: Readonly<Record<string, string>>): Call {
  return async (method, path, body) => {
    const { access_token: token } = (await answerOf(
      `${origin}/realms/master/protocol/openid-connect/token`,
      {
        method: 'POST',
        body: new URLSearchParams({
          ...administrator,
          grant_type: 'password',
          client_id: 'admin-cli',
        }),
      },
    )) as { access_token: string };
    return answerOf(`${origin}/admin/realms/${REALM}/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  };
}

async function answerOf(url: string, request: RequestInit): Promise<unknown> {
  const answer = await fetch(url, { ...request, signal: AbortSignal.timeout(20_000) });
  const text = await answer.text();
  assert.ok(answer.ok, `${request.method} ${url}: ${answer.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

async function only(call: Call, path: string): Promise<Representation> {
  const found = (await call('GET', path)) as Representation[];
  assert.equal(found.length, 1, path);
  return found[0]!;
}

function rewritten(client: Representation, from: string, to: string): unknown {
  return JSON.parse(JSON.stringify(client).replaceAll(from, to));
}
