/** Single faults in IAM: what each breaks, and the finding that names it. */
import type { FindingId } from '../../../src/core/finding.ts';
import type { WorldInput } from '../../../src/dev/local-aws/world.ts';
import { ACCOUNTS, type RoleText } from './iam-world.ts';

type Role = NonNullable<WorldInput['roles']>[number];
type Statement = Role['trustPolicy']['Statement'] extends infer S
  ? S extends readonly (infer One)[]
    ? One
    : never
  : never;

/** What is needed to break something. */
export interface Breaking {
  readonly iam: WorldInput;
  /** Our metadata with another key. */
  readonly olderMetadata: string;
  /** Issuers without their scheme. */
  readonly ours: string;
  readonly corporate: string;
}

export interface Fault {
  readonly title: string;
  readonly breaks: (breaking: Breaking) => WorldInput;
  /** A role that it concerns, and what becomes of its credentials. */
  readonly role: RoleText;
  readonly outcome: 'refused' | 'shortened' | 'given';
  readonly finds: FindingId;
  readonly about: string;
}

// ---------------------------------------------------------------- changes

const idOf = (role: string): string => ACCOUNTS[role.split('/')[0] as keyof typeof ACCOUNTS];

function isRole(role: string, { account, path = '/', name }: Role): boolean {
  return `${idOf(role)}/${role.split('/').slice(1).join('/')}` === `${account}${path}${name}`;
}

const changing =
  (role: string, change: (role: Role, breaking: Breaking) => Partial<Role>) =>
  (breaking: Breaking): WorldInput => ({
    ...breaking.iam,
    roles: breaking.iam.roles!.map(each =>
      isRole(role, each) ? { ...each, ...change(each, breaking) } : each,
    ),
  });

const without =
  (role: string) =>
  ({ iam }: Breaking): WorldInput => ({
    ...iam,
    roles: iam.roles!.filter(each => !isRole(role, each)),
  });

const trusting = (
  role: string,
  change: (statement: Statement, breaking: Breaking) => object | readonly object[],
) =>
  changing(role, ({ trustPolicy }, breaking) => {
    const [statement] = trustPolicy.Statement as readonly Statement[];
    const changed = change(statement!, breaking);
    return { trustPolicy: { ...trustPolicy, Statement: [changed].flat() as never } };
  });

const acting = (role: string, change: (actions: readonly string[]) => readonly string[]) =>
  trusting(role, statement => ({
    ...statement,
    Action: change([statement.Action].flat()),
  }));

const lacking = (action: string) => (actions: readonly string[]) =>
  actions.filter(each => each !== action);

type Conditions = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Adds or replaces conditions. */
export const onlyIf = (
  role: string,
  conditions: Conditions | ((breaking: Breaking) => Conditions),
) =>
  trusting(role, ({ Condition = {}, ...statement }, breaking) => {
    const added = typeof conditions === 'function' ? conditions(breaking) : conditions;
    const merged = Object.entries(added).map(([operator, keys]) => [
      operator,
      { ...(Condition as Conditions)[operator], ...keys },
    ]);
    return { ...statement, Condition: { ...Condition, ...Object.fromEntries(merged) } };
  });

const principal = (role: string, of: object) =>
  trusting(role, statement => ({ ...statement, Principal: of }));

const samlProvider =
  (account: keyof typeof ACCOUNTS, change: object | undefined) =>
  ({ iam }: Breaking): WorldInput => ({
    ...iam,
    samlProviders: iam.samlProviders!.flatMap(each => {
      if (each.account !== ACCOUNTS[account]) return [each];
      return change === undefined ? [] : [{ ...each, ...change }];
    }),
  });

const metadata =
  (change: (xml: string, breaking: Breaking) => string) =>
  (breaking: Breaking): WorldInput => {
    const { xml } = breaking.iam.samlProviders![0]!.metadata as { readonly xml: string };
    return samlProvider('prod', { metadata: { xml: change(xml, breaking) } })(breaking);
  };

