import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccessRule } from '../../../src/core/access-rule.ts';
import type { ElevationTerms } from '../../../src/core/elevation-terms.ts';
import type { ConnectorId } from '../../../src/core/identity.ts';
import { USER_PLACEHOLDERS } from '../../../src/core/placeholders.ts';
import type { Account, AccountId, RoleName, Trust } from '../../../src/core/role.ts';
import type { SessionSettings } from '../../../src/core/session.ts';
import { parseTemplate } from '../../../src/core/template.ts';
import type { PlanOptions, TrustParts } from '../../../src/core/trust/grants.ts';
import { type AccountPlan, planTrust, type RolePlan } from '../../../src/core/trust/plan.ts';
import type { WorkloadEntryId } from '../../../src/core/workload.ts';
import type { WorkloadRule } from '../../../src/core/workload-rule.ts';
import { rule as accessRule, account as sample } from '../policy-samples.ts';

const BASE = 'https://aws.example.com';
const ISSUER = 'aws.example.com';
const CORP = 'corp' as ConnectorId;
const PERSON = '????????????????';

function account(name: string, id: string, trust: Trust, rest: Partial<Account> = {}): Account {
  return { ...sample(id, name), trust, ...rest };
}

const PROD = account('prod', '111122223333', { by: 'saml', provider: 'rolebridge' });
const STAGING = account('staging', '222233334444', { by: 'web-identity' });
const SANDBOX = account('sandbox', '555566667777', { by: 'corporate-web-identity' });
const PARTNER = account('partner', '444455556666', {
  by: 'hub',
  hub: PROD,
  role: 'team/BridgeHub' as RoleName,
  externalId: 'acme-7f3c',
});

type Session = Omit<Partial<SessionSettings>, 'tags' | 'sourceIdentity'> & {
  readonly tags?: Readonly<Record<string, string>>;
  readonly sourceIdentity?: string;
};

function session({ tags = {}, sourceIdentity, ...rest }: Session = {}): SessionSettings {
  const template = (text: string) => parseTemplate(text, USER_PLACEHOLDERS);
  return {
    durationSeconds: 3600,
    tags: Object.fromEntries(Object.entries(tags).map(([key, text]) => [key, template(text)])),
    transitiveTags: [],
    policyArns: [],
    ...(sourceIdentity !== undefined && { sourceIdentity: template(sourceIdentity) }),
    ...rest,
  };
}

type Said = Omit<Partial<AccessRule>, 'roles' | 'session' | 'accounts'> & {
  readonly roles?: string[];
  readonly accounts?: readonly Account[];
  readonly session?: Session;
};

function rule(name: string, { session: settings, accounts, ...rest }: Said): AccessRule {
  return accessRule(name, {
    ...rest,
    groups: ['g'],
    accounts: accounts?.map(({ id }) => id),
    session: session(settings),
  });
}

function workloadRule(name: string, entry: string, said: Said): WorkloadRule {
  const { roles = [], accounts } = said;
  return {
    name,
    entry: entry as WorkloadEntryId,
    conditions: [],
    accounts: accounts?.map(({ id }) => id),
    roles: roles as RoleName[],
    session: session(said.session),
    require: { mfa: false, networks: [] },
    once: false,
  };
}

function parts(said: Partial<TrustParts>): TrustParts {
  return {
    baseUrl: BASE,
    issuer: {
      saml: { entityId: `${BASE}/saml/idp` },
      webIdentity: { audience: 'sts.amazonaws.com', issuer: BASE },
    },
    connectors: [
      { id: CORP, protocol: 'oidc', issuer: 'https://acme.okta.com/', clientId: '0oa1' },
    ],
    accounts: [PROD, STAGING, SANDBOX, PARTNER],
    access: [],
    workloadRules: [],
    applications: [],
    cli: { deviceGrant: {} },
    aws: { partitions: {} },
    ...said,
  };
}

function planOf(said: Partial<TrustParts>, name: string, options?: PlanOptions): AccountPlan {
  return planTrust(parts(said), options).accounts.find(({ account: { name: n } }) => n === name)!;
}

function roleOf(said: Partial<TrustParts>, name: string, options?: PlanOptions): RolePlan {
  const [accountName = '', ...role] = name.split('/');
  const { roles } = planOf(said, accountName, options);
  return roles.find(of => of.name === role.join('/'))!;
}

