import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chromiumMissing, signIn, useBrowser } from '../support/browser.ts';
import { useWorld, type World } from '../support/world.ts';

const WRONG_CODE = 'BBBB-BBBB';

/** Uses up the wrong user codes that bob may enter, in another browser. */
async function useUpGuesses(world: World): Promise<void> {
  const { visitor } = await world.signIn('bob', 'saml');
  for (let count = 0; count < 10; count++) {
    const page = await visitor.get(`${world.urls.bridge}/device`);
    await visitor.submit(page, 'form[action="/device"]', { user_code: WRONG_CODE });
  }
}

describe('the page about too many requests', { skip: chromiumMissing() }, () => {
  const world = useWorld();
  const browser = useBrowser();

  it('shows the button when the wait is over, and not before', () =>
    browser.visit(async page => {
      await useUpGuesses(world);
      await page.goto(`${world.urls.bridge}/device`);
      await signIn(page, 'bob', 'saml');
      await page.clock.install();
      await page.locator('#user_code').fill(WRONG_CODE);
      await page.getByRole('button', { name: 'Continue' }).click();

      await page.getByRole('heading', { name: 'Too many requests' }).waitFor();
      const wait = page.locator('[data-shown-after-seconds]');
      const seconds = Number(await wait.getAttribute('data-shown-after-seconds'));
      assert.ok(seconds > 0 && seconds <= 600, String(seconds));
      const button = page.getByRole('link', { name: 'Try again' });
      assert.equal(await button.isVisible(), false);

      await page.clock.fastForward((seconds + 1) * 1000);
      await button.waitFor();
      assert.equal(await button.getAttribute('href'), '/device');
    }));
});
