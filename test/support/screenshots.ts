/**
 * Takes the pictures of the documentation from the demo: `npm run docs:screenshots` writes
 * docs/images/*.png.
 */
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { CLI_CLIENT } from '../../src/core/oauth-client.ts';
import { anonymousFrom } from '../../src/core/requester.ts';
import { type Browser, newTab, openBrowser, signIn } from './browser.ts';
import { callApi, loginByDevice } from './cli-login.ts';
import { startWorld, type World } from './world.ts';

const DIRECTORY = fileURLToPath(new URL('../../docs/images', import.meta.url));
const DESK: BrowserContextOptions = {
  viewport: { width: 1280, height: 800 },
  deviceScaleFactor: 1,
};
const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 1,
  isMobile: true,
  hasTouch: true,
};

interface Picture {
  readonly name: string;
  readonly options: BrowserContextOptions;
  /** The selector of an element to leave out, which the lower edge would cut in half. */
  readonly without?: string;
  /** Navigates to the subject and returns its page. */
  readonly find: (page: Page, world: World) => Promise<Page>;
}

const roles = async (page: Page, world: World, username = 'alice'): Promise<Page> => {
  await page.goto(world.urls.bridge);
  await signIn(page, username, 'saml');
  await page.getByRole('heading', { name: 'Your roles' }).waitFor();
  return page;
};

/** With favourites, and roles that were used. */
const workplace = async (page: Page, world: World): Promise<Page> => {
  await roles(page, world);
  for (const role of ['prod as ReadOnly', 'staging as Developer']) {
    const star = page.getByRole('button', { name: `Add favourite: ${role}`, exact: true });
    if ((await star.count()) > 0) await star.click();
  }
  for (const role of ['gov as Admin', 'prod as Developer']) {
    const tab = await newTab(page, () =>
      page.getByRole('button', { name: `Console: ${role}`, exact: true }).click(),
    );
    await tab.close();
  }
  await page.goto(world.urls.bridge);
  await page.getByRole('heading', { name: 'Your roles' }).waitFor();
  return page;
};

/** A colleague has pasted the address of a function, without its account. */
const goTo = async (page: Page, world: World): Promise<Page> => {
  await roles(page, world);
  await page
    .getByLabel('Console address or ARN')
    .fill(
      'https://eu-west-1.console.aws.amazon.com/lambda/home?region=eu-west-1#/functions/orders',
    );
  await page.getByRole('button', { name: 'Go', exact: true }).click();
  await page.getByRole('heading', { name: 'Choose a role' }).waitFor();
  return page;
};

const goStart = async (page: Page, world: World): Promise<Page> => {
  await roles(page, world);
  await page.goto(`${world.urls.bridge}/go`);
  await page.getByRole('heading', { name: 'Go to a page' }).waitFor();
  return page;
};

/** Without those of the other pictures. */
const sessions = async (page: Page, world: World): Promise<Page> => {
  const { accessToken } = await loginByDevice(world, 'alice');
  await callApi(world, accessToken, { method: 'DELETE', path: '/sessions' });
  await loginByDevice(world, 'alice');
  await workplace(page, world);
  await page.getByRole('link', { name: 'Sessions' }).click();
  await page.getByRole('heading', { name: 'Your sessions' }).waitFor();
  return page;
};

/** A terminal in another network polls. */
const deviceLogin = async (page: Page, world: World): Promise<Page> => {
  const { userCode } = await world.bridge.deviceAuthorization.begin(
    anonymousFrom({ correlationId: 'picture', address: '192.0.2.44' }),
    { client: CLI_CLIENT, deviceName: 'build-7.acme.example', reauthenticate: false },
  );
  await page.goto(`${world.urls.bridge}/device`);
  await signIn(page, 'alice', 'saml');
  await page.getByLabel('Code').fill(userCode);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Is this your terminal?' }).waitFor();
  return page;
};

const awsConfig = async (page: Page, world: World): Promise<Page> => {
  await roles(page, world);
  await page.getByRole('link', { name: 'Use it in your terminal' }).click();
  await page.getByRole('heading', { name: 'Use it in your terminal' }).waitFor();
  return page;
};

const PICTURES: readonly Picture[] = [
  {
    name: 'sign-in',
    options: DESK,
    find: async (page, world) => {
      await page.goto(`${world.urls.bridge}/console?account=prod&role=Admin`);
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      return page;
    },
  },
  { name: 'roles', options: DESK, without: '.colophon', find: workplace },
  {
    name: 'roles-dark',
    options: { ...DESK, colorScheme: 'dark' },
    without: '.colophon',
    find: workplace,
  },
  { name: 'phone', options: PHONE, find: workplace },
  { name: 'go', options: DESK, without: '.colophon', find: goStart },
  { name: 'go-choice', options: { ...DESK, colorScheme: 'dark' }, find: goTo },
  { name: 'go-phone', options: PHONE, find: goTo },
  {
    name: 'credentials',
    options: DESK,
    without: '.after, .colophon',
    find: async (page, world) => {
      await roles(page, world);
      await page.getByRole('button', { name: 'Credentials: prod as Admin' }).click();
      await page.getByRole('heading', { name: 'Credentials for prod as Admin' }).waitFor();
      return page;
    },
  },
  {
    name: 'refusal',
    options: DESK,
    find: async (page, world) => {
      await roles(page, world, 'bob');
      await page.goto(`${world.urls.bridge}/console?account=prod&role=Admin`);
      return page;
    },
  },
  { name: 'device', options: DESK, find: (page, world) => deviceLogin(page, world) },
  {
    name: 'device-phone',
    options: { ...PHONE, colorScheme: 'dark' },
    find: (page, world) => deviceLogin(page, world),
  },
  { name: 'sessions', options: DESK, find: sessions },
  { name: 'sessions-dark', options: { ...DESK, colorScheme: 'dark' }, find: sessions },
  { name: 'sessions-phone', options: PHONE, find: sessions },
  { name: 'aws-config', options: DESK, without: '.colophon', find: awsConfig },
  {
    name: 'console',
    options: DESK,
    without: 'nav',
    find: async (page, world) => {
      await roles(page, world);
      const tab = await newTab(page, () =>
        page.getByRole('button', { name: 'Console: prod as Admin' }).click(),
      );
      await tab.getByRole('heading', { name: 'Admin in prod' }).waitFor();
      return tab;
    },
  },
];

async function take(world: World, browser: Browser): Promise<void> {
  mkdirSync(DIRECTORY, { recursive: true });
  for (const { name, options, without = ':not(*)', find } of PICTURES) {
    await browser.visit(async page => {
      const shown = await find(page, world);
      await shown.evaluate(
        `document.querySelectorAll(${JSON.stringify(without)}).forEach(element => element.remove())`,
      );
      await shown.screenshot({ path: `${DIRECTORY}/${name}.png` });
    }, options);
  }
}

// The sign-in page names the protocol beside the label.
const world = await startWorld();
try {
  const browser = await openBrowser();
  await take(world, browser).finally(() => browser.close());
} finally {
  await world.close();
}
