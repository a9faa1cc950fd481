/**
 * The bridge of `docs/keycloak/rolebridge.yaml`, with its local AWS, in front of the Keycloak of
 * `docs/keycloak/realm.json`. Only addresses and directories differ from those files.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { startWorld, type World, type WorldOptions } from '../support/world.ts';
import type { Keycloak } from './keycloak.ts';
import { codeOfAlice } from './keycloak-browser.ts';
import type { ProviderFederation } from './provider-federation.ts';

const documented = (name: string): string =>
  readFileSync(new URL(`../../docs/keycloak/${name}`, import.meta.url), 'utf8');

/** What `docker-compose.yml` sets. */
const ENVIRONMENT = {
  KEYCLOAK_CLIENT_SECRET: 'demo-secret-not-for-production',
  PARTNER_EXTERNAL_ID: 'acme-partner-7f3c',
};

/** A one-time code works more than once in it, because tests do not wait for the next one. */
export function realmForTests(): string {
  const realm = JSON.parse(documented('realm.json'));
  realm.attributes.realmReusableOtpCode = 'true';
  return JSON.stringify(realm);
}

/** A world whose bridge signs users in through Keycloak; its clock follows the real one. */
export async function startFederation(
  keycloak: Keycloak,
  configure = (yaml: string): string => yaml,
): Promise<World> {
  const options: WorldOptions = {
    clock: 'running',
    env: ENVIRONMENT,
    configure: (demo, urls) =>
      configure(
        replaced(documented('rolebridge.yaml'), {
          'http://127.0.0.1:3000': urls.bridge,
          'http://127.0.0.1:3003': urls.aws,
          'http://127.0.0.1:8080': keycloak.origin,
          '/var/lib/rolebridge/keys': parse(demo).issuer.keys.directory,
          '/var/lib/rolebridge/rolebridge.db': parse(demo).store.sqlite,
        }),
      ),
  };
  const world = await startWorld(options);
  try {
    await keycloak.admin.serve(world.urls.bridge);
    return world;
  } catch (fault) {
    await world.close();
    throw fault;
  }
}

/** One of its connectors, for a user whose browser runs no script. */
export function keycloakProvider(
  world: World,
  keycloak: Keycloak,
  connector: string,
): ProviderFederation {
  return {
    world,
    connector,
    get provider() {
      return keycloak.origin;
    },
    asksPassword: page => page.$('input[type=password]').length > 0,
    logIn: async (visitor, login, user, going) => {
      const asked = login.$('input[type=password]').length > 0;
      const page = asked ? await visitor.submit(login, 'form', { ...user }, going) : login;
      return page.$('input[name=otp]').length > 0
        ? visitor.submit(page, 'form', { otp: codeOfAlice() }, going)
        : page;
    },
  };
}

function replaced(text: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce(
    (draft, [from, to]) => draft.replaceAll(from, to),
    text,
  );
}
