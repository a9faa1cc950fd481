import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { CheckedConfiguration } from '../../src/config/load.ts';
import { accountNameOf, readOrganization } from '../../src/config/organization-file.ts';
import type { Account } from '../../src/core/role.ts';
import { ENV, GOOD, said, written } from './written.ts';

const ORGANIZATION = 'o-example1234';
const [PROD, STAGING, LAB, OLD] = [
  '111122223333',
  '222233334444',
  '333344445555',
  '444455556666',
] as const;

/** An account as `aws organizations list-accounts` writes it. */
function listed(id: unknown, name: unknown, more: object = {}): object {
  return {
    Id: id,
    Arn: `arn:aws:organizations::${PROD}:account/${ORGANIZATION}/${id}`,
    Email: 'aws@example.com',
    Name: name,
    Status: 'ACTIVE',
    State: 'ACTIVE',
    JoinedMethod: 'CREATED',
    JoinedTimestamp: '2024-05-06T07:08:09.000000+00:00',
    ...more,
  };
}

const ACCOUNTS = [
  listed(PROD, 'Prod (EU)', {
    Path: 'Workloads/Production',
    Paths: [`${ORGANIZATION}/r-exam/ou-exam-prod1234/${PROD}/`],
    Tags: [{ Key: 'env', Value: 'prod' }],
  }),
  listed(STAGING, 'staging', { Tags: { env: 'staging' } }),
  listed(LAB, 'lab', { State: undefined }),
  listed(OLD, 'old', { State: 'CLOSED', Status: 'SUSPENDED' }),
];

interface Scene {
  /** The value of `accounts`. */
  readonly accounts?: string;
  /** The text of accounts.json, or a value for it; undefined for no such file. */
  readonly json?: unknown;
  readonly mode?: number;
  readonly rules?: readonly string[];
  readonly more?: string;
}

const BY_FILE = '{ file: accounts.json }';

async function checked({
  accounts = BY_FILE,
  mode = 0o600,
  rules = ['{ groups: [g], accounts: ["*"], roles: [R] }'],
  more = '',
  ...files
}: Scene): Promise<CheckedConfiguration> {
  let found: CheckedConfiguration | undefined;
  await written(async ({ check, put }) => {
    const { json } = 'json' in files ? files : { json: { Accounts: ACCOUNTS } };
    if (json !== undefined)
      chmodSync(put('accounts.json', typeof json === 'string' ? json : JSON.stringify(json)), mode);
    const head = GOOD.slice(0, GOOD.indexOf('accounts:'));
    const access = rules.map(rule => `  - ${rule}\n`).join('');
    found = await check(
      `${head}accounts: ${accounts}\ntrustGroupsOf: all\naccess:\n${access}${more}`,
      ENV,
    );
  });
  return found!;
}

/** The accounts of a configuration without problems and warnings, by their names. */
async function accountsOf(scene: Scene): Promise<Readonly<Record<string, Account>>> {
  const { configuration, problems, warnings } = await checked(scene);
  assert.deepEqual(said([...problems, ...warnings]), []);
  return Object.fromEntries(configuration!.accounts.map(account => [account.name, account]));
}

