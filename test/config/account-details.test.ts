import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mergeDetails } from '../../src/config/account-details.ts';
import { accountSelection } from '../../src/config/account-selection.ts';
import type { AccountDetails } from '../../src/core/account-details.ts';
import { GOOD, said, spoiled, written } from './written.ts';

const ACCOUNTS = [
  ['111122223333', 'prod', 'path: Workloads/Production, labels: { env: prod, team: shop }'],
  ['222233334444', 'prod-eu', 'path: Workloads/Production/EU, labels: { env: prod }'],
  ['333344445555', 'staging', 'path: Workloads/Production-Next, owner: Shop team'],
  ['444455556666', 'lab', ''],
] as const;

/** The good configuration with these accounts, and an `accountDetails` of these entries. */
function withEntries(...entries: readonly string[]): string {
  const accounts = ACCOUNTS.map(
    ([id, name, more]) =>
      `  - { id: "${id}", name: ${name}, trust: web-identity${more && `, ${more}`} }\n`,
  ).join('');
  const yaml = GOOD.replace(/^accounts:\n(?: .*\n)+/m, () => `accounts:\n${accounts}`);
  return `${yaml}accountDetails:\n${entries.map(entry => `  - ${entry}\n`).join('')}`;
}

async function detailsWith(
  ...entries: readonly string[]
): Promise<Readonly<Record<string, AccountDetails | undefined>>> {
  let details: Record<string, AccountDetails | undefined> = {};
  await written(async ({ check }) => {
    const { configuration, problems } = await check(withEntries(...entries));
    assert.deepEqual(said(problems), []);
    details = Object.fromEntries(configuration!.accounts.map(of => [of.name, of.details]));
  });
  return details;
}

/** Problems and warnings, without their place. */
async function complaintsOf(...entries: readonly string[]): Promise<readonly string[]> {
  let lines: readonly string[] = [];
  await written(async ({ check }) => {
    const { problems, warnings } = await check(withEntries(...entries));
    lines = said([...problems, ...warnings]).map(line => line.replace(/^\d+:\d+ /, ''));
  });
  return lines;
}

describe('an entry of accountDetails', () => {
  for (const [selector, names] of [
    ['prod', ['prod']],
    ['"222233334444"', ['prod-eu']],
    ['"prod*"', ['prod', 'prod-eu']],
    ['"prod-*"', ['prod-eu']],
    ['"*"', ['prod', 'prod-eu', 'staging', 'lab']],
    ['"*a*g*"', ['staging']],
    ['{ label: { env: prod } }', ['prod', 'prod-eu']],
    ['{ label: { env: prod, team: shop } }', ['prod']],
    ['{ path: Workloads }', ['prod', 'prod-eu', 'staging']],
    ['{ path: Workloads/Production }', ['prod', 'prod-eu']],
    ['{ path: Workloads/Production, label: { team: shop } }', ['prod']],
  ] as const)
    it(`selects ${names.join(', ')} by ${selector}`, async () => {
      const details = await detailsWith(`{ accounts: [${selector}], environment: production }`);
      const marked = Object.entries(details).filter(([, of]) => of?.environment !== undefined);
      assert.deepEqual(
        marked.map(([name]) => name),
        names,
      );
    });

  it('gives what the account does not have itself, and only if no earlier entry has', async () => {
    const details = await detailsWith(
      '{ accounts: [prod], environment: production, description: The shop }',
      '{ accounts: ["*"], environment: sandbox, owner: Platform team, color: teal }',
      '{ accounts: [lab], description: For trying, link: https://wiki.example.com/lab }',
    );
    const [environment, color, owner] = ['sandbox', 'teal', 'Platform team'] as const;
    assert.deepEqual(details, {
      prod: {
        ...{ environment: 'production', color, owner, description: 'The shop' },
        folder: ['Workloads', 'Production'],
      },
      'prod-eu': { environment, color, owner, folder: ['Workloads', 'Production', 'EU'] },
      staging: {
        ...{ environment, color, owner: 'Shop team' },
        folder: ['Workloads', 'Production-Next'],
      },
      lab: {
        ...{ environment, color, owner },
        ...{ description: 'For trying', link: 'https://wiki.example.com/lab' },
      },
    });
  });

  it('leaves an account without any of it as it was', async () => {
    const details = await detailsWith('{ accounts: [prod], owner: Shop team }');
    assert.equal(details.lab, undefined);
  });
});

