/** Step-up in Chromium, with identity providers on another site than the bridge. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { goodManners } from '../../src/dev/oidc-idp/manners.ts';
import { chromiumMissing, enterPassword, newTab, useBrowser } from '../support/browser.ts';
import { callApi, loginByCode } from '../support/cli-login.ts';
import { CONNECTOR, type Protocol, useWorld } from '../support/world.ts';

const ROLE = { account: 'prod', role: 'Admin' };
const CONSOLE = '/console?account=prod&role=Admin';
const IMPATIENT = (yaml: string): string =>
  yaml.replaceAll('authenticatedWithin: 8h', 'authenticatedWithin: 1m');

describe('step-up in Chromium', { skip: chromiumMissing() }, () => {
  const world = useWorld({ idpHost: 'localhost', configure: IMPATIENT });
  const browser = useBrowser();
  // The identity providers go by the clock of the world, and a browser takes its time.
  beforeEach(() => world.clock.turn((Date.now() - world.clock.now()) / 1000));
  afterEach(() => void Object.assign(world.oidcIdp.stepUp, goodManners().stepUp));

  const choose = (page: Page, protocol: Protocol): Promise<void> =>
    page.locator(`a[href^="/sign-in/${CONNECTOR[protocol]}"]`).click();
  const enterPasswordAlone = async (page: Page): Promise<void> => {
    await page.getByRole('checkbox').uncheck();
    await enterPassword(page, 'alice');
  };
  const fits = (page: Page): Promise<boolean> =>
    page.evaluate(
      'document.documentElement.scrollWidth <= document.documentElement.clientWidth',
    ) as Promise<boolean>;
  /** A terminal of alice without a second factor, and the address of its refusal. */
  const refusedTerminal = async () => {
    const { visitor } = await world.signIn('alice', 'oidc', { secondFactor: false });
    const { accessToken } = await loginByCode(world, visitor);
    const request = { method: 'POST', path: '/credentials', body: ROLE };
    const { json } = await callApi(world, accessToken, request);
    const works = async () => (await callApi(world, accessToken, request)).status === 200;
    return { address: String(json.step_up_url), works };
  };

  for (const protocol of ['saml', 'oidc'] as const) {
    it(`a console link leads through a sign-in and a step-up by ${protocol}`, () =>
      browser.visit(async page => {
        await page.goto(world.urls.bridge + CONSOLE);
        await choose(page, protocol);
        await enterPasswordAlone(page);
        await page.getByRole('checkbox').check();
        await enterPassword(page, 'alice');
        await page.getByRole('heading', { name: 'Admin in prod' }).waitFor();
      }));

    it(`a button of the portal leads through a step-up by ${protocol}, in its own tab`, () =>
      browser.visit(async page => {
        await page.goto(world.urls.bridge);
        await choose(page, protocol);
        await enterPassword(page, 'alice');
        await page.getByRole('heading', { name: 'Your roles' }).waitFor();
        world.clock.turn(61);
        const tab = await newTab(page, () =>
          page.getByRole('button', { name: 'Console: prod as Admin' }).click(),
        );
        await enterPassword(tab, 'alice');
        await tab.getByRole('heading', { name: 'Admin in prod' }).waitFor();
      }));
  }

  it('a terminal is stepped up by keyboard, without JavaScript, on a phone in the dark', async () => {
    const { address, works } = await refusedTerminal();
    assert.equal(await works(), false);
    await browser.visit(
      async page => {
        await page.goto(address);
        await choose(page, 'oidc');
        await enterPasswordAlone(page);
        await page.getByRole('heading', { name: 'Verify for this terminal?' }).waitFor();
        assert.ok(await fits(page));
        assert.equal(await page.locator('h1').count(), 1);
        await page.getByRole('button', { name: 'Continue' }).focus();
        await page.keyboard.press('Enter');
        await enterPassword(page, 'alice');
        await page.getByRole('heading', { name: 'Your terminal is verified' }).waitFor();
        assert.ok(await fits(page));
      },
      { javaScriptEnabled: false, viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
    );
    assert.equal(await works(), true);
  });

  it('a step-up that fails shows what the provider answered, and leads back to the user’s roles', () =>
    browser.visit(
      async page => {
        await page.goto(world.urls.bridge);
        await choose(page, 'oidc');
        await enterPasswordAlone(page);
        await page.getByRole('heading', { name: 'Your roles' }).waitFor();
        world.oidcIdp.stepUp.acr = 'refused';
        world.oidcIdp.stepUp.refusal = {
          error: 'interaction_required',
          description: `AADSTS50076${'x'.repeat(400)}`,
        };
        await page.goto(world.urls.bridge + CONSOLE);
        await page.getByRole('heading', { name: 'What your identity provider answered' }).waitFor();
        assert.ok(await fits(page), 'a long text is broken');
        assert.match((await page.locator('main').textContent())!, /interaction_required/);
        await page.getByRole('link', { name: 'rolebridge' }).click();
        await page.getByRole('heading', { name: 'Your roles' }).waitFor();
      },
      { viewport: { width: 360, height: 740 } },
    ));
});
