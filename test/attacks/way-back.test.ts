/**
 * A stranger who leads a user to a console by way of our own pages, for which browsers say that we
 * began the navigation: the question before production is asked all the same (threats R51).
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Page, Visitor } from '../support/visitor.ts';
import { CONNECTOR, enterPassword, useWorld } from '../support/world.ts';

const atSignIn = { stopAt: (url: string): boolean => url.includes('Action=login') };
const encoded = encodeURIComponent;
const PROD = '/console?account=prod&role=Developer';
const FUNCTION =
  'https://eu-west-1.console.aws.amazon.com/lambda/home?region=eu-west-1%23/functions/f';
const ADDRESS = `/go?to=${encoded(FUNCTION)}&account=prod`;
const isAsked = (page: Page): void => {
  assert.equal(page.$('h1').text(), 'Open the console?', page.path.join('\n'));
};

describe('a link of another site that leads through our own pages', () => {
  const world = useWorld({
    configure: yaml => yaml.replace(/^ {4}saml:$/m, '$&\n      allowUnsolicited: true'),
  });

  const WAYS: readonly (readonly [what: string, wanted: string])[] = [
    ['a console', PROD],
    ['a console in other letters', PROD.replace('console', 'CONSOLE/')],
    ['an address', ADDRESS],
    ['a step-up', `/step-up?return_to=${encoded(PROD)}`],
    ['the page after a sign-in', `/signed-in?return_to=${encoded(PROD)}`],
    ['a mark of the stranger that is read last', `${PROD}&${'a&'.repeat(1000)}from=elsewhere`],
  ];

  for (const protocol of ['saml', 'oidc'] as const)
    for (const [what, wanted] of WAYS)
      it(`asks after a sign-in by ${protocol} that leads to ${what}`, async () => {
        const { visitor } = await world.signIn('bob', protocol);
        // The role that was used last is the one that an address opens with.
        await visitor.get(world.urls.bridge + PROD, atSignIn);
        const link = `${world.urls.bridge}/sign-in/${CONNECTOR[protocol]}?return_to=${encoded(wanted)}`;
        let page = await visitor.follow(link, undefined, atSignIn);
        while (page.$('input[name=SAMLResponse], input[type=password]').length > 0)
          page = await enterPassword(visitor, page, { username: 'bob' }, atSignIn);
        isAsked(page);
      });

  it('asks after "Continue" on the sign-in page of a user who is signed in', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    for (const wanted of [PROD, `/sign-in?return_to=${encoded(PROD)}`]) {
      let page: Page = await visitor.follow(
        `${world.urls.bridge}/sign-in?return_to=${encoded(wanted)}`,
        undefined,
      );
      while (page.$('h1').text() === 'You are signed in')
        page = await visitor.follow(
          new URL(page.$('main a.primary').attr('href')!, page.url).href,
          page,
          atSignIn,
        );
      isAsked(page);
    }
  });

  it('asks after "Try again" on the page of an error', async () => {
    const { visitor } = await world.signIn('alice', 'oidc', { secondFactor: false });
    const link = `${world.urls.bridge}${PROD.replace('Developer', 'Admin')}`;
    const login = await visitor.follow(link, undefined, atSignIn);
    const failed = await enterPassword(visitor, login, { username: 'alice', secondFactor: false });
    const again = failed.$('main a.primary').attr('href')!;
    assert.match(again, /^\/step-up\?.*return_to=\/console\?from=elsewhere%26/);
  });

  it('asks after the link to the role that a refusal suggests', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const mistyped = `${world.urls.bridge}${PROD.slice(0, -1)}`;
    const refused = await visitor.follow(mistyped, undefined);
    const near = refused.$('main a.primary');
    assert.equal(near.text(), 'Go to Developer in prod');
    isAsked(await visitor.follow(world.urls.bridge + near.attr('href'), refused, atSignIn));
  });

  it('asks where an unsolicited response names the page', async () => {
    const visitor = new Visitor();
    const query = new URLSearchParams({
      sp: `${world.urls.bridge}/saml/${CONNECTOR.saml}/metadata`,
      relay_state: PROD,
    });
    const login = await visitor.get(`${world.urls.saml}/sso/unsolicited?${query}`);
    const answer = await visitor.submit(login, 'form', { username: 'bob', password: 'bob' });
    let page = await visitor.submit(answer, 'form', {}, atSignIn);
    if (page.$('input[name=reposted]').length > 0)
      page = await visitor.submit({ ...page, url: world.urls.bridge }, 'form', {}, atSignIn);
    isAsked(page);
  });

  it('does not ask after a sign-in that the user began with an address of their own', async () => {
    const visitor = new Visitor();
    const wanted = encoded(PROD);
    const login = await visitor.get(
      `${world.urls.bridge}/sign-in/${CONNECTOR.saml}?return_to=${wanted}`,
    );
    const opened = await enterPassword(visitor, login, { username: 'bob' }, atSignIn);
    assert.match(opened.path.at(-1)!, /Action=login/);
  });
});
