/**
 * People sign in to the whole bridge through Keycloak, an identity provider that is not ours, in a
 * real browser, and what its administrators change reaches them.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { chromiumMissing, useBrowser } from '../support/browser.ts';
import { useFixture } from '../support/fixture.ts';
import { keycloakMissing, startKeycloak } from './keycloak.ts';
import { documentedRealm, startFederation } from './keycloak-federation.ts';

const CONNECTORS = [
  ['OpenID Connect', 'keycloak-oidc'],
  ['SAML', 'keycloak-saml'],
] as const;

describe('a bridge in front of Keycloak', { skip: keycloakMissing() || chromiumMissing() }, () => {
  const keycloak = useFixture(
    () => startKeycloak(documentedRealm()),
    server => server.stop(),
  );
  const browser = useBrowser();
  const world = useFixture(
    () => startFederation(keycloak),
    open => open.close(),
  );

  const signIn = async (page: Page, username: string, connector: string): Promise<void> => {
    await page.goto(world.urls.bridge);
    await page.locator(`a[href="/sign-in/${connector}"]`).click();
    await enterPassword(page, username);
  };

  const lastSignIn = async () => {
    const event = (await world.audit()).find(({ type }) => type === 'sign-in.succeeded');
    assert.ok(event?.type === 'sign-in.succeeded');
    return event;
  };

  for (const [protocol, connector] of CONNECTORS) {
    it(`signs alice in by ${protocol} and opens prod/Developer in the console`, () =>
      browser.visit(async page => {
        await signIn(page, 'alice', connector);
        await page.getByRole('heading', { name: 'Your roles' }).waitFor();
        const { actor, groupCount, multiFactor } = await lastSignIn();
        assert.deepEqual([actor.username, groupCount, multiFactor], ['alice', 2, false]);

        await page.goto(`${world.urls.bridge}/console?account=prod&role=Developer`);
        await page.getByRole('heading', { name: 'Developer in prod' }).waitFor();
        assert.match(await page.locator('body').innerText(), /assumed-role\/Developer\/alice-/);
      }));

    it(`tells bob, who signs in by ${protocol}, which group gives prod/Admin`, () =>
      browser.visit(async page => {
        await signIn(page, 'bob', connector);
        await page.getByRole('heading', { name: 'Your roles' }).waitFor();
        const refused = await page.goto(`${world.urls.bridge}/console?account=prod&role=Admin`);
        assert.equal(refused!.status(), 403);
        assert.match(
          await page.locator('main').innerText(),
          /Gives the role to the group aws-admins, and you are not in it\./,
        );
      }));

    it(`tells carol, who signs in by ${protocol} and has no group, how to request access`, () =>
      browser.visit(async page => {
        await signIn(page, 'carol', connector);
        await page.getByRole('heading', { name: 'You have no roles yet' }).waitFor();
        assert.equal((await lastSignIn()).groupCount, 0);
        assert.match(
          await page.locator('main').innerText(),
          /Ask the platform team in #aws-access\./,
        );
      }));
  }
});

async function enterPassword(page: Page, username: string): Promise<void> {
  await page.getByLabel('Username or email').fill(username);
  await page.getByRole('textbox', { name: 'Password' }).fill(username);
  await page.getByRole('button', { name: 'Sign In' }).click();
}
