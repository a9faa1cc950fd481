import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { before, describe, it } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { Visitor } from '../support/visitor.ts';
import { useWorld } from '../support/world.ts';
import { run, writeConfiguration } from './server-process.ts';

describe('an operator who asks about roles', () => {
  const world = useWorld({ clock: 'running' });
  let config: string;
  before(async () => {
    config = join(world.directory, 'rolebridge.yaml');
    await world.signIn('alice', 'oidc', { secondFactor: false });
    await world.signIn('alice', 'saml');
    await world.signIn('bob', 'oidc', { visitor: new Visitor() });
    await world.signIn('dave', 'saml', { visitor: new Visitor() });
  });

  it('lists the rules that give a role, and each user with what they lack', async () => {
    const { code, stdout, stderr } = await run('who-can', 'prod/Operator', config);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^prod\/Operator \(arn:aws:iam::\d{12}:role\/Operator\)$/m);
    assert.match(
      stdout,
      /^operate-on-request +developers +corp-oidc +prod +approval by 1 of aws-admins \(or break-glass\)$/m,
    );
    assert.match(stdout, /^Of 4 known users, 2 can get it, and 0 at once\.$/m);
    assert.match(
      stdout,
      /^alice +corp-oidc +[a-z2-7]{16} +developers +operate-on-request +\S+Z +approval$/m,
    );
    assert.match(stdout, /^bob +corp-oidc .* approval$/m);
    assert.doesNotMatch(stdout, /dave|corp-saml/);
  });

  it('says who has a role now, and marks a blocked user', async () => {
    const blocked = await run('block', '--config', config, '--user', 'bob', '--reason', 'left');
    assert.equal(blocked.code, 0, blocked.stderr);
    const { stdout } = await run('who-can', 'prod/Developer', config);
    assert.match(stdout, /Of 4 known users, 4 can get it, and 3 at once\./);
    assert.match(stdout, /^bob .*blocked since \S+Z$/m);
    assert.match(stdout, /^dave +corp-saml +\S+ +developers +developers +\S+Z +-$/m);

    const { users, known_users, rules } = JSON.parse(
      (await run('who-can', 'prod/Developer', config, '--json')).stdout,
    );
    assert.equal(known_users, 4);
    assert.deepEqual(
      rules.map(({ rule }: { rule: string }) => rule),
      ['developers', 'by-group-name'],
    );
    const bob = users.at(-1);
    assert.deepEqual(
      [bob.user, bob.blocked.reason, bob.lacks, bob.group],
      ['bob', 'left', [], 'developers'],
    );
    const mine = await run('what-can', 'bob', config);
    assert.match(mine.stdout, /^Blocked since \S+Z by .+: gets no role until unblocked\.$/m);
    assert.equal((await run('unblock', '--config', config, '--user', 'bob')).code, 0);
  });

  it('says what a sign-in without a second factor lacks', async () => {
    const { stdout } = await run('who-can', 'prod/Admin', config, '--json');
    const { users } = JSON.parse(stdout) as {
      users: { user: string; connector: string; lacks: { requirement: string; text: string }[] }[];
    };
    assert.deepEqual(
      users.map(({ user, connector, lacks }) => [user, connector, lacks]),
      [
        ['alice', 'corp-saml', []],
        ['alice', 'corp-oidc', [{ requirement: 'multi-factor', text: 'MFA' }]],
      ],
    );
  });

  it('lists every role of a user with its reason', async () => {
    const { code, stdout } = await run('what-can', 'dave', config);
    assert.equal(code, 0);
    assert.match(stdout, /^dave \([a-z2-7]{16}, corp-saml\), groups of the last sign-in at \S+Z$/m);
    assert.match(stdout, /^prod\/Developer +developers +developers +-$/m);
    assert.match(stdout, /^staging\/ReadOnly +by-group-name +aws-staging-ReadOnly +-$/m);
    assert.match(
      stdout,
      /operate-on-request: The rule accepts the group developers from corp-oidc only/,
    );
    assert.match(stdout, /^Groups that no rule names: .+ and \d+ more$/m);
  });

  it('demands the person id where several users have the name', async () => {
    const { code, stdout, stderr } = await run('what-can', 'alice', config);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /2 users have signed in as alice\. Repeat with --person/);
    const [person] = /[a-z2-7]{16}(?= +alice +corp-saml)/.exec(stderr)!;
    const one = await run('what-can', 'alice', config, '--person', person);
    assert.match(one.stdout, new RegExp(`^alice \\(${person}, corp-saml\\)`));
    const other = await run('what-can', 'alice', config, '--connector', 'corp-oidc');
    assert.match(other.stdout, /^alice \([a-z2-7]{16}, corp-oidc\)/);
    assert.match(other.stdout, /^prod\/Admin +admins +aws-admins +MFA$/m);
  });

  it('names what is unknown, and the nearest name', async () => {
    for (const [args, says] of [
      [['who-can', 'plod/Admin'], /no account "plod"\. Did you mean: prod\/Admin\?/],
      [['who-can', 'prod/Admins'], /no rule gives prod\/Admins.+ Did you mean: prod\/Admin\?/],
      [['who-can', 'Admin'], /"Admin" is not a role\. Write ACCOUNT\/ROLE/],
      [['what-can', 'mallory'], /unknown user mallory\. .+--groups a,b --connector ID/],
    ] as const) {
      const { code, stdout, stderr } = await run(...args, config);
      assert.deepEqual([code, stdout], [1, ''], stderr);
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, /\n\s+at /);
    }
    for (const args of [['who-can'], ['what-can'], ['what-can', 'a', 'b', 'c']])
      assert.equal((await run(...args)).code, 2);
  });

  it('counts a record that cannot be read', async t => {
    const database = new DatabaseSync(join(world.directory, 'rolebridge.db'));
    database.exec('UPDATE people SET asserted_at = asserted_at + 1');
    t.after(() => {
      database.exec('UPDATE people SET asserted_at = asserted_at - 1');
      database.close();
    });
    const { code, stdout } = await run('who-can', 'prod/Developer', config);
    assert.equal(code, 0);
    assert.match(stdout, /Of 4 known users, none can get it\./);
    assert.match(stdout, /The records of 4 users cannot be read, so their groups are unknown\./);
  });
});

