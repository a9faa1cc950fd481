import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, beforeEach, describe, it } from 'node:test';
import { createApp } from '../../src/app.ts';
import type { Bridge } from '../../src/compose/compose.ts';
import { PEOPLE } from '../../src/dev/people.ts';
import { run } from '../main/server-process.ts';
import {
  beginDevice,
  callApi,
  confirmDevice,
  loginByDevice,
  makeContainerToken,
  pollDevice,
  refreshLogin,
} from '../support/cli-login.ts';
import { button } from '../support/handout.ts';
import { Visitor } from '../support/visitor.ts';
import { answer, useWorld, type World } from '../support/world.ts';

const awsWire = (world: World, token: string) =>
  fetch(`${world.urls.bridge}/federation/credentials?account_id=111122223333&role_name=Developer`, {
    headers: { 'x-amz-sso_bearer_token': token },
  });
const credentials = (world: World, token: string) =>
  callApi(world, token, {
    method: 'POST',
    path: '/credentials',
    body: { account: 'prod', role: 'Developer' },
  });

/** Both instances answer, each the other request. */
async function twoInstances(world: World): Promise<void> {
  const bridges: Bridge[] = [world.bridge, await world.compose()];
  const apps = bridges.map(createApp);
  let requests = 0;
  answer(world.servers.bridge, (request, response) => apps[requests++ % 2]!(request, response));
}

describe('a group that is gone at a newer sign-in of the user', () => {
  const groups: string[] = [];
  const bob = { ...PEOPLE.find(({ username }) => username === 'bob')!, groups };
  const department: { department: string } = bob;
  const world = useWorld({
    people: PEOPLE.map(person => (person.username === 'bob' ? bob : person)),
  });
  before(() => twoInstances(world));
  beforeEach(() => {
    groups.splice(0, groups.length, 'developers');
    department.department = 'Payments';
  });

  for (const protocol of ['saml', 'oidc'] as const) {
    it(`takes its roles from every session before, at the next request (${protocol})`, async () => {
      const login = await loginByDevice(world, 'bob', protocol);
      const { visitor } = login;
      const portal = await visitor.get(world.urls.bridge);
      const { token, path } = await makeContainerToken(world, login);
      const waiting = await beginDevice(world);
      await confirmDevice(world, visitor, waiting.json.user_code);
      assert.equal((await callApi(world, token, { path })).status, 200);

      groups.splice(0);
      world.clock.turn(1);
      await world.signIn('bob', protocol);
      const shown = await visitor.get(world.urls.bridge);
      assert.equal(shown.status, 200);
      assert.doesNotMatch(shown.text, /Developer/, 'the portal');
      assert.equal(
        (await visitor.submit(portal, button('Credentials', 'prod', 'Developer'))).status,
        403,
        'the credentials page',
      );
      assert.equal(
        (await visitor.submit(portal, button('Console', 'prod', 'Developer'))).status,
        403,
        'the console',
      );
      assert.equal((await credentials(world, login.accessToken)).status, 403, 'the API');
      assert.equal((await callApi(world, token, { path })).status, 403, 'the container token');
      const renewed = await refreshLogin(world, login);
      assert.equal(renewed.status, 200, 'the session goes on');
      assert.equal(
        (await credentials(world, renewed.json.access_token)).status,
        403,
        'after a refresh',
      );
      assert.equal(
        (await awsWire(world, renewed.json.access_token)).status,
        403,
        'the wire of AWS tools',
      );
      const reasons = await callApi(world, renewed.json.access_token, {
        path: '/explain?account=prod&role=Developer',
      });
      assert.doesNotMatch(JSON.stringify(reasons.json), /"granted":true/);
      const picked = await pollDevice(world, waiting.json.device_code);
      assert.equal(picked.status, 200);
      assert.equal(
        (await credentials(world, picked.json.access_token)).status,
        403,
        'a login that waited',
      );

      const event = (await world.audit()).find(({ type }) => type === 'sign-in.claims-missing');
      assert.ok(event?.type === 'sign-in.claims-missing');
      assert.deepEqual([event.actor.username, event.missing], ['bob', ['groups']]);
    });
  }

  it('stays lost if a newer sign-in has it again and another one does not', async () => {
    const { visitor } = await world.signIn('bob', 'saml');
    groups.push('aws-admins');
    world.clock.turn(1);
    await world.signIn('bob', 'saml');

    assert.doesNotMatch(
      (await visitor.get(world.urls.bridge)).text,
      /Admin\b/,
      'a group that is gained needs a sign-in here',
    );
    assert.match((await visitor.get(world.urls.bridge)).text, /Developer/);
  });

  it('changes what AWS is told: attributes are the newest', async () => {
    const login = await loginByDevice(world, 'bob', 'saml');
    assert.equal((await awsWire(world, login.accessToken)).status, 200);

    department.department = 'Sales';
    world.clock.turn(1);
    await world.signIn('bob', 'saml');
    const asked = world.toAws.length;
    assert.equal((await awsWire(world, login.accessToken)).status, 200);
    assert.equal(
      world.toAws.length,
      asked + 1,
      'credentials that were obtained before are not shared',
    );

    const assertion = Buffer.from(
      world.toAws.at(-1)!.form.get('SAMLAssertion')!,
      'base64',
    ).toString();
    assert.match(assertion, /PrincipalTag:Department.*?Sales/s);
  });
});

