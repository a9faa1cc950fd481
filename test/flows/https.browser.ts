import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { chromiumMissing, newTab, signIn, useBrowser, watchSamlPosts } from '../support/browser.ts';
import { startTlsProxy } from '../support/tls-proxy.ts';
import { useWorld } from '../support/world.ts';

/**
 * As in production: TLS ends at a proxy in front, and the identity providers are on another site.
 */
describe('the bridge behind https, identity providers on another site', {
  skip: chromiumMissing(),
}, () => {
  const authorities = getCACertificates();
  const world = useWorld({
    idpHost: 'localhost',
    configure: yaml => `${yaml}\nproxy: { trusted: [127.0.0.1/32] }\n`,
    proxy: async bridgeUrl => {
      const proxy = await startTlsProxy(bridgeUrl);
      // The identity provider and the local AWS fetch the bridge's metadata and keys through it.
      setDefaultCACertificates([...authorities, proxy.certificatePem]);
      return proxy;
    },
  });
  const browser = useBrowser();
  beforeEach(() => world.clock.turn((Date.now() - world.clock.now()) / 1000));

  it('a SAML response comes with the cookie of the attempt, and signs in at once', () =>
    browser.visit(
      async page => {
        const posts = watchSamlPosts(page);
        const answer = await page.goto(world.urls.bridge);
        assert.match((await answer!.headerValue('strict-transport-security'))!, /^max-age=\d{8}/);
        await signIn(page, 'alice', 'saml');
        await page.getByRole('heading', { name: 'Your roles' }).waitFor();
        assert.deepEqual(await posts(), [{ attemptCookie: true, again: false }]);
      },
      { ignoreHTTPSErrors: true },
    ));

  for (const protocol of ['saml', 'oidc'] as const) {
    it(`a sign-in by ${protocol} leaves only __Host- cookies, and both ways into AWS open`, () =>
      browser.visit(
        async page => {
          await page.goto(world.urls.bridge);
          await signIn(page, 'alice', protocol);
          await page.getByRole('heading', { name: 'Your roles' }).waitFor();

          const cookies = await page.context().cookies(world.urls.bridge);
          const facts = cookies.map(({ name, path, secure, httpOnly, sameSite }) => ({
            name,
            path,
            secure,
            httpOnly,
            sameSite,
          }));
          const strict = { path: '/', secure: true, httpOnly: true };
          assert.deepEqual(
            facts.sort((a, b) => (a.name < b.name ? -1 : 1)),
            [
              { name: '__Host-rolebridge', ...strict, sameSite: 'Lax' },
              { name: '__Host-rolebridge-attempt', ...strict, sameSite: 'None' },
            ],
          );

          // prod trusts our assertion, staging our token, whose keys AWS fetches over https.
          for (const account of ['prod', 'staging']) {
            const tab = await newTab(page, () =>
              page.getByRole('button', { name: `Console: ${account} as Admin` }).click(),
            );
            await tab.getByRole('heading', { name: `Admin in ${account}` }).waitFor();
            await tab.close();
          }
        },
        { ignoreHTTPSErrors: true },
      ));
  }
});
