/**
 * Two real bridges and one computer: what belongs to one bridge never answers with an identity of
 * the other.
 */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ROLE, useTwoBridges } from './two-bridges.ts';

describe('two bridges on one computer', () => {
  const {
    first,
    second,
    laptop,
    logInAtFirst,
    logInAtSecond,
    both,
    at,
    config,
    lineOf,
    keyOf,
    identityAt,
    says,
  } = useTwoBridges();

  for (const order of ['the first, then the second', 'the second, then the first'] as const) {
    it(`profiles keep the bridge that they were written for, by logins to ${order}`, async () => {
      const computer = laptop();
      const logins = [
        async () => {
          await logInAtFirst(computer, '--as', 'corp');
          await computer.done(['configure', '--yes']);
        },
        async () => {
          await logInAtSecond(computer, '--as', 'lab');
          await computer.done(['configure', '--yes']);
        },
      ];
      for (const login of order === 'the first, then the second' ? logins : logins.reverse())
        await login();

      const [alice, bob] = [await identityAt(computer, first), await identityAt(computer, second)];
      assert.match(alice.arn, /assumed-role\/Developer\/alice-/);
      assert.match(bob.arn, /assumed-role\/Developer\/bob-/);
      assert.equal(await keyOf(computer, 'corp-prod-Developer'), alice.key);
      assert.equal(await keyOf(computer, 'lab-prod-Developer'), bob.key);

      // From the whole client, too, and whatever the environment says.
      rmSync(computer.file('.config/rolebridge/credentials'), { recursive: true });
      const elsewhere = { ROLEBRIDGE_SERVER: second.urls.bridge };
      assert.equal(
        await keyOf(computer, 'corp-prod-Developer', elsewhere),
        (await identityAt(computer, first)).key,
      );
      assert.equal(
        await keyOf(computer, 'corp-prod-Developer', elsewhere),
        (await identityAt(computer, first)).key,
      );
    });
  }

  it('a second bridge without a name takes no profile name of the first, and keeps its profiles', async () => {
    const computer = laptop();
    await logInAtFirst(computer);
    await computer.done(['configure', '--yes']);
    const before = config(computer);
    await logInAtSecond(computer);

    const { stderr } = await computer.run(['configure', '--yes']);
    assert.doesNotMatch(stderr, /not written/);
    assert.ok(config(computer).startsWith(before));

    const host = new URL(second.urls.bridge).host.replaceAll(/[.:]/g, '-');
    assert.equal(await keyOf(computer, 'prod-Developer'), (await identityAt(computer, first)).key);
    assert.equal(
      await keyOf(computer, `${host}-prod-Developer`),
      (await identityAt(computer, second)).key,
    );

    // Written again in the other order, and after the first has gone, they are called the same.
    await computer.done(['configure', '--yes', ...at(first)]);
    assert.ok(config(computer).includes(before));

    await computer.done(['configure', '--remove', '--yes', ...at(first)]);
    await computer.done(['configure', '--yes', ...at(second)]);
    assert.ok(!config(computer).includes('[profile prod-Developer]'));
    assert.equal(
      await keyOf(computer, `${host}-prod-Developer`),
      (await identityAt(computer, second)).key,
    );
  });

  it('a template contains the bridge where it asks for it, and a name of the other bridge is not written', async () => {
    const computer = both();
    await computer.done(['configure', '--yes', ...at(first)]);
    const before = config(computer);

    await computer.done([
      'configure',
      '--yes',
      '--profile-name',
      '{role}-{account}-{bridge}',
      '--bridge',
      'lab',
    ]);
    assert.equal(
      await keyOf(computer, 'Developer-prod-lab'),
      (await identityAt(computer, second)).key,
    );

    const { stderr } = await computer.run([
      'configure',
      '--yes',
      '--profile-name',
      '{account}-{role}',
      '--bridge',
      'lab',
    ]);
    assert.match(stderr, /not written, because .* has these profiles already: .*prod-Developer/);
    assert.ok(config(computer).startsWith(before));
  });

  it('a profile without a bridge works while one bridge is known, and fails with two', async () => {
    const computer = laptop();
    await logInAtFirst(computer);
    const old = ['credential-process', ROLE];
    const alone = await computer.done(old);
    assert.equal(await computer.done(old), alone);

    await logInAtSecond(computer);
    await identityAt(computer, second);
    const refusal = [
      /this profile names no bridge/,
      `rolebridge configure --server ${first.urls.bridge}`,
    ] as const;
    for (const env of [
      {},
      { ROLEBRIDGE_SERVER: first.urls.bridge },
      { ROLEBRIDGE_SERVER: second.urls.bridge },
    ])
      says(
        await computer.run(old, { env }),
        2,
        ...refusal,
        `rolebridge configure --server ${second.urls.bridge}`,
      );
    // As the client before this one left it: one server in the settings, and traces of two.
    writeFileSync(
      computer.file('.config/rolebridge/config.json'),
      JSON.stringify({ server: second.urls.bridge }),
    );
    says(await computer.run(old), 2, refusal[0]);
    assert.equal(await computer.done([...old, ...at(first)]), alone);

    // Whichever is forgotten: the line may have meant it.
    await computer.done(['logout', '--forget', ...at(second)]);
    await computer.done(['login', ...at(first)]);
    says(await computer.run(old), 2, refusal[0]);
    assert.equal(await computer.done([...old, ...at(first)]), alone);
  });

  it('a profile without a bridge works again after its only bridge was forgotten and used again, and with no other', async () => {
    const computer = laptop();
    const old = ['credential-process', ROLE];
    await logInAtFirst(computer);
    await computer.done(['logout', '--forget']);

    await logInAtFirst(computer);
    assert.ok(JSON.parse(await computer.done(old)).AccessKeyId);

    await computer.done(['logout', '--forget']);
    await logInAtSecond(computer);
    says(await computer.run(old), 2, /this profile names no bridge/);
  });

  it('a profile from the page of one bridge does not use the other, the only one known here', async () => {
    const computer = laptop();
    await logInAtFirst(computer);
    const { visitor } = await second.signIn('bob', 'oidc');
    const page = await visitor.get(`${second.urls.bridge}/aws-config?show=credential-process`);
    writeFileSync(computer.file('.aws/config'), page.$('.config-text').text());
    const [, args] = /^rolebridge (.+)$/.exec(lineOf(computer, 'prod-Developer')) ?? [];

    const hint = `you are not signed in to ${second.urls.bridge}.`;
    says(await computer.run(args!.split(' ')), 3, hint);

    await logInAtSecond(computer);
    const { key } = await identityAt(computer, second);
    assert.equal(
      (JSON.parse(await computer.done(args!.split(' '))) as { AccessKeyId: string }).AccessKeyId,
      key,
    );
  });

  it('a profile without a bridge does not follow the environment to another bridge', async () => {
    const computer = laptop();
    await logInAtFirst(computer);
    await computer.done(['credential-process', ROLE]);
    const env = { ROLEBRIDGE_SERVER: second.urls.bridge };

    says(
      await computer.run(['credential-process', ROLE], { env }),
      2,
      /this profile names no bridge/,
    );
  });

  it('a script must name its bridge', async () => {
    const computer = both();
    const [alice, bob] = [await identityAt(computer, first), await identityAt(computer, second)];
    const show = ['exec', ROLE, '--env'];
    const command = ['--', 'printenv', 'AWS_ACCESS_KEY_ID'];

    for (const args of [
      [...show, ...command],
      ['credentials', ROLE],
      ['console', ROLE, '--print'],
    ])
      says(
        await computer.run(args),
        2,
        /this computer knows several bridges, and the command names none/,
        first.urls.bridge,
        `lab (${second.urls.bridge})`,
      );
    assert.equal(await computer.done([...show, ...at(first), ...command]), `${alice.key}\n`);
    assert.equal(await computer.done([...show, '--bridge', 'LAB', ...command]), `${bob.key}\n`);
    assert.equal(
      await computer.done([...show, ...command], { env: { ROLEBRIDGE_BRIDGE: 'lab' } }),
      `${bob.key}\n`,
    );
    assert.equal(
      await computer.done([...show, ...command], { env: { ROLEBRIDGE_SERVER: first.urls.bridge } }),
      `${alice.key}\n`,
    );

    // An option wins over the environment; two that do not agree are refused.
    const env = { ROLEBRIDGE_BRIDGE: 'lab' };
    assert.equal(
      await computer.done([...show, ...at(first), ...command], { env }),
      `${alice.key}\n`,
    );
    says(
      await computer.run(['whoami', ...at(first), '--bridge', 'lab']),
      2,
      /but the server given is/,
    );
    says(
      await computer.run(['whoami'], { env: { ...env, ROLEBRIDGE_SERVER: first.urls.bridge } }),
      2,
      /but the server given is/,
    );
  });

  it('keys of one bridge are not overwritten by those of another', async () => {
    const computer = both();
    for (const world of [first, second])
      await computer.done(['credentials', ROLE, '--write', ...at(world)]);
    const text = readFileSync(computer.file('.aws/credentials'), 'utf8');
    const [alice, bob] = [await identityAt(computer, first), await identityAt(computer, second)];

    assert.match(
      text,
      new RegExp(`^\\[prod-Developer-keys\\]\naws_access_key_id = ${alice.key}$`, 'm'),
    );
    assert.match(
      text,
      new RegExp(`^\\[lab-prod-Developer-keys\\]\naws_access_key_id = ${bob.key}$`, 'm'),
    );
  });
});
