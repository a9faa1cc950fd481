import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import { callApi, loginByDevice, type TerminalLogin } from '../support/cli-login.ts';
import { eventually } from '../support/eventually.ts';
import { comeBack, useForgedWorld } from '../support/forged-connector.ts';
import { SESSION_ID } from '../support/openid-provider-forge.ts';
import { fieldsOf, type Page, Visitor } from '../support/visitor.ts';
import { CONNECTOR, useWorld, type World } from '../support/world.ts';

const SIGN_OUT = 'form[action="/sign-out"]';
const EVERYWHERE = 'button[value=everywhere]';
const TO_PROVIDER = 'a[href="/sign-out/provider"]';
const COOKIE = 'rolebridge-sign-out';

const isSignedIn = async ({ urls }: World, visitor: Visitor): Promise<boolean> =>
  (await visitor.get(urls.bridge)).$(SIGN_OUT).length === 1;
const isTerminalLive = async (world: World, { accessToken }: TerminalLogin): Promise<boolean> =>
  (await callApi(world, accessToken, { path: '/whoami' })).status === 200;
const signedOut = async ({ urls }: World, visitor: Visitor): Promise<Page> =>
  visitor.submit(await visitor.get(urls.bridge), SIGN_OUT);
const everywhere = async ({ urls }: World, visitor: Visitor): Promise<Page> =>
  visitor.submit(await visitor.get(`${urls.bridge}/sessions`), EVERYWHERE, {}, { stopAt: isWay });
const isWay = (url: string): boolean => url.endsWith('/sign-out/provider');
/** Confirms the sign-out at the demo provider, which always asks; the page that follows. */
const confirmAt = async (visitor: Visitor, asked: Page): Promise<Page> => {
  assert.match(asked.text, /sign out of Acme Login as well/i);
  const button = asked.$('button[value=yes]');
  const form = asked.$(`form#${CSS(button.attr('form')!)}`);
  const body = new URLSearchParams({ ...fieldsOf(form), logout: 'yes' });
  const origin = new URL(asked.url).origin;
  return visitor.post(form.attr('action')!, body, { origin });
};
const CSS = (id: string): string => id.replaceAll('.', '\\.');

