import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { useDirectory } from '../support/directory.ts';
import { run, writeConfiguration } from './server-process.ts';

const ACCOUNTS = [
  { Id: '111122223333', Name: 'prod', State: 'ACTIVE', Path: 'Workloads/Production' },
  ...Array.from({ length: 29 }, (_, index) => ({
    ...{ Id: String(222_200_000_000 + index), Name: `dev-${index}`, State: 'ACTIVE' },
  })),
  { Id: '999900001111', Name: 'old', State: 'CLOSED' },
];

const rule = (name: string, more: string): string => `  - { name: ${name}, ${more} }\n`;
const RULES = [
  rule(
    'admins',
    'groups: [aws-admins], connectors: [corp-oidc], accounts: [prod], roles: [Admin], require: { mfa: true }',
  ),
  rule(
    'developers',
    'groups: [developers, testers], connectors: [corp-oidc, corp-saml], accounts: ["dev-*"], roles: [Developer, ReadOnly]',
  ),
  rule('by-name', 'groupPattern: "aws-{account}-{role}", connectors: [corp-oidc]'),
  rule(
    'on-request',
    'groups: [developers], connectors: [corp-oidc], accounts: [prod], roles: [Operator], elevation: { approvers: [{ groups: [leads], connectors: [corp-oidc], count: 2 }], longest: 4h }',
  ),
  rule(
    'later',
    'groups: [developers], connectors: [corp-oidc], accounts: [{ path: Sandbox }], roles: [Admin], require: { mfa: true }',
  ),
].join('');

const WORKLOADS = `workloads:
  - id: ci
    issuer: https://ci.example.com
    audience: https://aws.example.com
    access:
      - { name: deploys, claims: { sub: main, env: [a, b] }, accounts: [dev-1, dev-2], roles: [Deploy] }
`;

describe('check', () => {
  const directory = useDirectory();
  const write = (change = (yaml: string): string => yaml): string => {
    const { path } = directory;
    writeFileSync(join(path, 'accounts.json'), JSON.stringify(ACCOUNTS), { mode: 0o600 });
    return writeConfiguration({ directory: path, port: 3000 }, yaml =>
      change(
        yaml
          .replace(
            /^accounts:\n(?: {2}.*\n)+/m,
            'accounts: { file: accounts.json, entries: [{ name: dev-1, via: { account: prod, role: Hub } }, { name: dev-2, trust: web-identity }] }\n',
          )
          .replace(/^access:\n[\s\S]*?(?=^administration:)/m, () => `access:\n${RULES}`)
          .concat(WORKLOADS),
      ),
    );
  };

  it('shows what each rule gives, how accounts are reached, and which are not used', async () => {
    const file = write();
    const { code, stdout, stderr } = await run('check', file);
    assert.equal(code, 0);
    assert.match(stderr, /access\[4\]\.accounts\[0\]: path Sandbox matches no account/);
    const [rules, accounts, skipped, result, ...more] = stdout.split('\n\n');
    const cells = (text: string | undefined): readonly (readonly string[])[] =>
      text!.split('\n').map(line => line.split(/ {2,}/));
    assert.deepEqual(cells(rules), [
      ['RULE', 'FOR', 'ACCOUNTS', 'ROLES', 'REQUIRES', 'ELEVATION'],
      ['admins', 'aws-admins (corp-oidc)', '1: prod', 'Admin', 'MFA', '-'],
      [
        ...['developers', 'developers, testers (corp-oidc, corp-saml)'],
        ...['29: dev-0, dev-1, dev-2, ...', 'Developer, ReadOnly', '-', '-'],
      ],
      ['by-name', 'aws-{account}-{role} (corp-oidc)', 'all', '{role}', '-', '-'],
      [
        ...['on-request', 'developers (corp-oidc)', '1: prod', 'Operator'],
        ...['approval by 2 of leads', 'at most 4 h'],
      ],
      ['later', 'developers (corp-oidc)', 'none', 'Admin', 'MFA', '-'],
      ['deploys', 'ci: sub: main and env: a, b', '2: dev-1, dev-2', 'Deploy', '-', '-'],
    ]);
    const reached = cells(accounts);
    assert.deepEqual(reached.slice(0, 5), [
      ['ACCOUNT', 'ID', 'REACHED BY', 'RULES'],
      ['prod', '111122223333', 'SAML provider rolebridge', '3'],
      ['dev-0', '222200000000', 'SAML provider rolebridge', '2'],
      ['dev-1', '222200000001', 'hub prod/Hub', '3'],
      ['dev-2', '222200000002', 'web identity', '3'],
    ]);
    assert.equal(reached.length, 22);
    assert.deepEqual(reached.at(-1), ['... and 10 more. --json lists all.']);
    assert.equal(
      skipped,
      '1 account of the organization is not active, so no rule gives a role there: old (CLOSED).',
    );
    assert.equal(result, `${file} is in order: 2 connectors, 30 accounts, 5 access rules.\n`);
    assert.deepEqual(more, []);
  });

  it('writes all of it as JSON', async () => {
    const { code, stdout } = await run('check', write(), '--json');
    assert.equal(code, 0);
    const { rules, accounts, warnings, ...rest } = JSON.parse(stdout);
    assert.deepEqual(rest, {
      file: join(directory.path, 'rolebridge.yaml'),
      in_order: true,
      problems: [],
      skipped_accounts: [{ id: '999900001111', name: 'old', state: 'CLOSED' }],
    });
    assert.ok(warnings.some(({ path }: { path: string }) => path === 'access[4].accounts[0]'));
    assert.deepEqual(rules[0], {
      ...{ rule: 'admins', kind: 'access', groups: ['aws-admins'], group_pattern: null },
      ...{ connectors: ['corp-oidc'], every_account: false, accounts: ['111122223333'] },
      ...{ roles: ['Admin'], requires: ['MFA'], elevation: null },
    });
    assert.deepEqual(rules[2].accounts, null);
    assert.equal(rules[1].accounts.length, 29);
    assert.deepEqual(rules.at(-1).accounts, ['222200000001', '222200000002']);
    assert.equal(rules.at(-1).kind, 'workload');
    assert.deepEqual(accounts[0], {
      ...{ id: '111122223333', name: 'prod', partition: 'aws', region: 'us-east-1' },
      ...{ trust: 'saml', reached_by: 'SAML provider rolebridge', path: 'Workloads/Production' },
      rules: 3,
    });
    assert.equal(accounts.length, 30);
  });

  it('writes its problems as JSON, and ends with 78', async () => {
    const { code, stdout } = await run(
      'check',
      write(yaml => yaml.replace('[prod]', '[prods]')),
      '--json',
    );
    assert.equal(code, 78);
    const { in_order, problems, rules } = JSON.parse(stdout);
    assert.equal(in_order, false);
    assert.equal(problems.length, 1);
    assert.equal(problems[0].path, 'access[0].accounts[0]');
    assert.equal(rules, undefined);
  });
});
