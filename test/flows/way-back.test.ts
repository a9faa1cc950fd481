/** However a sign-in ends, its user arrives where they wanted to go. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BridgeError } from '../../src/core/errors.ts';
import { beginAt, beginPath } from '../support/begun-sign-in.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import {
  CONNECTOR,
  leaveOidcIdp,
  type Protocol,
  useWorld,
  type World,
  worldFor,
} from '../support/world.ts';

const WANTED = '/credentials?account=prod&role=Admin';
const OTHER = { oidc: 'saml', saml: 'oidc' } as const satisfies Record<Protocol, Protocol>;

const codeOn = ({ $ }: Page): string => $('.status-line code').text();
const actionOn = ({ $ }: Page) => {
  const link = $('.choices:not([hidden]) a').first();
  return [link.text(), link.attr('href')];
};

/** From the page of a sign-in that came to nothing, by a connector, to what was wanted. */
async function arrive(
  world: World,
  visitor: Visitor,
  { page, by: protocol }: { readonly page: Page; readonly by: Protocol },
): Promise<Page> {
  const choice = await visitor.get(world.urls.bridge + actionOn(page)[1]!);
  const path = choice.$(`a[href^="/sign-in/${CONNECTOR[protocol]}"]`).attr('href')!;
  const begun = await beginAt(world, visitor, { protocol, path });
  return (await begun.answer('alice'))(visitor);
}

function assertArrived({ url, status }: Page, { urls }: World): void {
  assert.deepEqual([status, url], [200, urls.bridge + WANTED]);
}

describe('the way back', () => {
  const world = useWorld();
  for (const protocol of ['oidc', 'saml'] as const) {
    const begin = async (visitor: Visitor) =>
      beginAt(world, visitor, { protocol, path: beginPath(protocol, WANTED) });

    it(`survives a sign-in that was cancelled, also by another connector (${protocol})`, async () => {
      for (const next of [protocol, OTHER[protocol]]) {
        const visitor = new Visitor();
        const page = await (await begin(visitor)).cancelled(visitor);
        assert.equal(codeOn(page), 'sign_in_cancelled');
        assert.deepEqual(actionOn(page), [
          'Sign in again',
          `/sign-in?return_to=${encodeURIComponent(WANTED)}`,
        ]);
        assertArrived(await arrive(world, visitor, { page, by: next }), world);
      }
    });

    it(`survives a sign-in that was used before, without a session (${protocol})`, async () => {
      const visitor = new Visitor();
      const deliver = await (await begin(visitor)).answer('alice');
      await deliver(visitor);
      visitor.setCookie(world.urls.bridge, 'rolebridge', '');
      const page = await deliver(visitor);
      assert.equal(codeOn(page), 'attempt_expired');
      assert.match(
        page.$('.lede').text(),
        /^This sign-in was used before, and you are not signed in/,
      );
      assertArrived(await arrive(world, visitor, { page, by: protocol }), world);
    });

    it(`leads on a signed-in user who goes back, and changes and records nothing (${protocol})`, async () => {
      const visitor = new Visitor();
      const deliver = await (await begin(visitor)).answer('alice');
      await deliver(visitor);
      const session = visitor.cookie(world.urls.bridge, 'rolebridge');
      const before = (await world.audit()).length;
      assertArrived(await deliver(visitor), world);
      assert.equal(visitor.cookie(world.urls.bridge, 'rolebridge'), session);
      assert.equal((await world.audit()).length, before);
    });

    it(`survives an identity provider that is down when the sign-in begins (${protocol})`, async () => {
      const { connectors } = world.bridge.signIn;
      const connector = connectors.find(({ id }) => id === CONNECTOR[protocol])!;
      const { begin: begins } = connector;
      const down = new BridgeError('connector_unavailable', 'down in this test');
      Object.assign(connector, { begin: () => Promise.reject(down) });
      try {
        const visitor = new Visitor();
        const page = await visitor.get(world.urls.bridge + beginPath(protocol, WANTED));
        assert.equal(codeOn(page), 'connector_unavailable');
        assertArrived(await arrive(world, visitor, { page, by: OTHER[protocol] }), world);
      } finally {
        Object.assign(connector, { begin: begins });
      }
    });
  }

  it('survives an unknown connector', async () => {
    const visitor = new Visitor();
    const path = `/sign-in/gone?return_to=${encodeURIComponent(WANTED)}`;
    const page = await visitor.get(world.urls.bridge + path);
    assert.equal(codeOn(page), 'connector_unknown');
    assertArrived(await arrive(world, visitor, { page, by: 'saml' }), world);
  });

  it('survives a step-up that was cancelled: another try leads to what was wanted', async () => {
    const { visitor } = await world.signIn('alice', 'oidc', { secondFactor: false });
    const begun = await beginAt(world, visitor, { protocol: 'oidc', path: WANTED });
    const page = await begun.cancelled(visitor);
    assert.equal(codeOn(page), 'step_up_failed');
    assert.match(
      page.$('.lede').text(),
      /^The verification was cancelled at your identity provider/,
    );
    const [label, href] = actionOn(page);
    assert.equal(label, 'Try again');
    const again = await beginAt(world, visitor, { protocol: 'oidc', path: href! });
    assertArrived(await (await again.answer('alice'))(visitor), world);
  });
});

