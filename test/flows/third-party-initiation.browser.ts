/** Another site posts the beginning of a sign-in, in Chromium, which keeps cookies back. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { chromiumMissing, enterPassword, useBrowser } from '../support/browser.ts';
import { CONNECTOR, useWorld } from '../support/world.ts';

const ELSEWHERE = 'http://elsewhere.test/';

describe('a sign-in that another site posts, in Chromium', { skip: chromiumMissing() }, () => {
  const world = useWorld({ idpHost: 'localhost' });
  const browser = useBrowser();

  const post = async (page: Page, path: string): Promise<void> => {
    const { urls } = world;
    await page.route(ELSEWHERE, route =>
      route.fulfill({
        contentType: 'text/html',
        body: `<!doctype html><title>x</title><form method="post" action="${urls.bridge}/sign-in/${CONNECTOR.oidc}">
<input type="hidden" name="iss" value="${urls.oidc}"><input type="hidden" name="target_link_uri" value="${urls.bridge}${path}">
<button>Begin</button></form>`,
      }),
    );
    await page.goto(ELSEWHERE);
    await page.getByRole('button', { name: 'Begin' }).click();
  };

  it('is answered in the browser that it was begun in', () =>
    browser.visit(async page => {
      await post(page, '/sessions');
      await enterPassword(page, 'alice');
      await page.waitForURL(`${world.urls.bridge}/sessions`);
    }));

  it('asks before it opens a console in production', () =>
    browser.visit(async page => {
      await post(page, '/console?account=prod&role=Developer');
      await enterPassword(page, 'alice');
      await page.waitForURL(url => url.pathname === '/console');
      assert.equal(await page.locator('form[action="/console"]').count(), 1);
    }));
});
