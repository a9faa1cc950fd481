import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, describe, it } from 'node:test';
import { Computer, computerFor, QUICK_POLLS, useComputer } from '../../support/cli.ts';
import { confirmDevice } from '../../support/cli-login.ts';
import type { Visitor } from '../../support/visitor.ts';
import { useWorld, worldFor } from '../../support/world.ts';

describe('login', () => {
  const computers: Computer[] = [];
  const world = useWorld(QUICK_POLLS);
  afterEach(() => {
    for (const computer of computers.splice(0)) computer.close();
  });

  /** A computer with a desktop, whose browser writes down what it was sent to. */
  const desktop = (): { computer: Computer; opened: () => string[] } => {
    const computer = new Computer();
    computers.push(computer);
    const script = computer.file('browser.mjs');
    const list = computer.file('opened');
    writeFileSync(list, '');
    writeFileSync(
      script,
      `import { appendFileSync } from 'node:fs';\nappendFileSync(${JSON.stringify(list)}, process.argv[2] + '\\n');\n`,
    );
    Object.assign(computer.env, { BROWSER: `${process.execPath} ${script}` });
    return { computer, opened: () => readFileSync(list, 'utf8').split('\n').filter(Boolean) };
  };
  const remote = (): Computer => {
    const computer = new Computer({ SSH_CONNECTION: '192.0.2.1 5000 192.0.2.2 22' });
    computers.push(computer);
    return computer;
  };
  const consent = async (visitor: Visitor, address: string, decision = 'approve') => {
    const page = await visitor.get(address);
    return visitor.submit(page, `button[value=${decision}]`);
  };
  const server = (): string[] => ['--server', world.urls.bridge];
  const ADDRESS = /^ {2}(http:\S+\/oauth\/authorize\?\S+)$/m;

  it('in the browser of this computer signs the terminal in after one button', async () => {
    const { computer, opened } = desktop();
    const { visitor } = await world.signIn('alice', 'saml');
    const login = computer.start(['login', ...server()]);
    const [, address] = await login.says(ADDRESS);

    const page = await visitor.get(address!);
    assert.match(page.text, /Is this your terminal\?/);
    assert.match(page.text, /this computer, port \d+/);

    const done = await visitor.submit(page, 'button[value=approve]');
    assert.equal(new URL(done.url).hostname, '127.0.0.1');
    assert.match(done.text, /Go back to your terminal/);

    const { code, stderr } = await login.ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Signed in as alice \(Alice Adams\) via Acme AD FS, for/);
    assert.deepEqual(opened(), [address]);

    const query = new URL(address!).searchParams;
    assert.deepEqual([...query.keys()].sort(), [
      'client_id',
      'code_challenge',
      'code_challenge_method',
      'device_name',
      'redirect_uri',
      'response_type',
      'state',
    ]);
  });

  it('stores the server at the first login', async () => {
    const { computer } = desktop();
    await computer.logIn(world, 'bob', { protocol: 'oidc' });
    assert.deepEqual(
      JSON.parse(readFileSync(computer.file('.config/rolebridge/config.json'), 'utf8')),
      { server: world.urls.bridge },
    );
    assert.equal((await computer.run(['whoami'])).code, 0);
  });

  it('rejects an answer with another state or issuer, and still accepts the right one', async () => {
    const { computer } = desktop();
    const { visitor } = await world.signIn('bob', 'oidc');
    const login = computer.start(['login', ...server()]);
    const [, address] = await login.says(ADDRESS);
    const query = new URL(address!).searchParams;

    const callback = query.get('redirect_uri')!;
    for (const wrong of [
      { code: 'c', state: 'x', iss: world.urls.bridge },
      { code: 'c', state: query.get('state')!, iss: 'https://evil.example' },
      { code: 'c', state: query.get('state')! },
    ]) {
      const answer = await fetch(
        `${callback}?${new URLSearchParams(wrong as Record<string, string>)}`,
      );
      assert.equal(answer.status, 400);
    }
    assert.equal((await fetch(callback.replace('/callback', '/other'))).status, 404);

    await consent(visitor, address!);
    assert.equal((await login.ended).code, 0);
  });

  it('"I did not start this" ends the login of the terminal', async () => {
    const { computer } = desktop();
    const { visitor } = await world.signIn('bob', 'oidc');
    const login = computer.start(['login', ...server()]);
    const [, address] = await login.says(ADDRESS);

    const page = await consent(visitor, address!, 'disown');
    assert.match(page.text, /The login was stopped/);

    const { code, stderr } = await login.ended;
    assert.equal(code, 7);
    assert.match(stderr, /the login was denied in the browser/);
  });

  it('over SSH prints a code and a short address to confirm in any browser', async () => {
    const computer = remote();
    const { visitor } = await world.signIn('alice', 'saml');
    const login = computer.start(['login', ...server()]);
    const [code] = await login.says(/\b[A-Z]{4}-[A-Z]{4}\b/);
    await login.says(/Waiting for you to confirm/);
    await confirmDevice(world, visitor, code);

    const { code: exit, stdout, stderr } = await login.ended;

    assert.deepEqual([exit, stdout], [0, '']);
    assert.ok(stderr.includes(`${world.urls.bridge}/device`));
  });

  it('reports a code that was denied or not confirmed in time', async () => {
    const [refused, late] = [remote(), remote()];
    const { visitor } = await world.signIn('bob', 'oidc');
    const login = refused.start(['login', ...server()]);
    const [code] = await login.says(/\b[A-Z]{4}-[A-Z]{4}\b/);
    const form = await visitor.get(`${world.urls.bridge}/device`);
    const question = await visitor.submit(form, 'form[action="/device"]', { user_code: code });

    await visitor.submit(question, 'button[value=disown]');
    assert.equal((await login.ended).code, 7);

    const other = late.start(['login', ...server()]);
    await other.says(/Waiting/);
    world.clock.turn(601);
    const { code: exit, stderr } = await other.ended;
    assert.equal(exit, 7);
    assert.match(stderr, /the login was not confirmed in time/);
  });
});

