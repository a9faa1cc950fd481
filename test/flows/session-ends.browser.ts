import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { violationsOn } from '../support/axe.ts';
import { chromiumMissing, useBrowser, type VisitOptions } from '../support/browser.ts';
import { useViewPages } from '../support/view-pages.ts';

/** The models end at 23:30 UTC without use, an hour after they were made, and at 06:30 UTC. */
const IDLE_MINUTES = 60;
const LATEST_MINUTES = 12 * 60;
const KOLKATA: VisitOptions = { timezoneId: 'Asia/Kolkata' };

describe('the ends of a session in Chromium', { skip: chromiumMissing() }, () => {
  const browser = useBrowser();
  const pages = useViewPages();

  /** A page at a clock that the test turns. */
  const open = async (page: Page): Promise<void> => {
    await page.clock.install();
    await page.goto(pages.urlOf('console-request', 'most'));
  };
  const warning = (page: Page) => page.locator('[data-session-warning]');
  const turn = (page: Page, minutes: number) => page.clock.fastForward(minutes * 60_000);

  it('are in UTC without JavaScript', () =>
    browser.visit(
      async page => {
        await page.goto(pages.urlOf('console-request', 'most'));
        assert.equal(await endsOn(page), 'Ends 23:30 if idle, at the latest 06:30 UTC');
      },
      { javaScriptEnabled: false },
    ));

  for (const [timezoneId, says] of [
    ['Asia/Kolkata', 'Ends 05:00 if idle, at the latest 12:00 GMT+5:30'],
    ['Europe/London', 'Ends 23:30 if idle, at the latest 06:30 GMT'],
  ] as const)
    for (const width of [1280, 320])
      it(`are in the time of ${timezoneId}, and move nothing on a screen of ${width}`, () =>
        browser.visit(
          async page => {
            await page.goto(pages.urlOf('console-request', 'most'));
            assert.equal(await endsOn(page), says);
            assert.equal(await page.evaluate(LAYOUT_SHIFT), 0);
          },
          { timezoneId, viewport: { width, height: 800 } },
        ));

  it('have a warning five minutes before an idle one, with what to do', () =>
    browser.visit(async page => {
      await open(page);
      await turn(page, IDLE_MINUTES - 6);
      assert.equal(await warning(page).textContent(), '');
      await turn(page, 1);
      await warning(page)
        .getByText(/^Your session ends at 05:00 GMT\+5:30 because you have not used it/)
        .waitFor();
      assert.equal(await warning(page).getAttribute('role'), 'status');
      const link = warning(page).getByRole('link', { name: 'open one in a new tab' });
      assert.deepEqual(
        [await link.getAttribute('href'), await link.getAttribute('target')],
        ['/sessions', '_blank'],
      );
      assert.deepEqual(await violationsOn(page), []);
      await warning(page).getByRole('button', { name: 'Dismiss' }).click();
      await turn(page, 1);
      assert.equal(await warning(page).textContent(), '', 'a warning is dismissed for good');
      await turn(page, 4);
      const again = warning(page).getByRole('link', { name: 'Sign in again' });
      assert.equal(
        await again.getAttribute('href'),
        '/sign-in?return_to=%2Fown%2Fconsole-request%2Fmost',
      );
    }, KOLKATA));

  it('have no warning while another tab is used, until the one that nothing extends', () =>
    browser.visit(async page => {
      await open(page);
      for (let passed = 0; passed < LATEST_MINUTES - 50; passed += 50) {
        await turn(page, 50);
        // The models always say an hour: the other tab is as a page that was just asked for.
        await page.evaluate(`new BroadcastChannel('session-ends').postMessage({
          ends: { idle: Date.now() + ${IDLE_MINUTES} * 60_000, latest: ${LATEST_MINUTES} * 60_000 + performance.timeOrigin },
          spoken: { idle: Date.UTC(2026, 10, 21, 1), latest: Date.UTC(2026, 10, 21, 6, 30) },
        })`);
        await page.locator('.session-ends', { hasText: '06:30 if idle' }).waitFor();
        assert.equal(await warning(page).textContent(), '');
      }
      await turn(page, 16);
      await warning(page)
        .getByText(/^Your session ends at 12:00 GMT\+5:30, and nothing extends it/)
        .waitFor();
      assert.equal(await warning(page).getByRole('link').count(), 0);
    }, KOLKATA));
});

async function endsOn(page: Page): Promise<string> {
  const text = await page.locator('.session-ends').textContent();
  return text!.trim().replaceAll(/\s+/g, ' ');
}

/** What moved after it was first drawn (Layout Instability API). */
const LAYOUT_SHIFT = `new Promise(resolve => {
  let sum = 0;
  new PerformanceObserver(list => { for (const entry of list.getEntries()) sum += entry.value; })
    .observe({ type: 'layout-shift', buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(sum), 100)));
})`;
