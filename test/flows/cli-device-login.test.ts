import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beginDevice, confirmDevice, pollDevice } from '../support/cli-login.ts';
import { Visitor } from '../support/visitor.ts';
import { useWorld, worldFor } from '../support/world.ts';

describe('a terminal that is confirmed by a code', () => {
  const world = useWorld();

  const formOn = '/device';
  const typeCode = async (visitor: Visitor, userCode: string, link?: string) => {
    const page = await visitor.get(link ?? `${world.urls.bridge}${formOn}`);
    return visitor.submit(page, 'form[action="/device"]', { user_code: userCode });
  };

  it('shows what requests the login and what it would get; the terminal gets tokens after the confirmation', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    const { json } = await beginDevice(world, { device_name: 'build-7' });
    const question = await typeCode(visitor, json.user_code.toLowerCase().replace('-', ' '));
    assert.equal(question.status, 200);

    for (const said of [
      'build-7',
      'rolebridge command line',
      '127.0.0.1, the same address as this browser',
      json.user_code,
      '7 roles in 4 accounts',
    ])
      assert.ok(question.text.includes(said), said);
    assert.equal((await pollDevice(world, json.device_code)).json.error, 'authorization_pending');

    const done = await visitor.submit(question, 'button[value=approve]');
    assert.match(done.text, /Your terminal is signed in/);
    world.clock.turn(6);
    assert.equal((await pollDevice(world, json.device_code)).status, 200);
  });

  it('asks for the code even after the complete link, and does not show it', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const { json } = await beginDevice(world);
    const page = await visitor.get(json.verification_uri_complete);
    assert.equal(page.$('#user_code').attr('value'), undefined);
    assert.ok(!page.text.includes(json.user_code));
    assert.match(page.text, /Anyone can send you one/);

    const question = await visitor.submit(page, 'form[action="/device"]', {
      user_code: json.user_code,
    });
    assert.match(question.text, /Is this your terminal\?/);
  });

  it('rejects a code that does not match the link', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const [theirs, mine] = [await beginDevice(world), await beginDevice(world)];

    const page = await typeCode(
      visitor,
      mine.json.user_code,
      theirs.json.verification_uri_complete,
    );
    assert.equal(page.status, 403);
    assert.match(page.text, /The code does not match the link/);

    for (const { json } of [theirs, mine])
      assert.equal((await pollDevice(world, json.device_code)).json.error, 'authorization_pending');
  });

  it('without a session, leads through the sign-in and back to the page, and keeps the link', async () => {
    const { json } = await beginDevice(world);
    const visitor = new Visitor();
    const signIn = await visitor.get(json.verification_uri_complete);
    assert.match(signIn.text, /a terminal login that needs your confirmation/);

    const { page } = await world.signIn('bob', 'oidc', {
      visitor,
      returnTo: `/device?user_code=${json.user_code}`,
    });
    assert.equal(page.url, json.verification_uri_complete);
    assert.equal(page.$('input[name=link_code]').attr('value'), json.user_code);
  });

  it('"I did not start this" stops the login, and the audit trail names the user', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const { json } = await beginDevice(world, { device_name: 'not-mine' });

    const stopped = await visitor.submit(
      await typeCode(visitor, json.user_code),
      'button[value=disown]',
    );
    assert.match(stopped.text, /The login was stopped/);
    assert.match(stopped.text, /#aws-access/);

    const denied = await pollDevice(world, json.device_code);
    assert.deepEqual([denied.status, denied.json.error], [400, 'access_denied']);

    const event = (await world.audit()).find(({ type }) => type === 'cli-login.disowned');
    assert.ok(event?.type === 'cli-login.disowned');
    assert.deepEqual(
      [event.actor.username, event.deviceName, event.requestedFrom],
      ['bob', 'not-mine', '127.0.0.1'],
    );
  });

  it('the same after a confirmation ends the session at once', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const { json } = await beginDevice(world);
    const done = await visitor.submit(
      await typeCode(visitor, json.user_code),
      'button[value=approve]',
    );
    const { json: tokens } = await pollDevice(world, json.device_code);

    const page = await visitor.submit(done, 'button[value=disown]');
    assert.match(page.text, /t is recorded that you did not start it/);

    const answer = await fetch(`${world.urls.bridge}/api/v1/whoami`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    assert.equal(answer.status, 401);
  });

  it('if two users confirm one code, one wins and the terminal is theirs', async () => {
    const [alice, bob] = [
      (await world.signIn('alice', 'saml')).visitor,
      (await world.signIn('bob', 'oidc')).visitor,
    ];
    const { json } = await beginDevice(world);
    const questions = await Promise.all(
      [alice, bob].map(visitor => typeCode(visitor, json.user_code)),
    );

    const pages = await Promise.all(
      [alice, bob].map((visitor, index) =>
        visitor.submit(questions[index]!, 'button[value=approve]'),
      ),
    );
    assert.deepEqual(pages.map(({ status }) => status).sort(), [200, 410]);

    const winner = pages[0]!.status === 200 ? 'alice' : 'bob';
    const { json: tokens } = await pollDevice(world, json.device_code);
    const answer = await fetch(`${world.urls.bridge}/api/v1/whoami`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    assert.equal(
      ((await answer.json()) as { person: { username: string } }).person.username,
      winner,
    );
  });

  it('a form of another site, or without the CSRF token, has no effect', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const { json } = await beginDevice(world);
    const question = await typeCode(visitor, json.user_code);
    for (const fields of [{ csrf_token: '' }, { csrf_token: 'x'.repeat(43) }]) {
      const page = await visitor.submit(question, 'button[value=approve]', fields);
      // It is our own page, of an earlier sign-in perhaps: the person is asked again.
      assert.match(page.text, /Nothing was done/);
    }

    const own = question.$('form.decisions').serializeArray();
    const body = new URLSearchParams([
      ...own.map(({ name, value }): [string, string] => [name, value]),
      ['decision', 'approve'],
    ]);
    const foreign = await visitor.post(`${world.urls.bridge}/device`, body, {
      'sec-fetch-site': 'cross-site',
    });
    assert.equal(foreign.status, 403);
    assert.equal((await pollDevice(world, json.device_code)).json.error, 'authorization_pending');
  });

  it('the name of a computer is text, whatever is in it', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const { json } = await beginDevice(world, {
      device_name: '<img src=x onerror=alert(1)>\u202e\n"',
    });
    const question = await typeCode(visitor, json.user_code);
    assert.equal(question.$('main img').length, 0);
    assert.ok(question.text.includes('<img src=x onerror=alert(1)>??"'));
  });

  it('the audit trail names who confirmed, from where, and the session of the terminal', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    const { json } = await beginDevice(world, { device_name: 'laptop-3' });
    await confirmDevice(world, visitor, json.user_code);
    await pollDevice(world, json.device_code);
    const events = (await world.audit()).slice(0, 2);

    const [opened, approved] = events;
    assert.ok(opened?.type === 'cli-session.opened' && approved?.type === 'cli-login.approved');
    assert.equal(opened.cliSession, approved.cliSession);

    for (const { actor, deviceName, grant, client } of [opened, approved])
      assert.deepEqual(
        [actor.username, deviceName, grant, client],
        ['alice', 'laptop-3', 'device_code', 'rolebridge-cli'],
      );
  });
});

