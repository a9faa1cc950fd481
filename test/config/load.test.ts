import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { checkConfiguration, loadConfiguration } from '../../src/config/load.ts';
import { ConfigurationError } from '../../src/config/problems.ts';
import { CLI_CLIENT } from '../../src/core/oauth-client.ts';
import { ENV, GOOD, said, spoiled, written } from './written.ts';

const EXAMPLE = readFileSync(new URL('../../examples/rolebridge.yaml', import.meta.url));

describe('a configuration without a problem', () => {
  it('loads the example without a problem or warning', () =>
    written(async ({ check }) => {
      const env = {
        OKTA_SECRET: 'correct-horse-battery',
        PARTNER_EXTERNAL_ID: 'spoke-7f3c',
        SLACK_WEBHOOK: 'https://hooks.slack.com/services/T0/B0/x',
      };
      const { problems, warnings, configuration } = await check(EXAMPLE, env);
      assert.deepEqual([said(problems), said(warnings)], [[], []]);
      assert.deepEqual(
        configuration?.accounts.map(({ name, trust }) => `${name} ${trust.by}`),
        ['prod saml', 'staging web-identity', 'gov saml', 'partner hub'],
      );
    }));

  it('builds the Configuration with every default', () =>
    written(async ({ check, directory }) => {
      const { configuration } = await check(GOOD);
      assert.ok(configuration);
      const { connectors, accounts, access, ...rest } = configuration;
      assert.deepEqual(rest, {
        baseUrl: 'https://aws.example.com',
        listen: { host: '127.0.0.1', port: 3000 },
        proxy: { trusted: ['10.9.8.7/32'] },
        store: { kind: 'sqlite', file: join(directory, 'data/rolebridge.db') },
        sessions: { idleSeconds: 3600, maxSeconds: 43_200 },
        cli: {
          maxSeconds: 43_200,
          accessTokenSeconds: 3600,
          deviceGrant: { enabled: true, intervalSeconds: 5, mayStepUp: false, roles: undefined },
          identityCenter: { region: 'us-east-1' },
          clients: [CLI_CLIENT],
        },
        applications: [],
        help: undefined,
        brand: {
          name: 'rolebridge',
          logo: undefined,
          banner: undefined,
          support: undefined,
          palettes: undefined,
        },
        log: { level: 'info' },
        shutdown: { delaySeconds: 5 },
        issuer: {
          saml: { entityId: 'https://aws.example.com/saml/idp' },
          webIdentity: { audience: 'sts.amazonaws.com', issuer: 'https://aws.example.com' },
          keys: { directory: join(directory, 'certs'), create: true },
        },
        workloads: [],
        workloadRules: [],
        administration: {},
        audit: {},
        notifications: [],
        aws: { endpoints: {}, partitions: {}, consoleHosts: [], timeoutSeconds: 5 },
      });
      assert.deepEqual(connectors, [
        {
          protocol: 'oidc',
          id: 'okta',
          label: 'Acme Okta',
          multiFactorMethods: connectors[0]?.multiFactorMethods,
          keepCorporateProof: false,
          issuer: 'https://acme.okta.com',
          clientId: '0oa1',
          clientSecret: 'correct-horse-battery',
          clientAuthentication: 'client_secret_basic',
          scopes: ['openid', 'profile', 'email'],
          claims: { username: 'preferred_username', email: 'email', groups: 'groups' },
          stepUp: undefined,
          reauthenticate: 'max_age',
          refresh: undefined,
          logout: { backchannel: false, endsTerminals: false },
        },
        {
          protocol: 'saml',
          id: 'adfs',
          label: 'Acme AD FS',
          multiFactorMethods: connectors[0]?.multiFactorMethods,
          keepCorporateProof: false,
          metadata: { url: 'https://adfs.example.com/metadata.xml' },
          attributes: { username: 'uid', email: 'mail', groups: 'memberOf' },
          subject: undefined,
          allowUnsolicited: false,
          signRequests: false,
          clockSkewSeconds: 60,
          stepUp: undefined,
          encryption: true,
          allowCbc: false,
        },
      ]);
      assert.ok(connectors[0]?.multiFactorMethods.includes('mfa'));
      const prod = {
        id: '111122223333',
        name: 'prod',
        partition: 'aws',
        region: 'us-east-1',
        trust: { by: 'saml', provider: 'rolebridge' },
      };
      assert.deepEqual(accounts, [
        prod,
        {
          id: '222233334444',
          name: 'staging',
          partition: 'aws',
          region: 'us-east-1',
          trust: { by: 'web-identity' },
        },
        {
          ...prod,
          id: '333344445555',
          name: 'gov',
          partition: 'aws-us-gov',
          region: 'us-gov-west-1',
        },
        {
          ...prod,
          id: '444455556666',
          name: 'partner',
          trust: { by: 'hub', hub: prod, role: 'BridgeHub', externalId: 'ext-1' },
        },
      ]);
      const session = {
        consoleSeconds: undefined,
        sourceIdentity: undefined,
        tags: {},
        transitiveTags: [],
        policyArns: [],
        policy: undefined,
      };
      assert.deepEqual(access, [
        {
          name: 'access[0]',
          groups: ['aws-admins'],
          groupPattern: undefined,
          connectors: ['okta', 'adfs'],
          accounts: ['111122223333', '222233334444'],
          roles: ['Admin'],
          session: { ...session, durationSeconds: 14_400 },
          require: { mfa: true, networks: [] },
        },
        {
          name: 'access[1]',
          groups: [],
          groupPattern: 'aws-{account}-{role}',
          connectors: ['okta', 'adfs'],
          accounts: undefined,
          roles: ['ReadOnly'],
          session: { ...session, durationSeconds: 3600 },
          require: { mfa: false, networks: [] },
        },
      ]);
    }));

  const accepted: readonly (readonly [string, string, string])[] = [
    [
      'http on loopback with a local AWS',
      'https://aws.example.com',
      'http://localhost:3000\naws: { endpoints: { sts: http://127.0.0.1:3003 } }',
    ],
    ['a slash at the end of the base URL', 'https://aws.example.com', 'https://aws.example.com/'],
    ['listening on all addresses behind https', 'host: 127.0.0.1', 'host: "::"'],
    ['a store in memory', 'data/rolebridge.db', '":memory:"'],
    ['an issuer on loopback', 'https://acme.okta.com', 'http://127.0.0.1:3001'],
    [
      'a discovery document elsewhere',
      'clientId: 0oa1',
      'clientId: 0oa1\n      discovery: "https://id.acme.example/openid?appid=1"',
    ],
    ['an account named by its id', '[prod, staging]', '["111122223333"]'],
    ['a hub named by its id', 'account: prod, role', 'account: "111122223333", role'],
    ['a hub without external id', ', externalId: ext-1', ''],
    ['a role with a path', '[Admin]', '[team/Admin]'],
    [
      'a group with spaces and commas',
      '[aws-admins]',
      '["CN=Domain Admins,OU=Groups,DC=acme,DC=com"]',
    ],
    ['a pattern without account', '"aws-{account}-{role}"', '"aws-{role}"\n    accounts: [prod]'],
    ['a group whose name contains a star and a question mark', '[aws-admins]', '["aws*admins?"]'],
    [
      'a pattern with a backslash, an ignored part, and an account by name and id',
      '"aws-{account}-{role}"',
      '"CORP\\\\{_}#{account}#{role}#{accountId}"',
    ],
    [
      'groups in one text',
      'attributes: { username: uid, email: mail, groups: memberOf }',
      'attributes: { username: uid, email: mail, groups: memberOf }\n      groupSeparator: " "',
    ],
    ['a pattern bounded by roles', '"aws-{account}-{role}"', '"aws-{account}"'],
    [
      'templates with fallbacks',
      '{ duration: 4h }',
      '{ sourceIdentity: "{username|{sessionName}}", tags: { Email: "{email|none}", Team: "team: {attributes.team|{attributes.squad|none}}" } }',
    ],
    [
      'a policy of AWS',
      '{ duration: 4h }',
      '{ policyArns: ["arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"] }',
    ],
    ['the longest duration', '{ duration: 4h }', '{ duration: 12h, console: 15m }'],
    [
      'roles for device logins, by id and with stars',
      'sessions: { idle: 1h, max: 12h }',
      'cli: { deviceGrant: { roles: ["111122223333/team/Admin", "*/Developer"] } }',
    ],
    [
      'a program of its own',
      'sessions: { idle: 1h, max: 12h }',
      'cli: { clients: [{ id: tool, name: Tool, redirectUris: ["http://127.0.0.1/oauth/callback", "http://[::1]/cb"] }] }',
    ],
    ['no delay of the stop', 'sessions:', 'shutdown: { delay: 0s }\nsessions:'],
    ['a network of one IPv6 address', '{ mfa: true }', '{ networks: ["2001:db8::1/128"] }'],
  ];
  for (const [title, from, to] of accepted) {
    it(`may have ${title}`, () =>
      written(async ({ check }) => {
        const { problems, warnings } = await check(spoiled(from, to));
        assert.deepEqual([said(problems), said(warnings)], [[], []]);
      }));
  }

  it('keeps the corporate proof of connectors whose protocol an account trusts directly', () =>
    written(async ({ check }) => {
      const { configuration } = await check(
        spoiled('trust: web-identity', 'trust: corporate-web-identity'),
      );
      assert.deepEqual(
        configuration?.connectors.map(({ id, keepCorporateProof }) => [id, keepCorporateProof]),
        [
          ['okta', true],
          ['adfs', false],
        ],
      );
    }));

  it('publishes no encryption key where AWS gets the response of the user, unless told', () =>
    written(async ({ check }) => {
      const corporate = spoiled('trust: web-identity }', 'trust: corporate-saml, provider: adfs }');
      const told = corporate.replace('saml:\n', 'saml:\n      encryption: true\n');
      const encrypts = async (yaml: string) => {
        const { configuration } = await check(yaml);
        const saml = configuration?.connectors.find(({ protocol }) => protocol === 'saml');
        return saml?.protocol === 'saml' && saml.encryption;
      };
      assert.equal(await encrypts(GOOD), true);
      assert.equal(await encrypts(corporate), false);
      assert.equal((await check(told)).configuration, undefined);
    }));

  it('counts the groups of the connectors that a rule names, or of all when it names none', () =>
    written(async ({ check }) => {
      const { configuration } = await check(
        spoiled('accounts: [prod, staging]', 'accounts: [prod, staging]\n    connectors: [adfs]'),
      );
      assert.deepEqual(
        configuration?.access.map(({ connectors }) => connectors),
        [['adfs'], ['okta', 'adfs']],
      );
    }));

  it('a rule that names connectors in a file without any is told to configure them', () =>
    written(async ({ check }) => {
      const { problems } = await check(
        'connectors: []\naccess:\n  - { groups: [a], connectors: [okta, "*"] }\n',
      );
      assert.deepEqual(
        problems
          .filter(({ path }) => path.startsWith('access[0].connectors'))
          .map(({ fix }) => fix),
        Array(2).fill('Configure it under connectors, with this id.'),
      );
    }));

  it('requires no connectors in rules when the file has one connector', () =>
    written(async ({ check }) => {
      const one = GOOD.replace(/^ {2}- id: adfs\n(?: {4}.*\n)+/m, '').replace(
        'trustGroupsOf: all\n',
        '',
      );
      const { configuration, problems } = await check(one);
      assert.deepEqual(said(problems), []);
      assert.deepEqual(
        configuration?.access.map(({ connectors }) => connectors),
        [['okta'], ['okta']],
      );
    }));

  it('reads "*" as every account', () =>
    written(async ({ check }) => {
      const { configuration } = await check(
        spoiled('accounts: [prod, staging]', 'accounts: ["*"]'),
      );
      assert.equal(configuration?.access[0]?.accounts, undefined);
    }));
});

