import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { before, describe, it } from 'node:test';
import { QUICK_POLLS, useComputer } from '../support/cli.ts';
import { missingPackage } from '../support/missing-package.ts';
import { useWorld } from '../support/world.ts';

const skip = {
  bash: missingPackage('/bin/bash', 'bash'),
  zsh: missingPackage('/usr/bin/zsh', 'zsh'),
  fish: missingPackage('/usr/bin/fish', 'fish'),
};

describe('the client in common shells', () => {
  const world = useWorld(QUICK_POLLS);
  const computer = useComputer();
  let keyId: string;
  before(async () => {
    await computer.logIn(world, 'alice');
    mkdirSync(computer.file('bin'));
    chmodSync(computer.entry, 0o755);
    symlinkSync(computer.entry, computer.file('bin/rolebridge'));
    keyId = (
      JSON.parse(await computer.done(['credentials', 'prod/Admin', '--json'])) as {
        access_key_id: string;
      }
    ).access_key_id;
    await computer.done(['roles']);
  });

  const shell = (program: string, script: string): string => {
    const env = {
      ...computer.env,
      PATH: `${computer.file('bin')}:${dirname(process.execPath)}:${computer.env.PATH}`,
    } as NodeJS.ProcessEnv;
    const args =
      program === '/bin/bash'
        ? ['--norc', '-c', script]
        : program === '/usr/bin/zsh'
          ? ['-f', '-c', script]
          : ['--no-config', '-c', script];
    const { status, stdout, stderr } = spawnSync(program, args, { env, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return stdout;
  };
  const SHOW = 'echo "$AWS_ACCESS_KEY_ID $AWS_REGION"';

  it('bash takes credentials by eval', { skip: skip.bash }, () => {
    assert.equal(
      shell('/bin/bash', `eval "$(rolebridge credentials prod/Admin)"; ${SHOW}`),
      `${keyId} eu-west-1\n`,
    );
  });

  it('zsh takes credentials by eval', { skip: skip.zsh }, () => {
    assert.equal(
      shell('/usr/bin/zsh', `eval "$(rolebridge credentials prod/Admin --format env)"; ${SHOW}`),
      `${keyId} eu-west-1\n`,
    );
  });

  it('fish takes credentials by source', { skip: skip.fish }, () => {
    assert.equal(
      shell('/usr/bin/fish', `rolebridge credentials prod/Admin --format fish | source; ${SHOW}`),
      `${keyId} eu-west-1\n`,
    );
  });

  it('prints every other format as its reader expects it', async () => {
    assert.match(
      await computer.done(['credentials', 'prod/Admin', '--format', 'powershell']),
      new RegExp(`^\\$Env:AWS_ACCESS_KEY_ID="${keyId}"$`, 'm'),
    );
    assert.match(
      await computer.done(['credentials', 'prod/Admin', '--format', 'cmd']),
      new RegExp(`^set AWS_ACCESS_KEY_ID=${keyId}$`, 'm'),
    );
    assert.equal(
      (
        JSON.parse(await computer.done(['credentials', 'prod/Admin', '--format', 'process'])) as {
          AccessKeyId: string;
        }
      ).AccessKeyId,
      keyId,
    );
    assert.match(
      await computer.done([
        'credentials',
        'prod/Admin',
        '--format',
        'credentials-file',
        '--profile',
        'p',
      ]),
      /^\[p\]\n# expires /,
    );

    const { code, stderr } = await computer.run(['credentials', 'prod/Admin', '--format', 'tcsh']);
    assert.equal(code, 2);
    assert.match(stderr, /Formats: env, fish, powershell, cmd, process, json, credentials-file/);
  });

  it('--write adds a profile to the credentials file, and changes no other', async () => {
    mkdirSync(computer.file('.aws'));
    const file = computer.file('.aws/credentials');
    const own = '[default]\naws_access_key_id = AKIAMINE\n';
    writeFileSync(file, own);
    for (const _ of ['first', 'again'])
      await computer.done(['credentials', 'prod/Admin', '--write', '--profile', 'prod']);

    const text = readFileSync(file, 'utf8');
    assert.ok(text.startsWith(own));
    assert.equal(text.match(/^\[prod\]$/gm)?.length, 1);
    assert.match(text, new RegExp(`^aws_access_key_id = ${keyId}$`, 'm'));

    const { code, stderr } = await computer.run([
      'credentials',
      'prod/Admin',
      '--write',
      '--profile',
      'default',
    ]);
    assert.equal(code, 6);
    assert.match(stderr, /has a profile default that rolebridge did not write/);
    assert.equal(readFileSync(file, 'utf8'), text);
  });

  it('bash completes commands, options and roles', { skip: skip.bash }, () => {
    const complete = (...words: string[]): string[] =>
      shell(
        '/bin/bash',
        `eval "$(rolebridge completion bash)"; COMP_WORDS=(rolebridge ${words.map(word => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _rolebridge; printf '%s\\n' "\${COMPREPLY[@]}"`,
      )
        .split('\n')
        .filter(Boolean);

    assert.deepEqual(complete('cred'), ['credentials', 'credential-process']);
    assert.deepEqual(complete('exec', 'prod/'), ['prod/Admin', 'prod/Developer', 'prod/ReadOnly']);
    assert.deepEqual(complete('credentials', '--format', 'po'), ['powershell']);
    assert.ok(complete('login', '--').includes('--device'));
  });

  it('fish completes commands, options and roles', { skip: skip.fish }, () => {
    const complete = (line: string): string[] =>
      shell('/usr/bin/fish', `rolebridge completion fish | source; complete -C '${line}'`)
        .split('\n')
        .filter(Boolean);
    assert.deepEqual(complete('rolebridge cons'), ['console']);
    assert.deepEqual(complete('rolebridge console sta'), ['staging/Admin', 'staging/Developer']);
    assert.ok(complete('rolebridge configure --').includes('--dry-run'));
  });

  it('zsh takes the completion script', { skip: skip.zsh }, () => {
    assert.equal(
      shell(
        '/usr/bin/zsh',
        'autoload -Uz compinit; compinit -D -u; eval "$(rolebridge completion zsh)"; print $_comps[rolebridge]',
      ),
      '_rolebridge\n',
    );
  });

  it('completion sends no request and prints no error, whatever is wrong', async () => {
    writeFileSync(computer.file('broken'), '{');
    const { code, stdout, stderr } = await computer.run(['__complete', 'exec', '--'], {
      env: { ROLEBRIDGE_CONFIG_DIR: computer.file('broken') },
    });
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^--env$/m);
  });
});
