import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { consoleService } from '../../src/core/console-services.ts';
import { violationsOn } from '../support/axe.ts';
import { chromiumMissing, signIn, useBrowser } from '../support/browser.ts';
import { ADDRESSES, ARNS } from '../support/console-addresses.ts';
import { useWorld, type World } from '../support/world.ts';

const PROD = '111122223333';
const STAGING = '222233334444';
const GOV = '333344445555';
const CONSOLE = 'https://eu-west-1.console.aws.amazon.com';
const QUEUE = `arn:aws:sqs:eu-west-1:${STAGING}:orders`;
const QUEUES = `${CONSOLE}/sqs/v3/home?region=eu-west-1#/queues`;
const PHONES = [360, 320] as const;

describe('going to a page in Chromium', { skip: chromiumMissing() }, () => {
  const world = useWorld();
  const browser = useBrowser();
  // The OpenID provider goes by the machine's own clock, and a browser takes its time.
  beforeEach(() => world.clock.turn((Date.now() - world.clock.now()) / 1000));

  const goTo = (to: string): string => `${world.urls.bridge}/go?to=${encodeURIComponent(to)}`;
  const inSession = (account: string): string =>
    QUEUES.replace('https://', `https://${account}-abcd1234.`);
  const comeIn = async (page: Page, username: string): Promise<void> => {
    await page.goto(world.urls.bridge);
    await signIn(page, username, 'oidc');
    await page.getByRole('heading', { name: 'Your roles' }).waitFor();
  };
  const isIn = (page: Page, role: string, account: string): Promise<void> =>
    page.getByRole('heading', { name: `${role} in ${account}` }).waitFor();

  it('starts at the field of the portal, and ends in the console', () =>
    browser.visit(async page => {
      await comeIn(page, 'bob');
      await page.getByLabel('Console address or ARN').fill(QUEUE);
      await page.getByRole('button', { name: 'Go', exact: true }).click();
      await isIn(page, 'Developer', 'staging');
      assert.equal(
        await destination(page),
        `${QUEUES}/https%3A%2F%2Fsqs.eu-west-1.amazonaws.com%2F${STAGING}%2Forders`,
      );
    }));

  for (const javaScriptEnabled of [true, false]) {
    it(`asks for the role once, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, () =>
      browser.visit(
        async page => {
          await comeIn(page, javaScriptEnabled ? 'bob' : 'alice');
          await page.goto(goTo(inSession(PROD)));
          await page.getByRole('button', { name: 'Console: prod as ReadOnly' }).click();
          await isIn(page, 'ReadOnly', 'prod');
          await page.goto(goTo(inSession(PROD)));
          await isIn(page, 'ReadOnly', 'prod');
        },
        { javaScriptEnabled },
      ));
  }

  it('survives a sign-in and a step-up on the way', () =>
    browser.visit(async page => {
      await page.goto(goTo(`arn:aws-us-gov:lambda:us-gov-west-1:${GOV}:function:f`));
      await page.getByText('a page of the AWS console').waitFor();
      await signIn(page, 'alice', 'oidc');
      await isIn(page, 'Admin', 'gov');
    }));

  it('leads from a field whose session has expired to the sign-in, and on', () =>
    browser.visit(async page => {
      await comeIn(page, 'bob');
      await page.getByLabel('Console address or ARN').fill(QUEUE);
      await page.context().clearCookies();
      await page.getByRole('button', { name: 'Go', exact: true }).click();
      await page.getByText('a page of the AWS console').waitFor();
      await signIn(page, 'bob', 'oidc');
      await isIn(page, 'Developer', 'staging');
    }));

  it('asks before production when another site leads there, and not when the user types it', () =>
    browser.visit(async page => {
      await comeIn(page, 'bob');
      const link = `${world.urls.bridge}/console?account=prod&role=Developer`;
      await page.goto(`data:text/html,<a href="${link.replaceAll('&', '%26amp;')}">Dashboard</a>`);
      await page.getByRole('link', { name: 'Dashboard' }).click();
      await page.getByRole('heading', { name: 'Open the console?' }).waitFor();
      await page.getByRole('button', { name: 'Open the console' }).click();
      await isIn(page, 'Developer', 'prod');
      await page.goto(link);
      await isIn(page, 'Developer', 'prod');
    }));

  it('makes a link that can be copied', () =>
    browser.visit(
      async page => {
        await comeIn(page, 'bob');
        await page.getByRole('link', { name: 'Services and links' }).click();
        const form = page.locator('.go-builder');
        await form.getByLabel('Account').selectOption(STAGING);
        await form.getByLabel('Service').selectOption('sqs');
        await form.getByLabel('Region').fill('eu-west-1');
        await form.getByRole('button', { name: 'Make the link' }).click();
        await page.getByRole('button', { name: 'Copy' }).click();
        const link = await page.evaluate<string>('navigator.clipboard.readText()');
        assert.equal(
          link,
          `${world.urls.bridge}/go?to=${QUEUES.replace('#', '%23')}&account=${STAGING}`,
        );
        await page.goto(link);
        await isIn(page, 'Developer', 'staging');
      },
      { permissions: ['clipboard-read', 'clipboard-write'] },
    ));

  it('says the account, the region and the service of addresses of every partition', () =>
    browser.visit(async page => {
      await page.goto(world.urls.bridge);
      await signIn(page, 'carol', 'oidc');
      await page.getByRole('heading', { name: 'You have no roles yet' }).waitFor();
      for (const [text, { account, region, service }] of [...ADDRESSES, ...ARNS]) {
        await page.goto(goTo(text));
        const place =
          account === undefined ? 'the partition of this address' : `the account ${account}`;
        const said = await page.locator('.lede').textContent();
        assert.equal(said, `None of your roles is in ${place}.`, text);
        const facts = await page.locator('dl.address').textContent();
        for (const fact of [region, service && consoleService(service)!.name])
          assert.ok(fact === undefined || facts!.includes(fact), `${fact}: ${text}`);
      }
    }));

  it('has pages without violations of accessibility, in light and dark, that fit a phone', async () => {
    for (const colorScheme of ['light', 'dark'] as const)
      await browser.visit(
        async page => {
          await comeIn(page, 'bob');
          for (const address of pagesOf(world, goTo)) {
            await page.goto(address);
            assert.deepEqual(await violationsOn(page), [], address);
            for (const width of PHONES) {
              await page.setViewportSize({ width, height: 740 });
              const beyond = await page.evaluate<number>(
                'document.documentElement.scrollWidth - document.documentElement.clientWidth',
              );
              assert.equal(beyond, 0, `${width} px: ${address}`);
            }
            await page.setViewportSize({ width: 1280, height: 800 });
          }
        },
        { colorScheme },
      );
  });
});

/** The field, a refused address, a choice, an account without a role, a link that was made. */
function pagesOf({ urls }: World, goTo: (to: string) => string): readonly string[] {
  return [
    `${urls.bridge}/go`,
    goTo('https://evil.example/'),
    goTo(QUEUES),
    goTo(QUEUES.replace('https://', `https://${PROD}-abcd1234.`)),
    goTo(`arn:aws-us-gov:sqs:us-gov-west-1:${GOV}:q`),
    goTo('arn:aws:sqs:eu-west-1:999988887777:q'),
    `${urls.bridge}/go?account=${STAGING}&service=sqs&region=eu-west-1`,
    `${urls.bridge}/go?region=nowhere`,
  ];
}

/** What the local AWS was asked to show. */
async function destination(page: Page): Promise<string | null> {
  return page.locator('dt:text-is("Asked for") + dd').textContent();
}
