import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chromiumMissing, signIn, useBrowser } from '../support/browser.ts';
import { useWorld } from '../support/world.ts';

const WRONG_CODES = 11;

describe('the page about too many requests', { skip: chromiumMissing() }, () => {
  const world = useWorld();
  const browser = useBrowser();

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