const statementOf = (role: RolePlan) => role.trustPolicy.Statement[0]!;

describe('the trust policy of a role', () => {
  it('has the one action and the conditions of a SAML assertion of the bridge', () => {
    const role = roleOf(
      { access: [rule('a', { accounts: [PROD], roles: ['Admin'] })] },
      'prod/Admin',
    );
    assert.deepEqual(role.trustPolicy, {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Federated: 'arn:aws:iam::111122223333:saml-provider/rolebridge' },
          Action: 'sts:AssumeRoleWithSAML',
          Condition: {
            StringEquals: {
              'saml:aud': 'https://signin.aws.amazon.com/saml',
              'saml:iss': `${BASE}/saml/idp`,
              'saml:sub_type': 'persistent',
            },
            StringLike: { 'saml:sub': PERSON },
          },
        },
      ],
    });
  });

  it('has the audience and the subject of a token of the bridge', () => {
    const role = roleOf(
      { access: [rule('a', { accounts: [STAGING], roles: ['Admin'] })] },
      'staging/Admin',
    );
    assert.deepEqual(statementOf(role), {
      Effect: 'Allow',
      Principal: { Federated: `arn:aws:iam::222233334444:oidc-provider/${ISSUER}` },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: {
        StringEquals: { [`${ISSUER}:aud`]: 'sts.amazonaws.com' },
        StringLike: { [`${ISSUER}:sub`]: PERSON },
      },
    });
  });

  it('allows TagSession and SetSourceIdentity exactly where a rule sends tags or a source identity', () => {
    const actions = (settings: Session, rest: Said = {}) =>
      statementOf(
        roleOf(
          {
            access: [rule('a', { accounts: [PROD], roles: ['Admin'], session: settings, ...rest })],
          },
          'prod/Admin',
        ),
      ).Action;
    assert.deepEqual(actions({ tags: { Team: 'x' } }), [
      'sts:AssumeRoleWithSAML',
      'sts:TagSession',
    ]);
    assert.deepEqual(actions({ sourceIdentity: '{sessionName}' }), [
      'sts:AssumeRoleWithSAML',
      'sts:SetSourceIdentity',
    ]);
    assert.deepEqual(actions({}, { elevation: { tag: 'ElevationId' } as ElevationTerms }), [
      'sts:AssumeRoleWithSAML',
      'sts:TagSession',
    ]);
    assert.equal(actions({}, { elevation: {} as ElevationTerms }), 'sts:AssumeRoleWithSAML');
  });

  it('takes what all rules of the role need together', () => {
    const role = roleOf(
      {
        access: [
          rule('long', {
            accounts: [PROD],
            roles: ['Admin'],
            session: { durationSeconds: 14_400, tags: { Team: 'x' } },
          }),
          rule('named', {
            accounts: [PROD],
            roles: ['Admin'],
            session: { durationSeconds: 900, sourceIdentity: '{sessionName}' },
          }),
        ],
        workloadRules: [workloadRule('deploy', 'github', { accounts: [PROD], roles: ['Admin'] })],
      },
      'prod/Admin',
    );
    assert.deepEqual(role.rules, ['long', 'named', 'deploy']);
    assert.equal(role.maxSessionSeconds, 14_400);
    const { Action, Condition } = statementOf(role);
    assert.deepEqual(Action, ['sts:AssumeRoleWithSAML', 'sts:TagSession', 'sts:SetSourceIdentity']);
    assert.deepEqual(Condition!.StringLike, {
      'saml:sub': [PERSON, `github-${PERSON}@workload`],
    });
  });

  it('limits the role of one platform to its workloads', () => {
    const role = roleOf(
      {
        workloadRules: [workloadRule('deploy', 'github', { accounts: [PROD], roles: ['Deploy'] })],
      },
      'prod/Deploy',
    );
    assert.deepEqual(statementOf(role).Condition!.StringLike, {
      'saml:sub': `github-${PERSON}@workload`,
    });
  });

  it('names workloads by one pattern where nine platforms get the role', () => {
    const workloadRules = Array.from({ length: 9 }, (_, index) =>
      workloadRule(`w${index}`, `cluster-${index}`, { accounts: [PROD], roles: ['Deploy'] }),
    );
    assert.deepEqual(statementOf(roleOf({ workloadRules }, 'prod/Deploy')).Condition!.StringLike, {
      'saml:sub': `*-${PERSON}@workload`,
    });
  });

  it("requires the audience of the corporate client, and nothing of the user's id_token", () => {
    const said = { access: [rule('a', { accounts: [SANDBOX], roles: ['ReadOnly'] })] };
    assert.deepEqual(statementOf(roleOf(said, 'sandbox/ReadOnly')), {
      Effect: 'Allow',
      Principal: { Federated: 'arn:aws:iam::555566667777:oidc-provider/acme.okta.com/' },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: { StringEquals: { 'acme.okta.com/:aud': '0oa1' } },
    });
    assert.deepEqual(planOf(said, 'sandbox').oidcProviders, [
      {
        url: 'https://acme.okta.com/',
        arn: 'arn:aws:iam::555566667777:oidc-provider/acme.okta.com/',
        clientIds: ['0oa1'],
        connector: CORP,
      },
    ]);
  });

  it('names Google as AWS knows it, without an IAM provider', () => {
    const said: Partial<TrustParts> = {
      connectors: [
        { id: CORP, protocol: 'oidc', issuer: 'https://accounts.google.com', clientId: 'x.apps' },
      ],
      access: [rule('a', { accounts: [SANDBOX], roles: ['ReadOnly'] })],
    };
    const { Principal, Condition } = statementOf(roleOf(said, 'sandbox/ReadOnly'));
    assert.deepEqual(Principal, { Federated: 'accounts.google.com' });
    assert.deepEqual(Condition, { StringEquals: { 'accounts.google.com:aud': 'x.apps' } });
    assert.deepEqual(planOf(said, 'sandbox').oidcProviders, []);
  });

  it('has a statement for each provider whose token is passed on', () => {
    const other = 'other' as ConnectorId;
    const { trustPolicy } = roleOf(
      {
        connectors: [
          { id: other, protocol: 'oidc', issuer: 'https://b.example', clientId: 'b' },
          { id: CORP, protocol: 'oidc', issuer: 'https://a.example', clientId: 'a' },
          { id: 'saml' as ConnectorId, protocol: 'saml' },
        ],
        access: [
          rule('a', {
            accounts: [SANDBOX],
            roles: ['ReadOnly'],
            connectors: [CORP, other, 'saml' as ConnectorId],
          }),
        ],
      },
      'sandbox/ReadOnly',
    );
    assert.deepEqual(
      trustPolicy.Statement.map(({ Condition }) => Condition!.StringEquals),
      [{ 'a.example:aud': 'a' }, { 'b.example:aud': 'b' }],
    );
  });

  it("expects a corporate SAML response for the bridge's own address, of the issuer if it is known", () => {
    const legacy = account('legacy', '888899990000', { by: 'corporate-saml', provider: 'Okta' });
    const said: Partial<TrustParts> = {
      accounts: [legacy],
      connectors: [{ id: CORP, protocol: 'saml' }],
      access: [rule('a', { roles: ['ReadOnly'] })],
    };
    const aud = { 'saml:aud': `${BASE}/saml/corp/acs` };
    assert.deepEqual(statementOf(roleOf(said, 'legacy/ReadOnly')).Condition, { StringEquals: aud });
    const entityIds = new Map([[CORP, 'https://idp.example']]);
    assert.deepEqual(statementOf(roleOf(said, 'legacy/ReadOnly', { entityIds })).Condition, {
      StringEquals: { ...aud, 'saml:iss': 'https://idp.example' },
    });
    const { samlProvider, notes } = planOf(said, 'legacy');
    assert.deepEqual(samlProvider, {
      name: 'Okta',
      arn: 'arn:aws:iam::888899990000:saml-provider/Okta',
      connector: CORP,
    });
    assert.match(notes.join(), /prefer trust: saml/);
  });

  for (const [partition, region, recipient] of [
    ['aws-us-gov', 'us-gov-west-1', 'https://signin.amazonaws-us-gov.com/saml'],
    ['aws-cn', 'cn-north-1', 'https://signin.amazonaws.cn/saml'],
    ['aws-eusc', 'eusc-de-east-1', 'https://eusc-de-east-1.signin.amazonaws-eusc.eu/saml'],
  ] as const) {
    it(`has the recipient and the ARNs of ${partition}`, () => {
      const far = account('far', '777788889999', PROD.trust, { partition, region });
      const role = roleOf(
        { accounts: [far], access: [rule('a', { roles: ['Admin'] })] },
        'far/Admin',
      );
      const { Principal, Condition } = statementOf(role);
      assert.equal(role.arn, `arn:${partition}:iam::777788889999:role/Admin`);
      assert.equal(
        Principal.Federated,
        `arn:${partition}:iam::777788889999:saml-provider/rolebridge`,
      );
      assert.equal(Condition!.StringEquals!['saml:aud'], recipient);
    });
  }

  it('follows what the configuration replaces of a partition', () => {
    const role = roleOf(
      {
        access: [rule('a', { accounts: [PROD], roles: ['Admin'] })],
        aws: { partitions: { aws: { samlRecipient: 'https://signin.example/saml' } } },
      },
      'prod/Admin',
    );
    assert.equal(
      statementOf(role).Condition!.StringEquals!['saml:aud'],
      'https://signin.example/saml',
    );
  });
});

