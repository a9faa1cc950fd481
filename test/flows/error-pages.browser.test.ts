import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type Browser, chromiumMissing, openBrowser, signIn } from '../support/browser.ts';
import { startWorld, type World } from '../support/world.ts';

const WRONG_CODES = 11;

describe('the page about too many requests', { skip: chromiumMissing() }, () => {
  let world: World;
  let browser: Browser;
  before(async () => {
    world = await startWorld();
    browser = await openBrowser();
  });
  beforeEach(() => world.clock.turn((Date.now() - world.clock.now()) / 1000));
  after(async () => {
    await browser?.close();
    await world?.close();
  });

  it('shows the button when the wait is over, and not before', () =>
    browser.visit(async page => {
      await page.goto(`${world.urls.bridge}/device`);
      await signIn(page, 'bob', 'saml');
      await page.clock.install();
      for (let count = 0; count < WRONG_CODES; count++) {
        await page.goto(`${world.urls.bridge}/device`);
        await page.locator('#user_code').fill('BBBB-BBBB');
        await page.getByRole('button', { name: 'Continue' }).click();
        await page.waitForLoadState();
      }
      await page.getByRole('heading', { name: 'Too many requests' }).waitFor();
      const seconds = Number(
        await page.locator('[data-shown-after-seconds]').getAttribute('data-shown-after-seconds'),
      );
      assert.ok(seconds > 0 && seconds <= 600, String(seconds));
      const button = page.getByRole('link', { name: 'Try again' });
      assert.equal(await button.isVisible(), false);
      await page.clock.fastForward((seconds + 1) * 1000);
      await button.waitFor();
      assert.equal(await button.getAttribute('href'), '/device');
    }));
});
