/** Groups that are read again, as users and their tools meet it. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { AuditEvent, AuditEventType } from '../../src/core/audit-event.ts';
import { goodManners } from '../../src/dev/oidc-idp/manners.ts';
import { PEOPLE } from '../../src/dev/people.ts';
import {
  type Answer,
  beginDevice,
  callApi,
  loginByDevice,
  refreshLogin,
  type TerminalLogin,
} from '../support/cli-login.ts';
import { button } from '../support/handout.ts';
import type { Page, Visitor } from '../support/visitor.ts';
import { enterPassword, useWorld, type World } from '../support/world.ts';

const MINUTE = 60;
const HOUR = 3600;
/** Of the configuration of the demo. */
const [EVERY, STALE_FOR] = [15 * MINUTE, 2 * HOUR];

/** Resets what the provider does after each test. */
function useGoodManners(world: World): void {
  afterEach(() => {
    const { refresh, faults } = goodManners();
    Object.assign(world.oidcIdp.refresh, refresh);
    Object.assign(world.oidcIdp.faults, faults);
    for (const { username, groups } of PEOPLE) {
      world.oidcIdp.directory.enable(username);
      world.oidcIdp.directory.change(username, { groups });
    }
  });
}

const credentials = (world: World, { accessToken }: Pick<TerminalLogin, 'accessToken'>) =>
  callApi(world, accessToken, {
    method: 'POST',
    path: '/credentials',
    body: { account: 'prod', role: 'Developer' },
  });

/** The same login after its access token has expired. */
async function renewed(world: World, login: TerminalLogin): Promise<TerminalLogin> {
  const { status, json } = await refreshLogin(world, login);
  assert.equal(status, 200);
  return { ...login, accessToken: json.access_token, refreshToken: json.refresh_token };
}

async function awsWire(world: World, { accessToken }: TerminalLogin): Promise<Answer> {
  const url = `${world.urls.bridge}/federation/credentials?account_id=111122223333&role_name=Developer`;
  const response = await fetch(url, { headers: { 'x-amz-sso_bearer_token': accessToken } });
  return { status: response.status, headers: response.headers, json: await response.json() };
}

async function eventsOf<T extends AuditEventType>(
  world: World,
  type: T,
): Promise<Extract<AuditEvent, { type: T }>[]> {
  const events = (await world.audit()).filter(event => event.type === type);
  return events as Extract<AuditEvent, { type: T }>[];
}

