import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { chromiumMissing, signIn, useBrowser } from '../support/browser.ts';
import { loginByDevice } from '../support/cli-login.ts';
import { type Protocol, useWorld } from '../support/world.ts';

const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true } as const;
const SURFACES: Readonly<Record<string, BrowserContextOptions>> = {
  'on a desk, in light': { colorScheme: 'light' },
  'on a phone, in the dark': { ...PHONE, colorScheme: 'dark' },
  'on a phone without JavaScript': { ...PHONE, javaScriptEnabled: false },
};

describe('a sign-out in Chromium', { skip: chromiumMissing() }, () => {
  const world = useWorld({
    // On another site, as providers are.
    idpHost: 'localhost',
    // It has no icon, and the browser would complain.
    through: {
      oidc: good => (request, response) =>
        request.url === '/favicon.ico' ? response.writeHead(204).end() : good(request, response),
    },
  });
  const browser = useBrowser();
  beforeEach(() => world.clock.turn((Date.now() - world.clock.now()) / 1000));

  const comeIn = async (page: Page, protocol: Protocol = 'oidc'): Promise<void> => {
    await page.goto(world.urls.bridge);
    await signIn(page, 'alice', protocol);
    await page.getByRole('heading', { name: 'Your roles' }).waitFor();
  };
  const fits = async (page: Page): Promise<void> => {
    const wide = await page.locator('body').evaluate(body => body.scrollWidth > body.clientWidth);
    assert.ok(!wide, 'nothing is cut off');
  };
  const pressSignOut = async (page: Page): Promise<void> => {
    const button = page.getByRole('button', { name: 'Sign out', exact: true });
    if (!(await button.isVisible())) await page.locator('summary').first().click();
    await button.click();
  };

  for (const [surface, options] of Object.entries(SURFACES)) {
    it(`everywhere leads to the provider and back, ${surface}`, () =>
      browser.visit(async page => {
        await comeIn(page);
        await page.goto(`${world.urls.bridge}/sessions`);
        await page.getByRole('button', { name: 'Sign out everywhere' }).click();
        await page.getByText('Do you want to sign out of Acme Login as well?').waitFor();
        assert.equal(new URL(page.url()).origin, world.urls.oidc);
        await page.getByRole('button', { name: 'Sign out', exact: true }).click();

        await page.getByRole('heading', { name: 'You are signed out everywhere' }).waitFor();
        assert.equal(page.url(), `${world.urls.bridge}/signed-out`);
        await fits(page);
        await page.goBack();
        await page.goto(world.urls.bridge);
        assert.equal(await page.getByRole('button', { name: 'Sign out' }).count(), 0);
      }, options));

    it(`of one browser leads there by the keyboard, ${surface}`, async () => {
      const { visitor } = await loginByDevice(world, 'alice', 'oidc');
      await browser.visit(async page => {
        await comeIn(page);
        await pressSignOut(page);
        await page.getByRole('heading', { name: 'You are signed out here' }).waitFor();
        await page.getByText(/\d terminals? stays? signed in|One terminal/).waitFor();
        await fits(page);
        const link = page.getByRole('link', { name: 'Sign out at Acme Login' });
        await link.focus();
        await page.keyboard.press('Enter');
        await page.getByText('Do you want to sign out of Acme Login as well?').waitFor();
        await page.getByRole('button', { name: 'Stay signed in' }).click();
        await page.getByRole('heading', { name: 'You are signed out here' }).waitFor();
        await page.getByText(/has ended if you signed out there/).waitFor();
      }, options);
      assert.ok(visitor);
    });
  }

  it('everywhere keeps a page with the way there for browsers that do not follow by themselves', () =>
    browser.visit(async page => {
      await comeIn(page);
      await page.goto(`${world.urls.bridge}/sessions`);
      const answered = Promise.withResolvers<void>();
      // An answer without content leaves the browser on its page.
      await page.route('**/sign-out/provider', async route => {
        await route.fulfill({ status: 204 });
        answered.resolve();
      });
      await page.getByRole('button', { name: 'Sign out everywhere' }).click();
      await page.getByText(/Your browser now goes to Acme Login/).waitFor();
      // The way works once, so the browser must not be on it when the link is followed.
      await answered.promise;
      await page.unroute('**/sign-out/provider');
      await page.getByRole('link', { name: 'Sign out at Acme Login' }).click();
      await page.getByText('Do you want to sign out of Acme Login as well?').waitFor();
    }));
});