describe('a configuration that works, but hardly as meant, gets a warning', () => {
  const RULE =
    '- groups: [aws-admins]\n    accounts: [prod, staging]\n    roles: [Admin]\n    session: { duration: 4h }\n    require: { mfa: true }';
  const cases: readonly (readonly [string, string, string, string])[] = [
    [
      'a long duration everywhere, also behind a hub',
      RULE,
      '- { groups: [g], accounts: ["*"], roles: [R], session: { duration: 4h } }',
      'access[0].session.duration',
    ],
    [
      'a console duration behind a hub',
      RULE,
      '- { groups: [g], accounts: [partner], roles: [R], session: { console: 4h } }',
      'access[0].session.console',
    ],
    [
      'a policy that not every account has',
      RULE,
      '- { groups: [g], accounts: ["*"], roles: [R], session: { policyArns: ["arn:aws:iam::111122223333:policy/P"] } }',
      'access[0].session.policyArns[0]',
    ],
    [
      'a role of IAM Identity Center, also through SAML',
      RULE,
      '- { groups: [g], accounts: ["*"], roles: [AWSReservedSSO_A_1] }',
      'access[0].roles[0]',
    ],
    [
      'web identity toward AWS from loopback',
      'https://aws.example.com',
      'http://localhost:3000',
      'baseUrl',
    ],
    ['two connectors of one label', 'label: Acme AD FS', 'label: Acme Okta', 'connectors[1].label'],
    [
      'a star at the end of a group, which is a letter',
      '[aws-admins]',
      '["aws-*"]',
      'access[0].groups[0]',
    ],
    [
      'a star in a pattern, which is a letter',
      '"aws-{account}-{role}"',
      '"aws-*-{account}-{role}"',
      'access[1].groupPattern',
    ],
    [
      'no rule at all',
      `access:\n  ${RULE}\n  - groupPattern: "aws-{account}-{role}"\n    roles: [ReadOnly]`,
      'access: []',
      'access',
    ],
  ];
  for (const [title, from, to, path] of cases) {
    it(title, () =>
      written(async ({ check }) => {
        const { configuration, problems, warnings } = await check(spoiled(from, to));
        assert.deepEqual(said(problems), []);
        assert.deepEqual(
          warnings.map(warning => warning.path),
          [path],
        );
        assert.ok(configuration);
      }),
    );
  }

  it('networks of users behind a proxy that the file does not name', () =>
    written(async ({ check }) => {
      const yaml = spoiled('{ mfa: true }', '{ networks: [10.0.0.0/8] }').replace(
        'proxy: { trusted: [10.9.8.7/32] }\n',
        '',
      );
      assert.deepEqual(
        (await check(yaml)).warnings.map(warning => warning.path),
        ['access[0].require.networks'],
      );
    }));

  it('a second factor that no connector can report', () =>
    written(async ({ check }) => {
      const yaml = spoiled('label: Acme Okta', 'label: Acme Okta\n    mfa: []').replace(
        'label: Acme AD FS',
        'label: Acme AD FS\n    mfa: []',
      );
      assert.deepEqual(
        (await check(yaml)).warnings.map(warning => warning.path),
        ['access[0].require.mfa'],
      );
    }));

  it('nothing of an empty mfa list where a step-up names values, and of acrs without a parameter', () =>
    written(async ({ check }) => {
      const yaml = spoiled('label: Acme Okta', 'label: Acme Okta\n    mfa: []')
        .replace('label: Acme AD FS', 'label: Acme AD FS\n    mfa: []')
        .replace(
          'clientSecret: { env: OKTA_SECRET }',
          'clientSecret: { env: OKTA_SECRET }\n      stepUp: { acrValues: [c1], claim: acrs }',
        );
      const { warnings, problems } = await check(yaml);
      assert.deepEqual([warnings, problems], [[], []]);
    }));

  it('a second factor that the connectors whose groups count cannot report', () =>
    written(async ({ check }) => {
      const yaml = spoiled('label: Acme AD FS', 'label: Acme AD FS\n    mfa: []');
      const of = async (connectors: string) =>
        (
          await check(yaml.replace('{ mfa: true }', `{ mfa: true }\n    connectors: ${connectors}`))
        ).warnings.map(({ path }) => path);
      assert.deepEqual(await of('[adfs]'), ['access[0].require.mfa']);
      assert.deepEqual(await of('[okta, adfs]'), []);
    }));
});

