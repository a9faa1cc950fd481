/** A bridge and a Glewlwyd that know each other. */
import assert from 'node:assert/strict';
import type { Page, Visitor } from '../support/visitor.ts';
import type { World } from '../support/world.ts';
import type { Glewlwyd } from './glewlwyd.ts';
import type { ProviderFederation } from './provider-federation.ts';
import { startProviderWorld } from './provider-world.ts';

const METHODS = { glewlwyd: 'client_secret_basic', post: 'client_secret_post' } as const;
const SECRET = 'glewlwyd-interop-client-secret_1.0';

/** The id of a connector. */
export type GlewlwydConnector = keyof typeof METHODS;

export async function startFederation(idp: Glewlwyd): Promise<World> {
  const world = await startProviderWorld(
    Object.entries(METHODS).map(([id, clientAuthentication]) => ({
      id,
      label: `Glewlwyd (${id})`,
      oidc: {
        issuer: idp.issuer,
        clientId: `rolebridge-${id}`,
        clientSecret: { env: 'GLEWLWYD_CLIENT_SECRET' },
        clientAuthentication,
        scopes: ['openid', 'profile', 'email', 'groups'],
        claims: { username: 'preferred_username', email: 'email', groups: 'groups' },
        // It answers max_age=0 with an error.
        reauthenticate: 'prompt',
      },
      refresh: { every: '1m', staleFor: '2h' },
      logout: { backchannel: true },
    })),
    { GLEWLWYD_CLIENT_SECRET: SECRET },
    { statesAuthTime: false },
  );
  const { bridge } = world.urls;
  try {
    for (const id of Object.keys(METHODS))
      await idp.trust({
        clientId: `rolebridge-${id}`,
        secret: SECRET,
        redirectUri: `${bridge}/oidc/${id}/callback`,
        postLogoutRedirectUri: `${bridge}/signed-out`,
        backchannelLogoutUri: `${bridge}/oidc/${id}/backchannel-logout`,
      });
    return world;
  } catch (fault) {
    await world.close();
    throw fault;
  }
}

/** One of its connectors. The login page is a script; this calls what the script calls. */
export function glewlwydProvider(
  world: World,
  idp: Glewlwyd,
  connector: GlewlwydConnector,
): ProviderFederation {
  const isLogin = ({ url }: Page): boolean => new URL(url).pathname === '/login.html';
  /** The page offers to continue as a user whose session it knows. */
  const asksPassword = async (page: Page, visitor: Visitor): Promise<boolean> => {
    if (!isLogin(page)) return false;
    if (new URL(page.url).searchParams.get('prompt') === 'login') return true;
    return (await visitor.get(`${idp.origin}/api/profile_list`)).status !== 200;
  };
  return {
    world,
    connector,
    get provider() {
      return idp.origin;
    },
    asksPassword,
    logIn: async (visitor, page, user, going) => {
      if (!isLogin(page)) return page;
      if (await asksPassword(page, visitor)) {
        const done = await visitor.post(`${idp.origin}/api/auth/`, JSON.stringify(user), {
          'content-type': 'application/json',
        });
        if (done.status !== 200) return done;
      }
      const back = new URL(new URL(page.url).searchParams.get('callback_url')!);
      back.searchParams.set('g_continue', '');
      return visitor.get(back.href, going);
    },
    confirmSignOut: async (visitor, page) => {
      const { searchParams } = new URL(page.url);
      const cookie = ['GLEWLWYD2_SESSION_ID', 'GLEWLWYD2_OIDC_SID']
        .map(name => `${name}=${visitor.cookie(idp.origin, name)}`)
        .join('; ');
      for (const path of [`oidc/session/${searchParams.get('sid')}`, 'auth/']) {
        const answer = await fetch(`${idp.origin}/api/${path}`, {
          method: 'DELETE',
          headers: { cookie },
        });
        assert.equal(answer.status, 200, path);
      }
      return visitor.get(searchParams.get('callback_url')!);
    },
  };
}
