/** The application of the demo in Chromium, on an origin of its own. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { createPhotos } from '../../src/dev/photos.ts';
import { chromiumMissing, enterPassword, useBrowser } from '../support/browser.ts';
import { useFixture } from '../support/fixture.ts';
import { answer, useWorld } from '../support/world.ts';

const listening = (): Server => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  return server;
};
const urlOf = (server: Server): string =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
/** A site that answers nothing until a test tells it to. */
const useSite = (): Server =>
  useFixture(
    async () => {
      const server = listening();
      if (!server.listening) await new Promise(resolve => server.once('listening', resolve));
      return server;
    },
    server =>
      new Promise<void>(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );

/** What a script of the page can do; the bridge and its tokens, as the page has them. */
const IN_PAGE = `
  const settings = await (await fetch('config.json')).json();
  const session = await new Promise(resolve => {
    const opening = indexedDB.open('bridge', 1);
    opening.onsuccess = () => {
      const got = opening.result.transaction('kept').objectStore('kept').get('session');
      got.onsuccess = () => resolve(got.result);
    };
  });
  const base64url = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const digest = async text =>
    base64url(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const proofBy = async (key, accessToken) => {
    const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', key.publicKey);
    const claims = { jti: crypto.randomUUID(), htm: 'GET', htu: settings.bridge + '/api/v1/roles',
      iat: Math.floor(Date.now() / 1000), ath: await digest(accessToken) };
    const input = [{ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } }, claims]
      .map(part => base64url(new TextEncoder().encode(JSON.stringify(part)))).join('.');
    const signature = await crypto.subtle.sign(ECDSA, key.privateKey,
      new TextEncoder().encode(input));
    return input + '.' + base64url(signature);
  };
  const roles = async (headers) => {
    const response = await fetch(settings.bridge + '/api/v1/roles', { headers });
    return [response.status, (await response.json()).code];
  };
`;
const inPage = (page: Page, script: string): Promise<unknown> =>
  page.evaluate(`(async () => { ${IN_PAGE} ${script} })()`);

describe('the application of the demo in a real browser', { skip: chromiumMissing() }, () => {
  const site = useSite();
  const otherSite = useSite();
  const world = useWorld(() => ({ clock: 'running', photosUrl: urlOf(site) }));
  const browser = useBrowser();

  const open = async (page: Page, server: Server = site): Promise<void> => {
    const photosUrl = urlOf(server);
    const { bridge: bridgeUrl, aws: awsUrl } = world.urls;
    answer(server, createPhotos({ photosUrl, bridgeUrl, awsUrl }).handler);
    await page.goto(`${photosUrl}/`);
  };
  const signedIn = async (page: Page, username: string): Promise<void> => {
    await open(page);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('a[href^="/sign-in/corp-oidc"]').click();
    await enterPassword(page, username);
    await page.getByRole('heading', { name: 'Allow Photos to use AWS as you?' }).waitFor();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.waitForURL(`${urlOf(site)}/`);
    await page.getByText(`files in ${username}/`).waitFor();
  };

  it('lists the own files of its user, with the AWS SDK in the page, and again after a reload', () =>
    browser.visit(async page => {
      await signedIn(page, 'bob');
      const files = page.locator('#files li');
      assert.ok((await files.count()) > 0);
      for (const text of await files.allTextContents()) assert.match(text, /^bob\//);
      await page.reload();
      await page.getByText('files in bob/').waitFor();
      const handOuts = (await world.audit()).filter(({ type }) => type === 'credentials.issued');
      assert.ok(
        handOuts.every(
          event => event.type === 'credentials.issued' && event.application === 'photos',
        ),
      );
    }));

  it('gets no file of another user: the local AWS compares the session tag', () =>
    browser.visit(
      async page => {
        await signedIn(page, 'bob');
        await page.getByLabel('Folder').fill('alice/');
        const refused = page.waitForResponse(response => response.url().includes('prefix=alice'));
        await page.getByRole('button', { name: 'List' }).click();
        assert.equal((await refused).status(), 403);
        await page.getByText(/^AccessDenied: /).waitFor();
        assert.equal(await page.locator('#files li').count(), 0);
      },
      { expects: /status of 403/ },
    ));

  it('keeps a key that no script can export, and tokens that work with no other key', () =>
    browser.visit(
      async page => {
        await signedIn(page, 'bob');
        const exported = await inPage(
          page,
          `try { await crypto.subtle.exportKey('jwk', session.key.privateKey); return 'exported'; }
           catch (error) { return error.name; }`,
        );
        assert.equal(exported, 'InvalidAccessError');
        const answers = await inPage(
          page,
          `const other = await crypto.subtle.generateKey(ECDSA, false, ['sign']);
           const { accessToken, key } = session;
           const authorization = 'DPoP ' + accessToken;
           return [
             await roles({ authorization, DPoP: await proofBy(key, accessToken) }),
             await roles({ authorization, DPoP: await proofBy(other, accessToken) }),
             await roles({ authorization: 'Bearer ' + accessToken }),
           ];`,
        );
        assert.deepEqual(answers, [
          [200, undefined],
          [401, 'token_binding_invalid'],
          [401, 'token_binding_invalid'],
        ]);
      },
      { expects: /status of 401/ },
    ));

  it('is stopped by the browser on another origin, where nothing can be read', () =>
    browser.visit(
      async page => {
        await open(page, otherSite);
        const answers = await page.evaluate(
          `Promise.all(['/.well-known/oauth-authorization-server', '/api/v1/roles', '/oauth/token']
            .map(path => fetch('${world.urls.bridge}' + path, path === '/oauth/token'
              ? { method: 'POST', body: new URLSearchParams({ client_id: 'photos' }) } : {})
              .then(({ status }) => status, error => error.name)))`,
        );
        assert.deepEqual(answers, ['TypeError', 'TypeError', 'TypeError']);
      },
      { expects: /CORS policy|net::ERR_FAILED/ },
    ));

  it('ends its session, and a denial brings the user back', () =>
    browser.visit(async page => {
      await signedIn(page, 'bob');
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByText('You are not signed in.').waitFor();
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('button', { name: 'Deny' }).click();
      await page.getByText('The user denied the login.').waitFor();
      assert.equal(page.url(), `${urlOf(site)}/`);
    }));

  it('is allowed by keyboard, without JavaScript on the pages of the bridge, on a phone in the dark', () =>
    browser.visit(
      async page => {
        // The page itself needs scripts, so the request is made here.
        const query = new URLSearchParams({
          response_type: 'code',
          client_id: 'photos',
          redirect_uri: `${urlOf(site)}/`,
          state: 'the-state',
          code_challenge: 'x'.repeat(43),
          code_challenge_method: 'S256',
        });
        await page.goto(`${world.urls.bridge}/oauth/authorize?${query}`);
        await page.locator('a[href^="/sign-in/corp-oidc"]').click();
        await page.getByLabel('User name').fill('bob');
        await page.getByLabel('Password').fill('bob');
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { name: 'Allow Photos to use AWS as you?' }).waitFor();
        assert.ok(
          await page.evaluate(
            'document.documentElement.scrollWidth <= document.documentElement.clientWidth',
          ),
        );
        await page.getByRole('button', { name: 'Allow' }).focus();
        await page.keyboard.press('Enter');
        await page.waitForURL(url => url.searchParams.has('code'));
        assert.equal(new URL(page.url()).origin, urlOf(site));
      },
      { javaScriptEnabled: false, viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
    ));
});