it('warns of session settings that a corporate proof cannot carry', () =>
  written(async ({ check }) => {
    const corporate = spoiled('trust: web-identity', 'trust: corporate-web-identity');
    const { problems, warnings } = await check(
      corporate.replace(
        '{ duration: 4h }',
        '{ sourceIdentity: "{sessionName}", tags: { Email: "{email|none}" } }',
      ),
    );
    assert.deepEqual(said(problems), []);
    const why =
      'cannot be set in staging (trust: corporate-web-identity), so this rule gives no role there.';
    assert.deepEqual(said(warnings), [
      `27:16 access[0].session.sourceIdentity: ${why} Give staging a rule without sourceIdentity and tags.`,
      `27:49 access[0].session.tags: ${why} Give staging a rule without sourceIdentity and tags.`,
    ]);
    assert.deepEqual(said((await check(corporate)).warnings), []);
  }));

describe('a template without an alternative gets a warning', () => {
  const warningsOf = async (session: string) => {
    let lines: string[] = [];
    await written(async ({ check }) => {
      const { configuration, problems, warnings } = await check(
        spoiled('{ duration: 4h }', session),
      );
      assert.deepEqual(said(problems), []);
      assert.ok(configuration);
      lines = said(warnings);
    });
    return lines;
  };
  const WARNED: readonly (readonly [session: string, warning: string])[] = [
    [
      '{ sourceIdentity: "{username}" }',
      '27:16 access[0].session.sourceIdentity: denies the roles of this rule to users whose {username} is missing or not allowed by AWS. Write "{sessionName}", which is unique and fits for every user, or "{username|{sessionName}}".',
    ],
    [
      '{ sourceIdentity: "{connector}={email}" }',
      '27:16 access[0].session.sourceIdentity: denies the roles of this rule to users whose {email} is missing or not allowed by AWS. Write "{sessionName}", which is unique and fits for every user, or "{connector}={email|{person}}".',
    ],
    [
      '{ sourceIdentity: "{username|{email}}" }',
      '27:16 access[0].session.sourceIdentity: denies the roles of this rule to users whose {email} is missing or not allowed by AWS. Write "{sessionName}", which is unique and fits for every user, or "{username|{email|{sessionName}}}".',
    ],
    [
      '{ sourceIdentity: "{connector}.{sessionName}" }',
      '27:16 access[0].session.sourceIdentity: can become longer than 64 characters, and such users are denied the roles of this rule. Write "{sessionName}", which is unique and fits for every user.',
    ],
    [
      '{ tags: { Team: "{attributes.team}", Email: "{email|none}" } }',
      '27:24 access[0].session.tags.Team: denies the roles of this rule to users whose {attributes.team} is missing or not allowed by AWS. Write "{attributes.team|none}", with the text that your policies expect of such users.',
    ],
    [
      '{ tags: { Name: "{sessionName}" } }',
      '27:24 access[0].session.tags.Name: denies the roles of this rule to users whose {sessionName} is missing or not allowed by AWS. Write "{sessionName|none}", with the text that your policies expect of such users.',
    ],
  ];
  for (const [session, warning] of WARNED)
    it(session, async () => assert.deepEqual(await warningsOf(session), [warning]));

  it('for every tag and for the source identity', async () => {
    assert.equal(
      (
        await warningsOf(
          '{ sourceIdentity: "{email}", tags: { A: "{email}", B: "{subject}", C: "{person}" } }',
        )
      ).length,
      3,
    );
  });

  it('unless it serves every user', async () => {
    for (const session of [
      '{ sourceIdentity: "{sessionName}" }',
      '{ sourceIdentity: "{username|{sessionName}}" }',
      '{ sourceIdentity: "{connector}={username|{person}}" }',
      '{ tags: { Email: "{email|none}", Team: "{attributes.team|}", Who: "{person}", Fixed: "yes" } }',
    ])
      assert.deepEqual(await warningsOf(session), [], session);
  });
});