const oidcProvider =
  (
    account: keyof typeof ACCOUNTS,
    change: (provider: { readonly url: string }) => object | undefined,
  ) =>
  ({ iam }: Breaking): WorldInput => ({
    ...iam,
    oidcProviders: iam.oidcProviders!.flatMap(each => {
      if (each.account !== ACCOUNTS[account]) return [each];
      const changed = change(each);
      return changed === undefined ? [] : [{ ...each, ...changed }];
    }),
  });

/** Changes what the hub role may do. */
const permitting = (
  change: (statement: {
    readonly Effect: string;
    readonly Action: readonly string[];
    readonly Resource: string;
  }) => readonly object[],
) =>
  changing(HUB, ({ permissions }) => {
    const [policy] = permissions as unknown as readonly { readonly Statement: readonly never[] }[];
    const [statement] = policy!.Statement;
    return { permissions: [{ Version: '2012-10-17', Statement: change(statement!) } as never] };
  });

const HUB = 'prod/hub/BridgeHub';
const PROD_PROVIDER = 'prod saml-provider/rolebridge';
const managed = (name: string, ...Statement: readonly object[]) => ({
  account: ACCOUNTS.prod,
  name,
  document: { Version: '2012-10-17' as const, Statement: Statement as never },
});

const samlArn = (name: string, account: keyof typeof ACCOUNTS = 'prod'): string =>
  `arn:aws:iam::${ACCOUNTS[account]}:saml-provider/${name}`;

/** The provider is made under another name, and the trust policies with it. */
const renamedThroughout = ({ iam }: Breaking): WorldInput =>
  JSON.parse(
    JSON.stringify(samlProvider('prod', { name: 'acme-bridge' })({ iam } as Breaking)).replaceAll(
      samlArn('rolebridge'),
      samlArn('acme-bridge'),
    ),
  ) as WorldInput;

const respelledThroughout =
  (account: 'staging', respelled: (url: string) => string) =>
  (breaking: Breaking): WorldInput => {
    const { ours } = breaking;
    const changed = oidcProvider(account, ({ url }) => ({ url: respelled(url) }))(breaking);
    const other = respelled(ours);
    return {
      ...changed,
      roles: changed.roles!.map(role =>
        role.account === ACCOUNTS[account]
          ? (JSON.parse(
              JSON.stringify(role)
                .replaceAll(`oidc-provider/${ours}"`, `oidc-provider/${other}"`)
                .replaceAll(`${ours}:aud`, `${other}:aud`)
                .replaceAll(`${ours}:sub`, `${other}:sub`),
            ) as Role)
          : role,
      ),
    };
  };

// ---------------------------------------------------------------- the table

