import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { before, describe, it } from 'node:test';
import { createApp } from '../../src/app.ts';
import { button, callerOf, credentialsOn } from '../support/handout.ts';
import { postgresMissing, usePostgres } from '../support/postgres.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import {
  answer,
  CONNECTOR,
  enterPassword,
  type Protocol,
  storedIn,
  useWorld,
  type World,
} from '../support/world.ts';

const PROTOCOLS: readonly Protocol[] = ['oidc', 'saml'];

describe('two instances of the bridge on one SQLite file', () => {
  instancesWork(useWorld());
});

describe('two instances of the bridge on one PostgreSQL', { skip: postgresMissing() }, () => {
  const postgres = usePostgres();
  instancesWork(useWorld(() => storedIn(postgres)));
});

/** People see one address; a switch behind it decides which instance answers. */
function instancesWork(world: World): void {
  let a: RequestListener;
  let b: RequestListener;
  before(async () => {
    a = createApp(world.bridge);
    b = createApp(await world.compose());
  });

  const at = (instance: RequestListener): void => answer(world.servers.bridge, instance);
  /** Every request goes to the other instance than the one before. */
  const atBothInTurn = (): void => {
    let requests = 0;
    at((request, response) => (requests++ % 2 === 0 ? a : b)(request, response));
  };
  const isSignedIn = async (visitor: Visitor): Promise<boolean> =>
    (await visitor.get(world.urls.bridge)).$('form[action="/sign-out"]').length === 1;
  const begin = (protocol: Protocol): string =>
    `${world.urls.bridge}/sign-in/${CONNECTOR[protocol]}`;

  for (const protocol of PROTOCOLS) {
    it(`an attempt that was started at one is completed at the other (${protocol})`, async () => {
      const visitor = new Visitor();
      at(a);
      const login = await visitor.get(begin(protocol));
      at(b);

      const page = await enterPassword(visitor, login, { username: 'alice' });
      assert.equal(page.status, 200);
      assert.match(page.$('header').text(), /Alice Adams/);

      at(a);
      assert.ok(await isSignedIn(visitor));
    });

    it(`a response that arrives at both at once is accepted once (${protocol})`, async () => {
      const visitor = new Visitor();
      at(a);
      const deliver = await answerInHand(world, visitor, await visitor.get(begin(protocol)));
      atBothInTurn();

      const pages = await Promise.all(Array.from({ length: 6 }, () => deliver(visitor.clone())));
      assert.deepEqual(pages.map(({ status }) => status).sort(), [200, 400, 400, 400, 400, 400]);

      // Nor later, at whichever it arrives.
      for (const instance of [a, b]) {
        at(instance);
        assert.equal((await deliver(visitor.clone())).status, 400);
      }
    });

    it(`a whole journey works when each request goes to the other instance (${protocol})`, async () => {
      atBothInTurn();
      const { visitor, page } = await world.signIn('alice', protocol);

      for (const account of ['prod', 'staging', 'partner']) {
        const role = account === 'partner' ? 'Auditor' : 'Admin';
        const shown = await visitor.submit(page, button('Credentials', account, role));
        assert.match(
          await callerOf(world.urls.aws, credentialsOn(shown)),
          new RegExp(`:assumed-role/${role}/alice-`),
        );
        const console = await visitor.submit(page, button('Console', account, role));
        assert.ok(console.url.startsWith(`${world.urls.aws}/console`), console.text);
      }
    });
  }

  it('a session of one is a session of the other, and a sign-out at one ends it at both', async () => {
    at(a);
    const { visitor, page } = await world.signIn('bob', 'saml');
    at(b);
    assert.match(
      (await visitor.submit(page, button('Credentials', 'prod', 'Developer'))).html,
      /ASIA/,
    );

    at(a);
    const copy = visitor.clone();
    await visitor.submit(page, 'form[action="/sign-out"]');
    at(b);
    assert.ok(!(await isSignedIn(copy)));

    const refused = await copy.submit(page, button('Credentials', 'prod', 'Developer'));
    assert.equal(refused.status, 401);
  });

  it('a new sign-in at one ends the session that the browser had at the other', async () => {
    at(a);
    const { visitor } = await world.signIn('bob', 'oidc');
    const old = visitor.clone();
    at(b);
    await world.signIn('alice', 'saml', { visitor });
    at(a);
    assert.ok(!(await isSignedIn(old)));
    assert.match((await visitor.get(world.urls.bridge)).$('header').text(), /Alice Adams/);
  });

  it('a person who works at one is not idle at the other', async () => {
    at(a);
    const { visitor } = await world.signIn('bob', 'saml');
    for (const instance of [b, b, a]) {
      world.clock.turn(50 * 60);
      at(instance);
      assert.ok(await isSignedIn(visitor));
    }
    world.clock.turn(-150 * 60);
  });

  it('both are one issuer: metadata and keys are the same', async () => {
    for (const path of [
      '/saml/idp/metadata',
      '/.well-known/jwks.json',
      `/saml/${CONNECTOR.saml}/metadata`,
    ]) {
      const texts: string[] = [];
      for (const instance of [a, b]) {
        at(instance);
        const response = await fetch(`${world.urls.bridge}${path}`);
        assert.equal(response.status, 200);
        texts.push(await response.text());
      }
      assert.equal(texts[0], texts[1], path);
    }
  });

  it('what happens at both is in one audit trail, each event once', async () => {
    const before = new Set((await world.audit()).map(({ origin }) => origin.correlationId));
    at(a);
    const { visitor, page } = await world.signIn('bob', 'oidc');
    at(b);
    await visitor.submit(page, button('Credentials', 'staging', 'Developer'));
    at(a);
    await visitor.submit(page, button('Console', 'staging', 'Developer'));
    at(b);
    await visitor.get(`${world.urls.bridge}/console?account=prod&role=Admin`);
    at(a);
    await visitor.submit(page, 'form[action="/sign-out"]');

    const events = (await world.audit()).filter(({ origin }) => !before.has(origin.correlationId));

    assert.deepEqual(events.map(({ type }) => type).reverse(), [
      'sign-in.succeeded',
      'credentials.issued',
      'console-link.issued',
      'access.refused',
      'sign-out',
    ]);
    assert.equal(new Set(events.map(event => 'actor' in event && event.actor?.person)).size, 1);
  });

  it('when one stops, the other continues with the sessions and attempts of both', async () => {
    at(a);
    const { visitor } = await world.signIn('alice', 'saml');
    const late = new Visitor();
    const login = await late.get(begin('oidc'));
    at(b);

    await world.bridge.close();
    assert.ok(await isSignedIn(visitor));
    assert.match(
      (await enterPassword(late, login, { username: 'bob' })).$('header').text(),
      /Bob Brandt/,
    );

    const response = await fetch(`${world.urls.bridge}/readyz`);
    assert.equal(response.status, 200);
    await response.body?.cancel();
  });
}

/**
 * Stops in front of the bridge with alice's answer in hand, which can be delivered by any browser.
 */
async function answerInHand(
  world: World,
  visitor: Visitor,
  login: Page,
): Promise<(browser: Visitor) => Promise<Page>> {
  const isCallback = (url: string): boolean => url.startsWith(`${world.urls.bridge}/oidc/`);
  const page = await visitor.submit(
    login,
    'form',
    { username: 'alice', password: 'alice' },
    { stopAt: isCallback },
  );
  const callback = page.path.at(-1)!;
  return isCallback(callback)
    ? browser => browser.get(callback)
    : async browser => {
        const answer = await browser.submit(page, 'form');
        // Our own page posts a response to an attempt that was answered before once more.
        return answer.$('input[name=reposted]').length === 0
          ? answer
          : browser.submit(answer, 'form');
      };
}