describe('a role behind a hub', () => {
  const said = (settings: Session): Partial<TrustParts> => ({
    access: [rule('audit', { accounts: [PARTNER], roles: ['Auditor'], session: settings })],
  });

  it('trusts the role of the hub with the external id, and lasts an hour', () => {
    const role = roleOf(said({ durationSeconds: 7200 }), 'partner/Auditor');
    assert.deepEqual(statementOf(role), {
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::111122223333:role/team/BridgeHub' },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'sts:ExternalId': 'acme-7f3c' } },
    });
    assert.equal(role.maxSessionSeconds, 3600);
    assert.equal(role.ways[0]!.durationSeconds, 3600);
  });

  it('makes the role of the hub a role of the plan, which may assume exactly what is behind it', () => {
    const hub = roleOf(said({ durationSeconds: 7200 }), 'prod/team/BridgeHub');
    assert.deepEqual(hub.mayAssume, ['arn:aws:iam::444455556666:role/Auditor']);
    assert.deepEqual(hub.permissions, {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: 'sts:AssumeRole',
          Resource: 'arn:aws:iam::444455556666:role/Auditor',
        },
      ],
    });
    assert.equal(statementOf(hub).Action, 'sts:AssumeRoleWithSAML');
    assert.equal(hub.maxSessionSeconds, 3600);
    assert.deepEqual(planOf(said({}), 'prod').samlProvider, {
      name: 'rolebridge',
      arn: 'arn:aws:iam::111122223333:saml-provider/rolebridge',
      connector: undefined,
    });
  });

  // A tag that is not transitive reaches the second call alone.
  for (const [title, settings, ofHub, ofTarget] of [
    ['a tag', { tags: { Team: 'x' } }, [], ['sts:TagSession']],
    [
      'a transitive tag',
      { tags: { Team: 'x' }, transitiveTags: ['Team'] },
      ['sts:TagSession'],
      ['sts:TagSession'],
    ],
    [
      'a source identity',
      { sourceIdentity: '{sessionName}' },
      ['sts:SetSourceIdentity'],
      ['sts:SetSourceIdentity'],
    ],
  ] as const satisfies readonly (readonly [string, Session, string[], string[]])[]) {
    it(`allows ${title} where STS checks it`, () => {
      const actions = (name: string) => [statementOf(roleOf(said(settings), name)).Action].flat();
      assert.deepEqual(actions('prod/team/BridgeHub').slice(1), ofHub);
      assert.deepEqual(actions('partner/Auditor').slice(1), ofTarget);
      const { permissions } = roleOf(said(settings), 'prod/team/BridgeHub');
      assert.deepEqual(permissions!.Statement[0]!.Action, ['sts:AssumeRole', ...ofTarget]);
    });
  }

  it('gets all tags in the second call where the hub accepts a corporate proof', () => {
    const behind = account('behind', '999900001111', {
      by: 'hub',
      hub: SANDBOX,
      role: 'Hub' as RoleName,
    });
    const one: Partial<TrustParts> = {
      accounts: [SANDBOX, behind],
      access: [
        rule('a', {
          accounts: [behind],
          roles: ['Auditor'],
          session: { tags: { Team: 'x' }, transitiveTags: ['Team'], sourceIdentity: 'fixed-name' },
        }),
      ],
    };
    assert.equal(statementOf(roleOf(one, 'sandbox/Hub')).Action, 'sts:AssumeRoleWithWebIdentity');
    const [way] = roleOf(one, 'behind/Auditor').ways;
    assert.deepEqual(way!.tags, [{ key: 'Team', value: { text: 'x' }, isOptional: false }]);
    assert.deepEqual(way!.transitiveTags, ['Team']);
    assert.deepEqual(way!.sourceIdentity, { text: 'fixed-name' });
    assert.deepEqual(way!.passedOn, { tags: [] });
    assert.equal(statementOf(roleOf(one, 'behind/Auditor')).Condition, undefined);
  });

  it('keeps an external id that the configuration refers to out of the plan', () => {
    const secret = account('secret', '444455556666', {
      ...(PARTNER.trust as Extract<Trust, { by: 'hub' }>),
      externalIdByReference: true,
    });
    const { trustPolicy } = roleOf(
      { accounts: [PROD, secret], access: [rule('a', { accounts: [secret], roles: ['Auditor'] })] },
      'secret/Auditor',
    );
    assert.deepEqual(trustPolicy.Statement[0]!.Condition, {
      StringEquals: { 'sts:ExternalId': '{externalId}' },
    });
  });

  it('groups what the hub may do by what the roles need', () => {
    const { permissions } = roleOf(
      {
        access: [
          rule('a', { accounts: [PARTNER], roles: ['B', 'A'] }),
          rule('b', { accounts: [PARTNER], roles: ['C', 'A'], session: { tags: { T: 'x' } } }),
        ],
      },
      'prod/team/BridgeHub',
    );
    const arn = (name: string) => `arn:aws:iam::444455556666:role/${name}`;
    assert.deepEqual(permissions!.Statement, [
      { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: arn('B') },
      {
        Effect: 'Allow',
        Action: ['sts:AssumeRole', 'sts:TagSession'],
        Resource: [arn('A'), arn('C')],
      },
    ]);
  });
});