describe('an operator who blocks a user, beside two instances that run', () => {
  const world = useWorld();
  let config: string[];
  before(async () => {
    config = ['--config', join(world.directory, 'rolebridge.yaml')];
    await twoInstances(world);
  });
  const isSignedIn = async (visitor: Visitor): Promise<boolean> =>
    (await visitor.get(world.urls.bridge)).$('form[action="/sign-out"]').length === 1;

  it('ends every session and pending login, and rejects further sign-ins; unblock allows sign-ins alone', async () => {
    const login = await loginByDevice(world, 'bob', 'oidc');
    const { token, path } = await makeContainerToken(world, login);
    assert.equal((await awsWire(world, login.accessToken)).status, 200);
    const waiting = await beginDevice(world);
    await confirmDevice(world, login.visitor, waiting.json.user_code);

    const { code, stdout } = await run(
      'block',
      ...config,
      '--user',
      'bob',
      '--reason',
      'the laptop was stolen',
    );
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^bob \([a-z2-7]{16}, corp-oidc\): ended 1 in browsers and 2 in terminals\. Blocked\.$/m,
    );
    for (const round of ['blocked', 'unblocked']) {
      assert.ok(!(await isSignedIn(login.visitor)), `${round}: the browser`);
      assert.equal((await credentials(world, login.accessToken)).status, 401, `${round}: the API`);
      assert.equal(
        (await awsWire(world, login.accessToken)).status,
        401,
        `${round}: the wire of AWS tools`,
      );
      assert.equal(
        (await callApi(world, token, { path })).status,
        401,
        `${round}: the container token`,
      );
      assert.equal(
        (await refreshLogin(world, login)).json.error,
        'invalid_grant',
        `${round}: the refresh token`,
      );
      assert.equal(
        (await pollDevice(world, waiting.json.device_code)).json.error,
        'invalid_grant',
        `${round}: the login that waits`,
      );
      if (round === 'unblocked') break;
      const { page } = await world.signIn('bob', 'oidc');
      assert.equal(page.status, 403);
      assert.match(page.text, /Your access is blocked.*Contact your administrator/s);
      assert.equal(page.$('.choices a').length, 0, 'no sign-in helps');
      const refusal = (await world.audit()).find(({ type }) => type === 'sign-in.refused');
      assert.ok(refusal?.type === 'sign-in.refused' && refusal.code === 'person_blocked');
      assert.equal(refusal.actor?.username, 'bob');
      assert.match(
        (await run('sessions', ...config, '--blocked')).stdout,
        /bob +corp-oidc .*the laptop was stolen/,
      );
      assert.match(
        (await run('block', ...config, '--user', 'bob')).stdout,
        /Was blocked already\.$/m,
      );
      assert.match(
        (await run('unblock', ...config, '--user', 'bob', '--reason', 'found it')).stdout,
        /can sign in again/,
      );
    }
    const { page, visitor } = await world.signIn('bob', 'oidc');
    assert.equal(page.status, 200);
    assert.ok(await isSignedIn(visitor));
    const events = (await world.audit()).filter(
      event => event.type === 'person.blocked' || event.type === 'person.unblocked',
    );
    assert.deepEqual(
      events.map(event => [
        event.type,
        event.actor.username,
        event.reason,
        /^rolebridge-server, ./.test(event.origin.userAgent!),
      ]),
      [
        ['person.unblocked', 'bob', 'found it', true],
        ['person.blocked', 'bob', undefined, true],
        ['person.blocked', 'bob', 'the laptop was stolen', true],
      ],
    );
  });

  it('blocks a user who is at the identity provider at that moment', async () => {
    const visitor = new Visitor();
    await world.signIn('dave', 'saml');
    const login = await visitor.get(`${world.urls.bridge}/sign-in/corp-saml`);
    assert.equal((await run('end-sessions', ...config, '--user', 'dave', '--block')).code, 0);
    const answered = await visitor.submit(login, 'form', { username: 'dave', password: 'dave' });
    const page = await visitor.submit(answered, 'form');
    assert.equal(page.status, 403);
    assert.match(page.text, /Your access is blocked/);
  });

  it('lists all users of a shared name, and does nothing until one of them is named', async () => {
    await world.signIn('carol', 'saml');
    world.clock.turn(1);
    const { visitor } = await world.signIn('carol', 'oidc');
    for (const command of [['block'], ['unblock'], ['end-sessions'], ['end-sessions', '--block']]) {
      const { code, stdout, stderr } = await run(
        command[0]!,
        ...config,
        ...command.slice(1),
        '--user',
        'carol',
      );
      assert.deepEqual([code, stdout], [1, ''], command.join(' '));
      assert.match(
        stderr,
        /2 users have signed in as carol\. Nothing was done\. Repeat with --person/,
      );
      assert.match(stderr, /^[a-z2-7]{16} +carol +corp-oidc +\d{4}-/m);
      assert.match(stderr, /^[a-z2-7]{16} +carol +corp-saml +\d{4}-/m);
    }

    const { stdout, code } = await run('block', ...config, '--user', 'carol', '--json');
    const several = JSON.parse(stdout).several as {
      person: string;
      connector: string;
      signed_in_at: string;
    }[];
    assert.deepEqual(
      [code, several.map(({ connector }) => connector)],
      [1, ['corp-oidc', 'corp-saml']],
    );
    assert.ok(await isSignedIn(visitor));
    assert.equal((await run('block', ...config, '--person', several[0]!.person)).code, 0);
    assert.ok(!(await isSignedIn(visitor)));
    assert.equal((await world.signIn('carol', 'saml')).page.status, 200, 'the other carol');
  });

  it('blocks an id that has never signed in, and rejects ambiguous input', async () => {
    const blocked = await run('block', ...config, '--person', 'a'.repeat(16));
    assert.equal(blocked.code, 0);
    assert.match(
      blocked.stdout,
      /^unknown \(aaaaaaaaaaaaaaaa, unknown\): ended 0 in browsers and 0 in terminals\. Blocked\.$/m,
    );

    for (const [args, says, code] of [
      [['block', '--user', 'unknown'], /unknown user/, 1],
      [['unblock', '--person', 'b'.repeat(16)], /unknown user/, 1],
      [['block', '--person', 'alice'], /a person id has 16 characters/, 1],
      [
        ['block', '--user', 'alice', '--reason', 'two\nlines'],
        /--reason takes at most 256 characters on one line/,
        1,
      ],
      [['block'], /Exit codes/, 2],
      [['block', '--user', 'a', '--person', 'b'], /Exit codes/, 2],
      [['block', '--session', 'a'], /Exit codes/, 2],
      [['end-sessions', '--session', 'a', '--block'], /Exit codes/, 2],
      [['sessions', '--blocked', '--user', 'a'], /Exit codes/, 2],
    ] as const) {
      const [command, ...rest] = args;
      const outcome = await run(command, ...config, ...rest);
      assert.equal(outcome.code, code, args.join(' '));
      assert.match(outcome.stderr, says);
    }
  });
});
