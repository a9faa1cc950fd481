import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { computerFor, otherNode, QUICK_POLLS, useComputer } from '../support/cli.ts';
import { Visitor } from '../support/visitor.ts';
import { useWorld } from '../support/world.ts';

describe('everyday use of the client', () => {
  const world = useWorld(QUICK_POLLS);
  const laptop = useComputer();
  before(async () => {
    await laptop.logIn(world, 'alice');
  });

  it('login prints the user, the connector and the duration; a second login reports the first', async () => {
    const { code, stderr } = await laptop.run(['login']);
    assert.equal(code, 0);
    assert.match(
      stderr,
      /^You are signed in as alice \(Alice Adams\) via Acme AD FS, for 9 h 5\d min\.$/m,
    );
  });

  it('whoami prints the user, the sign-in and the sessions', async () => {
    const text = await laptop.done(['whoami']);
    assert.match(text, /^Person {8}alice, Alice Adams, alice@acme\.example$/m);
    assert.match(text, /^Signed in by {2}Acme AD FS, .* ago, with a second factor$/m);
    assert.match(text, /^\* {2}\S+ +rolebridge command line +127\.0\.0\.1/m);

    const json = JSON.parse(await laptop.done(['whoami', '--json'])) as {
      person: { username: string };
      sessions: { current: boolean }[];
    };
    assert.equal(json.person.username, 'alice');
    assert.deepEqual(
      json.sessions.map(({ current }) => current),
      [true],
    );
  });

  it('roles lists and searches roles, also as JSON', async () => {
    const text = await laptop.done(['roles']);
    assert.match(text, /^ACCOUNT +ID +ROLE +ENVIRONMENT +FOR +GIVEN BY$/m);
    assert.match(
      text,
      /^partner +444455556666 +Auditor +1 h +aws-admins \(partner-audit\), prod\/BridgeHub$/m,
    );
    assert.match(text, /^prod +111122223333 +Admin +production +4 h +aws-admins/m);
    assert.equal((await laptop.done(['roles', 'PROD', 'read'])).trim().split('\n').length, 2);
    const owned = await laptop.done(['roles', 'platform', 'team', 'staging', 'admin']);
    assert.match(owned, /^staging +222233334444 +Admin +staging /m);
    assert.equal(owned.trim().split('\n').length, 2);

    const { roles } = JSON.parse(
      await laptop.done(['roles', '--json', '--search', '333344445555']),
    ) as { roles: { arn: string }[] };
    assert.deepEqual(
      roles.map(({ arn }) => arn),
      ['arn:aws-us-gov:iam::333344445555:role/Admin'],
    );

    const none = await laptop.run(['roles', 'nowhere']);
    assert.deepEqual([none.code, none.stdout], [0, '']);
    assert.match(none.stderr, /None of your roles matches "nowhere"/);
  });

  it('credential-process prints the format of SDKs, and asks the server once', async () => {
    const asked = () => world.toAws.length;
    const before = asked();

    const first = JSON.parse(await laptop.done(['credential-process', 'prod/Admin'])) as Record<
      string,
      string
    >;
    assert.deepEqual(Object.keys(first), [
      'Version',
      'AccessKeyId',
      'SecretAccessKey',
      'SessionToken',
      'Expiration',
      'AccountId',
    ]);
    assert.equal(asked(), before + 1);

    const node = otherNode();
    const again = await laptop.done(
      ['credential-process', 'prod/Admin'],
      node === undefined ? {} : { node },
    );
    assert.deepEqual(JSON.parse(again), first);
    assert.equal(asked(), before + 1);
  });

  it('fifty processes at once make one request for one role', async () => {
    const before = world.toAws.length;
    const printed = await Promise.all(
      Array.from({ length: 50 }, () => laptop.done(['credential-process', 'staging/Admin'])),
    );
    assert.equal(new Set(printed).size, 1);
    assert.equal(world.toAws.length, before + 1);
  });

  it('console --print prints a link that opens the console as this user', async () => {
    const { code, stdout, stderr } = await laptop.run(['console', 'prod/Developer', '--print']);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Anyone who has this link acts as you/);
    const page = await new Visitor().get(stdout.trim());
    assert.match(page.text, /Developer/);
  });

  it('denies a role that the user does not have, with the reason and similar roles', async () => {
    const { code, stdout, stderr } = await laptop.run(['credential-process', 'prod/Admni']);
    assert.deepEqual([code, stdout], [4, '']);
    assert.match(stderr, /^rolebridge: You do not have this role\.$/m);
    assert.match(stderr, /Did you mean: .*prod\/Admin/);
    assert.match(stderr, /^Reference [0-9a-f-]{36}$/m);
  });

  it('does not suggest a role that the user has lost and asks for', async t => {
    const computer = computerFor(t);
    await computer.logIn(world, 'bob');
    await computer.done(['roles']);
    world.samlIdp.directory.change('bob', { groups: [] });
    await world.signIn('bob', 'saml');
    const { code, stderr } = await computer.run(['credential-process', 'prod/Developer']);
    assert.equal(code, 4);
    assert.match(stderr, /^rolebridge: You do not have this role\.$/m);
    assert.doesNotMatch(stderr, /Did you mean: .*prod\/Developer/);
  });

  it('stores files that only their owner can read, without a readable secret', async () => {
    const { AccessKeyId, SecretAccessKey, SessionToken } = JSON.parse(
      await laptop.done(['credential-process', 'prod/Admin']),
    ) as Record<string, string>;
    const directory = laptop.file('.config/rolebridge');
    assert.equal(statSync(directory).mode & 0o777, 0o700);

    const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter(entry =>
      entry.isFile(),
    );
    assert.ok(files.length >= 5);

    for (const entry of files) {
      const path = `${entry.parentPath}/${entry.name}`;
      assert.equal(statSync(path).mode & 0o077, 0, path);
      const content = readFileSync(path, 'latin1');
      for (const secret of [AccessKeyId!, SecretAccessKey!, SessionToken!, 'rba_', 'rbr_'])
        assert.ok(!content.includes(secret), path);
    }
  });

  it('logout ends the session at the server and removes every file of it', async t => {
    const other = computerFor(t);
    await other.logIn(world, 'bob', { protocol: 'oidc' });
    await other.done(['credential-process', 'prod/Developer']);
    assert.equal((await other.run(['logout'])).code, 0);

    const { code, stderr } = await other.run(['credential-process', 'prod/Developer']);
    assert.equal(code, 3);
    assert.match(stderr, /^rolebridge: you are not signed in\.\nSign in: rolebridge login$/m);
    assert.deepEqual(readdirSync(other.file('.config/rolebridge/credentials')), []);

    const event = (await world.audit()).find(({ type }) => type === 'cli-session.ended');
    assert.ok(event?.type === 'cli-session.ended');
    assert.deepEqual([event.actor.username, event.by], ['bob', 'client']);
  });

  it('many processes renew an expired token once', async () => {
    const renewals = (): number =>
      world.log.filter(line => line.includes('"path":"/oauth/token","status":200')).length;
    world.clock.turn(3700);
    const before = renewals();

    const answers = await Promise.all(
      Array.from({ length: 20 }, () => laptop.run(['whoami', '--json'])),
    );

    assert.deepEqual(
      new Set(answers.map(({ code }) => code)),
      new Set([0]),
      answers.map(({ stderr }) => stderr).join(''),
    );
    assert.equal(renewals(), before + 1);
  });

  it('every command runs on the oldest supported Node.js', {
    skip: otherNode() === undefined && 'there is no other Node on this machine',
  }, async () => {
    const node = otherNode()!;
    for (const args of [
      ['login'],
      ['whoami'],
      ['roles', '--all'],
      ['credentials', 'prod/Admin', '--format', 'env'],
      ['credential-process', 'prod/Developer'],
      ['exec', 'prod/Admin', '--', node, '--version'],
      ['console', 'prod/Admin', '--print'],
      ['configure', '--dry-run'],
      ['completion', 'bash'],
      ['help', 'exec'],
    ])
      await laptop.done(args, { node });
  });

  it('the log of the server contains nothing that identifies a login', () => {
    const log = world.log.join('');
    for (const pattern of [/rb[arc]_[\w-]{20}/, /\b[A-Z]{4}-?[A-Z]{4}\b\./])
      assert.doesNotMatch(log, pattern);
  });
});
