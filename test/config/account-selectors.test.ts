import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Configuration } from '../../src/config/configuration.ts';
import { GOOD, said, written } from './written.ts';

const [PROD, PROD_EU, STAGING, LAB] = [
  '111122223333',
  '222233334444',
  '333344445555',
  '444455556666',
];
const ACCOUNTS: readonly string[] = [
  `{ id: "${PROD}", name: prod, trust: saml, provider: rolebridge, path: Workloads/Production, labels: { env: prod, team: shop } }`,
  `{ id: "${PROD_EU}", name: prod-eu, trust: saml, provider: rolebridge, path: Workloads/Production/EU, labels: { env: prod } }`,
  `{ id: "${STAGING}", name: staging, trust: web-identity, path: Workloads/Production-Next }`,
  `{ id: "${LAB}", name: lab, via: { account: prod, role: Hub }, labels: { env: lab } }`,
  '{ id: "555566667777", name: own, trust: corporate-web-identity, labels: { kind: own } }',
];

interface Sections {
  readonly accounts?: readonly string[];
  readonly access: readonly string[];
  readonly more?: string;
}

/** The good configuration with these accounts and rules. */
function yamlOf({ accounts = ACCOUNTS, access, more = '' }: Sections): string {
  const lines = (items: readonly string[]): string => items.map(item => `  - ${item}\n`).join('');
  const head = GOOD.slice(0, GOOD.indexOf('accounts:'));
  return `${head}accounts:\n${lines(accounts)}trustGroupsOf: all\naccess:\n${lines(access)}${more}`;
}

async function loaded(sections: Sections): Promise<Configuration> {
  let found: Configuration | undefined;
  await written(async ({ check }) => {
    const { configuration, problems } = await check(yamlOf(sections));
    assert.deepEqual(said(problems), []);
    found = configuration;
  });
  return found!;
}

/** Problems and warnings, without their lines. */
async function remarks(sections: Sections): Promise<Record<'problems' | 'warnings', string[]>> {
  let found = { problems: [] as string[], warnings: [] as string[] };
  await written(async ({ check }) => {
    const { problems, warnings } = await check(yamlOf(sections));
    const texts = (list: typeof problems): string[] =>
      said(list).map(line => line.replace(/^\d+:\d+ /, ''));
    found = { problems: texts(problems), warnings: texts(warnings) };
  });
  return found;
}

const rule = (accounts: string, more = 'roles: [R]'): string =>
  `{ groups: [g], accounts: ${accounts}, ${more} }`;
const job = (accounts: string, more = 'roles: [Deploy]'): string =>
  `workloads:\n  - id: ci\n    issuer: https://ci.example.com\n    audience: https://aws.example.com\n    access: [{ claims: { sub: main }, accounts: ${accounts}, ${more} }]\n`;

describe('the accounts of a rule', () => {
  for (const [selectors, ids] of [
    ['[prod]', [PROD]],
    [`["${PROD_EU}", prod]`, [PROD_EU, PROD]],
    ['["prod*"]', [PROD, PROD_EU]],
    ['["prod-*"]', [PROD_EU]],
    ['["*-*"]', [PROD_EU]],
    ['[{ label: { env: prod } }]', [PROD, PROD_EU]],
    ['[{ label: { env: prod, team: shop } }]', [PROD]],
    ['[{ path: Workloads }]', [PROD, PROD_EU, STAGING]],
    ['[{ path: Workloads/Production }]', [PROD, PROD_EU]],
    ['[{ path: Workloads/Production, label: { team: shop } }]', [PROD]],
    ['[lab, "prod*", prod, { path: Workloads }]', [LAB, PROD, PROD_EU, STAGING]],
    ['["*"]', undefined],
  ] as const)
    it(`are ${ids?.join(', ') ?? 'all'} by ${selectors}`, async () => {
      const configuration = await loaded({
        access: [rule(selectors)],
        more: job(selectors),
      });
      assert.deepEqual(configuration.access[0]?.accounts, ids);
      assert.deepEqual(configuration.workloadRules[0]?.accounts, ids);
    });

  it('are one list for rules that select alike', async () => {
    const { access } = await loaded({
      access: [rule('[{ path: Workloads }]'), rule('[{ path: Workloads }]', 'roles: [S]')],
    });
    assert.equal(access[0]?.accounts, access[1]?.accounts);
  });

  it('limit a group pattern', async () => {
    const { access } = await loaded({
      access: ['{ groupPattern: "aws-{account}-{role}", accounts: ["prod-*"] }'],
    });
    assert.deepEqual(access[0]?.accounts, [PROD_EU]);
  });
});

