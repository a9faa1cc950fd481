import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { chromiumMissing, signIn, useBrowser } from '../support/browser.ts';
import { MANY_ROLES, manyRoles, ROLES } from '../support/many-roles.ts';
import { useWorld } from '../support/world.ts';

describe('"Use it in your terminal" in Chromium', { skip: chromiumMissing() }, () => {
  const world = useWorld(manyRoles({ details: true }));
  const browser = useBrowser();
  // The identity provider goes by the machine's own clock, and a browser takes its time.
  beforeEach(() => world.clock.turn((Date.now() - world.clock.now()) / 1000));

  const open = async (page: Page): Promise<void> => {
    await page.goto(`${world.urls.bridge}/aws-config`);
    await signIn(page, MANY_ROLES.username, 'oidc');
    await page.getByRole('heading', { name: 'Use it in your terminal' }).waitFor();
  };
  const profilesIn = (text: string): number => text.match(/^\[profile /gm)?.length ?? 0;

  it('is read, chosen and copied by keyboard, all 2,000 profiles of it', () =>
    browser.visit(
      async page => {
        await open(page);
        const choice = page.getByRole('link', { name: 'Older tools' });
        await choice.focus();
        await page.keyboard.press('Enter');
        await page.waitForURL(/\?show=sso-legacy#profiles$/);
        assert.equal(await choice.getAttribute('aria-current'), 'page');

        await page.getByRole('button', { name: 'Copy' }).focus();
        await page.keyboard.press('Enter');
        await page.getByRole('button', { name: 'Copied' }).waitFor();
        const copied = await page.evaluate<string>('navigator.clipboard.readText()');
        assert.equal(profilesIn(copied), ROLES);
        assert.match(copied, /^sso_start_url = /m);

        const issues = page.getByText('Known issues (4)');
        const [trap] = await page.locator('.traps li').all();
        assert.equal(await trap!.isVisible(), false);
        await issues.focus();
        await page.keyboard.press('Enter');
        assert.equal(await trap!.isVisible(), true);
      },
      { permissions: ['clipboard-read', 'clipboard-write'] },
    ));

  it('works without JavaScript', () =>
    browser.visit(
      async page => {
        await open(page);
        await page.getByRole('link', { name: 'rolebridge client' }).click();
        assert.equal(profilesIn((await page.locator('pre').textContent())!), ROLES);
        assert.equal(await page.getByRole('button', { name: 'Copy' }).count(), 0);
        const download = page.waitForEvent('download');
        await page.getByRole('link', { name: 'Download' }).click();
        assert.equal((await download).suggestedFilename(), 'aws-config');
        await page.getByText('Known issues (1)').click();
        assert.equal(await page.locator('.traps li').isVisible(), true);
      },
      { javaScriptEnabled: false },
    ));
});
