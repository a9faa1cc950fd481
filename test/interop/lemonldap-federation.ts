/** A bridge and a LemonLDAP::NG that know each other. */
import assert from 'node:assert/strict';
import type { Page } from '../support/visitor.ts';
import type { World } from '../support/world.ts';
import type { LemonLdap } from './lemonldap.ts';
import type { LemonLdapClient } from './lemonldap-configuration.ts';
import type { ProviderFederation } from './provider-federation.ts';
import { startProviderWorld } from './provider-world.ts';

/** The connectors by OpenID Connect, with what is special about the client of each. */
const CLIENTS = {
  basic: { client: {} },
  offline: {
    connector: { scopes: ['openid', 'profile', 'email', 'groups', 'offline_access'] },
    client: { refreshTokens: 'offline_access' },
  },
  post: {
    connector: { clientAuthentication: 'client_secret_post' },
    client: { groupsClaim: 'always' },
  },
  rs512: { client: { signingAlgorithm: 'RS512' } },
  /** As LemonLDAP::NG sets a new client. */
  hs512: { client: { signingAlgorithm: 'HS512' } },
  separated: { connector: { groupSeparator: '; ' }, client: { groupsClaim: 'never' } },
} as const satisfies Readonly<Record<string, SpecialClient>>;

interface SpecialClient {
  readonly connector?: Readonly<Record<string, unknown>>;
  readonly client: Partial<LemonLdapClient>;
}

/** The id of a connector. */
export type LemonLdapConnector = 'saml' | keyof typeof CLIENTS;

const clientId = (id: string): string => `rolebridge-${id}`;
const secretOf = (id: string): string => `${id}-interop-client-secret_1.0`;
const variableOf = (id: string): string => `SECRET_OF_${id.toUpperCase()}`;

export async function startFederation(idp: LemonLdap): Promise<World> {
  const ids = Object.keys(CLIENTS);
  const world = await startProviderWorld(
    [
      {
        id: 'saml',
        label: 'LemonLDAP::NG (SAML)',
        saml: {
          metadata: { url: idp.metadataUrl },
          attributes: { username: 'uid', email: 'mail', groups: 'groups' },
        },
      },
      ...Object.entries<SpecialClient>(CLIENTS).map(([id, { connector }]) => ({
        id,
        label: `LemonLDAP::NG (${id})`,
        oidc: {
          issuer: idp.origin,
          clientId: clientId(id),
          clientSecret: { env: variableOf(id) },
          scopes: ['openid', 'profile', 'email', 'groups'],
          claims: { username: 'preferred_username', email: 'email', groups: 'groups' },
          ...connector,
        },
        ...(id === 'offline' && { refresh: { every: '1m', staleFor: '2h' } }),
      })),
    ],
    Object.fromEntries(ids.map(id => [variableOf(id), secretOf(id)])),
  );
  try {
    await introduce(world, idp);
    return world;
  } catch (fault) {
    await world.close();
    throw fault;
  }
}

/** Tells the provider about the bridge. */
async function introduce({ urls: { bridge } }: World, idp: LemonLdap): Promise<void> {
  const answer = await fetch(`${bridge}/saml/saml/metadata`);
  const metadata = await answer.text();
  assert.equal(answer.status, 200, metadata);
  await idp.trust({
    serviceProviders: [{ key: 'rolebridge', metadata }],
    clients: Object.entries<SpecialClient>(CLIENTS).map(([id, { client }]) => ({
      clientId: clientId(id),
      secret: secretOf(id),
      redirectUri: `${bridge}/oidc/${id}/callback`,
      postLogoutRedirectUri: `${bridge}/signed-out`,
      ...client,
    })),
  });
}

/** One of its connectors, for a user whose browser runs no script. */
export function lemonLdapProvider(
  world: World,
  idp: LemonLdap,
  connector: LemonLdapConnector,
): ProviderFederation {
  const hasPasswordField = (page: Page): boolean => page.$('input[type=password]').length > 0;
  /** A user who must authenticate again is asked first whether to. */
  const offersRenewal = (page: Page): boolean => page.$('[trspan=renewSession]').length > 0;
  return {
    world,
    connector,
    get provider() {
      return idp.origin;
    },
    asksPassword: page => hasPasswordField(page) || offersRenewal(page),
    logIn: async (visitor, page, { username, password }, going) => {
      const login = offersRenewal(page) ? await visitor.submit(page, 'form') : page;
      return hasPasswordField(login)
        ? visitor.submit(login, 'form', { user: username, password }, going)
        : login;
    },
    confirmSignOut: (visitor, page) => visitor.submit(page, 'form'),
  };
}
