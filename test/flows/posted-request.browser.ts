/**
 * AuthnRequests by HTTP-POST in Chromium, with the identity provider on another site: the policy of
 * the page, its script, its button, and the redirects of the provider.
 */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { chromiumMissing, enterPassword, useBrowser } from '../support/browser.ts';
import { CONNECTOR, useWorld } from '../support/world.ts';

const CONSOLE = '/console?account=prod&role=Admin';

/** Answers a posted request with a redirect to itself, as gateways in front of a provider do. */
function redirecting(good: RequestListener): RequestListener {
  return (request, response) => {
    if (request.method !== 'POST' || request.url !== '/sso') return good(request, response);
    response.writeHead(307, { location: '/sso?redirected=1' }).end();
  };
}

describe('a request by POST in Chromium', { skip: chromiumMissing() }, () => {
  const world = useWorld({
    samlSignOn: { binding: 'post', requiresSignature: true },
    idpHost: 'localhost',
  });
  const redirected = useWorld({
    samlSignOn: { binding: 'post', requiresSignature: true },
    idpHost: 'localhost',
    through: { saml: redirecting },
  });
  const browser = useBrowser();

  const start = (page: Page, { urls } = world): Promise<unknown> =>
    page.goto(`${urls.bridge}/sign-in/${CONNECTOR.saml}`);
  const arrived = (page: Page): Promise<void> =>
    page.getByRole('heading', { name: 'Your roles' }).waitFor();

  it('is sent by the page itself, and leads to a session', () =>
    browser.visit(async page => {
      await start(page);
      await enterPassword(page, 'alice');
      await arrived(page);
      assert.equal((await page.context().cookies(world.urls.bridge)).length > 0, true);
    }));

  it('is sent by a button without JavaScript, on a phone in the dark', () =>
    browser.visit(
      async page => {
        await start(page);
        await page.getByRole('heading', { name: 'Continue at your identity provider' }).waitFor();
        assert.equal(
          await page.evaluate('document.documentElement.scrollWidth <= innerWidth'),
          true,
        );
        await page.getByRole('button', { name: 'Continue' }).focus();
        await page.keyboard.press('Enter');
        await enterPassword(page, 'alice');
        await page.getByRole('button', { name: 'Continue' }).click();
        await page.getByRole('button', { name: 'Continue' }).click();
        await arrived(page);
      },
      { javaScriptEnabled: false, viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
    ));

  it('follows a redirect of the provider with the form', () =>
    browser.visit(async page => {
      await start(page, redirected);
      await enterPassword(page, 'alice');
      await arrived(page);
    }));

  it('leaves no page in the history that sends the user away again', () =>
    browser.visit(async page => {
      await page.goto(`${world.urls.bridge}/sign-in`);
      await page.locator(`a[href^="/sign-in/${CONNECTOR.saml}"]`).click();
      await page.getByLabel('User name').waitFor();
      await page.goBack();
      assert.equal(new URL(page.url()).pathname, '/sign-in');
    }));

  it('is sent for a console link with a sign-in and a step-up', () =>
    browser.visit(async page => {
      await page.goto(world.urls.bridge + CONSOLE);
      await page.locator(`a[href^="/sign-in/${CONNECTOR.saml}"]`).click();
      await page.getByLabel('User name').waitFor();
      await page.getByRole('checkbox').uncheck();
      await enterPassword(page, 'alice');
      await page.getByRole('checkbox').check();
      await enterPassword(page, 'alice');
      await page.getByRole('heading', { name: 'Admin in prod' }).waitFor();
    }));
});
