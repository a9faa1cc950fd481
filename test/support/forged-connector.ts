/** A world whose bridge has connectors of a forged OpenID provider, and users who come by it. */
import assert from 'node:assert/strict';
import { useFixture } from './fixture.ts';
import { type OpenIdProviderForge, startOpenIdProviderForge } from './openid-provider-forge.ts';
import type { Claims } from './token-forge.ts';
import { type Page, Visitor } from './visitor.ts';
import { useWorld, type World, type WorldOptions } from './world.ts';

/** The connector ids: both are the same client of the same provider. */
export const FORGED = 'forged';
export const FORGED_TOO = 'forged-too';

export interface ForgedWorld {
  readonly world: World;
  readonly forge: OpenIdProviderForge;
  /** Signs the forged user in; a new browser unless one is given. */
  signIn(visitor?: Visitor): Promise<Visitor>;
  isSignedIn(visitor: Visitor): Promise<boolean>;
  postLogoutToken(token: string, connector?: string): Promise<LogoutAnswer>;
}

export interface LogoutAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** For the tests of the surrounding suite. `logout` is the section of both connectors. */
export function useForgedWorld({
  logout,
  discovery = same => same,
  options = () => ({}),
}: {
  readonly logout: string;
  /** Changes the discovery document of the provider. */
  readonly discovery?: (document: Claims, issuer: string) => Claims;
  readonly options?: () => WorldOptions;
}): ForgedWorld {
  // Its clock is that of the world, which opens after it.
  const clock: { now?: () => number } = {};
  const forge = useFixture(
    () => startOpenIdProviderForge({ now: () => clock.now?.() ?? Date.now() }),
    opened => opened.close(),
  );
  const world = useWorld(() => {
    const given = options();
    const { issuer, clientId, clientSecret } = forge;
    forge.faults.discovery = document => discovery(document, issuer);
    const connectorOf = (id: string): string => `  - id: ${id}
    label: ${id}
    oidc: { issuer: "${issuer}", clientId: ${clientId}, clientSecret: { env: FORGE_SECRET } }
    logout: ${logout}
`;
    clock.now = () => world.clock.now();
    return {
      ...given,
      configure: (yaml, urls) =>
        (given.configure?.(yaml, urls) ?? yaml)
          // The connectors of the demo accept no logout tokens here.
          .replace(/^ +logout: .*\n/m, '')
          .replace(/^connectors:\n/m, `$&${connectorOf(FORGED)}${connectorOf(FORGED_TOO)}`),
      env: { ...given.env, FORGE_SECRET: clientSecret },
    };
  });
  const signIn = async (visitor = new Visitor()): Promise<Visitor> => {
    const page = await comeBack(world, forge, visitor);
    assert.equal(page.status, 200, page.text.slice(0, 300));
    return visitor;
  };
  return {
    world,
    forge,
    signIn,
    isSignedIn: async visitor =>
      (await visitor.get(world.urls.bridge)).$('form[action="/sign-out"]').length === 1,
    postLogoutToken: async (token, connector = FORGED) => {
      const response = await fetch(`${world.urls.bridge}/oidc/${connector}/backchannel-logout`, {
        method: 'POST',
        body: new URLSearchParams({ logout_token: token }),
      });
      const { status, headers } = response;
      return { status, headers, text: await response.text() };
    },
  };
}

/** A sign-in at the forged provider, to the page of the bridge that it ends at. */
export async function comeBack(
  world: World,
  forge: OpenIdProviderForge,
  visitor: Visitor,
): Promise<Page> {
  const away = await visitor.get(`${world.urls.bridge}/sign-in/${FORGED}`, {
    stopAt: url => url.startsWith(forge.issuer),
  });
  const answer = forge.authorize(away.path.at(-1)!);
  return visitor.get(`${world.urls.bridge}/oidc/${FORGED}/callback?${answer}`);
}
