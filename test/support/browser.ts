/**
 * Real Chromium for tests: one process for a file, one empty profile for each visit.
 *
 * Script errors, failed loads and violations of the Content-Security-Policy fail the visit in which
 * they happen.
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
/** Long enough for a busy machine; a page that never loads still fails. */
const TIMEOUT_MILLISECONDS = 20_000;

export interface VisitOptions extends BrowserContextOptions {
  /** What pages report in this visit. */
  readonly expects?: RegExp;
}

export interface Browser {
  /**
   * Runs one visit in a new profile, which is removed afterwards. Fails if a page reported an
   * error, unless `expects` fits all of them, and one at least.
   */
  visit(journey: (page: Page) => Promise<void>, options?: VisitOptions): Promise<void>;
  close(): Promise<void>;
}

/**
 * Why browser tests cannot run here; false if they can. Throws under `CI=true`, where nothing is
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
    visit: async (journey, { expects, ...options } = {}) => {
      const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', ...options });
      try {
        context.setDefaultTimeout(TIMEOUT_MILLISECONDS);
        const complaints = complaintsOf(context);
        await journey(await context.newPage());
        const heard = complaints();
        const isExpected = (text: string): boolean => expects?.test(text) ?? false;
        assert.deepEqual(
          heard.filter(text => !isExpected(text)),
          [],
          'pages complained',
        );
        assert.ok(expects === undefined || heard.some(isExpected), 'pages did not complain');
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
 * Goes from the sign-in page through the identity provider's login page and back. The password is
 * the user name.
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

/** Records what the page posts to the assertion consumer service from now on. */
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