const PROVIDERS: readonly Fault[] = [
  {
    title: 'the SAML provider is missing',
    breaks: samlProvider('prod', undefined),
    role: 'prod/Admin',
    outcome: 'refused',
    finds: 'iam.saml-provider-missing',
    about: PROD_PROVIDER,
  },
  {
    title: 'the SAML provider has its name in another case',
    breaks: samlProvider('prod', { name: 'RoleBridge' }),
    role: 'prod/Admin',
    outcome: 'refused',
    finds: 'iam.saml-provider-name',
    about: PROD_PROVIDER,
  },
  {
    title: 'the SAML provider has another name, also in the trust policies',
    breaks: renamedThroughout,
    role: 'prod/Limited',
    outcome: 'refused',
    finds: 'iam.saml-provider-name',
    about: PROD_PROVIDER,
  },
  {
    title: 'the metadata is older than the signing key',
    breaks: metadata((_, { olderMetadata }) => olderMetadata),
    role: 'prod/Admin',
    outcome: 'refused',
    finds: 'iam.saml-metadata-key',
    about: PROD_PROVIDER,
  },
  {
    title: 'the metadata is of another entity id',
    breaks: metadata(xml => xml.replace('/saml/idp"', '/saml/other"')),
    role: 'prod/Admin',
    outcome: 'refused',
    finds: 'iam.saml-metadata-issuer',
    about: PROD_PROVIDER,
  },
  {
    title: 'the metadata has expired',
    breaks: metadata(xml => xml.replace(/validUntil="[^"]*"/, 'validUntil="2020-01-01T00:00:00Z"')),
    role: 'prod/Admin',
    outcome: 'refused',
    finds: 'iam.saml-metadata-expired',
    about: PROD_PROVIDER,
  },
  {
    title: 'the OpenID provider is missing',
    breaks: oidcProvider('staging', () => undefined),
    role: 'staging/Admin',
    outcome: 'refused',
    finds: 'iam.oidc-provider-missing',
    about: 'staging oidc-provider/{ours}',
  },
  {
    title: 'the audience is not among the client ids',
    breaks: oidcProvider('staging', () => ({ clientIds: ['https://aws.example.com'] })),
    role: 'staging/Admin',
    outcome: 'refused',
    finds: 'iam.oidc-audience',
    about: 'staging oidc-provider/{ours}',
  },
  {
    title: 'the issuer has a slash at its end',
    breaks: oidcProvider('staging', ({ url }) => ({ url: `${url}/` })),
    role: 'staging/Admin',
    outcome: 'refused',
    finds: 'iam.oidc-issuer',
    about: 'staging oidc-provider/{ours}',
  },
  {
    title: 'the issuer has a slash at its end, also in the trust policies',
    breaks: respelledThroughout('staging', url => `${url}/`),
    role: 'staging/team/Deployer',
    outcome: 'refused',
    finds: 'iam.oidc-issuer',
    about: 'staging oidc-provider/{ours}',
  },
  {
    title: 'the issuer has another port',
    breaks: oidcProvider('staging', () => ({ url: 'http://127.0.0.1:9' })),
    role: 'staging/Admin',
    outcome: 'refused',
    finds: 'iam.oidc-issuer',
    about: 'staging oidc-provider/{ours}',
  },
  {
    title: 'the provider of the corporate issuer is missing',
    breaks: oidcProvider('direct', () => undefined),
    role: 'direct/Developer',
    outcome: 'refused',
    finds: 'iam.oidc-provider-missing',
    about: 'direct oidc-provider/{corporate}',
  },
  {
    title: 'the client id of the corporate provider is missing',
    breaks: oidcProvider('direct', () => ({ clientIds: ['another'] })),
    role: 'direct/Developer',
    outcome: 'refused',
    finds: 'iam.oidc-audience',
    about: 'direct oidc-provider/{corporate}',
  },
];

const EXISTENCE: readonly Fault[] = [
  {
    title: 'a role is missing',
    breaks: without('prod/Limited'),
    role: 'prod/Limited',
    outcome: 'refused',
    finds: 'iam.role-missing',
    about: 'prod/Limited',
  },
  {
    title: 'a role has its name in another case',
    breaks: changing('staging/Admin', () => ({ name: 'admin' })),
    role: 'staging/Admin',
    outcome: 'refused',
    finds: 'iam.role-case',
    about: 'staging/Admin',
  },
  {
    title: 'a role lacks its path',
    breaks: changing('prod/team/Deployer', () => ({ path: '/' })),
    role: 'prod/team/Deployer',
    outcome: 'refused',
    finds: 'iam.role-path',
    about: 'prod/team/Deployer',
  },
  {
    title: 'a role has a path that the rule does not name',
    breaks: changing('prod/Limited', () => ({ path: '/team/' })),
    role: 'prod/Limited',
    outcome: 'refused',
    finds: 'iam.role-path',
    about: 'prod/Limited',
  },
  {
    title: 'an account is in another partition',
    breaks: ({ iam }) => ({
      ...iam,
      accounts: iam.accounts.map(each =>
        each.id === ACCOUNTS.gov ? { ...each, partition: 'aws' } : each,
      ),
    }),
    role: 'gov/Admin',
    outcome: 'refused',
    finds: 'iam.account-partition',
    about: 'gov',
  },
  {
    title: 'MaxSessionDuration is below the rule',
    breaks: changing('staging/Admin', () => ({ maxSessionDuration: 3600 })),
    role: 'staging/Admin',
    outcome: 'shortened',
    finds: 'iam.role-max-session',
    about: 'staging/Admin',
  },
  {
    title: 'a session policy is missing',
    breaks: ({ iam }) => ({ ...iam, managedPolicies: [managed('Another', GET)] }),
    role: 'prod/Limited',
    // The local AWS does not look into managed session policies.
    outcome: 'given',
    finds: 'iam.session-policy-missing',
    about: 'prod/Limited',
  },
];

const GET = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };

