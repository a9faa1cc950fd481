/**
 * Every page on every screen: wide, zoomed to 200 %, on two phones; light, dark, and in forced
 * colours; with the least and the most that it can hold, and with names that are long.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import type { Views } from '../../src/http/views.ts';
import { VIEW_NAMES } from '../http/view-models.ts';
import { violationsOn } from '../support/axe.ts';
import { chromiumMissing, useBrowser } from '../support/browser.ts';
import {
  BEYOND_THE_EDGE,
  DECISION,
  INVISIBLE_IN_FORCED_COLOURS,
  SMALL_TARGETS,
  UNSEEN_FOCUS,
} from '../support/layout.ts';
import { EXTENTS, type Extent, useViewPages } from '../support/view-pages.ts';

/** 640 is 1280 at 200 %. */
const WIDTHS = [1280, 640, 360, 320] as const;
const HEIGHT = 800;

interface Look {
  readonly width: (typeof WIDTHS)[number];
  readonly media: Parameters<Page['emulateMedia']>[0];
}

/** What axe looks at: it needs longer than everything else together. */
const LOOKS: { readonly [E in Extent]: readonly Look[] } = {
  least: [{ width: 320, media: { colorScheme: 'light' } }],
  most: [
    { width: 1280, media: { colorScheme: 'light' } },
    { width: 360, media: { colorScheme: 'dark' } },
  ],
  long: [],
};
/** Their script would leave them. */
const POSTS_AT_ONCE: ReadonlySet<string> = new Set(['repost', 'provider-form']);
const NO_SCRIPT = { contentType: 'text/javascript', body: '' };
/** Without transitions: a colour on its way to another one has no contrast of its own. */
const PLAIN = { colorScheme: 'light', forcedColors: 'none', reducedMotion: 'reduce' } as const;

const PHONE = { width: 360, height: 640 } as const;
/** With names that are long, the decision stays in view and what is before it scrolls. */
const DECISIONS: readonly (readonly [keyof Views, readonly Extent[]])[] = [
  ['cli-confirm', EXTENTS],
  ['application-consent', EXTENTS],
  ['step-up', ['most', 'long']],
  ['device-code', ['most']],
  ['console-request', ['least', 'most']],
  ['credentials-request', ['least']],
];

describe('every page in Chromium', { skip: chromiumMissing() }, () => {
  const browser = useBrowser();
  const pages = useViewPages();

  for (const view of VIEW_NAMES)
    it(`${view} fits every screen, is readable in every theme, and has no violation`, () =>
      browser.visit(async page => {
        const faults: string[] = [];
        await page.emulateMedia(PLAIN);
        if (POSTS_AT_ONCE.has(view))
          await page.route('**/portal.*.js', route => route.fulfill(NO_SCRIPT));
        for (const extent of EXTENTS) {
          await page.setViewportSize({ width: WIDTHS[0], height: HEIGHT });
          await page.goto(pages.urlOf(view, extent));
          faults.push(...(await faultsOf(page, extent)));
        }
        assert.deepEqual(faults, []);
      }));

  for (const view of ['sign-in', 'refusal', 'credentials', 'cli-confirm'] as const)
    it(`${view} has no violation in the colours of a brand`, () =>
      browser.visit(async page => {
        await page.goto(pages.urlOf(view, 'most', 'other'));
        for (const { width, media } of LOOKS.most) {
          await page.setViewportSize({ width, height: HEIGHT });
          await page.emulateMedia({ ...PLAIN, ...media });
          assert.deepEqual(await page.evaluate(BEYOND_THE_EDGE), []);
          assert.deepEqual(await violationsOn(page), [], `at ${width}`);
        }
      }));

  for (const [view, extents] of DECISIONS)
    for (const extent of extents)
      it(`${view} shows its decision on a phone, and before it what warns (${extent})`, () =>
        browser.visit(async page => {
          await page.setViewportSize(PHONE);
          await page.goto(pages.urlOf(view, extent));
          const { bottom, height, top, warned, scrolled } = await page.evaluate<Decision>(DECISION);
          assert.equal(scrolled, 0);
          assert.ok(bottom <= PHONE.height, `the decision ends at ${bottom}`);
          assert.ok(height >= 44, `the decision is ${height} high`);
          if (extent !== 'long') assert.ok(warned <= top, `${warned} is below ${top}`);
        }));
});

interface Decision {
  readonly bottom: number;
  readonly height: number;
  readonly top: number;
  readonly warned: number;
  readonly scrolled: number;
}

async function faultsOf(page: Page, extent: Extent): Promise<readonly string[]> {
  const faults: string[] = [];
  const ask = async (width: number, question: string): Promise<void> => {
    const said = await page.evaluate<readonly string[]>(question);
    faults.push(...said.map(line => `${extent} at ${width}: ${line}`));
  };
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: HEIGHT });
    await ask(width, BEYOND_THE_EDGE);
    if (width <= 360) await ask(width, SMALL_TARGETS);
  }
  for (const { width, media } of LOOKS[extent]) {
    await page.setViewportSize({ width, height: HEIGHT });
    await page.emulateMedia({ ...PLAIN, ...media });
    const violations = await violationsOn(page);
    faults.push(...violations.map(line => `${extent} at ${width}: ${line}`));
  }
  await page.emulateMedia({ ...PLAIN, forcedColors: 'active' });
  await ask(0, INVISIBLE_IN_FORCED_COLOURS);
  await page.keyboard.press('Tab');
  await ask(0, UNSEEN_FOCUS);
  await page.emulateMedia(PLAIN);
  return faults;
}
