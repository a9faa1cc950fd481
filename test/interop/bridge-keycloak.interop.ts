/**
 * Users sign in to the whole bridge through Keycloak, an identity provider that is not ours, in a
 * real browser; and what its administrators change reaches them.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chromiumMissing, useBrowser } from '../support/browser.ts';
import { callApi } from '../support/cli-login.ts';
import { useFixture } from '../support/fixture.ts';
import type { World } from '../support/world.ts';
import { keycloakMissing, startKeycloak } from './keycloak.ts';
import { enterPassword, logTerminalIn, signIn } from './keycloak-browser.ts';
import { realmForTests, startFederation } from './keycloak-federation.ts';

const CONNECTORS = [
  ['OpenID Connect', 'keycloak-oidc'],
  ['SAML', 'keycloak-saml'],
] as const;

describe('a bridge in front of Keycloak', { skip: keycloakMissing() || chromiumMissing() }, () => {
  const keycloak = useFixture(
    () => startKeycloak(realmForTests()),
    server => server.stop(),
  );
  const browser = useBrowser();
  const useFederation = (configure?: (yaml: string) => string): World =>
    useFixture(
      () => startFederation(keycloak, configure),
      world => world.close(),
    );

  describe('with the documented configuration', () => {
    const world = useFederation();
    const role = (name: string): string => `${world.urls.bridge}/console?account=prod&role=${name}`;
    const lastSignIn = async () => {
      const event = (await world.audit()).find(({ type }) => type === 'sign-in.succeeded');
      assert.ok(event?.type === 'sign-in.succeeded');
      return event;
    };

    for (const [protocol, connector] of CONNECTORS) {
      it(`signs alice in by ${protocol} and opens prod/Developer in the console`, () =>
        browser.visit(async page => {
          await signIn(page, world, { username: 'alice', connector });
          const { actor, groupCount, multiFactor } = await lastSignIn();
          assert.deepEqual([actor.username, groupCount, multiFactor], ['alice', 2, false]);
          await page.goto(role('Developer'));
          await page.getByRole('heading', { name: 'Developer in prod' }).waitFor();
          assert.match(await page.locator('body').innerText(), /assumed-role\/Developer\/alice-/);
        }));

      it(`tells bob, who signs in by ${protocol}, which group gives prod/Admin`, () =>
        browser.visit(async page => {
          await signIn(page, world, { username: 'bob', connector });
          const refused = await page.goto(role('Admin'));
          assert.equal(refused!.status(), 403);
          assert.match(
            await page.locator('main').innerText(),
            /Gives the role to the group aws-admins, and you are not in it\./,
          );
        }));

      it(`tells carol, who signs in by ${protocol} and has no group, how to request access`, () =>
        browser.visit(async page => {
          await signIn(page, world, { username: 'carol', connector });
          assert.equal((await lastSignIn()).groupCount, 0);
          assert.match(
            await page.locator('main').innerText(),
            /Ask the platform team in #aws-access\./,
          );
        }));
    }
  });

  for (const endsTerminals of [false, true]) {
    describe(`that hears of sign-outs with endsTerminals: ${endsTerminals}`, () => {
      const world = useFederation(yaml =>
        yaml.replace('backchannel: true', `backchannel: true, endsTerminals: ${endsTerminals}`),
      );

      it(`ends browser sessions ${endsTerminals ? 'and terminals' : 'alone'} when an administrator signs the user out`, () =>
        browser.visit(async page => {
          await signIn(page, world, { username: 'bob' });
          const token = await logTerminalIn(page, world);
          await keycloak.admin.endSessions('bob');
          await page.goto(world.urls.bridge);
          await page.getByRole('heading', { name: 'Sign in' }).waitFor();
          const { status } = await callApi(world, token, { path: '/roles' });
          assert.equal(status, endsTerminals ? 401 : 200);
        }));
    });
  }

  describe('while Keycloak changes its key', () => {
    const world = useFederation();

    const signedIn = (connector: string) =>
      browser.visit(page => signIn(page, world, { username: 'bob', connector }));

    it('accepts a new key in id_tokens at once, and in assertions after the first one', async () => {
      for (const [, connector] of CONNECTORS) await signedIn(connector);
      await keycloak.admin.addSigningKey();
      world.clock.turn(61);

      await signedIn('keycloak-oidc');
      await browser.visit(async page => {
        await page.goto(`${world.urls.bridge}/sign-in/keycloak-saml`);
        await enterPassword(page, 'bob');
        await page.getByText('saml_response_refused').waitFor();
      });
      await signedIn('keycloak-saml');
    });
  });
});
