/** Logout tokens that must end nothing, posted by anyone (threats R18). */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { createApp } from '../../src/app.ts';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import {
  comeBack,
  FORGED,
  FORGED_TOO,
  type ForgedWorld,
  useForgedWorld,
} from '../support/forged-connector.ts';
import { RIGHT_LOGOUT_TOKENS, WRONG_LOGOUT_TOKENS } from '../support/logout-token-forge.ts';
import { SESSION_ID } from '../support/openid-provider-forge.ts';
import { postgresMissing, usePostgres } from '../support/postgres.ts';
import { Visitor } from '../support/visitor.ts';
import { answer, CONNECTOR, storedIn } from '../support/world.ts';

const ACCEPTING = '{ backchannel: true }';

type Refusal = Extract<AuditEvent, { type: 'logout.refused' }>;
const refusalsIn = async ({ world }: ForgedWorld): Promise<readonly Refusal[]> =>
  (await world.audit()).filter(event => event.type === 'logout.refused');
const endsIn = async ({ world }: ForgedWorld): Promise<number> =>
  (await world.audit()).filter(({ type }) => type === 'sessions.ended-by-provider').length;

describe('a logout token ends nothing', () => {
  const forged = useForgedWorld({ logout: ACCEPTING });
  let alice: Visitor;
  before(async () => {
    forged.forge.person.idToken.sid = SESSION_ID;
    alice = await forged.signIn();
  });

  const refuses = async (token: string, why?: RegExp): Promise<void> => {
    const before = (await refusalsIn(forged)).length;
    const { status, headers, text } = await forged.postLogoutToken(token);

    assert.equal(status, 400);
    assert.equal(headers.get('cache-control'), 'no-store, no-transform');
    assert.equal(JSON.parse(text).error, 'invalid_request');
    const after = await refusalsIn(forged);
    assert.equal(after.length, before + 1);
    const { connector, code, why: said } = after.find(({ why: one }) => why?.test(one) ?? true)!;
    assert.deepEqual([connector, code], [FORGED, 'logout_token_refused']);
    assert.ok(await forged.isSignedIn(alice));
    for (const secret of token.split('.').filter(part => part.length > 20))
      for (const place of [text, said, ...forged.world.log])
        assert.ok(!place.includes(secret), 'no part of the token is shown');
  };

  for (const [title, fault] of Object.entries(WRONG_LOGOUT_TOKENS))
    it(title, async () => refuses(await forged.forge.logoutToken(fault)));

  it('that is the id_token of the same session', async () => {
    const idToken = forged.forge.made.findLast(made => made.startsWith('ey'))!;
    await refuses(idToken);
  });

  it('whose sid and sub are of two users', async () => {
    const token = await forged.forge.logoutToken({
      claims: claims => ({ ...claims, sub: 'bob-0001' }),
    });
    assert.equal((await forged.postLogoutToken(token)).status, 200);
    assert.ok(await forged.isSignedIn(alice));
    assert.equal(await endsIn(forged), 0);
  });

  it('at another connector, whose sessions are its own', async () => {
    for (const fault of Object.values(RIGHT_LOGOUT_TOKENS)) {
      const token = await forged.forge.logoutToken(fault);
      assert.equal((await forged.postLogoutToken(token, FORGED_TOO)).status, 200);
    }
    assert.ok(await forged.isSignedIn(alice));
    assert.equal(await endsIn(forged), 0);
  });

  it('of a session that is unknown, which is no error', async () => {
    const token = await forged.forge.logoutToken({
      claims: claims => ({ ...claims, sub: undefined, sid: 'session-of-no-user' }),
    });
    assert.equal((await forged.postLogoutToken(token)).status, 200);
    assert.ok(await forged.isSignedIn(alice));
  });

  it('that is no token', async () => {
    for (const text of ['x', 'a.b.c', 'a.b.c.d.e', '{}', `${'x'.repeat(9000)}.y.z`])
      await refuses(text);
  });

  it('that is missing, repeated, empty, too large or not in a form', async () => {
    const url = `${forged.world.urls.bridge}/oidc/${FORGED}/backchannel-logout`;
    const token = await forged.forge.logoutToken();
    const statusOf = async (body: BodyInit, type?: string): Promise<number> => {
      const headers = { ...(type !== undefined && { 'content-type': type }) };
      const response = await fetch(url, { method: 'POST', body, headers });
      assert.equal(((await response.json()) as { error: string }).error, 'invalid_request');
      return response.status;
    };
    assert.equal(await statusOf(new URLSearchParams()), 400);
    assert.equal(await statusOf(new URLSearchParams('logout_token=')), 400);
    const twice = new URLSearchParams([
      ['logout_token', token],
      ['logout_token', token],
    ]);
    assert.equal(await statusOf(twice), 400);
    assert.equal(await statusOf(JSON.stringify({ logout_token: token }), 'application/json'), 400);
    assert.equal(await statusOf(token, 'application/jwt'), 400);
    const huge = new URLSearchParams({ logout_token: `${token}.${'x'.repeat(20_000)}` });
    assert.equal(await statusOf(huge), 413);
    assert.ok(await forged.isSignedIn(alice));
  });

  it('in the query of an address', async () => {
    const { world, forge } = forged;
    const at = `${world.urls.bridge}/oidc/${FORGED}/backchannel-logout`;
    const query = new URLSearchParams({ logout_token: await forge.logoutToken() });
    assert.equal((await fetch(`${at}?${query}`)).status, 404);
    assert.equal((await fetch(`${at}?${query}`, { method: 'POST' })).status, 400);
    assert.ok(await forged.isSignedIn(alice));
  });

  it('where no connector accepts it', async () => {
    const token = await forged.forge.logoutToken();
    for (const connector of [CONNECTOR.oidc, CONNECTOR.saml, 'unknown', '__proto__']) {
      const { status, text } = await forged.postLogoutToken(token, connector);
      assert.equal(status, 404, connector);
      assert.equal(JSON.parse(text).error, 'invalid_request');
    }
    assert.equal((await forged.postLogoutToken(token, '%E0%A4%A')).status, 400);
    assert.ok(await forged.isSignedIn(alice));
  });

  it('as an id_token', async () => {
    const { forge, world } = forged;
    const token = await forge.logoutToken();
    forge.faults.token = granted => ({ ...granted, id_token: token });
    try {
      const page = await comeBack(world, forge, new Visitor());
      assert.equal(page.status, 403);
    } finally {
      forge.faults.token = granted => granted;
    }
  });
});

