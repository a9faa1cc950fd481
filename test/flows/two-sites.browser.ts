import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { chromiumMissing, signIn, useBrowser, watchSamlPosts } from '../support/browser.ts';
import { CONNECTOR, useWorld } from '../support/world.ts';

/** The bridge refuses the first, for want of the cookie, and its own page sends the second. */
const POSTED_TWICE = [
  { attemptCookie: false, again: false },
  { attemptCookie: true, again: true },
];

/**
 * To a browser `localhost` and `127.0.0.1` are two sites, as a company's identity provider and the
 * bridge are.
 */
describe('identity providers on another site, over http', { skip: chromiumMissing() }, () => {
  const world = useWorld({ idpHost: 'localhost' });
  const browser = useBrowser();
  // The OpenID provider goes by the machine's own clock, and a browser takes its time.
  beforeEach(() => world.clock.turn((Date.now() - world.clock.now()) / 1000));

  it('a SAML response comes without the cookie of the attempt, is posted once more by our own page, and signs in', () =>
    browser.visit(async page => {
      const posts = watchSamlPosts(page);
      await page.goto(world.urls.bridge);
      await signIn(page, 'alice', 'saml');
      await page.getByRole('heading', { name: 'Your roles' }).waitFor();
      assert.deepEqual(await posts(), POSTED_TWICE);
    }));

  it('without JavaScript the person presses Continue there and here', () =>
    browser.visit(
      async page => {
        const posts = watchSamlPosts(page);
        await page.goto(world.urls.bridge);
        await signIn(page, 'alice', 'saml');
        await page.getByText('You are being sent back').waitFor();
        await page.getByRole('button', { name: 'Continue' }).click();
        await page.getByRole('heading', { name: 'Signing you in' }).waitFor();
        await page.getByRole('button', { name: 'Continue' }).click();
        await page.getByRole('heading', { name: 'Your roles' }).waitFor();
        assert.deepEqual(await posts(), POSTED_TWICE);
      },
      { javaScriptEnabled: false },
    ));

  for (const protocol of ['saml', 'oidc'] as const) {
    it(`a link to the console leads there through a sign-in by ${protocol}`, () =>
      browser.visit(async page => {
        await page.goto(`${world.urls.bridge}/console?account=prod&role=Admin`);
        await signIn(page, 'alice', protocol);
        await page.getByRole('heading', { name: 'Admin in prod' }).waitFor();
      }));
  }

  for (const protocol of ['saml', 'oidc'] as const)
    it(`a page of another site opens production only after a question, also by a sign-in without a password (${protocol})`, () =>
      browser.visit(async page => {
        await page.goto(world.urls.bridge);
        await signIn(page, 'alice', protocol);
        await page.getByRole('heading', { name: 'Your roles' }).waitFor();
        const wanted = encodeURIComponent('/console?account=prod&role=Developer');
        const link = `${world.urls.bridge}/sign-in/${CONNECTOR[protocol]}?return_to=${wanted}`;
        await page.goto(`data:text/html,<a href="${encodeURI(link)}">Free tickets</a>`);
        await page.getByRole('link').click();
        await page.getByRole('heading', { name: 'Open the console?' }).waitFor();
      }));

  it('the answer to an attempt that another browser began is refused, though our own page posts it once more', () =>
    browser.visit(async page => {
      await page.goto(world.urls.bridge);
      await page.context().route('**/acs', async route => {
        await page.context().clearCookies({ name: 'rolebridge-attempt' });
        await route.continue();
      });
      await signIn(page, 'alice', 'saml');
      await page.getByText('cookie_missing').waitFor();
      await page.goto(world.urls.bridge);
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    }));
});