describe('a selector that matches no account', () => {
  for (const [selector, words] of [
    ['"dev-*"', '"dev-*"'],
    ['{ label: { env: dev } }', 'label env=dev'],
    ['{ path: Sandbox }', 'path Sandbox'],
    [
      '{ path: Sandbox, label: { env: dev, team: shop } }',
      'label env=dev and label team=shop and path Sandbox',
    ],
  ] as const)
    it(`is a warning for ${selector}`, async () => {
      const says = `[1]: ${words} matches no account, so it gives nothing. Correct or remove it, unless the accounts are still to come.`;
      assert.deepEqual(
        await remarks({
          access: [rule(`[staging, ${selector}]`)],
          more: job(`[staging, ${selector}]`),
        }),
        {
          problems: [],
          warnings: [`access[0].accounts${says}`, `workloads[0].access[0].accounts${says}`],
        },
      );
    });

  it('is a problem for a name', async () => {
    const { problems } = await remarks({ access: [rule('[prud, "pr*"]')] });
    assert.deepEqual(problems, [
      'access[0].accounts[0]: "prud" is not an account of this file; did you mean prod? Write the name or id of an account.',
    ]);
  });

  it('is not warned of while an account has a problem of its own', async () => {
    const accounts = [...ACCOUNTS, '{ id: "777788889999", trust: web-identity }'];
    const { warnings } = await remarks({ accounts, access: [rule('["dev-*"]')] });
    assert.deepEqual(warnings, []);
  });
});

describe('the checks of a rule', () => {
  // What cannot work in an account is a mistake where the rule names it, else a warning.
  for (const [title, accounts, more, says] of [
    [
      'a reserved role in accounts by pattern',
      '["pro*"]',
      'roles: [AWSReservedSSO_A_1]',
      'access[0].roles[0]: is a role of IAM Identity Center; it cannot be assumed with a SAML assertion, which prod requires. Make a role of your own with the same policies.',
    ],
    [
      'a long session behind a hub by label',
      '[{ label: { env: lab } }]',
      'roles: [R], session: { duration: 4h }',
      'access[0].session.duration: is longer than 1 h, the most that AWS gives in an account behind a hub (role chaining). Sessions there last 1 h; give these accounts a rule of their own above to make it plain.',
    ],
    [
      'session tags where users bring their own proof',
      '[{ label: { kind: own } }]',
      'roles: [R], session: { tags: { team: x } }',
      'access[0].session.tags: cannot be set in own (trust: corporate-web-identity), so this rule gives no role there. Give such accounts a rule without sourceIdentity and tags above this one.',
    ],
    [
      "another account's policy by path",
      '[{ path: Workloads }]',
      `roles: [R], session: { policyArns: ["arn:aws:iam::${PROD}:policy/P"] }`,
      'access[0].session.policyArns[0]: the policy is not in the account and partition of prod-eu; AWS accepts only policies of the account of the role, and its own. Name the accounts that have this policy in a rule of their own.',
    ],
    [
      'a policy of another partition',
      '[{ path: Workloads }]',
      'roles: [R], session: { policyArns: ["arn:aws-cn:iam::aws:policy/ReadOnlyAccess"] }',
      'access[0].session.policyArns[0]: the policy is not in the account and partition of prod; AWS accepts only policies of the account of the role, and its own. Name the accounts that have this policy in a rule of their own.',
    ],
  ] as const)
    it(`warn of ${title}`, async () => {
      assert.deepEqual(await remarks({ access: [rule(accounts, more)] }), {
        problems: [],
        warnings: [says],
      });
    });

  for (const [title, accounts, more, says] of [
    [
      'a reserved role',
      '["*-eu", prod]',
      'roles: [AWSReservedSSO_A_1]',
      /^access\[0\]\.roles\[0\]: .* which prod requires\./,
    ],
    [
      'a long session behind a hub',
      '[lab, "prod*"]',
      'roles: [R], session: { duration: 4h }',
      /in lab, which is behind a hub \(role chaining\)\. Write 1h or less/,
    ],
    [
      "another account's policy",
      `["prod*", ${'lab'}]`,
      `roles: [R], session: { policyArns: ["arn:aws:iam::${PROD}:policy/P"] }`,
      /not in the account and partition of lab; .* Take lab out of this rule/,
    ],
  ] as const)
    it(`reject ${title} in an account that the rule names, beside a pattern`, async () => {
      const { problems } = await remarks({ access: [rule(accounts, more)] });
      assert.equal(problems.length, 1);
      assert.match(problems[0]!, says);
    });

  it('warn of weaker terms in an account that two selectors share', async () => {
    const { warnings } = await remarks({
      access: [
        rule('[{ path: Workloads/Production }]', 'roles: [R], require: { mfa: true }'),
        rule('["*-eu", lab]'),
        rule('[lab, { label: { env: lab } }]'),
      ],
    });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /^access\[1\]: gives R in prod-eu on weaker terms than access\[0\]/);
  });

  it('warn of a role of a workload that a rule gives to users by pattern', async () => {
    const { warnings } = await remarks({
      access: [rule('["prod*"]', 'roles: [team/builder]')],
      more: `workloads:\n  - id: ec2\n    awsIam: { audience: aws.example.com }\n    access:\n      - { roleArns: ["arn:aws:iam::${PROD_EU}:role/builder", "arn:aws:iam::${LAB}:role/builder"], accounts: [staging], roles: [Deploy] }\n`,
    });
    assert.deepEqual(
      warnings.map(line => line.split(':')[0]),
      ['workloads[0].access[0].roleArns[0]'],
    );
  });

  it('warn of a role of an application that no selector reaches', async () => {
    const application = (account: string): string => `{ account: ${account}, role: R }`;
    const { warnings } = await remarks({
      access: [rule('["prod*"]')],
      more: `applications:\n  - { id: photos, name: Photos, kind: mobile, redirectUris: [https://photos.example.com/done], roles: [${application('prod-eu')}, ${application('lab')}] }\n`,
    });
    assert.deepEqual(warnings, [
      'applications[0].roles[1]: is a role that no rule of access gives: "lab/R". Add a rule that gives it, or correct the name.',
    ]);
  });

  it('warn once of accounts by selector that workloads cannot reach', async () => {
    const accounts = [
      ...ACCOUNTS,
      '{ id: "777788889999", name: own-2, trust: corporate-web-identity }',
      '{ id: "888899990000", name: own-3, via: { account: own, role: Hub } }',
    ];
    assert.deepEqual(
      await remarks({ accounts, access: [rule('[prod]')], more: job('[prod, "own*"]') }),
      {
        problems: [],
        warnings: [
          'workloads[0].access[0].accounts[1]: cannot be reached by workloads: own has trust: corporate-web-identity, which requires the sign-in of a user, and so have 2 more. The rule gives nothing there. Name the accounts that it gives roles in.',
        ],
      },
    );
  });
});