describe('a logout token is good once', () => {
  const forged = useForgedWorld({ logout: ACCEPTING });

  it('and ends no later session when it is posted again', async () => {
    const { forge } = forged;
    forge.person.idToken.sid = SESSION_ID;
    for (const fault of Object.values(RIGHT_LOGOUT_TOKENS)) {
      const visitor = await forged.signIn();
      const token = await forge.logoutToken(fault);
      assert.equal((await forged.postLogoutToken(token)).status, 200);
      assert.ok(!(await forged.isSignedIn(visitor)));

      await forged.signIn(visitor);
      assert.equal((await forged.postLogoutToken(token)).status, 400);
      assert.ok(await forged.isSignedIn(visitor));
    }
    const refusals = await refusalsIn(forged);
    assert.equal(refusals.length, Object.keys(RIGHT_LOGOUT_TOKENS).length);
    assert.ok(refusals.every(({ why }) => /used before/.test(why)));
  });

  it('until it has expired', async () => {
    const token = await forged.forge.logoutToken();
    assert.equal((await forged.postLogoutToken(token)).status, 200);
    for (let minutes = 0; minutes < 20; minutes++) {
      assert.equal((await forged.postLogoutToken(token)).status, 400);
      forged.world.clock.turn(60);
      await forged.world.bridge.storage.store.prune(forged.world.clock.now());
    }
  });
});

describe('a logout token that two instances get at once', { skip: postgresMissing() }, () => {
  const postgres = usePostgres();
  const forged = useForgedWorld({ logout: ACCEPTING, options: () => storedIn(postgres) });

  it('is good at one of them', async () => {
    const { world, forge } = forged;
    const instances = [createApp(world.bridge), createApp(await world.compose())];
    let requests = 0;
    answer(world.servers.bridge, (request, response) =>
      instances[requests++ % 2]!(request, response),
    );
    forge.person.idToken.sid = SESSION_ID;
    const alice = await forged.signIn();
    const token = await forge.logoutToken();

    const answers = await Promise.all(
      Array.from({ length: 8 }, () => forged.postLogoutToken(token)),
    );

    assert.deepEqual(answers.map(({ status }) => status).sort(), [
      200,
      ...Array.from({ length: 7 }, () => 400),
    ]);
    assert.ok(!(await forged.isSignedIn(alice)));
    assert.equal(await endsIn(forged), 1);
  });
});