/** Faults of one trust policy, all of which AWS refuses. */
const TRUST: readonly (readonly [
  title: string,
  role: RoleText,
  breaks: Fault['breaks'],
  finds: FindingId,
])[] = [
  [
    'no provider is among the principals',
    'prod/Admin',
    principal('prod/Admin', { AWS: `arn:aws:iam::${ACCOUNTS.prod}:root` }),
    'iam.trust-principal',
  ],
  [
    'another provider is the principal',
    'prod/Admin',
    principal('prod/Admin', { Federated: samlArn('okta') }),
    'iam.trust-principal',
  ],
  [
    'the provider of another account is the principal',
    'prod/Limited',
    principal('prod/Limited', { Federated: samlArn('rolebridge', 'partner') }),
    'iam.trust-principal',
  ],
  [
    'the provider of another partition is the principal',
    'gov/Admin',
    principal('gov/Admin', { Federated: samlArn('rolebridge', 'gov') }),
    'iam.trust-principal',
  ],
  [
    'web identity is allowed in place of SAML',
    'prod/Limited',
    acting('prod/Limited', () => ['sts:AssumeRoleWithWebIdentity']),
    'iam.trust-action',
  ],
  [
    'SAML is allowed in place of web identity',
    'staging/Admin',
    acting('staging/Admin', actions => ['sts:AssumeRoleWithSAML', ...actions.slice(1)]),
    'iam.trust-action',
  ],
  [
    'sts:TagSession is missing',
    'prod/Admin',
    acting('prod/Admin', lacking('sts:TagSession')),
    'iam.trust-tag-session',
  ],
  [
    'sts:TagSession is missing for a token',
    'staging/Admin',
    acting('staging/Admin', lacking('sts:TagSession')),
    'iam.trust-tag-session',
  ],
  [
    'sts:SetSourceIdentity is missing',
    'gov/team/Deployer',
    acting('gov/team/Deployer', lacking('sts:SetSourceIdentity')),
    'iam.trust-set-source-identity',
  ],
  [
    'saml:aud has the address of another partition',
    'gov/Admin',
    onlyIf('gov/Admin', { StringEquals: { 'saml:aud': 'https://signin.aws.amazon.com/saml' } }),
    'iam.trust-audience',
  ],
  [
    'the audience of a token is another',
    'staging/Admin',
    onlyIf('staging/Admin', ({ ours }) => ({ StringEquals: { [`${ours}:aud`]: 'other' } })),
    'iam.trust-audience',
  ],
  [
    'saml:iss is another issuer',
    'prod/Admin',
    onlyIf('prod/Admin', { StringEquals: { 'saml:iss': 'https://okta.example.com' } }),
    'iam.trust-issuer',
  ],
  [
    'a key begins with the issuer and a slash',
    'staging/Admin',
    onlyIf('staging/Admin', ({ ours }) => ({
      StringEquals: { [`${ours}/:aud`]: 'sts.amazonaws.com' },
    })),
    'iam.trust-issuer',
  ],
  [
    'saml:sub is a user name',
    'prod/Admin',
    onlyIf('prod/Admin', { StringEquals: { 'saml:sub': 'alice' } }),
    'iam.trust-subject',
  ],
  [
    'saml:sub_type is transient',
    'prod/Admin',
    onlyIf('prod/Admin', { StringEquals: { 'saml:sub_type': 'transient' } }),
    'iam.trust-subject',
  ],
  [
    'the subject of a token is a mail address',
    'staging/Admin',
    onlyIf('staging/Admin', ({ ours }) => ({
      StringLike: { [`${ours}:sub`]: '*@acme.example' },
    })),
    'iam.trust-subject',
  ],
  [
    'MFA is required of a SAML sign-in',
    'prod/Admin',
    onlyIf('prod/Admin', { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }),
    'iam.trust-condition',
  ],
  [
    'MFA is required of the hub',
    'partner/Auditor',
    onlyIf('partner/Auditor', { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }),
    'iam.trust-condition',
  ],
  [
    'a SAML attribute is required',
    'prod/Admin',
    onlyIf('prod/Admin', { StringEquals: { 'saml:edupersonorgdn': 'o=acme' } }),
    'iam.trust-condition',
  ],
  [
    'the trust has ended',
    'prod/Admin',
    onlyIf('prod/Admin', { DateLessThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } }),
    'iam.trust-condition',
  ],
  [
    'sessions must be shorter',
    'prod/Admin',
    onlyIf('prod/Admin', { NumericLessThanEquals: { 'sts:DurationSeconds': '3600' } }),
    'iam.trust-condition',
  ],
  [
    'the session name is a user name',
    'prod/Admin',
    onlyIf('prod/Admin', { StringEquals: { 'sts:RoleSessionName': 'alice' } }),
    'iam.trust-session-name',
  ],
  [
    'a session tag has another value',
    'prod/Admin',
    onlyIf('prod/Admin', { StringEquals: { 'aws:RequestTag/Team': 'security' } }),
    'iam.trust-tags',
  ],
  [
    'a session tag is required that is not sent',
    'staging/Admin',
    onlyIf('staging/Admin', { StringLike: { 'aws:RequestTag/CostCenter': '*' } }),
    'iam.trust-tags',
  ],
  [
    'one session tag alone is allowed',
    'prod/Admin',
    onlyIf('prod/Admin', { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['Department'] } }),
    'iam.trust-tags',
  ],
  [
    'another tag must be transitive',
    'prod/Admin',
    onlyIf('prod/Admin', { 'ForAnyValue:StringEquals': { 'sts:TransitiveTagKeys': 'Team' } }),
    'iam.trust-tags',
  ],
  [
    'a source identity is required that is not sent',
    'prod/Limited',
    onlyIf('prod/Limited', { StringLike: { 'sts:SourceIdentity': '*' } }),
    'iam.trust-source-identity',
  ],
  [
    'everyone is denied',
    'prod/Admin',
    trusting('prod/Admin', statement => [
      statement,
      { Sid: 'Freeze', Effect: 'Deny', Principal: '*', Action: 'sts:*' },
    ]),
    'iam.trust-denied',
  ],
  [
    'nothing is allowed',
    'prod/Admin',
    trusting('prod/Admin', () => ({
      ...{ Effect: 'Deny', Principal: { AWS: ACCOUNTS.partner }, Action: 'sts:*' },
    })),
    'iam.trust-unreadable',
  ],
  [
    'the external id is another',
    'partner/Auditor',
    onlyIf('partner/Auditor', { StringEquals: { 'sts:ExternalId': 'another-id' } }),
    'iam.external-id-different',
  ],
  [
    'a deleted hub role is the principal',
    'partner/Auditor',
    principal('partner/Auditor', { AWS: 'AROAEXAMPLEEXAMPLEEX1' }),
    'iam.trust-deleted-role',
  ],
  [
    'another role of the hub account is the principal',
    'partner/Auditor',
    principal('partner/Auditor', { AWS: `arn:aws:iam::${ACCOUNTS.prod}:role/BridgeHub` }),
    'iam.trust-principal',
  ],
  [
    'sts:TagSession is missing behind the hub',
    'partner/Auditor',
    acting('partner/Auditor', lacking('sts:TagSession')),
    'iam.trust-tag-session',
  ],
];