/** What the bridge says is in UTC, to the minute. */
const spoken = (at: number): string =>
  `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

const isSignedIn = (page: Page): boolean => page.$('form[action="/sign-out"]').length > 0;

describe('a group that the user has lost at the provider', () => {
  const world = useWorld();
  useGoodManners(world);

  it('is lost here at the next use after the time that is set, in browser and terminal', async () => {
    const login = await loginByDevice(world, 'bob', 'oidc');
    const { visitor } = login;
    const before = await visitor.get(world.urls.bridge);
    assert.match(before.text, /Developer/);
    world.oidcIdp.directory.change('bob', { groups: [] });

    world.clock.turn(EVERY - 1);
    const asked = world.oidcIdp.requests.refresh;
    assert.equal((await credentials(world, login)).status, 200);
    assert.equal(world.oidcIdp.requests.refresh, asked, 'a refresh that is not due');

    world.clock.turn(1);
    const since = spoken(world.clock.now());
    const refused = await awsWire(world, login);
    assert.equal(refused.status, 403);
    assert.match(
      refused.json.message,
      new RegExp(`has not sent this group since ${since.replaceAll('.', '\\.')}`),
    );
    const problem = await credentials(world, login);
    assert.equal(problem.json.code, 'access_denied');
    assert.match(JSON.stringify(problem.json), new RegExp(`since ${since}`));

    const portal = await visitor.get(world.urls.bridge);
    assert.equal(portal.status, 200);
    assert.doesNotMatch(portal.text, /Developer/);
    for (const what of ['Console', 'Credentials'] as const) {
      const page = await visitor.submit(before, button(what, 'prod', 'Developer'));
      assert.equal(page.status, 403);
      assert.match(page.text, new RegExp(`since ${since}`));
    }
    assert.equal(world.oidcIdp.requests.refresh, asked + 1, 'one refresh for all of them');

    const [changed] = await eventsOf(world, 'identity.changed');
    assert.deepEqual(
      { lost: changed?.lost, gained: changed?.gained, who: changed?.actor.username },
      { lost: ['developers'], gained: [], who: 'bob' },
    );

    world.oidcIdp.directory.change('bob', { groups: ['developers', 'aws-admins'] });
    world.clock.turn(EVERY);
    assert.equal((await credentials(world, login)).status, 200, 'the group is back');
    assert.match((await visitor.get(world.urls.bridge)).text, /Developer/);
    const admin = await visitor.get(`${world.urls.bridge}/console?account=prod&role=Admin`);
    assert.equal(admin.status, 403, 'a group that the sign-in did not have');
    assert.doesNotMatch(admin.text, /since/);
  });

  it('is lost for every other session of the user, too', async () => {
    const first = await loginByDevice(world, 'bob', 'oidc');
    const second = await loginByDevice(world, 'bob', 'oidc');
    world.oidcIdp.directory.change('bob', { groups: [] });
    world.clock.turn(EVERY);
    const asked = world.oidcIdp.requests.refresh;
    assert.equal((await credentials(world, first)).status, 403);
    assert.equal((await credentials(world, second)).status, 403);
    assert.equal(world.oidcIdp.requests.refresh, asked + 1);
  });

  it('is read from userinfo where a refresh brings no id_token', async () => {
    const login = await loginByDevice(world, 'alice', 'oidc');
    world.oidcIdp.refresh.idToken = false;
    world.clock.turn(EVERY);
    assert.equal((await credentials(world, login)).status, 200);
    world.oidcIdp.directory.change('alice', { groups: ['aws-admins'] });
    world.clock.turn(EVERY);
    assert.equal((await credentials(world, login)).status, 403);
  });

  it('is not lost where a refresh brings no id_token and userinfo has no groups', async () => {
    const login = await loginByDevice(world, 'bob', 'oidc');
    world.oidcIdp.refresh.idToken = false;
    world.oidcIdp.directory.change('bob', { groups: [] });
    world.clock.turn(EVERY);
    assert.equal((await credentials(world, login)).status, 200);
    world.clock.turn(STALE_FOR - EVERY);
    const later = await renewed(world, login);
    assert.equal((await credentials(world, later)).json.code, 'identity_unconfirmed');
  });

  it('is that of a refresh after a refresh, with each new refresh token in turn', async () => {
    const login = await loginByDevice(world, 'bob', 'oidc');
    for (const groups of [['developers'], [], ['developers']]) {
      world.oidcIdp.directory.change('bob', { groups });
      world.clock.turn(EVERY);
      const { status } = await credentials(world, login);
      assert.equal(status, groups.length > 0 ? 200 : 403);
    }
  });
});

describe('a user whom the provider denies', () => {
  const world = useWorld();
  useGoodManners(world);

  it('loses the sessions of that sign-in, and no other one', async () => {
    const login = await loginByDevice(world, 'bob', 'oidc');
    const other = await loginByDevice(world, 'bob', 'oidc');
    const alices = await loginByDevice(world, 'alice', 'oidc');
    world.clock.turn(EVERY);
    world.oidcIdp.directory.disable('bob');
    const denied = await credentials(world, login);
    assert.equal(denied.status, 401);
    assert.ok(!isSignedIn(await login.visitor.get(world.urls.bridge)));

    world.oidcIdp.directory.enable('bob');
    assert.equal((await credentials(world, other)).status, 200);
    assert.ok(isSignedIn(await other.visitor.get(world.urls.bridge)));
    assert.equal((await credentials(world, alices)).status, 200);
    const [ended, ...more] = await eventsOf(world, 'sessions.ended-by-provider');
    assert.deepEqual(more, []);
    assert.equal(ended?.why, 'refresh-denied');
    assert.equal(ended.browserSessions, 1);
    assert.equal(ended.cliSessions.length, 1);
    assert.equal(ended.actor.username, 'bob');
  });

  it('is signed out in the browser as well', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    world.oidcIdp.directory.disable('bob');
    world.clock.turn(EVERY);
    assert.ok(!isSignedIn(await visitor.get(world.urls.bridge)));
  });
});

describe('a provider that fails', () => {
  const world = useWorld();
  useGoodManners(world);

  /** Uses the browser so often that it is not idle. */
  async function turnInUse(visitor: Visitor, seconds: number): Promise<void> {
    let left = seconds;
    do {
      const turned = Math.min(left, 45 * MINUTE);
      world.clock.turn(turned);
      await visitor.get(`${world.urls.bridge}/sessions`);
      left -= turned;
    } while (left > 0);
  }

  for (const outage of ['down', 'busy'] as const) {
    it(`keeps its last answer for a while, then nothing is handed out until it answers (${outage})`, async () => {
      let login = await loginByDevice(world, 'bob', 'oidc');
      const { visitor } = login;
      const confirmed = spoken(world.clock.now());
      const roles = await visitor.get(world.urls.bridge);
      world.oidcIdp.faults.outage = outage;
      world.clock.turn(EVERY);
      assert.equal((await credentials(world, login)).status, 200);
      await turnInUse(visitor, 0);
      await turnInUse(visitor, STALE_FOR - EVERY - 1);
      login = await renewed(world, login);
      assert.equal((await awsWire(world, login)).status, 200);
      const waiting = await beginDevice(world);
      const question = await visitor.submit(
        await visitor.get(`${world.urls.bridge}/device`),
        'form[action="/device"]',
        { user_code: waiting.json.user_code },
      );

      await turnInUse(visitor, 1);
      const problem = await credentials(world, login);
      assert.equal(problem.status, 503);
      assert.equal(problem.json.code, 'identity_unconfirmed');
      assert.match(problem.json.detail, new RegExp(`last confirmation was at ${confirmed}`));
      for (const path of ['/roles', '/explain?account=prod&role=Developer'])
        assert.equal((await callApi(world, login.accessToken, { path })).status, 503, path);
      const aws = await awsWire(world, login);
      assert.equal(aws.status, 503);
      assert.match(aws.json.message, new RegExp(`last confirmation was at ${confirmed}`));
      for (const page of [
        await visitor.get(world.urls.bridge),
        await visitor.submit(roles, button('Console', 'prod', 'Developer')),
        await visitor.submit(roles, button('Credentials', 'prod', 'Developer')),
      ]) {
        assert.equal(page.status, 503, page.url);
        assert.match(page.text, /has not confirmed your groups in time/);
      }
      const approved = await visitor.submit(question, 'button[value=approve]');
      assert.equal(approved.status, 503, 'no session opens');
      const sessions = await visitor.get(`${world.urls.bridge}/sessions`);
      assert.equal(sessions.status, 200);

      world.oidcIdp.faults.outage = 'none';
      assert.equal((await credentials(world, login)).status, 503, 'asked a moment ago');
      world.clock.turn(30);
      assert.equal((await credentials(world, login)).status, 200);
      assert.match((await visitor.get(world.urls.bridge)).text, /Developer/);
      assert.equal((await visitor.submit(sessions, 'form[action="/sign-out"]')).status, 200);
      assert.ok(world.log.some(line => line.includes('groups cannot be read again')));
    });
  }

  it('does not keep a user from signing out', async () => {
    const { visitor, page } = await world.signIn('bob', 'oidc');
    world.oidcIdp.faults.outage = 'down';
    await turnInUse(visitor, STALE_FOR);
    assert.equal((await visitor.submit(page, 'form[action="/sign-out"]')).status, 200);
    assert.ok(!isSignedIn(await visitor.get(world.urls.bridge)));
  });

  it('is asked at most every 30 seconds', async () => {
    const login = await loginByDevice(world, 'bob', 'oidc');
    world.oidcIdp.refresh.subject = world.oidcIdp.subjectOf('alice');
    world.oidcIdp.refresh.rotation = 'none';
    world.clock.turn(EVERY);
    const asked = world.oidcIdp.requests.refresh;
    for (const seconds of [0, 1, 28]) {
      world.clock.turn(seconds);
      assert.equal((await credentials(world, login)).status, 200);
    }
    assert.equal(world.oidcIdp.requests.refresh, asked + 1);
    world.clock.turn(1);
    await credentials(world, login);
    assert.equal(world.oidcIdp.requests.refresh, asked + 2);
  });

  it('is asked once more at once after a lost answer', async () => {
    const login = await loginByDevice(world, 'bob', 'oidc');
    world.oidcIdp.refresh.rotation = 'lenient';
    world.oidcIdp.faults.lostTokenAnswers = 1;
    world.oidcIdp.directory.change('bob', { groups: [] });
    world.clock.turn(EVERY);
    const asked = world.oidcIdp.requests.refresh;
    assert.equal((await credentials(world, login)).status, 403, 'the second answer counts');
    assert.equal(world.oidcIdp.requests.refresh, asked + 2);
  });

  it('that has replaced the refresh token in a lost answer ends nothing, and requires a sign-in', async () => {
    const login = await loginByDevice(world, 'bob', 'oidc');
    world.oidcIdp.faults.lostTokenAnswers = 1;
    world.clock.turn(EVERY);
    assert.equal((await credentials(world, login)).json.code, 'sign_in_needed');
    assert.ok(isSignedIn(await login.visitor.get(`${world.urls.bridge}/sessions`)));
    await world.signIn('bob', 'oidc', { visitor: login.visitor });
    assert.equal((await credentials(world, login)).status, 200);
    assert.deepEqual(await eventsOf(world, 'sessions.ended-by-provider'), []);
  });

  it('that answers about another user changes nothing, and is in the audit trail', async () => {
    const login = await loginByDevice(world, 'bob', 'oidc');
    world.oidcIdp.refresh.subject = world.oidcIdp.subjectOf('alice');
    world.clock.turn(EVERY);
    const before = (await eventsOf(world, 'identity.refresh-refused')).length;
    assert.equal((await credentials(world, login)).status, 200);
    const refused = await eventsOf(world, 'identity.refresh-refused');
    assert.equal(refused.length, before + 1);
    assert.equal(refused.at(-1)!.actor.username, 'bob');
    assert.match(refused.at(-1)!.why, /sub is another user/);

    // The token of the answer was not kept, and the old one was replaced.
    world.oidcIdp.refresh.subject = undefined;
    world.clock.turn(30);
    assert.equal((await credentials(world, login)).json.code, 'sign_in_needed');
    assert.deepEqual(await eventsOf(world, 'sessions.ended-by-provider'), []);
  });
});

describe('a provider that requires the user', () => {
  const world = useWorld({
    configure: yaml => `${yaml}\ncli: { deviceGrant: { stepUp: true } }\n`,
  });
  useGoodManners(world);

  it('is named in every interface, ends no session, and accepts a sign-in', async () => {
    const login = await loginByDevice(world, 'bob', 'oidc');
    const { visitor } = login;
    world.oidcIdp.requireInteraction('bob');
    world.clock.turn(EVERY);
    const since = spoken(world.clock.now());
    const problem = await credentials(world, login);
    assert.equal(problem.status, 403);
    assert.equal(problem.json.code, 'sign_in_needed');
    assert.match(problem.json.detail, new RegExp(`since ${since}`));
    const portal = await visitor.get(world.urls.bridge);
    assert.equal(portal.status, 403);
    assert.match(portal.text, /requires you to sign in again/);
    assert.equal((await visitor.get(`${world.urls.bridge}/sessions`)).status, 200);

    await world.signIn('bob', 'oidc');
    assert.match((await visitor.get(world.urls.bridge)).text, /Developer/);
    assert.equal((await credentials(world, login)).status, 200);
    world.clock.turn(EVERY);
    assert.equal((await credentials(world, login)).status, 200, 'the provider is content');
  });

  it('receives the user once on the way to a role', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    world.oidcIdp.requireInteraction('bob');
    world.clock.turn(EVERY);
    const path = '/credentials?account=prod&role=Developer';
    const page = await visitor.get(world.urls.bridge + path);
    assert.equal(page.url, world.urls.bridge + path);
    assert.equal(page.status, 200, page.text);
    assert.equal((await eventsOf(world, 'sign-in.stepped-up')).length, 1);
  });

  it('receives the user once, also if the role requires more than a sign-in', async () => {
    const { visitor } = await world.signIn('alice', 'oidc', { secondFactor: false });
    world.oidcIdp.requireInteraction('alice');
    world.clock.turn(EVERY);
    const login = await visitor.get(`${world.urls.bridge}/console?account=prod&role=Admin`);
    assert.equal(login.$('input[type=password]').length, 1, login.text);
    const page = await enterPassword(visitor, login, { username: 'alice' });
    assert.ok(page.url.startsWith(`${world.urls.aws}/console`), page.text);
  });

  it('receives the user of a terminal by the address that the terminal prints', async () => {
    const login = await loginByDevice(world, 'bob', 'oidc');
    world.oidcIdp.requireInteraction('bob');
    world.clock.turn(EVERY);
    const address = (await credentials(world, login)).json.step_up_url;
    assert.match((await awsWire(world, login)).json.message, new RegExp(address.split('?')[0]));
    const { visitor } = await world.signIn('bob', 'oidc');
    const asked = await visitor.get(address);
    assert.equal(asked.status, 200, asked.text);
    const done = await visitor.submit(asked, 'form[action^="/step-up"]');
    assert.match(done.url, /step-up\/done/);
    assert.equal((await credentials(world, login)).status, 200);

    // The terminal has the session at the provider of the new sign-in.
    world.oidcIdp.directory.disable('bob');
    world.clock.turn(EVERY);
    assert.equal((await credentials(world, login)).status, 401);
    assert.ok(!isSignedIn(await visitor.get(world.urls.bridge)));
  });
});

describe('a provider that gives no refresh token', () => {
  const world = useWorld();
  useGoodManners(world);

  it('is in the log at the sign-in, and users sign in again once the last answer is too old', async () => {
    world.oidcIdp.refresh.issued = false;
    const login = await loginByDevice(world, 'bob', 'oidc');
    const said = world.log.filter(line => line.includes('no refresh token'));
    assert.equal(said.length, 1);
    assert.match(said[0]!, /offline_access/);
    world.clock.turn(STALE_FOR - 1);
    const later = await renewed(world, login);
    assert.equal((await credentials(world, later)).status, 200);
    world.clock.turn(1);
    assert.equal((await credentials(world, later)).json.code, 'sign_in_needed');
    await world.signIn('bob', 'oidc');
    assert.equal((await credentials(world, later)).status, 200);
  });
});

describe('a group of a connector that is not set up so', () => {
  const world = useWorld();
  useGoodManners(world);

  it('stays until the next sign-in', async () => {
    const login = await loginByDevice(world, 'bob', 'saml');
    const asked = world.oidcIdp.requests.refresh;
    world.clock.turn(5 * HOUR);
    assert.equal((await credentials(world, await renewed(world, login))).status, 200);
    assert.equal(world.oidcIdp.requests.refresh, asked);
  });
});