describe('a code and time', () => {
  const world = useWorld();

  const typeCode = async (visitor: Visitor, userCode: string) => {
    const page = await visitor.get(`${world.urls.bridge}/device`);
    return visitor.submit(page, 'form[action="/device"]', { user_code: userCode });
  };

  it('a login that requires a recent sign-in cannot be confirmed by an older one', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    world.clock.turn(60);
    const { json } = await beginDevice(world, { prompt: 'login' });
    const question = await typeCode(visitor, json.user_code);
    assert.equal(question.$('button[value=approve]').length, 0);

    const link = question.$('a.primary').attr('href')!;
    assert.match(link, /^\/sign-in\/corp-saml\?reauthenticate=1&return_to=%2Fdevice$/);

    const forced = await visitor.submit(question, 'button[value=disown]', { decision: 'approve' });
    assert.equal(forced.status, 403);
    assert.match(forced.text, /This login requires a recent sign-in/);
  });

  it('a code cannot be confirmed twice, or after it has expired, and says so apart from a wrong one', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const [used, old] = [await beginDevice(world), await beginDevice(world)];
    const question = await typeCode(visitor, used.json.user_code);
    await visitor.submit(question, 'button[value=approve]');

    const { visitor: alice } = await world.signIn('alice', 'saml');
    const again = await typeCode(alice, used.json.user_code);
    assert.equal(again.status, 410);
    assert.match(again.text, /This user code has expired or was used before\. Run the login again/);
    assert.match((await typeCode(alice, 'BBBB-BBBB')).text, /Unknown user code/);

    world.clock.turn(601);
    const late = await typeCode(visitor, old.json.user_code);
    assert.equal(late.status, 410);
    // The same words as for a used one: they say nothing of what became of the login.
    assert.equal(late.$('.field-problem').text(), again.$('.field-problem').text());
    assert.equal((await pollDevice(world, old.json.device_code)).json.error, 'expired_token');
    world.clock.turn(600);
    assert.equal((await typeCode(visitor, old.json.user_code)).status, 404);
  });
});

describe('a user who guesses codes', () => {
  it('is stopped after ten wrong ones, and everybody else is not', async t => {
    const world = await worldFor(t);
    const { visitor: guesser } = await world.signIn('bob', 'oidc');
    const { visitor: alice } = await world.signIn('alice', 'saml');

    const guess = async () => {
      const page = await guesser.get(`${world.urls.bridge}/device`);
      return guesser.submit(page, 'form[action="/device"]', { user_code: 'BBBB-BBBB' });
    };
    for (let count = 0; count < 10; count++) assert.equal((await guess()).status, 404);
    assert.equal((await guess()).status, 429);

    const { json } = await beginDevice(world);
    await confirmDevice(world, alice, json.user_code);
    const refused = (await world.audit()).filter(({ type }) => type === 'cli-login.refused');
    assert.equal(refused.length, 10);
    assert.ok(
      refused.every(event => event.type === 'cli-login.refused' && event.actor?.username === 'bob'),
    );
  });
});

describe('a bridge whose device grant is off', () => {
  it('says so on its page, in its metadata, and to terminals', async t => {
    const world = await worldFor(t, {
      configure: yaml => `${yaml}\ncli: { deviceGrant: { enabled: false } }\n`,
    });
    const { visitor } = await world.signIn('alice', 'saml');

    const page = await visitor.get(`${world.urls.bridge}/device`);
    assert.match(page.text, /Device-code logins are turned off/);

    const begun = await beginDevice(world);
    assert.deepEqual([begun.status, begun.json.error], [400, 'unauthorized_client']);

    const metadata = (await (
      await fetch(`${world.urls.bridge}/.well-known/oauth-authorization-server`)
    ).json()) as Record<string, unknown>;
    assert.equal(metadata.device_authorization_endpoint, undefined);
  });
});