describe('a question about groups', () => {
  it('needs no store, no key and no secret', async t => {
    const directory = mkdtempSync(join(tmpdir(), 'rolebridge-groups-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const file = writeConfiguration({ directory, port: await freePort() });
    rmSync(join(directory, 'secrets'), { recursive: true });
    const args = ['what-can', 'erin', file, '--groups', 'aws-admins,Developers'];

    const ambiguous = await run(...args);
    assert.deepEqual([ambiguous.code, ambiguous.stdout], [2, '']);
    assert.match(ambiguous.stderr, /--groups needs one --connector of: corp-oidc, corp-saml/);

    const { code, stdout, stderr } = await run(...args, '--connector', 'corp-oidc');
    assert.equal(code, 0, stderr);
    assert.equal(stderr, '');
    assert.match(stdout, /^prod\/Admin +admins +aws-admins +MFA, sign-in within 8 h$/m);
    assert.match(
      stdout,
      /developers: The rule names the group developers, and the user is in Developers\./,
    );

    const json = JSON.parse((await run(...args, '--connector', 'corp-oidc', '--json')).stdout);
    assert.deepEqual(
      [json.user, json.connector, json.groups, json.unnamed_groups],
      ['erin', 'corp-oidc', ['aws-admins', 'Developers'], ['Developers']],
    );
    assert.deepEqual(json.roles[0].lacks[0], { requirement: 'multi-factor', text: 'MFA' });
  });
});
