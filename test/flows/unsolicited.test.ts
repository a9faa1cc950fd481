import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Page, Visitor } from '../support/visitor.ts';
import { CONNECTOR, enterPassword, useWorld, type World } from '../support/world.ts';

const codeOn = (page: Page): string => page.$('.status-line code').text();
const isSignedIn = (page: Page): boolean => page.$('form[action="/sign-out"]').length === 1;

/**
 * Begins at the identity provider; the page is the one in front of the bridge, with the answer in
 * its form.
 */
async function answerFor(world: World, visitor: Visitor, relayState?: string): Promise<Page> {
  const query = new URLSearchParams({
    sp: `${world.urls.bridge}/saml/${CONNECTOR.saml}/metadata`,
    ...(relayState === undefined ? {} : { relay_state: relayState }),
  });
  const login = await visitor.get(`${world.urls.saml}/sso/unsolicited?${query}`);
  return visitor.submit(login, 'form', { username: 'alice', password: 'alice' });
}

/** Posts the answer as a browser does, by way of our own page where that comes in between. */
async function deliver(world: World, visitor: Visitor, answer: Page): Promise<Page> {
  const page = await visitor.submit(answer, 'form');
  return page.$('input[name=reposted]').length === 0
    ? page
    : visitor.submit({ ...page, url: world.urls.bridge }, 'form');
}

describe('a sign-in that begins at the identity provider', () => {
  describe('where the connector allows it', () => {
    const world = useWorld({
      configure: yaml => yaml.replace(/^ {4}saml:$/m, '$&\n      allowUnsolicited: true'),
    });

    for (const [relayState, arrives] of [
      [undefined, '/'],
      ['/?q=gov', '/?q=gov'],
      ['//evil.example', '/'],
      ['https://evil.example/', '/'],
      ['/\\evil.example', '/'],
      ['/a/..//evil.example', '/'],
      ['javascript:alert(1)', '/'],
      ['ss:mem:0123456789abcdef', '/'],
      ['{bridge}/sessions', '/sessions'],
      ['{bridge}', '/'],
      ['{bridge}@evil.example/sessions', '/'],
      ['{bridge}//evil.example', '/'],
      ['http://localhost:1/sessions', '/'],
    ] as const) {
      it(`leads to ${arrives} with ${relayState === undefined ? 'no RelayState' : `the RelayState ${relayState}`}`, async () => {
        const visitor = new Visitor();
        const page = await deliver(
          world,
          visitor,
          await answerFor(world, visitor, relayState?.replace('{bridge}', world.urls.bridge)),
        );
        assert.equal(page.status, 200, page.text);
        assert.equal(page.url, `${world.urls.bridge}${arrives}`);
        assert.match(page.$('header').text(), /Alice Adams/);
      });
    }

    it('is asked once before a console in production opens, as a whole address and as a path', async () => {
      for (const site of ['', world.urls.bridge]) {
        const visitor = new Visitor();
        const state = `${site}/console?account=prod&role=Developer`;
        const page = await deliver(world, visitor, await answerFor(world, visitor, state));
        assert.equal(page.status, 200, page.text);
        assert.equal(new URL(page.url).pathname, '/console');
        assert.equal(page.$('form[action="/console"]').length, 1, page.text);
      }
    });

    it('is taken once, also when it arrives twice at the same time', async () => {
      const visitor = new Visitor();
      const answer = await answerFor(world, visitor);

      const pages = await Promise.all([
        deliver(world, visitor.clone(), answer),
        deliver(world, visitor.clone(), answer),
      ]);
      assert.deepEqual(pages.map(({ status }) => status).sort(), [200, 403]);

      const late = await deliver(world, new Visitor(), answer);
      assert.equal(codeOn(late), 'assertion_replayed');
    });

    it('does not make an answer that was asked for one that was not', async () => {
      const victim = new Visitor();
      const attacker = new Visitor();
      const login = await attacker.get(`${world.urls.bridge}/sign-in/${CONNECTOR.saml}`);
      const answer = await attacker.submit(login, 'form', { username: 'bob', password: 'bob' });
      answer.$('input[name=RelayState]').remove();
      const page = await deliver(world, victim, answer);
      assert.equal(codeOn(page), 'saml_response_refused');
      assert.ok(!isSignedIn(await victim.get(world.urls.bridge)));
    });

    it('leaves sign-ins that begin here as they are', async () => {
      const { page } = await world.signIn('alice', 'saml', { returnTo: '/?q=gov' });
      assert.equal(page.url, `${world.urls.bridge}/?q=gov`);
    });
  });

  describe('where nothing allows it', () => {
    const world = useWorld();

    it('is refused, whatever the RelayState, and says where to begin', async () => {
      for (const relayState of [undefined, '/', 'A'.repeat(43)]) {
        const visitor = new Visitor();
        const page = await deliver(world, visitor, await answerFor(world, visitor, relayState));
        assert.equal(page.status, 400);
        assert.equal(codeOn(page), 'attempt_invalid');
        assert.match(
          page.text,
          relayState === undefined
            ? /Start at the sign-in page of this bridge/
            : /Start again at the sign-in page/,
        );
        assert.ok(!isSignedIn(await visitor.get(world.urls.bridge)));
      }
    });

    it('a browser that keeps no cookies is told so once, and does not post for ever', async () => {
      const visitor = new Visitor();
      const answer = await visitor.get(`${world.urls.bridge}/sign-in/${CONNECTOR.saml}`);
      const login = await visitor.submit(answer, 'form', { username: 'alice', password: 'alice' });
      const reposted = await new Visitor().submit(login, 'form');

      const page = await new Visitor().submit({ ...reposted, url: world.urls.bridge }, 'form');
      assert.equal(codeOn(page), 'cookie_missing');

      // The attempt is spent, and the next one works.
      const again = await enterPassword(
        visitor,
        await visitor.get(`${world.urls.bridge}/sign-in/${CONNECTOR.saml}`),
        {
          username: 'alice',
        },
      );
      assert.ok(isSignedIn(again));
    });
  });
});
