import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { violationsOn } from '../support/axe.ts';
import { chromiumMissing, newTab, signIn, useBrowser } from '../support/browser.ts';
import { useWorld } from '../support/world.ts';

const PHONE = { viewport: { width: 320, height: 640 }, colorScheme: 'dark' } as const;

describe('the sessions of a user in Chromium', { skip: chromiumMissing() }, () => {
  const world = useWorld();
  const browser = useBrowser();
  beforeEach(() => world.clock.turn((Date.now() - world.clock.now()) / 1000));

  const comeIn = async (page: Page): Promise<void> => {
    await page.goto(world.urls.bridge);
    await signIn(page, 'alice', 'oidc');
    await page.getByRole('heading', { name: 'Your roles' }).waitFor();
  };
  const browsers = (page: Page) => page.locator('[aria-labelledby=browsers-title] li');

  for (const javaScriptEnabled of [true, false])
    it(`one browser ends another, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, () =>
      browser.visit(
        async here => {
          await browser.visit(async other => {
            await comeIn(other);
            await comeIn(here);
            await here.goto(`${world.urls.bridge}/sessions`);
            assert.equal(await browsers(here).count(), 2);
            assert.match(await browsers(here).first().innerText(), /Chrome on .+ This browser/s);
            await browsers(here).nth(1).getByRole('button', { name: 'End' }).click();
            await here.getByText('That browser was signed out here.').waitFor();
            assert.equal(await browsers(here).count(), 1);
            await other.goto(`${world.urls.bridge}/sessions`);
            assert.match(other.url(), /\/sign-in\?return_to=%2Fsessions/);
          });
          await browsers(here).getByRole('button', { name: 'Sign out' }).click();
          await here.getByRole('heading', { name: 'You are signed out here' }).waitFor();
        },
        { javaScriptEnabled },
      ));

  it('a phone shows an open console with its mark and its end', () =>
    browser.visit(async page => {
      await comeIn(page);
      const console = page.getByRole('button', { name: 'Console: prod as Admin' }).first();
      await newTab(page, () => console.click());
      await page.goto(`${world.urls.bridge}/sessions`);
      const row = page.locator('[aria-labelledby=aws-title] li');
      const text = await row.innerText();
      assert.match(text, /Admin in prod\s+Production/);
      assert.match(text, /Console, given to this browser[\s\S]+ends at the latest/);
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      assert.equal(width, PHONE.viewport.width);
      assert.deepEqual(await violationsOn(page), []);
    }, PHONE));
});