describe('a problem of accountDetails', () => {
  for (const [entry, says] of [
    [
      '{ accounts: [stating], owner: x }',
      'accountDetails[0].accounts[0]: "stating" is not an account of this file; did you mean staging? Write the name or id of an account, or a pattern such as "prod-*".',
    ],
    [
      '{ accounts: ["111122229999"], owner: x }',
      'accountDetails[0].accounts[0]: "111122229999" is not an account of this file; did you mean 111122223333? Write the name or id of an account, or a pattern such as "prod-*".',
    ],
    [
      '{ accounts: [prod, "prd-*"], owner: x }',
      'accountDetails[0].accounts[1]: "prd-*" matches no account. Correct or remove it.',
    ],
    [
      '{ accounts: [{ label: { env: prd } }], owner: x }',
      'accountDetails[0].accounts[0]: matches no account. Correct or remove it.',
    ],
    [
      '{ accounts: [{ path: Workloads/Prod }], owner: x }',
      'accountDetails[0].accounts[0]: matches no account. Correct or remove it.',
    ],
    [
      '{ accounts: [], owner: x }',
      'accountDetails[0].accounts: is an empty list, so the entry selects no account. Name accounts, or write ["*"] for every account.',
    ],
    [
      '{ accounts: [prod] }',
      'accountDetails[0]: sets nothing. Add one of environment, color, description, owner, link.',
    ],
    [
      '{ accounts: [staging], owner: x, color: red }',
      'accountDetails[0].owner: has no effect: each of these accounts has owner already, of its own or from an earlier entry. Remove it, or move the entry up.',
    ],
    [
      '{ owner: x }',
      'accountDetails[0].accounts: is missing. Add it, for example accounts: ["prod-*", { label: { env: prod } }, { path: Workloads/Production }].',
    ],
    [
      '{ accounts: [prod], owner: x, team: x }',
      'accountDetails[0].team: is not a key of this section. Known here: accounts, environment, color, description, owner, link.',
    ],
    [
      '{ accounts: [111122223333], owner: x }',
      'accountDetails[0].accounts[0]: must be text. Put the id in quotes.',
    ],
    [
      '{ accounts: [[prod]], owner: x }',
      'accountDetails[0].accounts[0]: selects no account. Write a name, an id, a pattern such as "prod-*", { label: { NAME: VALUE } } or { path: UNIT/UNIT }.',
    ],
    [
      '{ accounts: [{}], owner: x }',
      'accountDetails[0].accounts[0]: has neither label nor path. Write a name, an id, a pattern such as "prod-*", { label: { NAME: VALUE } } or { path: UNIT/UNIT }.',
    ],
    [
      '{ accounts: [{ tag: { a: b } }], owner: x }',
      'accountDetails[0].accounts[0]: contains "tag", which is not a key here. Write a name, an id, a pattern such as "prod-*", { label: { NAME: VALUE } } or { path: UNIT/UNIT }.',
    ],
    [
      '{ accounts: [{ label: {} }], owner: x }',
      'accountDetails[0].accounts[0]: names no label. Write names and values, such as { label: { env: prod } }.',
    ],
    [
      '{ accounts: [{ label: { cost: 12 } }], owner: x }',
      'accountDetails[0].accounts[0]: has no text as the label "cost". Write names and values, such as { label: { env: prod } }. Quote numbers.',
    ],
    [
      '{ accounts: [{ path: /Workloads }], owner: x }',
      'accountDetails[0].accounts[0]: has a path that names no organizational units. Write up to ten names with a slash between them, such as { path: Workloads/Production }.',
    ],
    [
      '{ accounts: [prod], link: http://wiki.example.com }',
      'accountDetails[0].link: is http, which anyone on the way can read and change. Use https; http is for loopback only (localhost, 127.0.0.1).',
    ],
    [
      '{ accounts: [prod], link: "javascript:alert(1)" }',
      'accountDetails[0].link: is not an http or https URL. Write a whole URL, such as https://idp.example.com/path.',
    ],
    [
      '{ accounts: [prod], owner: "a\\u202eb" }',
      'accountDetails[0].owner: contains a control or invisible character. Write it on one line, with visible characters only.',
    ],
    [
      '{ accounts: [prod], environment: prod }',
      'accountDetails[0].environment: is not one of the allowed values. Write one of production, staging, test, development, sandbox.',
    ],
  ] as const)
    it(`is found: ${entry}`, async () => assert.deepEqual(await complaintsOf(entry), [says]));

  it('is not reported for what a broken account may have', async () => {
    await written(async ({ check }) => {
      const yaml = withEntries(
        '{ accounts: ["prd-*", { path: Elsewhere }, { label: { a: b } }], owner: x }',
      ).replace('labels: { env: prod, team: shop }', 'labels: { env: 1 }');
      const { problems, warnings } = await check(yaml);
      assert.equal(said(problems).length, 1);
      assert.match(said(problems)[0]!, /accounts\[0\]\.labels\.env: must be text/);
      assert.deepEqual(said(warnings), []);
    });
  });
});

describe('the path of an account', () => {
  for (const path of ['/a', 'a/', 'a//b', '" a"', '"a "', '"a\\u200bb"', '"a\\tb"', '""'])
    it(`cannot be ${path}`, async () => {
      await written(async ({ check }) => {
        const yaml = spoiled('trust: web-identity', `trust: web-identity, path: ${path}`);
        const { problems } = await check(yaml);
        assert.match(said(problems).join('\n'), /path: .* is not a path of organizational units/);
      });
    });
});

describe('a large accountDetails', () => {
  const accounts = Array.from({ length: 5000 }, (_, index) => ({
    id: String(100_000_000_000 + index),
    name: `account-${index}-${'a'.repeat(40)}`,
    labels: { team: `team-${index % 100}`, env: index % 2 === 0 ? 'prod' : 'test' },
    path: `Workloads/Unit-${index % 50}/Team-${index % 500}`,
  }));

  it('is matched with 5,000 accounts by 200 entries of every kind in less than a second of CPU time', () => {
    const entries = Array.from({ length: 200 }, (_, index) => ({
      accounts: [
        `account-${index}-*`,
        `*a*a*a*a*a*a*a*a*a*a*a*a*b${index}`,
        String(100_000_000_000 + index),
        { label: { team: `team-${index % 100}`, env: 'prod' } },
        { path: `Workloads/Unit-${index % 50}` },
      ],
      owner: `team ${index}`,
    }));
    const before = process.cpuUsage();
    const { details } = mergeDetails({ accounts, accountDetails: entries });
    assert.ok(process.cpuUsage(before).user < 1_000_000);
    assert.equal(details[4999]?.owner, 'team 49');
  });

  it('is matched once for each selector', () => {
    const select = accountSelection(accounts);
    assert.equal(select({ label: { env: 'prod' } }).length, 2500);
    assert.equal(select('account-*').length, 5000);
    assert.deepEqual(select('account-4999-*'), [4999]);
  });
});
