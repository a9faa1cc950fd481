/** Sign-ins that do not go well, in Chromium, with identity providers on another site. */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { beforeEach, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { chromiumMissing, enterPassword, signIn, useBrowser } from '../support/browser.ts';
import { answer, CONNECTOR, type Protocol, useWorld } from '../support/world.ts';

const WANTED = '/credentials?account=prod&role=Admin';

describe('unhappy paths in Chromium', { skip: chromiumMissing() }, () => {
  const world = useWorld({ idpHost: 'localhost' });
  const browser = useBrowser();
  // The identity providers go by the clock of the world, and a browser takes its time.
  beforeEach(() => world.clock.turn((Date.now() - world.clock.now()) / 1000));
  const heading = (page: Page, name: string) => page.getByRole('heading', { name }).waitFor();
  const choose = (page: Page, protocol: Protocol): Promise<void> =>
    page.locator(`a[href^="/sign-in/${CONNECTOR[protocol]}"]`).click();
  const arrived = async (page: Page): Promise<void> => {
    await heading(page, 'Get credentials?');
    assert.equal(page.url(), world.urls.bridge + WANTED);
  };

  for (const protocol of ['oidc', 'saml'] as const)
    it(`Back after a sign-in leads on (${protocol})`, () =>
      browser.visit(async page => {
        const answers: string[] = [];
        page.on('request', request => {
          if (/\/callback\?/.test(request.url())) answers.push(request.url());
        });
        await page.goto(world.urls.bridge + WANTED);
        await signIn(page, 'alice', protocol);
        await arrived(page);
        if (protocol === 'oidc') await page.goto(answers[0]!);
        else await page.goBack();
        await arrived(page);
      }));

  it('a sign-in that was cancelled has its sentence, and another connector leads to what was wanted', () =>
    browser.visit(async page => {
      await page.goto(world.urls.bridge + WANTED);
      const asked = page.waitForRequest(request => request.url().includes('state='));
      await choose(page, 'oidc');
      const state = new URL((await asked).url()).searchParams.get('state')!;
      await page.getByLabel('Password').waitFor();
      const said = new URLSearchParams({ error: 'access_denied', state, iss: world.urls.oidc });
      await page.goto(`${world.urls.bridge}/oidc/${CONNECTOR.oidc}/callback?${said}`);
      await heading(page, 'The sign-in was cancelled or failed at your identity provider');
      await page.getByRole('link', { name: 'Sign in again' }).click();
      await signIn(page, 'alice', 'saml');
      await arrived(page);
    }));

  for (const protocol of ['oidc', 'saml'] as const)
    it(`a browser that drops the session is told so, and is sent nowhere (${protocol})`, async t => {
      const server = world.servers.bridge;
      const [kept] = server.listeners('request') as RequestListener[];
      answer(server, withoutSession(kept!));
      t.after(() => answer(server, kept!));
      await browser.visit(async page => {
        let requests = 0;
        page.on('request', request => {
          if (request.url().includes('/signed-in')) requests++;
        });
        await page.goto(world.urls.bridge + WANTED);
        await signIn(page, 'alice', protocol);
        await heading(page, 'Your browser did not keep the session cookie');
        assert.equal(requests, 1);
        const again = page.getByRole('link', { name: 'Sign in again' });
        assert.match((await again.getAttribute('href'))!, /return_to=%2Fcredentials/);
      });
    });

  it('a browser without cookies is told so', () =>
    browser.visit(async page => {
      await page.goto(world.urls.bridge);
      await choose(page, 'oidc');
      await page.context().clearCookies({ name: 'rolebridge-attempt' });
      await enterPassword(page, 'alice');
      await heading(page, 'Your browser did not send the sign-in cookie');
    }));

  it('the sign-in page says who is signed in, and a name that is near leads to the role', () =>
    browser.visit(
      async page => {
        await page.goto(world.urls.bridge);
        await signIn(page, 'alice', 'saml');
        await heading(page, 'Your roles');
        await page.goto(`${world.urls.bridge}/sign-in`);
        await heading(page, 'You are signed in');
        await page.getByRole('link', { name: 'Go to your roles' }).click();
        await heading(page, 'Your roles');
        await page.goto(`${world.urls.bridge}/credentials?account=prod&role=Admins`);
        await page.getByRole('link', { name: 'Go to Admin in prod' }).click();
        await arrived(page);
      },
      { viewport: { width: 320, height: 640 } },
    ));

  it('a sign-in that took too long leads to what was wanted by another one', () =>
    browser.visit(async page => {
      await page.goto(world.urls.bridge + WANTED);
      await choose(page, 'oidc');
      await page.getByLabel('Password').waitFor();
      world.clock.turn(601);
      await enterPassword(page, 'alice');
      await heading(page, 'This sign-in has expired or was used before');
      await page.getByRole('link', { name: 'Sign in again' }).click();
      await choose(page, 'oidc');
      await arrived(page);
    }));
});

/** As behind a proxy that removes the session's cookie. */
function withoutSession(listener: RequestListener): RequestListener {
  return (request, response) => {
    const { setHeader } = response;
    response.setHeader = (name, value) => {
      const isCookie = name.toLowerCase() === 'set-cookie';
      const cookies = [value].flat().map(String);
      const kept = cookies.filter(cookie => !cookie.startsWith('rolebridge='));
      return setHeader.call(response, name, isCookie ? kept : value);
    };
    listener(request, response);
  };
}