describe('a sign-out in a browser, with an OpenID provider', () => {
  const world = useWorld();

  it('says what has ended and what continues, and how to end it', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const terminal = await loginByDevice(world, 'bob', 'oidc');
    const page = await signedOut(world, visitor);

    assert.match(page.text, /You are signed out here/);
    assert.match(page.text, /One terminal stays signed in\./);
    assert.equal(page.$('a[href="/sign-in?return_to=%2Fsessions"]').length, 1);
    assert.match(page.text, /AWS consoles and credentials .* at most 12 hours/);
    assert.match(page.text, /Your session at Acme Login continues/);
    assert.equal(page.$(TO_PROVIDER).length, 1);
    assert.equal(page.headers.get('refresh'), null, 'the user decides');
    assert.ok(await isTerminalLive(world, terminal));
    assert.ok(await isSignedIn(world, terminal.visitor), 'another browser');
    await everywhere(world, terminal.visitor);
  });

  it('leads to the provider with the id_token and comes back to a page of its own', async () => {
    const { visitor } = await world.signIn('alice', 'oidc');
    await signedOut(world, visitor);
    const leaving = await visitor.get(`${world.urls.bridge}/sign-out/provider`, {
      stopAt: url => url.startsWith(world.urls.oidc),
    });

    const to = new URL(leaving.path.at(-1)!);
    assert.equal(leaving.status, 303);
    assert.equal(
      to.searchParams.get('post_logout_redirect_uri'),
      `${world.urls.bridge}/signed-out`,
    );
    assert.ok(to.searchParams.get('client_id'));
    const { sub, sid } = decodeJwt(to.searchParams.get('id_token_hint')!);
    assert.equal(sub, world.oidcIdp.subjectOf('alice'));
    assert.equal(typeof sid, 'string');

    const back = await confirmAt(visitor, await visitor.get(to.href));
    assert.equal(back.url, `${world.urls.bridge}/signed-out`);
    assert.match(back.text, /You are signed out here/);
    assert.match(back.text, /Your session at Acme Login has ended if you signed out there/);
    assert.equal(back.$(TO_PROVIDER).length, 0);
    const asked = await visitor.get(`${world.urls.bridge}/sign-in/${CONNECTOR.oidc}`);
    assert.equal(asked.$('input[type=password]').length, 1, 'the provider asks for the password');
  });

  it('leads to the provider once, and in its own browser alone', async () => {
    const { visitor } = await world.signIn('alice', 'oidc');
    await signedOut(world, visitor);
    const copy = visitor.clone();
    const at = `${world.urls.bridge}/sign-out/provider`;
    const stopAt = (url: string): boolean => url.startsWith(world.urls.oidc);

    assert.equal((await new Visitor().get(at, { stopAt })).url, `${world.urls.bridge}/signed-out`);
    const pages = await Promise.all(
      [visitor, copy, visitor, copy].map(one => one.get(at, { stopAt })),
    );
    const led = pages.filter(({ path }) => path.at(-1)!.startsWith(world.urls.oidc));
    assert.equal(led.length, 1);
  });

  it('is forgotten after ten minutes, and at the next sign-in', async () => {
    const { visitor } = await world.signIn('alice', 'oidc');
    await signedOut(world, visitor);
    assert.ok(visitor.cookie(world.urls.bridge, COOKIE));
    world.clock.turn(601);
    const late = await visitor.get(`${world.urls.bridge}/sign-out/provider`);
    assert.equal(late.url, `${world.urls.bridge}/signed-out`);
    assert.match(late.text, /This browser has no session/);

    await world.signIn('alice', 'oidc', { visitor });
    assert.equal(visitor.cookie(world.urls.bridge, COOKIE), undefined);
  });

  it('writes the id_token into no page, no log, no event and no address of the bridge', async () => {
    const { visitor } = await world.signIn('alice', 'oidc');
    const page = await signedOut(world, visitor);
    const leaving = await visitor.get(`${world.urls.bridge}/sign-out/provider`, {
      stopAt: url => url.startsWith(world.urls.oidc),
    });
    const hint = new URL(leaving.path.at(-1)!).searchParams.get('id_token_hint')!;
    const places = [page.html, JSON.stringify(await world.audit()), ...world.log];
    for (const part of hint.split('.').slice(1))
      assert.ok(places.every(place => !place.includes(part)));
    assert.ok(leaving.path.slice(0, -1).every(url => !url.includes(hint)));
  });

  it('revokes the refresh token of the provider', async () => {
    const before = world.oidcIdp.requests.revocation;
    const { visitor } = await world.signIn('alice', 'oidc');
    await signedOut(world, visitor);
    await eventually(() => world.oidcIdp.requests.revocation === before + 1);
  });

  it('revokes nothing while a terminal shares the sign-in, which the last one ends', async () => {
    const before = world.oidcIdp.requests.revocation;
    const terminal = await loginByDevice(world, 'alice', 'oidc');
    await signedOut(world, terminal.visitor);
    assert.ok(await isTerminalLive(world, terminal));
    assert.equal(world.oidcIdp.requests.revocation, before);

    const { status } = await fetch(`${world.urls.bridge}/oauth/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ token: terminal.refreshToken, client_id: 'rolebridge-cli' }),
    });
    assert.equal(status, 200);
    await eventually(() => world.oidcIdp.requests.revocation === before + 1);
  });

  it('revokes nothing of a sign-in that another one of the same session replaces', async () => {
    const before = world.oidcIdp.requests.revocation;
    const { visitor } = await world.signIn('alice', 'oidc');
    await world.signIn('alice', 'oidc', { visitor });
    await world.signIn('alice', 'oidc', { visitor });
    assert.ok(await isSignedIn(world, visitor));
    assert.equal(world.oidcIdp.requests.revocation, before);
    await signedOut(world, visitor);
    await eventually(() => world.oidcIdp.requests.revocation === before + 1);
  });

  it('does not read the groups of the user again, which are due', async () => {
    const { visitor, page } = await world.signIn('alice', 'oidc');
    const before = world.oidcIdp.requests.refresh;
    world.clock.turn(16 * 60);
    assert.match((await visitor.submit(page, SIGN_OUT)).text, /You are signed out here/);
    assert.equal(world.oidcIdp.requests.refresh, before);
  });

  it('works while the provider is down, which is logged', async () => {
    const { visitor } = await world.signIn('alice', 'oidc');
    world.oidcIdp.faults.outage = 'busy';
    try {
      const page = await signedOut(world, visitor);
      assert.match(page.text, /You are signed out here/);
      await eventually(() =>
        world.log.some(line => line.includes('the refresh token stays valid')),
      );
    } finally {
      world.oidcIdp.faults.outage = 'none';
    }
    assert.ok(!(await isSignedIn(world, visitor)));
  });

  it('everywhere goes on to the provider by itself, and ends terminals', async () => {
    const terminal = await loginByDevice(world, 'alice', 'oidc');
    const { visitor } = await world.signIn('alice', 'oidc');
    const page = await everywhere(world, visitor);

    assert.match(page.text, /You are signed out everywhere/);
    assert.equal(page.headers.get('refresh'), '0; url=/sign-out/provider');
    assert.equal(page.$(TO_PROVIDER).length, 1, 'for browsers that do not follow it');
    assert.doesNotMatch(page.text, /stays? signed in/);
    assert.ok(!(await isTerminalLive(world, terminal)));
    assert.ok(!(await isSignedIn(world, terminal.visitor)));

    const asked = await visitor.get(`${world.urls.bridge}/sign-out/provider`);
    const back = await confirmAt(visitor, asked);
    assert.match(back.text, /You are signed out everywhere/);
    assert.equal(back.headers.get('refresh'), null);
  });

  it('everywhere, by the API, revokes the refresh token of the terminal that asks', async () => {
    const before = world.oidcIdp.requests.revocation;
    const terminal = await loginByDevice(world, 'alice', 'oidc');
    const { status } = await callApi(world, terminal.accessToken, {
      method: 'DELETE',
      path: '/sessions',
    });
    assert.equal(status, 204);
    await eventually(() => world.oidcIdp.requests.revocation === before + 1);
  });
});

describe('the page after a sign-out', () => {
  const world = useWorld();

  it('states to anyone who follows a link that this browser has no session', async () => {
    const page = await new Visitor().get(`${world.urls.bridge}/signed-out?state=x&error=y`);
    assert.equal(page.status, 200);
    assert.match(page.text, /This browser has no session/);
    assert.doesNotMatch(page.text, /Acme|has ended/);
    assert.equal(page.$(TO_PROVIDER).length, 0);
  });

  it('is the portal for a user who is signed in', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const page = await visitor.get(`${world.urls.bridge}/signed-out`);
    assert.equal(page.url, `${world.urls.bridge}/`);
    assert.ok(await isSignedIn(world, visitor));
  });

  it('offers no way to a SAML identity provider', async () => {
    const { visitor } = await world.signIn('bob', 'saml');
    for (const page of [
      await signedOut(world, visitor),
      await everywhere(world, (await world.signIn('bob', 'saml')).visitor),
    ]) {
      assert.match(page.text, /Your session at Acme AD FS may continue/);
      assert.equal(page.$(TO_PROVIDER).length, 0);
      assert.equal(page.headers.get('refresh'), null);
    }
    assert.equal(visitor.cookie(world.urls.bridge, COOKIE), undefined);
  });
});

describe('a provider without optional endpoints', () => {
  const forged = useForgedWorld({ logout: '{}' });

  it('without an end_session_endpoint is not offered', async () => {
    const visitor = await forged.signIn();
    const page = await signedOut(forged.world, visitor);
    assert.match(page.text, /Your session at forged may continue/);
    assert.equal(page.$(TO_PROVIDER).length, 0);
  });
});

describe('a provider with an end_session_endpoint', () => {
  const forged = useForgedWorld({
    logout: '{}',
    discovery: (document, issuer) => ({
      ...document,
      end_session_endpoint: `${issuer}/end?tenant=1`,
      revocation_endpoint: null,
    }),
  });
  const hintsOf = async (visitor: Visitor): Promise<URL> => {
    await signedOut(forged.world, visitor);
    const { path } = await visitor.get(`${forged.world.urls.bridge}/sign-out/provider`, {
      stopAt: url => url.startsWith(forged.forge.issuer),
    });
    return new URL(path.at(-1)!);
  };

  it('keeps its own query', async () => {
    const to = await hintsOf(await forged.signIn());
    assert.equal(to.searchParams.get('tenant'), '1');
    assert.ok(to.searchParams.get('id_token_hint'));
  });

  it('gets the account by its own name (login_hint)', async () => {
    forged.forge.person.idToken.login_hint = 'O.CiRhbGljZQ';
    const to = await hintsOf(await forged.signIn());
    assert.equal(to.searchParams.get('logout_hint'), 'O.CiRhbGljZQ');
    delete forged.forge.person.idToken.login_hint;
  });

  it('gets no id_token that would make the address too long', async () => {
    const { idToken } = forged.forge.person;
    idToken.sid = SESSION_ID;
    idToken.groups = Array.from({ length: 240 }, (_, index) => `a-group-with-a-long-name-${index}`);
    const to = await hintsOf(await forged.signIn());
    assert.ok(to.href.length < 4000);
    assert.equal(to.searchParams.get('id_token_hint'), null);
    assert.equal(to.searchParams.get('client_id'), forged.forge.clientId);
    assert.equal(to.searchParams.get('logout_hint'), SESSION_ID);
    assert.ok(to.searchParams.get('post_logout_redirect_uri'));
  });
});

describe('a session that a sign-in of another one at the provider replaces', () => {
  const forged = useForgedWorld({
    logout: '{}',
    discovery: (document, issuer) => ({ ...document, revocation_endpoint: `${issuer}/revoke` }),
  });

  it('has its refresh token revoked, without delay of the sign-in', async () => {
    const { forge, world } = forged;
    forge.person.idToken.sid = 'session-a';
    const visitor = await forged.signIn();
    const first = forge.made.findLast(made => made.startsWith('refresh'))!;
    forge.person.idToken.sid = 'session-b';
    forge.faults.mischief.revocation = 'hanging';
    const begun = performance.now();
    const page = await comeBack(world, forge, visitor);
    assert.equal(page.status, 200);
    assert.ok(performance.now() - begun < 4000, 'the limit of a request is five seconds');
    delete forge.faults.mischief.revocation;

    forge.person.idToken.sid = 'session-c';
    await forged.signIn(visitor);
    await eventually(() => forge.revoked.length === 1);
    assert.notEqual(forge.revoked[0], first, 'the one of the second sign-in');
  });
});

describe('a sign-out that the demo provider tells of', () => {
  for (const endsTerminals of [false, true]) {
    describe(endsTerminals ? 'ends terminals as well' : 'leaves terminals', () => {
      const world = useWorld({
        configure: yaml =>
          yaml.replace(
            'logout: { backchannel: true }',
            `logout: { backchannel: true, endsTerminals: ${endsTerminals} }`,
          ),
      });

      it('for the session that a user ends there, and no other', async () => {
        const one = await loginByDevice(world, 'alice', 'oidc');
        const other = await loginByDevice(world, 'alice', 'oidc');
        const bob = await world.signIn('bob', 'oidc');
        const asked = await one.visitor.get(`${world.urls.oidc}/session/end`);
        await confirmAt(one.visitor, asked);

        assert.deepEqual(
          world.oidcIdp.logoutCalls.map(({ status }) => status),
          [200],
        );
        assert.ok(!(await isSignedIn(world, one.visitor)));
        assert.equal(await isTerminalLive(world, one), !endsTerminals);
        assert.ok(await isSignedIn(world, other.visitor));
        assert.ok(await isTerminalLive(world, other));
        assert.ok(await isSignedIn(world, bob.visitor));
        const [event, ...more] = (await world.audit()).filter(
          (found): found is Extract<AuditEvent, { type: 'sessions.ended-by-provider' }> =>
            found.type === 'sessions.ended-by-provider',
        );
        assert.deepEqual(more, []);
        assert.equal(event!.actor.username, 'alice');
        assert.equal(event!.browserSessions, 1);
        assert.equal(event!.cliSessions.length, endsTerminals ? 1 : 0);
      });

      it('for every session of a user', async () => {
        const logins = [
          await loginByDevice(world, 'carol', 'oidc'),
          await loginByDevice(world, 'carol', 'oidc'),
        ];
        const bySaml = await world.signIn('carol', 'saml');
        await world.oidcIdp.endSessions('carol');
        for (const login of logins) {
          assert.ok(!(await isSignedIn(world, login.visitor)));
          assert.equal(await isTerminalLive(world, login), !endsTerminals);
        }
        assert.ok(await isSignedIn(world, bySaml.visitor), 'a user of another connector');
      });
    });
  }
});