describe('loadConfiguration', () => {
  it('returns the configuration with its warnings', () =>
    written(async ({ put }) => {
      const { baseUrl, warnings } = await loadConfiguration(
        put('rolebridge.yaml', spoiled('[prod, staging]', '["*"]')),
        { env: ENV },
      );
      assert.equal(baseUrl, 'https://aws.example.com');
      assert.equal(warnings.length, 1);
    }));

  it('throws every problem at once', () =>
    written(async ({ put }) => {
      const file = put('rolebridge.yaml', spoiled('duration: 4h', 'duration: 14h, sesion: 1'));
      await assert.rejects(loadConfiguration(file, { env: {} }), (thrown: unknown) => {
        assert.ok(thrown instanceof ConfigurationError);
        assert.equal(thrown.problems.length, 3);
        assert.match(thrown.message, /^the configuration has 3 problems\n/);
        assert.ok(
          thrown.message.includes(
            `${file}:27:16 access[0].session.duration: "14h" is longer than 12 h; STS gives at most 12h. Write 12h or less.`,
          ),
        );
        return true;
      });
    }));

  it('names a missing file', async () => {
    const { problems } = await checkConfiguration('/nonexistent/rolebridge.yaml', {
      secrets: 'all',
    });
    assert.deepEqual(said(problems), [
      '1:1: the file does not exist. Name a readable YAML file of at most 8 MB.',
    ]);
  });
});

it('accepts ten thousand rules and five thousand accounts', () =>
  written(async ({ check }) => {
    const accounts = Array.from(
      { length: 5000 },
      (_, i) => `- {id: "${100_000_000_000 + i}", name: a${i}, trust: web-identity}\n`,
    );
    const rules = Array.from(
      { length: 10_000 },
      (_, i) => `- {groups: [g${i}], accounts: [a${i % 5000}], roles: [R]}\n`,
    );
    const head = GOOD.slice(0, GOOD.indexOf('accounts:'));
    const { configuration, problems } = await check(
      [head, 'trustGroupsOf: all\n', 'accounts:\n', ...accounts, 'access:\n', ...rules].join(''),
    );
    assert.deepEqual(said(problems), []);
    assert.equal(configuration?.access.at(-1)?.accounts?.[0], '100000004999');
  }));
