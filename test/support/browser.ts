/**
 * Real Chromium for the tests: one process for a file, one empty profile for each person.
 *
 * Whatever a page complains of (script errors, failed loads, violations of its
 * Content-Security-Policy) fails the visit in which it happened, whether or not the test looked for
 * it.
 */
import assert from 'node:assert/strict';
import { accessSync, constants } from 'node:fs';
import {
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
  type Request,
} from 'playwright-core';
import { useFixture } from './fixture.ts';
import { CONNECTOR, type Protocol } from './world.ts';

const EXECUTABLE = '/usr/bin/chromium';
const ARGUMENTS = [
  '--headless',
  // Chromium's sandbox needs user namespaces, which containers seldom give; every page that it sees
  // here is our own.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** A busy machine is slow; a page that never comes fails all the same. */
const TIMEOUT_MILLISECONDS = 20_000;

export interface Browser {
  /**
   * One visit in a profile of its own, which is gone afterwards. Fails when a page of it
   * complained.
   */
  visit(journey: (page: Page) => Promise<void>, options?: BrowserContextOptions): Promise<void>;
  close(): Promise<void>;
}

/**
 * Why browser tests cannot run here; false when they can. Throws under `CI=true`, where nothing is
 * skipped for a missing package.
 */
export function chromiumMissing(): string | false {
  try {
    accessSync(EXECUTABLE, constants.X_OK);
    return false;
  } catch (cause) {
    if (process.env.CI === 'true')
      throw new Error(`${EXECUTABLE} is missing: install the Debian package chromium`, { cause });
    return `there is no ${EXECUTABLE} (Debian package chromium)`;
  }
}

/** A browser for the tests of the surrounding suite. */
export function useBrowser(): Browser {
  return useFixture(openBrowser, browser => browser.close());
}

export async function openBrowser(): Promise<Browser> {
  // Its user data directory is a new one below the temporary directory, removed at the end.
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
  return {
    visit: async (journey, options) => {
      const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', ...options });
      try {
        context.setDefaultTimeout(TIMEOUT_MILLISECONDS);
        const complaints = complaintsOf(context);
        await journey(await context.newPage());
        assert.deepEqual(complaints(), [], 'pages complained');
      } finally {
        await context.close();
      }
    },
    close: () => browser.close(),
  };
}

/** Listens to every page of a profile, new tabs included. */
function complaintsOf(context: BrowserContext): () => string[] {
  const heard: { readonly text: string; readonly url: string }[] = [];
  const refusedPages = new Set<string>();
  context.on('weberror', weberror =>
    heard.push({ text: String(weberror.error()), url: weberror.page()?.url() ?? '' }),
  );
  context.on('console', message => {
    if (['error', 'warning'].includes(message.type()))
      heard.push({ text: message.text(), url: message.location().url });
  });
  context.on('response', response => {
    if (response.request().isNavigationRequest() && response.status() >= 400)
      refusedPages.add(response.url());
  });
  // Chromium also calls a page with an error status a failed load; a refusal is such a page, and
  // tests look at its status themselves.
  return () =>
    heard
      .filter(
        ({ text, url }) =>
          !(
            text.startsWith('Failed to load resource: the server responded') &&
            refusedPages.has(url)
          ),
      )
      .map(({ text, url }) => `${text} (${url})`);
}

/**
 * From the page that offers ways to sign in, through the identity provider's login page and back.
 * The password is the user name.
 */
export async function signIn(page: Page, username: string, protocol: Protocol): Promise<void> {
  await page.locator(`a[href^="/sign-in/${CONNECTOR[protocol]}"]`).click();
  await enterPassword(page, username);
}

export async function enterPassword(page: Page, username: string): Promise<void> {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(username);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** The tab that an action opens. */
export async function newTab(page: Page, action: () => Promise<void>): Promise<Page> {
  const [tab] = await Promise.all([page.context().waitForEvent('page'), action()]);
  return tab;
}

export interface SamlPost {
  /** Whether the browser sent the cookie of the sign-in attempt along. */
  readonly attemptCookie: boolean;
  /** Whether the post came from the bridge's own page, after one from the identity provider. */
  readonly again: boolean;
}

/** Watches what the page posts to the assertion consumer service from now on. */
export function watchSamlPosts(page: Page): () => Promise<SamlPost[]> {
  const posts: Request[] = [];
  page.on('request', request => {
    if (
      request.method() === 'POST' &&
      new URL(request.url()).pathname === `/saml/${CONNECTOR.saml}/acs`
    )
      posts.push(request);
  });
  return () =>
    Promise.all(
      posts.map(async post => ({
        attemptCookie: /\brolebridge-attempt=/.test((await post.headerValue('cookie')) ?? ''),
        again: new URLSearchParams(post.postData() ?? '').has('reposted'),
      })),
    );
}
