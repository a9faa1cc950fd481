/**
 * The sessions in terminals that the OAuth endpoints open: how long they last, and what ends them.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createApp } from '../../src/app.ts';
import { callApi, loginByDevice, pollDevice, viewerOf } from '../support/cli-login.ts';
import { answer, useWorld, worldFor } from '../support/world.ts';
import { confirmed, errorOf, isLive, refresh } from './oauth-requests.ts';

describe('a session in a terminal', () => {
  const world = useWorld({
    configure: yaml => `${yaml}\ncli: { max: 2h, accessToken: 30m }\n`,
  });

  it('lasts from the sign-in on: its groups are as old as that', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    world.clock.turn(50 * 60);
    const got = await pollDevice(world, await confirmed(world, visitor));
    assert.deepEqual([got.json.expires_in, got.json.session_expires_in], [1800, 70 * 60]);

    world.clock.turn(60 * 60);
    const late = await refresh(world, got.json.refresh_token);
    assert.equal(late.json.expires_in, 600, 'no token outlives its session');

    world.clock.turn(10 * 60);
    assert.ok(!(await isLive(world, late.json.access_token)));
    assert.deepEqual(errorOf(await refresh(world, late.json.refresh_token)), [
      400,
      'invalid_grant',
    ]);
  });
});

describe('a connector that is gone', () => {
  it('ends the sessions of users who signed in by it, and no others', async t => {
    const world = await worldFor(t);
    const alice = await loginByDevice(world, 'alice', 'saml');
    const bob = await loginByDevice(world, 'bob', 'oidc');
    const later = await world.compose(configuration => ({
      ...configuration,
      connectors: configuration.connectors.filter(({ protocol }) => protocol !== 'saml'),
    }));

    answer(world.servers.bridge, createApp(later));
    assert.ok(!(await isLive(world, alice.accessToken)));
    assert.deepEqual(errorOf(await refresh(world, alice.refreshToken)), [400, 'invalid_grant']);

    const { url } = await alice.visitor.get(`${world.urls.bridge}/sessions`);
    assert.ok(url.startsWith(world.urls.oidc), 'her browser must sign in again, by what there is');
    assert.ok(await isLive(world, bob.accessToken));
  });
});

describe('signing out everywhere', () => {
  const world = useWorld();

  it('between confirming and picking up leaves the terminal without tokens', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    const viewer = await viewerOf(world, visitor);
    const deviceCode = await confirmed(world, visitor);
    await world.bridge.mySessions.endAll(viewer);
    assert.deepEqual(errorOf(await pollDevice(world, deviceCode)), [400, 'invalid_grant']);
  });

  it('ends every terminal and browser session of that user, and no others', async () => {
    const [alice, alices, bob] = [
      await loginByDevice(world, 'alice'),
      await loginByDevice(world, 'alice'),
      await loginByDevice(world, 'bob', 'oidc'),
    ];
    const form = await alice.visitor.get(`${world.urls.bridge}/sessions`);
    assert.equal(form.$('ul.sessions button[value=end]').length, 2);

    const page = await alice.visitor.submit(form, 'button[value=everywhere]');
    assert.match(page.text, /You are signed out everywhere/);
    assert.ok(
      !(await isLive(world, alice.accessToken)) && !(await isLive(world, alices.accessToken)),
    );
    assert.match((await alices.visitor.get(`${world.urls.bridge}/sessions`)).url, /\/sign-in/);
    assert.ok(await isLive(world, bob.accessToken));

    const event = (await world.audit()).find(({ type }) => type === 'sign-out.everywhere');
    assert.ok(event?.type === 'sign-out.everywhere');
    assert.deepEqual([event.by, event.browserSessions, event.cliSessions.length], ['person', 2, 2]);
  });

  it('one terminal ends alone, by its own page', async () => {
    const here = await loginByDevice(world, 'alice');
    world.clock.turn(1);
    const there = await loginByDevice(world, 'alice');
    const form = await here.visitor.get(`${world.urls.bridge}/sessions`);
    const newest = '[aria-labelledby=terminals-title] li:first-child button[value=end]';
    const page = await here.visitor.submit(form, newest);

    assert.match(page.text, /The session was ended/);
    assert.deepEqual(
      [await isLive(world, there.accessToken), await isLive(world, here.accessToken)],
      [false, true],
    );
  });

  it('does not end the session of another user', async () => {
    const [alice, bob] = [
      await loginByDevice(world, 'alice'),
      await loginByDevice(world, 'bob', 'oidc'),
    ];
    const [theirs] = await world.bridge.mySessions.list(await viewerOf(world, bob.visitor));
    const form = await alice.visitor.get(`${world.urls.bridge}/sessions`);

    const page = await alice.visitor.submit(form, 'ul.sessions button[value=end]', {
      session: theirs!.publicId,
    });

    assert.match(page.text, /has already ended/);
    assert.equal(
      (
        await callApi(world, alice.accessToken, {
          method: 'DELETE',
          path: `/sessions/${theirs!.publicId}`,
        })
      ).status,
      404,
    );
    assert.ok(await isLive(world, bob.accessToken));
  });
});

describe('several instances of the bridge', () => {
  it('know the codes and tokens of each other', async t => {
    const world = await worldFor(t);
    const { visitor } = await world.signIn('bob', 'oidc');
    const deviceCode = await confirmed(world, visitor);
    answer(world.servers.bridge, createApp(await world.compose()));
    const { json } = await pollDevice(world, deviceCode);
    assert.ok(await isLive(world, json.access_token));
    answer(world.servers.bridge, createApp(await world.compose()));
    assert.equal((await refresh(world, json.refresh_token)).status, 200);
  });
});