describe('login by another user', () => {
  const world = useWorld(QUICK_POLLS);
  const computer = useComputer();

  it('rejects a login that another user confirms, keeps the stored one and ends the new session', async () => {
    await computer.logIn(world, 'alice');
    const credentials = await computer.done(['credential-process', 'prod/Developer']);
    const { visitor: bob } = await world.signIn('bob', 'oidc');
    const login = computer.start(['login', '--device', '--force']);
    const [code] = await login.says(/\b[A-Z]{4}-[A-Z]{4}\b/);
    await confirmDevice(world, bob, code);

    const { code: exit, stderr } = await login.ended;
    assert.equal(exit, 7);
    assert.match(
      stderr,
      /the login was confirmed by bob, but this computer was last used by alice/,
    );
    assert.match(await computer.done(['whoami']), /^Person {8}alice/m);
    assert.equal(await computer.done(['credential-process', 'prod/Developer']), credentials);

    const ended = (await world.audit()).find(({ type }) => type === 'cli-session.ended');
    assert.ok(ended?.type === 'cli-session.ended' && ended.actor.username === 'bob');
  });

  it('accepts it with --switch-person, and passes nothing of the previous user on', async () => {
    const before = JSON.parse(await computer.done(['credential-process', 'prod/Developer'])) as {
      AccessKeyId: string;
    };
    await computer.logIn(world, 'bob', { protocol: 'oidc', args: ['--switch-person'] });
    assert.match(await computer.done(['whoami']), /^Person {8}bob/m);

    const after = JSON.parse(await computer.done(['credential-process', 'prod/Developer'])) as {
      AccessKeyId: string;
    };
    assert.notEqual(after.AccessKeyId, before.AccessKeyId);
  });
});

describe('many processes without a login', () => {
  it('open one browser, and all get credentials from one login and one request', async t => {
    const world = await worldFor(t, QUICK_POLLS);
    const computer = computerFor(t);
    const list = computer.file('opened');
    writeFileSync(list, '');
    writeFileSync(
      computer.file('browser.mjs'),
      `import { appendFileSync } from 'node:fs';\nappendFileSync(${JSON.stringify(list)}, process.argv[2] + '\\n');\n`,
    );
    const env = {
      BROWSER: `${process.execPath} ${computer.file('browser.mjs')}`,
      ROLEBRIDGE_SERVER: world.urls.bridge,
    };
    const { visitor } = await world.signIn('alice', 'saml');
    const running = Array.from({ length: 12 }, () =>
      computer.start(['credential-process', 'prod/Admin', '--login'], { env }),
    );
    const [, address] = await Promise.any(
      running.map(one => one.says(/^ {2}(http:\S+\/oauth\/authorize\?\S+)$/m)),
    );
    const page = await visitor.get(address!);
    await visitor.submit(page, 'button[value=approve]');

    const results = await Promise.all(running.map(({ ended }) => ended));

    assert.deepEqual(
      results.map(({ code }) => code),
      running.map(() => 0),
      results.map(({ stderr }) => stderr).join('\n'),
    );
    assert.equal(new Set(results.map(({ stdout }) => stdout)).size, 1);
    assert.deepEqual(readFileSync(list, 'utf8').split('\n').filter(Boolean), [address]);
    assert.equal(world.toAws.length, 1);
  });
});

describe('a server without the device grant', () => {
  it('is reported over SSH, with what to do', async t => {
    const world = await worldFor(t, {
      configure: yaml => `${yaml}\ncli: { deviceGrant: { enabled: false } }\n`,
    });
    const computer = computerFor(t, { SSH_TTY: '/dev/pts/1' });
    const { code, stderr } = await computer.run(['login', '--server', world.urls.bridge]);
    assert.equal(code, 7);
    assert.match(stderr, /device-code logins are turned off at this server/);
    assert.match(stderr, /--no-browser/);
  });
});