describe('the way back of a sign-in that took too long', () => {
  // The SAML identity provider rejects requests of a bridge whose clock was turned.
  for (const protocol of ['oidc', 'saml'] as const) {
    const tooLate = async (world: World, visitor: Visitor) => {
      const path = beginPath(protocol, WANTED);
      const deliver = await (await beginAt(world, visitor, { protocol, path })).answer('alice');
      world.clock.turn(601);
      return deliver;
    };

    it(`is offered (${protocol})`, async t => {
      const world = await worldFor(t);
      const visitor = new Visitor();
      const deliver = await tooLate(world, visitor);
      const page = await deliver(visitor);
      assert.equal(codeOn(page), 'attempt_expired');
      assertArrived(await arrive(world, visitor, { page, by: 'oidc' }), world);
    });

    it(`is taken by a user who has signed in meanwhile (${protocol})`, async t => {
      const world = await worldFor(t);
      const visitor = new Visitor();
      const deliver = await tooLate(world, visitor);
      leaveOidcIdp(visitor, world);
      await world.signIn('bob', 'oidc', { visitor });
      const page = await deliver(visitor);
      assert.match(page.$('header').text(), /Bob/, 'the answer of alice signs no one in');
      assert.equal(page.url, world.urls.bridge + WANTED);
    });
  }

  it('leads a step-up that was late to another one, and then on', async t => {
    const world = await worldFor(t);
    const { visitor } = await world.signIn('alice', 'oidc', { secondFactor: false });
    const begun = await beginAt(world, visitor, { protocol: 'oidc', path: WANTED });
    const deliver = await begun.answer('alice');
    world.clock.turn(601);
    // She has proved it there meanwhile, so the provider answers at once.
    assertArrived(await deliver(visitor), world);
  });

  it('is forgotten after seventy minutes, and the sign-in page is still offered', async t => {
    const world = await worldFor(t);
    const visitor = new Visitor();
    const path = beginPath('oidc', WANTED);
    const begun = await beginAt(world, visitor, { protocol: 'oidc', path });
    const deliver = await begun.answer('alice');
    world.clock.turn(70 * 60);
    const page = await deliver(visitor);
    assert.equal(codeOn(page), 'attempt_invalid');
    assert.deepEqual(actionOn(page), ['Go to the sign-in page', '/sign-in']);
  });
});

describe('a browser that drops the session cookie', () => {
  const world = useWorld();

  for (const protocol of ['oidc', 'saml'] as const)
    it(`is told so, and is not sent to another sign-in (${protocol})`, async () => {
      const visitor = new Visitor();
      const path = beginPath(protocol, WANTED);
      const deliver = await (await beginAt(world, visitor, { protocol, path })).answer('alice');
      const arrived = await deliver(visitor);
      const arrival = arrived.path.at(-2)!;
      assert.ok(arrival.startsWith(`${world.urls.bridge}/signed-in?`), arrived.path.join(' '));
      visitor.setCookie(world.urls.bridge, 'rolebridge', '');
      const page = await visitor.get(arrival);
      assert.equal(codeOn(page), 'session_not_kept');
      assert.equal(page.path.length, 1, 'no further request');
      assert.match(page.$('.lede').text(), /Allow cookies for this site/);
      assert.deepEqual(actionOn(page), [
        'Sign in again',
        `/sign-in?return_to=${encodeURIComponent(WANTED)}`,
      ]);
    });

  it('is told of a session that has ended at once', async () => {
    const visitor = new Visitor();
    visitor.setCookie(world.urls.bridge, 'rolebridge', 'x'.repeat(43));
    const page = await visitor.get(`${world.urls.bridge}/signed-in`);
    assert.equal(codeOn(page), 'not_signed_in');
    assert.match(page.$('.lede').text(), /^Your session has ended already/);
  });
});

describe('the sign-in page of a signed-in user', () => {
  const world = useWorld();

  it('says who is signed in and until when, and leads on', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    const page = await visitor.get(
      `${world.urls.bridge}/sign-in?return_to=${encodeURIComponent(WANTED)}`,
    );
    assert.equal(page.$('h1').text(), 'You are signed in');
    assert.match(page.text, /You are Alice Adams \(alice\), signed in with Acme AD FS/);
    assert.equal(page.$('main time').length, 1);
    assert.deepEqual(actionOn(page), ['Continue', WANTED]);
    const plain = await visitor.get(`${world.urls.bridge}/sign-in`);
    assert.deepEqual(actionOn(plain), ['Go to your roles', '/']);
  });

  it('lets someone else sign in, whom the identity provider asks for a password', async () => {
    for (const protocol of ['oidc', 'saml'] as const) {
      const { visitor } = await world.signIn('alice', protocol);
      const page = await visitor.get(`${world.urls.bridge}/sign-in?return_to=%2F%3Fq%3Dprod`);
      const href = page.$(`a[href^="/sign-in/${CONNECTOR[protocol]}"]`).attr('href')!;
      assert.match(href, /[?&]reauthenticate=1&/);
      leaveOidcIdp(visitor, world);
      const begun = await beginAt(world, visitor, { protocol, path: href });
      const arrived = await (await begun.answer('bob'))(visitor);
      assert.equal(arrived.url, `${world.urls.bridge}/?q=prod`);
      assert.match(arrived.$('header').text(), /Bob/);
    }
  });

  it('offers the connectors to a user who must sign in once more', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    const page = await visitor.get(`${world.urls.bridge}/sign-in?again=1&return_to=%2Fsessions`);
    assert.equal(page.$('h1').text(), 'Sign in');
  });
});
