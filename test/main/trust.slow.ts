import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ACCOUNTS, HEAD, RULES } from '../operate/trust/trust-scene.ts';
import { placeSigningKeys } from '../support/keys.ts';
import { run } from './server-process.ts';

describe('rolebridge-server trust', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-trust-command-'));
  const config = join(directory, 'rolebridge.yaml');
  before(async () => {
    await placeSigningKeys(join(directory, 'certs'));
    writeFileSync(config, HEAD + ACCOUNTS + RULES);
  });
  after(() => rmSync(directory, { recursive: true }));

  it('prints the one file to standard output, and what to do to standard error', async () => {
    const { code, stdout, stderr } = await run('trust', 'cli', config, '--account', 'prod');
    assert.equal(code, 0);
    assert.match(stdout, /^#!\/bin\/sh\n# Made by rolebridge-server trust cli for prod/);
    assert.match(stderr, /# Save this as prod\.sh, then run:\nsh prod\.sh/);
  });

  it('writes a file for each account, and nothing new in the second run', async () => {
    const out = join(directory, 'iam');
    const first = await run('trust', 'terraform', config, '--out', out, '--json');
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /prod\/main\.tf\.json: created\n[\s\S]*terraform -chdir=prod apply/);
    assert.match(first.stderr, /^idle: No rule gives a role here/m);
    const second = await run('trust', 'terraform', config, '--out', out, '--json');
    assert.doesNotMatch(second.stdout, /: (created|replaced)\n/);
    assert.equal(second.stdout.match(/: unchanged\n/g)?.length, 7);
  });

  it('asks for an account or a directory where several files are printed', async () => {
    const { code, stdout, stderr } = await run('trust', 'cloudformation', config);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /the accounts need 7 files\. Name a directory with --out, or one account with --account\./,
    );
  });

  it('names the roles of existing IAM by its files', async () => {
    const file = join(directory, 'details.json');
    const role = {
      Arn: 'arn:aws:iam::444455556666:role/Auditor',
      RoleName: 'Auditor',
      Path: '/',
      RoleId: 'AROAEXAMPLEEXAMPLEEX1',
      CreateDate: '2026-01-01T00:00:00Z',
      AssumeRolePolicyDocument: {},
      RolePolicyList: [],
      AttachedManagedPolicies: [],
      InstanceProfileList: [],
      Tags: [],
    };
    const details = {
      UserDetailList: [],
      GroupDetailList: [],
      RoleDetailList: [role],
      Policies: [],
    };
    writeFileSync(file, JSON.stringify(details));
    const args = ['trust', 'cli', config, '--account', 'partner', '--iam', file];
    const { code, stdout, stderr } = await run(...args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^change_trust Auditor \/ 3600$/m);
  });

  for (const [title, args, code, message] of [
    [
      'an unknown account',
      ['cli', '--account', 'prodd'],
      2,
      /no account "prodd"; did you mean prod\?/,
    ],
    [
      'a role name that is none',
      ['cli', '--account', 'prod', '--role', 'a b'],
      2,
      /"a b" is not a role name/,
    ],
    ['an unknown format', ['tables'], 2, /rolebridge-server trust terraform/],
    ['a configuration that is missing', ['cli', 'missing.yaml'], 78, /missing\.yaml/],
    [
      'an IAM file that is missing',
      ['cli', '--account', 'prod', '--iam', 'no.json'],
      1,
      /--iam no\.json: The file does not exist/,
    ],
    [
      '--force without --out',
      ['cli', '--account', 'prod', '--force'],
      2,
      /--force replaces files of --out/,
    ],
  ] as const) {
    it(`answers ${title} with a sentence and ${code}`, async () => {
      const [format, ...rest] = args;
      const files = rest.some(text => text.endsWith('.yaml')) ? [] : [config];
      const { code: ended, stdout, stderr } = await run('trust', format, ...files, ...rest);
      assert.equal(ended, code, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at /);
    });
  }

  it('answers a configuration with problems with all of them, and 78', async () => {
    const broken = join(directory, 'broken.yaml');
    writeFileSync(
      broken,
      `${HEAD}${ACCOUNTS}access: [{ groups: [g], accounts: [nowhere], roles: [A] }]\n`,
    );
    const { code, stderr } = await run('trust', 'cli', broken);
    assert.equal(code, 78);
    assert.match(stderr, /"nowhere" is not an account of this file/);
  });

  it('writes nothing where a file of someone else is in the way', async () => {
    const out = join(directory, 'taken');
    mkdirSync(out);
    writeFileSync(join(out, 'prod.sh'), 'mine');
    const { code, stderr } = await run('trust', 'cli', config, '--out', out, '--force');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /prod\.sh exists and was not written by this command\. Nothing was written/,
    );
    assert.deepEqual(readdirSync(out), ['prod.sh']);
  });

  it('creates no keys', async () => {
    const elsewhere = join(directory, 'elsewhere');
    mkdirSync(elsewhere);
    const file = join(elsewhere, 'rolebridge.yaml');
    writeFileSync(file, HEAD + ACCOUNTS + RULES);
    const { code, stderr } = await run('trust', 'cli', file, '--account', 'prod');
    assert.equal(code, 1);
    assert.match(stderr, /`rolebridge-server init` or the first start of the server creates/);
    assert.ok(!existsSync(join(elsewhere, 'certs')));
  });
});