describe('the keys of the provider', () => {
  const forged = useForgedWorld({ logout: ACCEPTING });
  before(() => {
    forged.forge.person.idToken.sid = SESSION_ID;
  });
  const unknownKey = (): Promise<string> =>
    forged.forge.logoutToken({ header: header => ({ ...header, kid: 'x' }) });

  it('are fetched for the first logout token, and once for many with an unknown key', async () => {
    const { forge, world } = forged;
    assert.equal((await forged.postLogoutToken(await forge.logoutToken())).status, 200);
    assert.equal(forge.asked.jwks, 1);
    const post = async (): Promise<number> =>
      (await forged.postLogoutToken(await unknownKey())).status;

    const statuses = await Promise.all(Array.from({ length: 20 }, post));
    assert.deepEqual([...new Set(statuses)], [400]);
    assert.equal(forge.asked.jwks, 1, 'they were fetched just now');

    world.clock.turn(31);
    await Promise.all(Array.from({ length: 20 }, post));
    assert.equal(forge.asked.jwks, 2);
  });

  it('are those of sign-ins', async () => {
    const { forge, world } = forged;
    world.clock.turn(600);
    const visitor = await forged.signIn();
    const asked = forge.asked.jwks;
    assert.equal((await forged.postLogoutToken(await forge.logoutToken())).status, 200);
    assert.equal(forge.asked.jwks, asked);
    assert.ok(!(await forged.isSignedIn(visitor)));
  });

  it('are fetched again when they have changed, also under the same key id', async () => {
    const { forge, world } = forged;
    for (const header of [
      (same: Record<string, unknown>) => same,
      ({ kid: _, ...rest }: Record<string, unknown>) => rest,
    ]) {
      const visitor = await forged.signIn();
      world.clock.turn(31);
      await forge.rotateKey();
      const asked = forge.asked.jwks;
      const token = await forge.logoutToken({ header });
      assert.equal((await forged.postLogoutToken(token)).status, 200);
      assert.equal(forge.asked.jwks, asked + 1);
      assert.ok(!(await forged.isSignedIn(visitor)));
    }
  });

  it('stay known to logout tokens when strangers make sign-ins fail', async () => {
    const { forge, world } = forged;
    await forged.signIn();
    const asked = forge.asked.jwks;
    forge.faults.token = granted => ({ ...granted, id_token: 'x.y.z' });
    await comeBack(world, forge, new Visitor());
    forge.faults.token = granted => granted;
    assert.equal((await forged.postLogoutToken(await forge.logoutToken())).status, 200);
    assert.equal(forge.asked.jwks, asked);
  });

  it('that cannot be fetched end nothing', async () => {
    const { forge, world } = forged;
    const visitor = await forged.signIn();
    world.clock.turn(301);
    for (const mischief of ['failing', 'garbage', 'not-json', 'huge', 'dropping'] as const) {
      forge.faults.mischief.jwks = mischief;
      const { status, text } = await forged.postLogoutToken(await forge.logoutToken());
      assert.equal(status, 502, mischief);
      assert.equal(JSON.parse(text).error, 'server_error');
      // Others in the same half minute cause no request.
      const asked = forge.asked.jwks;
      assert.equal((await forged.postLogoutToken(await forge.logoutToken())).status, 502);
      assert.equal(forge.asked.jwks, asked);
      world.clock.turn(31);
    }
    assert.ok(await forged.isSignedIn(visitor));
    assert.ok((await refusalsIn(forged)).some(({ code }) => code === 'idp_unreachable'));
    delete forge.faults.mischief.jwks;
    assert.equal((await forged.postLogoutToken(await forge.logoutToken())).status, 200);
    assert.ok(!(await forged.isSignedIn(visitor)));
  });
});