/** What is said, without positions and without the directory. */
async function remarks(scene: Scene): Promise<readonly string[]> {
  const { problems, warnings } = await checked(scene);
  return said([...problems, ...warnings]).map(line =>
    line.replace(/^\d+:\d+ /, '').replaceAll(/\/\S*\/rolebridge-config-\w+\//g, ''),
  );
}

describe('the accounts of an organization', () => {
  it('are those of the file that are active, with what AWS says of them', async () => {
    const { configuration, problems, warnings, skippedAccounts } = await checked({});
    assert.deepEqual(said([...problems, ...warnings]), []);
    const trust = { by: 'saml', provider: 'rolebridge' };
    const shared = { partition: 'aws', region: 'us-east-1', trust };
    assert.deepEqual(configuration?.accounts, [
      { ...shared, id: PROD, name: 'Prod-EU', details: { folder: ['Workloads', 'Production'] } },
      { ...shared, id: STAGING, name: 'staging' },
      { ...shared, id: LAB, name: 'lab' },
    ]);
    assert.deepEqual(skippedAccounts, [{ id: OLD, name: 'old', state: 'CLOSED' }]);
  });

  for (const [title, json] of [
    ['one answer', { Accounts: ACCOUNTS, NextToken: null }],
    [
      'several answers in a list',
      [{ Accounts: ACCOUNTS.slice(0, 2), NextToken: 'x' }, { Accounts: ACCOUNTS.slice(2) }],
    ],
    ['a list of accounts', ACCOUNTS],
    ['a text with a byte order mark', `\ufeff${JSON.stringify({ Accounts: ACCOUNTS })}`],
  ] as const)
    it(`are read from ${title}`, async () => {
      assert.deepEqual(Object.keys(await accountsOf({ json })), ['Prod-EU', 'staging', 'lab']);
    });

  for (const [selector, names] of [
    ['Prod-EU', ['Prod-EU']],
    ['"Prod*"', ['Prod-EU']],
    ['{ label: { env: prod } }', ['Prod-EU']],
    ['{ label: { env: staging } }', ['staging']],
    ['{ path: Workloads }', ['Prod-EU']],
    ['{ path: ou-exam-prod1234 }', ['Prod-EU']],
    [`{ path: ${ORGANIZATION}/r-exam }`, ['Prod-EU']],
    [`{ path: ${ORGANIZATION}/r-exam/ou-exam-prod1234 }`, ['Prod-EU']],
  ] as const)
    it(`are selected by ${selector}`, async () => {
      const { configuration, problems } = await checked({
        rules: [`{ groups: [g], accounts: [${selector}], roles: [R] }`],
        more: `accountDetails:\n  - { accounts: [${selector}], environment: production }\n`,
      });
      assert.deepEqual(said(problems), []);
      const { accounts, access } = configuration!;
      const given = accounts.filter(({ id }) => access[0]?.accounts?.includes(id));
      const marked = accounts.filter(({ details }) => details?.environment === 'production');
      for (const found of [given, marked])
        assert.deepEqual(
          found.map(({ name }) => name),
          names,
        );
    });

  it('are in the partition of their ARN', async () => {
    const arn = (partition: string, id: string): string =>
      `arn:${partition}:organizations::${PROD}:account/${ORGANIZATION}/${id}`;
    const json = [
      listed(PROD, 'gov', { Arn: arn('aws-us-gov', PROD) }),
      listed(STAGING, 'china', { Arn: arn('aws-cn', STAGING) }),
      listed(LAB, 'europe', { Arn: arn('aws-eusc', LAB) }),
      listed(OLD, 'unknown', { Arn: undefined }),
    ];
    const { gov, china, europe, unknown } = await accountsOf({ json });
    assert.deepEqual(
      [gov, china, europe, unknown].map(account => [account?.partition, account?.region]),
      [
        ['aws-us-gov', 'us-gov-west-1'],
        ['aws-cn', 'cn-north-1'],
        ['aws-eusc', 'eusc-de-east-1'],
        ['aws', 'us-east-1'],
      ],
    );
  });
});

describe('defaults and entries', () => {
  it('complete accounts: an entry counts before the file, and the file before defaults', async () => {
    const accounts = `
  file: accounts.json
  defaults: { trust: web-identity, region: eu-west-1, path: Other, labels: { env: none, team: all }, owner: Platform, environment: sandbox }
  entries:
    - { id: "${PROD}", name: prod, trust: saml, provider: idp, region: eu-central-1, labels: { team: shop }, owner: Shop }
    - { name: staging, path: Staging }
    - { id: "999900001111", name: partner, via: { account: prod, role: Hub } }`;
    const rule = (name: string, label: string): string =>
      `{ name: ${name}, groups: [g], accounts: [{ label: { ${label} } }], roles: [R] }`;
    const { configuration, problems } = await checked({
      accounts,
      rules: [
        rule('of-file', 'env: prod'),
        rule('of-entry', 'team: shop'),
        rule('of-defaults', 'team: all'),
        rule('of-default-env', 'env: none'),
      ],
      more: `accountDetails:\n  - { accounts: ["*"], environment: test }\n`,
    });
    assert.deepEqual(said(problems), []);
    const { accounts: all, access } = configuration!;
    const prod = {
      ...{ id: PROD, name: 'prod', partition: 'aws', region: 'eu-central-1' },
      trust: { by: 'saml', provider: 'idp' },
      details: { owner: 'Shop', environment: 'test', folder: ['Workloads', 'Production'] },
    };
    const shared = { partition: 'aws', region: 'eu-west-1', trust: { by: 'web-identity' } };
    const details = (folder: string): object => ({
      details: { environment: 'test', owner: 'Platform', folder: [folder] },
    });
    assert.deepEqual(all, [
      prod,
      { ...shared, id: STAGING, name: 'staging', ...details('Staging') },
      { ...shared, id: LAB, name: 'lab', ...details('Other') },
      {
        ...{ ...shared, id: '999900001111', name: 'partner', ...details('Other') },
        trust: { by: 'hub', hub: prod, role: 'Hub', externalId: undefined },
      },
    ]);
    assert.deepEqual(
      access.map(({ name, accounts: of }) => [name, of?.length]),
      [
        ['of-file', 1],
        ['of-entry', 1],
        ['of-defaults', 3],
        ['of-default-env', 2],
      ],
    );
  });

  for (const [title, defaults, entry, trust] of [
    ['the built-in trust', '{}', '{}', { by: 'saml', provider: 'rolebridge' }],
    ['a provider alone', '{ provider: idp }', '{}', { by: 'saml', provider: 'idp' }],
    ['another trust', '{ trust: web-identity }', '{}', { by: 'web-identity' }],
    [
      'the trust of an entry',
      '{ provider: idp }',
      '{ trust: web-identity }',
      { by: 'web-identity' },
    ],
    [
      'the provider of defaults with the trust of an entry',
      '{ provider: idp }',
      '{ trust: saml }',
      { by: 'saml', provider: 'idp' },
    ],
    [
      'the built-in provider with the trust of an entry',
      '{ trust: web-identity }',
      '{ trust: saml }',
      { by: 'saml', provider: 'rolebridge' },
    ],
    [
      'the provider of an entry',
      '{ trust: saml }',
      '{ provider: idp }',
      { by: 'saml', provider: 'idp' },
    ],
    [
      'the signatures of defaults',
      '{ samlSignatures: assertion }',
      '{ provider: idp }',
      { by: 'saml', provider: 'idp', signatures: 'assertion' },
    ],
    [
      'the signatures of defaults with the same trust of an entry',
      '{ samlSignatures: assertion }',
      '{ trust: saml }',
      { by: 'saml', provider: 'rolebridge', signatures: 'assertion' },
    ],
    [
      'the signatures of an entry',
      '{ samlSignatures: assertion }',
      '{ samlSignatures: both }',
      { by: 'saml', provider: 'rolebridge' },
    ],
    [
      'no signatures with the other trust of an entry',
      '{ samlSignatures: assertion }',
      '{ trust: web-identity }',
      { by: 'web-identity' },
    ],
    [
      'a trust instead of a hub',
      '{ via: { account: prod, role: Hub } }',
      '{ trust: web-identity }',
      { by: 'web-identity' },
    ],
  ] as const)
    it(`give ${title}`, async () => {
      const own = entry === '{}' ? '' : `, ${entry.slice(1, -1)}`;
      const hub = `{ id: "${PROD}", name: prod, trust: web-identity }`;
      const accounts = `{ file: accounts.json, defaults: ${defaults}, entries: [${hub}, { name: lab${own} }] }`;
      const { lab } = await accountsOf({ accounts });
      assert.deepEqual(lab?.trust, trust);
    });

  it('put every other account behind a hub', async () => {
    const accounts = `{ file: accounts.json, defaults: { via: { account: hub, role: Hub } }, entries: [{ id: "${PROD}", name: hub, trust: web-identity }] }`;
    const { hub, lab } = await accountsOf({ accounts });
    assert.deepEqual(lab?.trust, { by: 'hub', hub, role: 'Hub', externalId: undefined });
  });

  it('are told of a name that an account which is not active has, too', async () => {
    const json = [listed(PROD, 'prod', { State: 'SUSPENDED' }), listed(LAB, 'prod')];
    const rules = ['{ groups: [g], accounts: [prod], roles: [R] }'];
    assert.deepEqual(await remarks({ json, rules }), [
      `accounts.file: account ${LAB} ("prod" in AWS) has the name "prod", which account ${PROD} of accounts.json has, too (SUSPENDED). Rules that name it give roles in account ${LAB}. Write ids into these rules, or add an entry with another name.`,
    ]);
  });

  it('find an account by its name in AWS', async () => {
    const accounts = '{ file: accounts.json, entries: [{ name: staging, owner: me }] }';
    const json = [listed(PROD, 'staging'), listed(LAB, 'lab')];
    const { staging } = await accountsOf({ accounts, json });
    assert.deepEqual(staging?.details, { owner: 'me' });
  });
});

describe('the name of an account', () => {
  for (const [inAws, name] of [
    ['prod', 'prod'],
    ['a..b__c--d', 'a..b__c--d'],
    ['Prod (EU)', 'Prod-EU'],
    ['Team A - Prod', 'Team-A-Prod'],
    [' prod ', 'prod'],
    ['_prod', 'prod'],
    ['#1 / shop', '1-shop'],
    ['R&D', 'R-D'],
    ['Größe', 'Gr-e'],
    ['日本', undefined],
    ['', undefined],
    ['---', undefined],
    ['a'.repeat(64), 'a'.repeat(64)],
    ['a'.repeat(65), undefined],
  ] as const)
    it(`is ${name ?? 'unusable'} for ${JSON.stringify(inAws.slice(0, 20))}`, () => {
      assert.equal(accountNameOf(inAws), name);
    });
});

describe('a name of AWS that an account cannot have here', () => {
  const namesOf = async (scene: Scene): Promise<readonly string[]> =>
    (await checked(scene)).configuration!.accounts.map(({ name }) => name);

  it('stops no reload: the id is the name of every account that shares it', async () => {
    const json = [listed(PROD, 'prod'), listed(STAGING, 'staging'), listed(LAB, 'prod')];
    assert.deepEqual(await namesOf({ json }), [PROD, 'staging', LAB]);
  });

  it('is that of the account to which an entry gives it', async () => {
    const json = [listed(LAB, 'prod'), listed(PROD, 'prod')];
    const accounts = `{ file: accounts.json, entries: [{ id: "${PROD}", name: prod }] }`;
    assert.deepEqual(await namesOf({ json, accounts }), [LAB, 'prod']);
  });

  it('gives nothing to a rule that names it, and the rule is a problem', async () => {
    const json = [listed(PROD, 'prod'), listed(LAB, 'prod')];
    const rules = ['{ groups: [g], accounts: [prod], roles: [Admin] }'];
    const { configuration, problems } = await checked({ json, rules });
    assert.equal(configuration, undefined);
    assert.match(said(problems).join(), /"prod" is not an account/);
  });
});

describe('a file of accounts', () => {
  const file = (says: string): readonly string[] => [`accounts.file: ${says}`];
  const RUN = 'Write the output of aws organizations list-accounts into it, as JSON.';

  it('with more items than any organization has accounts is rejected as a whole', async () => {
    const json = `[${'0,'.repeat(100_000)}0]`;
    assert.deepEqual(
      await remarks({ json }),
      file(`accounts.json lists more than 100000 accounts. ${RUN}`),
    );
  });
  const TABLE: readonly (readonly [title: string, scene: Scene, says: readonly string[]])[] = [
    [
      'that does not exist',
      { json: undefined },
      file(
        'the file accounts.json does not exist. Correct the path, which is relative to this file, or the file.',
      ),
    ],
    [
      'that everyone can write',
      { mode: 0o666 },
      file(
        'the file accounts.json is writable by every user of this machine. Run chmod go-w accounts.json.',
      ),
    ],
    [
      'that is empty',
      { json: '' },
      file(`accounts.json is not valid JSON, or only a part of it. ${RUN}`),
    ],
    [
      'of which a part was written',
      { json: JSON.stringify({ Accounts: ACCOUNTS }).slice(0, -20) },
      file(`accounts.json is not valid JSON, or only a part of it. ${RUN}`),
    ],
    [
      'that is nested deeply',
      { json: '['.repeat(200_000) },
      file(`accounts.json is not valid JSON, or only a part of it. ${RUN}`),
    ],
    [
      'of something else',
      { json: { Roles: [] } },
      file(`accounts.json contains no list of accounts (Accounts). ${RUN}`),
    ],
    [
      'of a text',
      { json: '"accounts"' },
      file(`accounts.json contains no list of accounts (Accounts). ${RUN}`),
    ],
    [
      'without accounts',
      { json: { Accounts: [] } },
      file(`no account of accounts.json is active. ${RUN}`),
    ],
    [
      'without an active account',
      { json: [listed(OLD, 'old', { State: 'SUSPENDED' })] },
      file(`no account of accounts.json is active. ${RUN}`),
    ],
    [
      'whose items are no accounts',
      { json: [null, 'prod', [listed(PROD, 'prod')]] },
      [1, 2, 3].flatMap(item => file(`accounts.json contains no account as item ${item}. ${RUN}`)),
    ],
    [
      'with ids that are none',
      {
        json: [
          listed('11112222333', 'a'),
          listed(111122223333, 'b'),
          listed(undefined, 'c'),
          listed(PROD, 'd'),
        ],
      },
      [': "11112222333"', ': "111122223333"', ''].flatMap((id, index) =>
        file(
          `accounts.json has no Id of twelve digits in item ${index + 1}${id}. Write the id as text: "111122223333".`,
        ),
      ),
    ],
    [
      'that lists an account twice',
      { json: [listed(PROD, 'a'), listed(PROD, 'b')] },
      file(`accounts.json account ${PROD} is listed twice. Remove one of both.`),
    ],
    [
      'with a name that is no text',
      { json: [listed(PROD, 7)] },
      file(`accounts.json account ${PROD} has no text as its Name. ${RUN}`),
    ],
    [
      'without states',
      {
        json: [
          listed(PROD, 'a', { State: undefined, Status: undefined }),
          listed(LAB, 'b', { State: 1 }),
        ],
      },
      [PROD, LAB].flatMap(id =>
        file(
          `accounts.json account ${id} has neither State nor Status, so it may be closed. ${RUN}`,
        ),
      ),
    ],
    [
      'with an ARN of another account, of something else and of another partition',
      {
        json: [
          listed(PROD, 'a', {
            Arn: `arn:aws:organizations::${PROD}:account/${ORGANIZATION}/${LAB}`,
          }),
          listed(STAGING, 'b', { Arn: 'arn:aws:iam::111122223333:root' }),
          listed(LAB, 'c', {
            Arn: `arn:aws-iso:organizations::${PROD}:account/${ORGANIZATION}/${LAB}`,
          }),
        ],
      },
      [
        ...file(`accounts.json account ${PROD} has the Arn of another account. ${RUN}`),
        ...file(
          `accounts.json account ${STAGING} has an Arn that is not one of an account. ${RUN}`,
        ),
        ...file(
          `accounts.json account ${LAB} is in the partition aws-iso, which the bridge cannot reach. Remove the account from the file. The bridge reaches aws, aws-cn, aws-us-gov, aws-eusc.`,
        ),
      ],
    ],
    ...[[{ Key: 'a' }], [{ Key: 'a', Value: 1 }], ['a'], { a: null }, 'a=b', 7].map(
      (Tags): readonly [string, Scene, readonly string[]] => [
        `with the tags ${JSON.stringify(Tags)}`,
        { json: [listed(PROD, 'a', { Tags })] },
        file(
          `accounts.json account ${PROD} has Tags that are neither a list of Key and Value nor a map of texts. Write the output of aws organizations list-tags-for-resource as its Tags.`,
        ),
      ],
    ),
    ...['a//b', ' a', 'a\u0000b', 7, ['a']].map(
      (Path): readonly [string, Scene, readonly string[]] => [
        `with the path ${JSON.stringify(Path)}`,
        { json: [listed(PROD, 'a', { Path })] },
        file(
          `accounts.json account ${PROD} has a Path that names no organizational units. Write up to ten names with a slash between them, such as "Workloads/Production".`,
        ),
      ],
    ),
    ...['o-example1234/r-exam', ['Workloads/Production'], [7], [''], [PROD]].map(
      (Paths): readonly [string, Scene, readonly string[]] => [
        `with the paths ${JSON.stringify(Paths)}`,
        { json: [listed(PROD, 'a', { Paths })] },
        file(
          `accounts.json account ${PROD} has Paths that are not those of an organization. ${RUN}`,
        ),
      ],
    ),
    [
      'that goes on',
      { json: { Accounts: ACCOUNTS, NextToken: 'eyJ' } },
      file(
        'accounts.json is incomplete: it ends with a NextToken, so accounts are missing. Run aws organizations list-accounts without --max-items and --no-paginate.',
      ),
    ],
    [
      'with two names that are one here',
      { json: [listed(PROD, 'a b'), listed(LAB, 'a/b')] },
      [
        `accounts.file: account ${PROD} ("a b" in AWS) has the name "a-b", as account ${LAB} ("a/b" in AWS) has. Its id is its name here. Add an entry with its id and a name.`,
        `accounts.file: account ${LAB} ("a/b" in AWS) has the name "a-b", as account ${PROD} ("a b" in AWS) has. Its id is its name here. Add an entry with its id and a name.`,
      ],
    ],
    [
      'with a name that cannot be one here',
      { json: [listed(PROD, '日本'), listed(LAB, 'lab')] },
      file(
        `account ${PROD} has the name "日本" in AWS, which cannot be a name here. Its id is its name here. Add an entry with its id and a name.`,
      ),
    ],
    [
      'with a name that looks like an id',
      { json: [listed(PROD, LAB), listed(LAB, 'lab')] },
      file(
        `account ${PROD} has the name "${LAB}" in AWS, which cannot be a name here. Its id is its name here. Add an entry with its id and a name.`,
      ),
    ],
  ];
  for (const [title, scene, says] of TABLE)
    it(`${title} is told of`, async () => {
      assert.deepEqual(await remarks(scene), says);
    });

  it('is told of a thousand like problems with few words', async () => {
    const json = Array.from({ length: 1000 }, (_, index) => listed(`${index}`, 'a'));
    const lines = await remarks({ json });
    assert.equal(lines.length, 20);
    assert.match(lines.at(-1)!, /item 20: "19", and 980 more are alike\./);
  });

  it('is rejected above 64 MB', async () => {
    const [line] = await remarks({ json: ' '.repeat(64 * 1024 * 1024 + 1) });
    assert.match(line ?? '', /accounts\.json is larger than 67108864 bytes\./);
  });

  it('shows no control characters of it', () => {
    const { problems } = readOrganization(JSON.stringify([listed('1\u001b[31m\u202e', 'a')]));
    assert.match(problems[0]!.message, /: "1\\u001b\[31m\\u\{202e\}"\.$/);
  });
});

describe('a mistake beside a file of accounts', () => {
  const by = (rest: string): Scene => ({ accounts: `{ file: accounts.json, ${rest} }` });
  const rule = (accounts: string, more = 'roles: [R]'): string =>
    `{ groups: [g], accounts: ${accounts}, ${more} }`;
  const TABLE: readonly (readonly [title: string, scene: Scene, says: readonly string[]])[] = [
    [
      'a missing file and unknown keys',
      {
        accounts: `{ path: a.json, defaults: { id: "${PROD}", mfa: true }, entries: [{ nme: prod }] }`,
      },
      [
        'accounts.file: is missing. Add it, for example file: accounts.json.',
        'accounts.entries[0]: has neither id nor name, so it is for no account. Add the id of an account.',
        'accounts.path: is not a key of this section. Known here: file, defaults, entries.',
        'accounts.defaults.id: is not a key of this section. Known here: partition, region, trust, provider, samlSignatures, via, endpoints, environment, color, description, owner, link, path, labels.',
        'accounts.defaults.mfa: is not a key of this section. Known here: partition, region, trust, provider, samlSignatures, via, endpoints, environment, color, description, owner, link, path, labels.',
        'accounts.entries[0].nme: is not a key of this section; did you mean name? Known here: id, name, partition, region, trust, provider, samlSignatures, via, endpoints, environment, color, description, owner, link, path, labels.',
      ],
    ],
    [
      'entries for no account, for the same one, and for one of none',
      by(
        `entries: [{ owner: me }, { name: stagign }, { id: "999900001111" }, { name: lab }, { id: "${LAB}", owner: me }]`,
      ),
      [
        'accounts.entries[0]: has neither id nor name, so it is for no account. Add the id of an account.',
        'accounts.entries[1]: "stagign" is not an account of accounts.json; did you mean staging? Correct the name, or write an id as well for an account that the file does not contain.',
        'accounts.entries[2]: "999900001111" is not in accounts.json, and a further account needs a name. Correct the id, or add a name.',
        'accounts.entries[4]: is for the same account as accounts.entries[3]. Write all of it into one entry.',
      ],
    ],
    [
      'an entry with a name that several accounts have',
      {
        ...by('entries: [{ name: a-b, owner: me }]'),
        json: [listed(PROD, 'a b'), listed(LAB, 'a/b')],
      },
      [
        'accounts.entries[0]: "a-b" is the name of 2 accounts of accounts.json. Write the id of one of them.',
        `accounts.file: account ${PROD} ("a b" in AWS) has the name "a-b", as account ${LAB} ("a/b" in AWS) has. Its id is its name here. Add an entry with its id and a name.`,
        `accounts.file: account ${LAB} ("a/b" in AWS) has the name "a-b", as account ${PROD} ("a b" in AWS) has. Its id is its name here. Add an entry with its id and a name.`,
      ],
    ],
    [
      'an entry that gives a name that is taken',
      by(`entries: [{ id: "${LAB}", name: staging }]`),
      [
        `accounts.file: account ${STAGING} ("staging" in AWS) has the name "staging", as account ${LAB} ("lab" in AWS) has. Its id is its name here. Add an entry with its id and a name.`,
      ],
    ],
    [
      'two entries that give the same name',
      by(`entries: [{ id: "${LAB}", name: x }, { id: "${STAGING}", name: x }]`),
      [
        `accounts.entries[0].name: account ${STAGING} ("staging" in AWS) and account ${LAB} ("lab" in AWS) are both called "x". Choose another name.`,
      ],
    ],
    [
      'an entry for an account that is not active',
      by('entries: [{ name: old, owner: me }]'),
      [
        'accounts.entries[0]: is for "old", which is CLOSED in accounts.json and not used. Remove the entry when the account is gone for good.',
      ],
    ],
    [
      'a region of another partition, by default and in an entry',
      by('defaults: { region: cn-north-1 }, entries: [{ name: lab, region: us-gov-west-1 }]'),
      [
        `accounts.defaults.region: accounts ${PROD} (Prod-EU), ${STAGING} (staging): "cn-north-1" is not a region of the partition aws. Write partition: aws-cn, or another region.`,
        'accounts.entries[0].region: "us-gov-west-1" is not a region of the partition aws. Write partition: aws-us-gov, or another region.',
      ],
    ],
    [
      'a trust that is not whole',
      by(
        'defaults: { trust: corporate-saml }, entries: [{ name: lab, trust: web-identity, provider: idp }]',
      ),
      [
        `accounts.file: accounts ${PROD} (Prod-EU), ${STAGING} (staging): has no provider, which trust: corporate-saml needs. Add provider: the name of the IAM SAML provider in this account.`,
        'accounts.entries[0].provider: means nothing here; only trust: saml and corporate-saml have a provider. Remove it, or correct trust.',
      ],
    ],
    [
      'a hub that is unknown, not active, or the account itself',
      by(
        'defaults: { via: { account: Prod-EU, role: Hub } }, entries: [{ name: lab, via: { account: old, role: Hub } }, { name: staging, via: { account: prodd, role: Hub } }]',
      ),
      [
        `accounts.defaults.via.account: account ${PROD} (Prod-EU): is the account itself. Name the account with the hub role.`,
        'accounts.entries[0].via.account: "old" is CLOSED in AWS Organizations, so it is not used. Write the name or id of the account with the hub role.',
        'accounts.entries[1].via.account: "prodd" is not an account of this file or of accounts.json. Write the name or id of the account with the hub role.',
      ],
    ],
    [
      'an external id that is not there, told once for all accounts',
      by(
        `defaults: { via: { account: hub, role: Hub, externalId: { env: NOT_SET } } }, entries: [{ id: "${PROD}", name: hub, trust: web-identity }]`,
      ),
      [
        `accounts.defaults.via.externalId: accounts ${STAGING} (staging), ${LAB} (lab): the environment variable NOT_SET is not set. Set it where the bridge is started.`,
      ],
    ],
    [
      'rules of accounts that are unknown or not active',
      { rules: [rule('[stagign, old, "dev-*"]'), rule(`["${OLD}", lab]`)] },
      [
        'access[0].accounts[0]: "stagign" is not an account of this file or of accounts.json; did you mean staging? Write the name or id of an account.',
        'access[0].accounts[1]: "old" is CLOSED in AWS Organizations, so it is not used. The rule gives nothing there. Remove it if it is gone.',
        'access[0].accounts[2]: "dev-*" matches no account, so it gives nothing. Correct or remove it, unless the accounts are still to come.',
        `access[1].accounts[0]: "${OLD}" is CLOSED in AWS Organizations, so it is not used. The rule gives nothing there. Remove it if it is gone.`,
      ],
    ],
    [
      'a detail that has no effect',
      {
        ...by('defaults: { owner: me }'),
        more: 'accountDetails:\n  - { accounts: ["*"], owner: Platform }\n',
      },
      [
        'accounts.defaults.owner: has no effect: each of these accounts has owner already, of its own or from an earlier entry. Remove it, or move the entry up.',
      ],
    ],
    [
      'a file that cannot be read: nothing more is said of its accounts',
      {
        json: '{',
        accounts: '{ file: accounts.json, entries: [{ name: lab, owner: me }] }',
        rules: [rule('[prod, "dev-*"]')],
      },
      [
        'accounts.file: accounts.json is not valid JSON, or only a part of it. Write the output of aws organizations list-accounts into it, as JSON.',
      ],
    ],
  ];
  for (const [title, scene, says] of TABLE)
    it(`is told of: ${title}`, async () => {
      assert.deepEqual((await remarks(scene)).toSorted(), says.toSorted());
    });

  it('keeps an approval when a named account is suspended', async () => {
    const digestOf = async (state: string): Promise<string | undefined> => {
      const { configuration } = await checked({
        json: [listed(PROD, 'prod'), listed(LAB, 'lab', { State: state })],
        rules: [
          '{ name: on-request, groups: [g], connectors: [okta], accounts: [prod, lab], roles: [R], elevation: { approvers: [{ groups: [a], connectors: [okta] }], longest: 1h } }',
        ],
      });
      return configuration?.access[0]?.elevation?.digest;
    };
    assert.equal(await digestOf('SUSPENDED'), await digestOf('ACTIVE'));
  });

  it('leaves out an account that is not active from what others name', async () => {
    const { configuration, problems, warnings } = await checked({
      rules: [rule('[old]'), rule('[lab]')],
      more: 'cli: { deviceGrant: { roles: [old/R, lab/R] } }\napplications:\n  - { id: photos, name: Photos, kind: mobile, redirectUris: [https://photos.example.com/done], roles: [{ account: old, role: R }, { account: lab, role: R }] }\n',
    });
    assert.deepEqual(said(problems), []);
    assert.equal(warnings.length, 3);
    const { access, cli, applications } = configuration!;
    assert.deepEqual(access[0]?.accounts, []);
    assert.deepEqual(cli.deviceGrant.roles, [{ account: LAB, role: 'R' }]);
    assert.deepEqual(
      applications[0]?.application.roles.map(({ account }) => account),
      [LAB],
    );
  });
});
