/** Users whom their identity provider no longer confirms, on every way to a role or a list. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { callApi, loginByDevice, makeContainerToken, refreshLogin } from '../support/cli-login.ts';
import { useDatabase, useWorld } from '../support/world.ts';

/** Of the configuration of the demo, in seconds. */
const [EVERY, STALE_FOR] = [15 * 60, 2 * 3600];
/** Shorter than a browser may be idle. */
const TURN = 45 * 60;
const ROLE = { account: 'prod', role: 'Developer' };

describe('a user whom the provider has not confirmed in time', () => {
  const world = useWorld();

  it('gets no role and no list by any program or page, and no words about their groups', async () => {
    let login = await loginByDevice(world, 'bob', 'oidc');
    const { visitor } = login;
    const container = await makeContainerToken(world, login);
    world.oidcIdp.faults.outage = 'down';
    for (let left = STALE_FOR; left > 0; left -= TURN) {
      world.clock.turn(Math.min(left, TURN));
      await visitor.get(`${world.urls.bridge}/sessions`);
    }
    const { json } = await refreshLogin(world, login);
    login = { ...login, accessToken: json.access_token };

    const post = (path: string) => ({ method: 'POST' as const, path, body: ROLE });
    const calls = [
      post('/credentials'),
      post('/console-link'),
      post('/container-tokens'),
      { path: '/roles' },
      { path: '/explain?account=prod&role=Developer' },
      { path: '/explain?account=prod&role=Admin' },
    ];
    for (const call of calls) {
      const answer = await callApi(world, login.accessToken, call);
      assert.deepEqual([answer.status, answer.json.code], [503, 'identity_unconfirmed'], call.path);
      assert.doesNotMatch(JSON.stringify(answer.json), /developers|trace/, call.path);
    }
    const asked = await callApi(world, container.token, { path: container.path });
    assert.equal(asked.json.code, 'identity_unconfirmed', JSON.stringify(asked.json));

    for (const path of [
      '/federation/credentials?account_id=111122223333&role_name=Developer',
      '/assignment/accounts',
      '/assignment/roles?account_id=111122223333',
    ]) {
      const response = await fetch(world.urls.bridge + path, {
        headers: { 'x-amz-sso_bearer_token': login.accessToken },
      });
      assert.equal(response.status, 503, path);
      assert.doesNotMatch(await response.text(), /developers|111122223333/, path);
    }
    for (const path of [
      '/',
      '/console?account=prod&role=Developer',
      '/credentials?account=prod&role=Developer',
      '/aws-config',
      '/step-up?account=prod&role=Developer',
    ]) {
      const page = await visitor.get(world.urls.bridge + path);
      assert.deepEqual([page.status, page.path.length], [503, 1], path);
      assert.doesNotMatch(page.text, /Developer|developers/, path);
    }
  });
});

describe('a terminal that was opened while the sessions of its sign-in ended', () => {
  const world = useWorld();
  const database = useDatabase(world);

  it('gets nothing once it is due, and is told to sign in', async () => {
    const login = await loginByDevice(world, 'bob', 'oidc');
    database.exec('DELETE FROM provider_sessions');
    const credentials = () =>
      callApi(world, login.accessToken, { method: 'POST', path: '/credentials', body: ROLE });
    assert.equal((await credentials()).status, 200);
    world.clock.turn(EVERY);
    assert.equal((await credentials()).json.code, 'sign_in_needed');
    await world.signIn('bob', 'oidc', { visitor: login.visitor });
    assert.equal((await credentials()).status, 200);
  });
});