describe('a plan', () => {
  it('has no role and no provider in an account that no rule reaches', () => {
    const plan = planOf({ access: [rule('a', { accounts: [PROD], roles: ['Admin'] })] }, 'staging');
    assert.deepEqual(
      [plan.roles, plan.samlProvider, plan.oidcProviders, plan.notes],
      [[], undefined, [], []],
    );
  });

  it('is the same, role by role, for rules and roles in another order', () => {
    const rules = [
      rule('a', { accounts: [PROD], roles: ['Admin', 'ReadOnly'], session: { tags: { T: 'x' } } }),
      rule('b', { roles: ['ReadOnly', 'Audit'], session: { sourceIdentity: '{person}' } }),
    ];
    const policies = (access: readonly AccessRule[]) =>
      planTrust(parts({ access, accounts: [PROD, STAGING] })).accounts.map(({ roles }) =>
        roles.map(({ arn, trustPolicy, maxSessionSeconds }) => [
          arn,
          trustPolicy,
          maxSessionSeconds,
        ]),
      );
    assert.deepEqual(policies(rules), policies(rules.toReversed()));
    assert.deepEqual(
      policies(rules)[0]!.map(([arn]) => arn),
      ['Admin', 'Audit', 'ReadOnly'].map(name => `arn:aws:iam::111122223333:role/${name}`),
    );
  });

  it('contains the accounts that were asked for, with hub roles for all behind them', () => {
    const access = [rule('a', { accounts: [PARTNER], roles: ['Auditor'] })];
    const plan = planTrust(parts({ access }), { accounts: [PROD.id] });
    assert.deepEqual(
      plan.accounts.map(({ account: { name }, roles }) => [name, roles.map(role => role.name)]),
      [['prod', ['team/BridgeHub']]],
    );
  });

  it('notes rules whose groups name the roles, and lists the roles that are named elsewhere', () => {
    const open: Partial<TrustParts> = {
      access: [rule('all', { accounts: [PROD], groupPattern: 'aws-{account}-{role}' })],
      cli: {
        deviceGrant: {
          roles: [{ account: PROD.id, role: 'Admin' as RoleName }, { account: PROD.id }],
        },
      },
    };
    const plan = planOf(open, 'prod', { roles: ['Dev' as RoleName] });
    assert.deepEqual(
      plan.roles.map(({ name }) => name),
      ['Admin', 'Dev'],
    );
    assert.match(plan.notes.join('\n'), /Rule all can give any role that a group names/);
    assert.notEqual(planOf({ ...open, cli: { deviceGrant: {} } }, 'prod').samlProvider, undefined);
  });

  it('lists the roles that bound a pattern, and notes nothing', () => {
    const plan = planOf(
      { access: [rule('all', { accounts: [PROD], groupPattern: 'aws-{role}', roles: ['Admin'] })] },
      'prod',
    );
    assert.deepEqual(
      plan.roles.map(({ name }) => name),
      ['Admin'],
    );
    assert.deepEqual(plan.notes, []);
  });

  const WITHOUT_THE_BRIDGE =
    'A caller that has a token or response of corp for the bridge can take these roles without the bridge: AWS knows no groups, rules or second factor of it. Give them few permissions, or use trust: web-identity.';

  it('leaves out what the bridge denies, and says why', () => {
    const plan = planOf(
      {
        access: [
          rule('tagged', { accounts: [SANDBOX], roles: ['Dev'], session: { tags: { T: 'x' } } }),
          rule('optional', {
            accounts: [SANDBOX],
            roles: ['Opt'],
            session: { tags: { T: 'x' }, optionalTags: ['T'] },
          }),
          rule('foreign', {
            accounts: [SANDBOX],
            roles: ['Dev'],
            connectors: ['x' as ConnectorId],
          }),
        ],
        workloadRules: [workloadRule('deploy', 'github', { accounts: [SANDBOX], roles: ['Dev'] })],
      },
      'sandbox',
    );
    assert.deepEqual(
      plan.roles.map(({ name }) => name),
      ['Opt'],
    );
    assert.equal(statementOf(plan.roles[0]!).Action, 'sts:AssumeRoleWithWebIdentity');
    assert.deepEqual(
      plan.notes.map(note => note.split(' gives ')[0]),
      ['Rule tagged', 'Rule foreign', 'Rule deploy', WITHOUT_THE_BRIDGE],
    );
  });

  it('leaves out roles of IAM Identity Center', () => {
    const role = 'aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef';
    const plan = planOf({ access: [rule('a', { accounts: [STAGING], roles: [role] })] }, 'staging');
    assert.deepEqual(plan.roles, []);
    assert.match(plan.notes.join(), /AWSReservedSSO_Admin_0123456789abcdef is left out/);
  });

  it('notes what IAM does not accept', () => {
    const rules = [rule('a', { accounts: [PROD], roles: ['Admin', 'team/admin'] })];
    assert.match(planOf({ access: rules }, 'prod').notes.join(), /same name for IAM/);

    const port = parts({}).issuer;
    const notes = planOf(
      {
        issuer: { ...port, webIdentity: { ...port.webIdentity, issuer: `${BASE}:8443` } },
        access: [rule('a', { accounts: [STAGING], roles: ['Admin'] })],
      },
      'staging',
    ).notes.join();
    assert.match(notes, /without a port .*https:\/\/aws\.example\.com:8443/);

    const targets = Array.from({ length: 200 }, (_, index) => `Auditor-of-region-${index}`);
    assert.match(
      planOf({ access: [rule('a', { accounts: [PARTNER], roles: targets })] }, 'prod').notes.join(),
      /The policy of team\/BridgeHub has \d+ characters/,
    );
  });

  it('plans 5,000 accounts with 10,000 rules in seconds', () => {
    const accounts = Array.from({ length: 5000 }, (_, index) =>
      account(`a${index}`, String(100_000_000_000 + index), PROD.trust),
    );
    const access = Array.from({ length: 10_000 }, (_, index) =>
      rule(`r${index}`, { accounts: [accounts[index % 5000]!], roles: [`Role${index % 7}`] }),
    );
    const before = performance.now();
    const plan = planTrust(parts({ accounts, access }));
    assert.equal(plan.accounts.flatMap(({ roles }) => roles).length, 10_000);
    assert.ok(performance.now() - before < 5000);
    assert.equal(
      planTrust(parts({ accounts, access }), { accounts: ['100000000007' as AccountId] }).accounts
        .length,
      1,
    );
  });
});
