/** A test of a sign-in in Chromium, with identity providers on another site than the bridge. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { chromiumMissing, enterPassword, signIn, useBrowser } from '../support/browser.ts';
import { CONNECTOR, type Protocol, useWorld } from '../support/world.ts';

/** Where the administrator signs in, so that no user is signed in at the provider that is tried. */
const OTHER: { readonly [P in Protocol]: Protocol } = { oidc: 'saml', saml: 'oidc' };

describe('a sign-in that an administrator tries in Chromium', { skip: chromiumMissing() }, () => {
  const world = useWorld({ idpHost: 'localhost' });
  const browser = useBrowser();
  // The OpenID provider goes by the machine's own clock, and a browser takes its time.
  beforeEach(() => world.clock.turn((Date.now() - world.clock.now()) / 1000));

  async function begin(page: Page, protocol: Protocol): Promise<void> {
    await page.goto(world.urls.bridge);
    await signIn(page, 'alice', OTHER[protocol]);
    await page.getByRole('heading', { name: 'Your roles' }).waitFor();
    await page.goto(`${world.urls.bridge}/sign-in/test/${CONNECTOR[protocol]}`);
    await page.getByRole('button', { name: 'Continue at the identity provider' }).click();
    await page.getByLabel('User name').waitFor();
  }

  for (const protocol of ['saml', 'oidc'] as const) {
    it(`shows what another user brings, and keeps the administrator signed in (${protocol})`, () =>
      browser.visit(async page => {
        await begin(page, protocol);
        await enterPassword(page, 'bob');

        await page.getByRole('heading', { name: /^What .* sent$/ }).waitFor();
        const address = page.locator('li').filter({ hasText: 'bob@acme.example' });
        assert.equal(await address.isVisible(), false);
        await page
          .locator('summary')
          .filter({ hasText: new RegExp(`of ${protocol === 'saml' ? 'mail' : 'email'}$`) })
          .click();
        await address.waitFor();

        await page.goto(world.urls.bridge);
        await page.getByText(/^via Acme/).waitFor();
        assert.match(await page.locator('header').first().innerText(), /Alice/);
      }));
  }

  it('works without JavaScript', () =>
    browser.visit(
      async page => {
        await page.goto(world.urls.bridge);
        await signIn(page, 'alice', 'oidc');
        await page.getByRole('heading', { name: 'Your roles' }).waitFor();
        await page.goto(`${world.urls.bridge}/sign-in/test/${CONNECTOR.saml}`);
        await page.getByRole('button', { name: 'Continue at the identity provider' }).click();
        await enterPassword(page, 'bob');
        await page.getByText('You are being sent back').waitFor();
        await page.getByRole('button', { name: 'Continue' }).click();
        await page.getByRole('heading', { name: 'Signing you in' }).waitFor();
        await page.getByRole('button', { name: 'Continue' }).click();
        await page.getByRole('heading', { name: /^What .* sent$/ }).waitFor();
        await page.locator('summary').first().click();
      },
      { javaScriptEnabled: false },
    ));
});
