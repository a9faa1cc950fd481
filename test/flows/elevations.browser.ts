/** Elevations in Chromium: from a refusal to the console, and what axe says of every page. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { MINUTE } from '../../src/core/time.ts';
import { violationsOn } from '../support/axe.ts';
import { chromiumMissing, enterPassword, signIn, useBrowser } from '../support/browser.ts';
import { RULES, WORKERS, withRules } from '../support/elevations.ts';
import { useWorld } from '../support/world.ts';

const CONSOLE = '/console?account=prod&role=Admin';
const NEW = '/elevations/new?account=prod&role=Admin';
const PHONE = { viewport: { width: 360, height: 740 } };
const DESK = { viewport: { width: 1280, height: 900 } };

describe('elevations in Chromium', { skip: chromiumMissing() }, () => {
  const world = useWorld({ configure: withRules(RULES), people: WORKERS });
  const browser = useBrowser();
  // The OpenID provider goes by the machine's own clock, and a browser takes its time.
  beforeEach(() => world.clock.turn((Date.now() - world.clock.now()) / 1000));

  const fits = (page: Page): Promise<boolean> =>
    page.evaluate(
      'document.documentElement.scrollWidth <= document.documentElement.clientWidth',
    ) as Promise<boolean>;
  const comeIn = async (page: Page, username: string, path = '/'): Promise<void> => {
    await page.goto(world.urls.bridge);
    await signIn(page, username, 'oidc');
    await page.getByText(/^via Acme/).waitFor({ state: 'attached' });
    await page.goto(world.urls.bridge + path);
  };
  /** Tabs to what has this name, as users without a mouse do. */
  const tabTo = async (page: Page, name: string): Promise<void> => {
    for (let steps = 0; steps < 60; steps++) {
      await page.keyboard.press('Tab');
      const focused = await page.evaluate<string>(
        `(({ id, labels, textContent }) => labels?.[0]?.textContent ?? textContent)(document.activeElement)`,
      );
      if (focused.trim().startsWith(name)) return;
    }
    assert.fail(`no way by keyboard to ${name} on ${page.url()}`);
  };

  it('bob asks by keyboard, erin approves on a phone without JavaScript, and the console opens', async () => {
    let address = '';
    await browser.visit(async page => {
      await comeIn(page, 'bob', CONSOLE);
      await tabTo(page, 'Request this role');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Request Admin in prod' }).waitFor();
      await tabTo(page, 'For how long');
      await page.keyboard.press('ArrowRight');
      assert.equal(await page.locator('output').first().textContent(), '1 h 30 min');
      await page.keyboard.press('End');
      assert.equal(await page.locator('output').first().textContent(), '2 h');
      await tabTo(page, 'Reason');
      await page.keyboard.type('deploy the fix');
      await tabTo(page, 'Send the request');
      await page.keyboard.press('Enter');
      await page.getByText('You requested the role').waitFor();
      assert.match((await page.locator('main').textContent())!, /Duration\s*2 h/);
      address = new URL(page.url()).pathname;

      await browser.visit(
        async other => {
          await comeIn(other, 'erin');
          world.clock.turn(16 * MINUTE);
          await other.goto(`${world.urls.bridge}/elevations`);
          await other.getByRole('link', { name: 'Decide' }).click();
          assert.ok(await fits(other));
          await other.getByLabel('Approve for').selectOption('1 h');
          await other.getByLabel('Note').fill('one hour will do');
          await other.getByRole('button', { name: 'Approve' }).click();
          await enterPassword(other, 'erin');
          await other.getByRole('heading', { name: 'Your decision' }).waitFor();
          assert.equal(await other.getByLabel('Note').inputValue(), 'one hour will do');
          await other.getByRole('button', { name: 'Approve' }).click();
          await other.getByText('You approved it').waitFor();
        },
        { ...PHONE, javaScriptEnabled: false, colorScheme: 'dark' },
      );

      await page.goto(world.urls.bridge);
      await page.getByRole('link', { name: /^elevated, / }).waitFor();
      await page.goto(world.urls.bridge + CONSOLE);
      await page.getByRole('heading', { name: 'Admin in prod' }).waitFor();
      assert.equal(page.url(), `${world.urls.aws}/console`);
      await page.goto(world.urls.bridge + address);
      assert.match((await page.locator('main').textContent())!, /What AWS still accepts/);
      await page.getByRole('button', { name: 'End it now' }).click();
      await page.getByText('You ended it').waitFor();
      const refused = await page.goto(world.urls.bridge + CONSOLE);
      assert.equal(refused?.status(), 403);
    }, DESK);
  });

  /** Pages by user, with something on each of them. */
  const furnish = async () => {
    const henry = (await world.signIn('henry', 'oidc')).visitor;
    const form = await henry.get(world.urls.bridge + NEW);
    const typed = { reason: 'the database is down', understood: 'yes' };
    const glass = await henry.submit(form, 'form:has(#glass-reason)', typed);
    const dave = (await world.signIn('dave', 'oidc')).visitor;
    const asked = await dave.get(world.urls.bridge + NEW);
    const waiting = await dave.submit(asked, 'form:has(#reason)', { reason: 'a migration' });
    const [taken, open] = [glass, waiting].map(({ url }) => new URL(url).pathname);
    return {
      carol: ['/', '/elevations', '/elevations/new', '/sessions', '/device', '/aws-config'],
      henry: ['/', '/elevations', '/elevations/new', `${NEW}&break_glass=yes`, taken!, CONSOLE],
      dave: [open!, '/elevations', CONSOLE, '/credentials?account=prod&role=Developer'],
      erin: ['/elevations', open!, taken!, '/elevations/none'],
      alice: ['/', '/elevations/new'],
    };
  };

  it('axe finds a label that is missing', () =>
    browser.visit(async page => {
      await page.goto(world.urls.bridge);
      await page.evaluate("document.querySelector('h1').append(document.createElement('input'))");
      assert.match((await violationsOn(page)).join(), /^label: /);
    }));

  it('axe finds no violation on a phone or a desk, in light or dark, and everything fits', async () => {
    const found: string[] = [];
    // Colours change at once.
    const STILL = { ...DESK, reducedMotion: 'reduce' } as const;
    const look = async (page: Page, where: string): Promise<void> => {
      for (const { viewport } of [PHONE, DESK]) {
        await page.setViewportSize(viewport);
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          const how = `${where} ${viewport.width} ${colorScheme}`;
          if (!(await fits(page))) found.push(`${how}: does not fit`);
          for (const violation of await violationsOn(page)) found.push(`${how}: ${violation}`);
        }
      }
    };
    for (const [username, paths] of Object.entries(await furnish())) {
      await browser.visit(async page => {
        await comeIn(page, username);
        for (const path of paths) {
          await page.goto(world.urls.bridge + path);
          await look(page, `${username} ${path}`);
        }
      }, STILL);
    }
    assert.deepEqual(found, []);
  });
});