const HUBS: readonly Fault[] = [
  {
    title: 'the hub role is missing',
    breaks: without(HUB),
    role: 'partner/Auditor',
    outcome: 'refused',
    finds: 'iam.role-missing',
    about: HUB,
  },
  {
    title: 'the trust policy of the hub role lacks sts:TagSession',
    breaks: acting(HUB, lacking('sts:TagSession')),
    role: 'partner/Auditor',
    outcome: 'refused',
    finds: 'iam.trust-tag-session',
    about: HUB,
  },
  {
    title: 'the hub role has no policy',
    breaks: changing(HUB, () => ({ permissions: [] })),
    role: 'partner/Auditor',
    outcome: 'refused',
    finds: 'iam.hub-permission',
    about: HUB,
  },
  {
    title: 'the hub role may assume another role',
    breaks: permitting(statement => [
      { ...statement, Resource: `arn:aws:iam::${ACCOUNTS.partner}:role/Reader` },
    ]),
    role: 'partner/Auditor',
    outcome: 'refused',
    finds: 'iam.hub-permission',
    about: HUB,
  },
  {
    title: 'the hub role cannot set session tags',
    breaks: permitting(statement => [
      { ...statement, Action: lacking('sts:TagSession')(statement.Action) },
    ]),
    role: 'partner/Auditor',
    outcome: 'refused',
    finds: 'iam.hub-tag-session',
    about: HUB,
  },
  {
    title: 'the hub role cannot set the source identity',
    breaks: permitting(statement => [
      { ...statement, Action: lacking('sts:SetSourceIdentity')(statement.Action) },
    ]),
    role: 'partner/Auditor',
    outcome: 'refused',
    finds: 'iam.hub-set-source-identity',
    about: HUB,
  },
  {
    title: 'a policy of the hub role denies the call',
    breaks: permitting(statement => [
      statement,
      { Sid: 'NoPartners', Effect: 'Deny', Action: 'sts:AssumeRole', Resource: '*' },
    ]),
    role: 'partner/Auditor',
    outcome: 'refused',
    finds: 'iam.hub-denied',
    about: HUB,
  },
  {
    title: 'an attached policy of the hub role denies the call',
    breaks: ({ iam, ...rest }) =>
      changing(HUB, () => ({ attachedPolicies: [`arn:aws:iam::${ACCOUNTS.prod}:policy/Guard`] }))({
        ...rest,
        iam: {
          ...iam,
          managedPolicies: [
            ...iam.managedPolicies!,
            managed('Guard', { Effect: 'Deny', Action: 'sts:TagSession', Resource: '*' }),
          ],
        },
      }),
    role: 'partner/Auditor',
    outcome: 'refused',
    finds: 'iam.hub-denied',
    about: HUB,
  },
  {
    title: 'the permissions boundary of the hub role lacks the call',
    breaks: ({ iam, ...rest }) =>
      changing(HUB, () => ({
        permissionsBoundary: `arn:aws:iam::${ACCOUNTS.prod}:policy/Boundary`,
      }))({
        ...rest,
        iam: { ...iam, managedPolicies: [...iam.managedPolicies!, managed('Boundary', GET)] },
      }),
    role: 'partner/Auditor',
    outcome: 'refused',
    finds: 'iam.hub-boundary',
    about: HUB,
  },
  {
    title: 'the partner trusts the whole account of the hub',
    breaks: principal('partner/Auditor', { AWS: `arn:aws:iam::${ACCOUNTS.prod}:root` }),
    role: 'partner/Auditor',
    outcome: 'given',
    finds: 'iam.trust-account',
    about: 'partner/Auditor',
  },
  {
    title: 'the partner trusts everyone',
    breaks: principal('partner/Auditor', { AWS: '*' }),
    role: 'partner/Auditor',
    outcome: 'given',
    finds: 'iam.trust-everyone',
    about: 'partner/Auditor',
  },
  {
    title: 'the partner requires no external id',
    breaks: trusting('partner/Auditor', ({ Condition: _, ...statement }) => statement),
    role: 'partner/Auditor',
    outcome: 'given',
    finds: 'iam.external-id-not-required',
    about: 'partner/Auditor',
  },
];

export const FAULTS: readonly Fault[] = [
  ...PROVIDERS,
  ...EXISTENCE,
  ...TRUST.map(
    ([title, role, breaks, finds]): Fault => ({
      ...{ title, role, breaks, finds, about: role, outcome: 'refused' },
    }),
  ),
  ...HUBS,
];
