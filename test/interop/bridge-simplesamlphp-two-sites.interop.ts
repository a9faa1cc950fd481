/**
 * To a browser `localhost` and `127.0.0.1` are two sites, as a company's IdP and the bridge are:
 * cookies do not come along with a post.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { chromiumMissing, useBrowser, watchSamlPosts } from '../support/browser.ts';
import { Visitor } from '../support/visitor.ts';
import { CONNECTOR } from '../support/world.ts';
import { type Federation, packagesMissing, useFederation } from './federation.ts';

/**
 * The bridge does not judge the first, for want of the cookie, and its own page sends the second.
 */
const POSTED_TWICE = [
  { attemptCookie: false, again: false },
  { attemptCookie: true, again: true },
];

describe('a bridge on 127.0.0.1 and SimpleSAMLphp on localhost', {
  skip: packagesMissing(),
}, () => {
  const federation = useFederation({
    idp: { host: 'localhost' },
    connector: { allowUnsolicited: true },
  });

  /**
   * Posted as from another site: no cookie comes along, and our own page wants to post it again.
   */
  const postedWithoutCookie = async (visitor: Visitor) => {
    const login = await visitor.get(`${federation.world.urls.bridge}/sign-in/${CONNECTOR.saml}`);
    assert.ok(login.url.startsWith('http://localhost:'), login.url);
    const answer = await visitor.submit(login, 'form', { username: 'alice', password: 'alice' });
    federation.setClock(0);
    const page = await new Visitor().submit(answer, 'form');
    assert.match(page.text, /Signing you in/);
    return page;
  };

  it('accepts a Response without the attempt cookie when our own page posts it again', async () => {
    const visitor = new Visitor();
    const page = await visitor.submit(await postedWithoutCookie(visitor), 'form');
    await federation.assertSignedIn({ visitor, page }, 'alice');
  });

  it('rejects a Response that lacks the cookie twice, and a new sign-in works', async () => {
    const visitor = new Visitor();
    const page = await visitor.submit(await postedWithoutCookie(new Visitor()), 'form');
    const expected = {
      code: 'cookie_missing',
      status: 400,
      shown: /did not send the sign-in cookie/,
      why: /sent no attempt cookie/,
    } as const;
    await federation.assertRefused({ visitor, page }, expected);
    await federation.assertSignedIn(await federation.signIn('alice', { visitor }), 'alice');
  });

  describe('in Chromium', { skip: chromiumMissing() }, () => {
    const browser = useBrowser();

    for (const javaScriptEnabled of [true, false]) {
      it(`alice signs in ${javaScriptEnabled ? 'with' : 'without'} JavaScript and opens prod/Admin in the console`, () =>
        browser.visit(
          async page => {
            const posts = watchSamlPosts(page);
            await page.goto(federation.world.urls.bridge);
            await page.locator(`a[href="/sign-in/${CONNECTOR.saml}"]`).click();
            await enterPassword(page, federation);
            if (!javaScriptEnabled) {
              await page.getByRole('button', { name: 'Submit' }).click();
              await page.getByRole('button', { name: 'Continue' }).click();
            }
            await page.getByRole('heading', { name: 'Your roles' }).waitFor();
            assert.deepEqual(await posts(), POSTED_TWICE);
            await page.goto(`${federation.world.urls.bridge}/console?account=prod&role=Admin`);
            await page.getByRole('heading', { name: 'Admin in prod' }).waitFor();
          },
          { javaScriptEnabled },
        ));
    }

    it('opens a console link after the login page', () =>
      browser.visit(async page => {
        await page.goto(`${federation.world.urls.bridge}/console?account=prod&role=Admin`);
        await page.locator(`a[href^="/sign-in/${CONNECTOR.saml}"]`).click();
        await enterPassword(page, federation);
        await page.getByRole('heading', { name: 'Admin in prod' }).waitFor();
      }));

    it('shows the roles after a sign-in that begins at the IdP', () =>
      browser.visit(async page => {
        const query = new URLSearchParams({ spentityid: federation.spEntityId });
        await page.goto(`${federation.idp.origin}/simplesaml/saml2/idp/SSOService.php?${query}`);
        await enterPassword(page, federation);
        await page.getByRole('heading', { name: 'Your roles' }).waitFor();
      }));
  });
});

async function enterPassword(page: Page, federation: Federation): Promise<void> {
  await page.getByLabel('Username').fill('alice');
  await page.getByLabel('Password').fill('alice');
  federation.setClock(0);
  await page.getByRole('button', { name: 'Login' }).click();
}