describe('the terms that an approval is bound to', () => {
  const elevated = (accounts: string): string =>
    `{ name: on-request, groups: [g], connectors: [okta], accounts: ${accounts}, roles: [R], elevation: { approvers: [{ groups: [a], connectors: [okta] }], longest: 1h } }`;
  const digestOf = async (accounts: string, listed = ACCOUNTS): Promise<string> => {
    const { access } = await loaded({ accounts: listed, access: [elevated(accounts)] });
    return access[0]!.elevation!.digest;
  };
  const MORE = [
    ...ACCOUNTS,
    '{ id: "777788889999", name: prod-us, trust: web-identity, path: Workloads/Production, labels: { env: prod } }',
  ];

  for (const accounts of ['["prod*"]', '[{ label: { env: prod } }]', '[{ path: Workloads }]'])
    it(`stay when ${accounts} matches a further account`, async () => {
      assert.equal(await digestOf(accounts), await digestOf(accounts, MORE));
    });

  it('do not depend on how and in which order accounts are written', async () => {
    const one = await digestOf(`[prod, lab, { label: { env: prod, team: shop } }]`);
    assert.equal(
      one,
      await digestOf(`[{ label: { team: shop, env: prod } }, "${LAB}", "${PROD}"]`),
    );
  });

  it('change with the selector', async () => {
    const digests = ['[prod]', '["prod*"]', '["pro*"]', '[{ path: Workloads }]', '["*"]'].map(of =>
      digestOf(of),
    );
    assert.equal(new Set(await Promise.all(digests)).size, 5);
  });

  it('are those of earlier versions where accounts are named', async () => {
    // cspell:disable-next-line
    assert.equal(await digestOf('[prod, lab]'), 'tHHWrx2_OhBOns80T95mnuqndMaRWr156ee68FIhzyY');
  });
});
