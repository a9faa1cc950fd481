/** Terraform of one account, in HCL or in JSON. */
import type { OidcProviderPlan, RolePlan, SamlProviderPlan } from '../../core/trust/plan.ts';
import { EXTERNAL_ID } from '../../core/trust/policy.ts';
import {
  type AccountTrust,
  DESCRIPTION,
  fileName,
  HUB_POLICY,
  MARK,
  needsExternalId,
  type Printed,
  pathAndName,
  plainName,
  splitRoles,
} from './account-trust.ts';
import {
  type Bare,
  type Block,
  type Expression,
  hclText,
  terraformJson,
  type Value,
} from './hcl.ts';

/** `import` blocks; 5.81 takes an OpenID provider without thumbprints. */
const VERSIONS = { terraform: '>= 1.5', aws: '>= 5.81' } as const;

const SYNTAXES = {
  hcl: { file: 'main.tf', write: hclText },
  json: { file: 'main.tf.json', write: terraformJson },
} as const;

export function terraformPrinter(syntax: keyof typeof SYNTAXES) {
  const { file, write } = SYNTAXES[syntax];
  return (accounts: readonly AccountTrust[]): Printed => ({
    files: accounts.map(trust => ({
      path: `${fileName(trust.plan)}/${file}`,
      text: write(comments(trust), blocksOf(trust)),
    })),
    steps: accounts.flatMap(({ plan }) => {
      const { id, name } = plan.account;
      return [
        `# ${name} (${id})`,
        `terraform -chdir=${fileName(plan)} init`,
        `terraform -chdir=${fileName(plan)} apply`,
      ];
    }),
  });
}

function comments({ plan: { account, notes } }: AccountTrust): readonly string[] {
  return [
    `${MARK} for ${account.name} (${account.id}).`,
    'Change the configuration of rolebridge and run it again; permissions are variables.',
    ...notes.map(note => `Note: ${note}`),
  ];
}

function blocksOf(trust: AccountTrust): readonly Block[] {
  const { plan, existing } = trust;
  const { id, region } = plan.account;
  const providers = providerBlocks(trust);
  const dependsOn = providers
    .filter(({ type }) => type === 'resource')
    .map(({ labels = [] }): Bare => ({ bare: labels.join('.') }));
  const roles = splitRoles(trust);
  return [
    {
      type: 'terraform',
      attributes: { required_version: VERSIONS.terraform },
      blocks: [
        {
          type: 'required_providers',
          attributes: { aws: { source: 'hashicorp/aws', version: VERSIONS.aws } },
        },
      ],
    },
    {
      type: 'provider',
      labels: ['aws'],
      comments: ['Credentials of any other account are rejected.'],
      attributes: { region, allowed_account_ids: [id] },
    },
    ...variables(trust),
    ...providers,
    ...roles.created.flatMap(role => createdRole(role, dependsOn)),
    ...roles.existing.flatMap(role => existingRole(role, { existing, dependsOn })),
  ];
}

// ---------------------------------------------------------------- what the company decides

function variables(trust: AccountTrust): readonly Block[] {
  const { created } = splitRoles(trust);
  return [
    ...(created.length > 0 ? [BOUNDARY] : []),
    ...(needsExternalId(trust.plan.roles) ? [EXTERNAL_ID_VARIABLE] : []),
    ...created.flatMap(({ name }) => [
      variable(policyArns(name), {
        type: bare('list(string)'),
        default: [],
        description: `Managed policies of ${name}: their ARNs. Without one, and without an inline policy, it allows nothing.`,
      }),
      variable(inlinePolicy(name), {
        type: bare('string'),
        default: null,
        description: `An inline policy of ${name}, as JSON.`,
      }),
    ]),
  ];
}

const BOUNDARY = variable('permissions_boundary', {
  type: bare('string'),
  default: null,
  description: 'The ARN of the permissions boundary of every role that is created here.',
});

const EXTERNAL_ID_VARIABLE: Block = {
  ...variable('external_id', {
    type: bare('string'),
    description: "via.externalId of this account in rolebridge's configuration.",
    sensitive: true,
  }),
  blocks: [
    {
      type: 'validation',
      attributes: {
        condition: expression(
          'can(regex("^[A-Za-z0-9_+=,.@:/-]{2,}$", var.external_id)) && length(var.external_id) <= 1224',
        ),
        error_message: 'An external id has 2 to 1224 letters, digits and _+=,.@:/-.',
      },
    },
  ],
};

function variable(name: string, attributes: Readonly<Record<string, Value>>): Block {
  return { type: 'variable', labels: [name], attributes };
}

function policyArns(role: string): string {
  return `${label(role)}_managed_policy_arns`;
}

function inlinePolicy(role: string): string {
  return `${label(role)}_inline_policy`;
}

// ---------------------------------------------------------------- providers

function providerBlocks({ plan, metadata, existing }: AccountTrust): readonly Block[] {
  const { samlProvider, oidcProviders } = plan;
  return [
    ...(samlProvider === undefined
      ? []
      : imported(
          existing.has(samlProvider.arn),
          saml(samlProvider, metadata ?? ''),
          samlProvider.arn,
        )),
    ...oidcProviders.flatMap(provider => {
      const known = existing.has(provider.arn);
      const others = existing.clientIdsOf(provider.arn);
      return imported(known, oidc(provider, { known, others }), provider.arn);
    }),
  ];
}

function saml({ name }: SamlProviderPlan, metadata: string): Block {
  return resource('aws_iam_saml_provider', label(name), {
    name,
    saml_metadata_document: metadata,
  });
}

interface KnownProvider {
  readonly known: boolean;
  /** Client ids that it has already. */
  readonly others: readonly string[];
}

function oidc(
  { url, clientIds, connector }: OidcProviderPlan,
  { known, others }: KnownProvider,
): Block {
  const name = connector === undefined ? 'rolebridge' : `connector_${connector}`;
  const block = resource('aws_iam_openid_connect_provider', name, {
    url,
    client_id_list: [...new Set([...others, ...clientIds])].sort(),
  });
  return known ? { ...block, blocks: [ignoring(['thumbprint_list', 'tags', 'tags_all'])] } : block;
}

/** The resource, with its `import` in front if it exists. */
function imported(exists: boolean, block: Block, id: string): readonly Block[] {
  if (!exists) return [block];
  const to = bare((block.labels ?? []).join('.'));
  return [{ type: 'import', attributes: { to, id } }, block];
}

function ignoring(attributes: readonly string[]): Block {
  return { type: 'lifecycle', attributes: { ignore_changes: attributes.map(bare) } };
}

// ---------------------------------------------------------------- roles

function createdRole(role: RolePlan, dependsOn: readonly Bare[]): readonly Block[] {
  const { name, maxSessionSeconds, mayAssume } = role;
  const isHub = mayAssume.length > 0;
  return [
    {
      ...resource('aws_iam_role', label(name), {
        ...pathAndNameOf(name),
        description: DESCRIPTION,
        max_session_duration: maxSessionSeconds,
        permissions_boundary: expression('var.permissions_boundary'),
        assume_role_policy: trustPolicy(role),
        ...(dependsOn.length > 0 && { depends_on: dependsOn }),
      }),
      comments: commentsOf(role),
      // A principal in another account's trust policy does not survive a new role of the name.
      ...(isHub && { blocks: [{ type: 'lifecycle', attributes: { prevent_destroy: true } }] }),
    },
    resource('aws_iam_role_policy_attachment', label(name), {
      for_each: expression(`toset(var.${policyArns(name)})`),
      role: roleName(name),
      policy_arn: expression('each.value'),
    }),
    resource('aws_iam_role_policy', `inline_${label(name)}`, {
      count: expression(`var.${inlinePolicy(name)} == null ? 0 : 1`),
      name: 'permissions',
      role: roleName(name),
      policy: expression(`var.${inlinePolicy(name)}`),
    }),
    ...hubPolicy(role),
  ];
}

/** What Terraform would otherwise reset to its defaults. */
const LEFT_ALONE = [
  'path',
  'description',
  'max_session_duration',
  'permissions_boundary',
  'force_detach_policies',
  'tags',
  'tags_all',
];

interface KnownRole extends Pick<AccountTrust, 'existing'> {
  readonly dependsOn: readonly Bare[];
}

function existingRole(role: RolePlan, { existing, dependsOn }: KnownRole): readonly Block[] {
  const { name, arn, maxSessionSeconds } = role;
  const has = existing.maxSessionSecondsOf(arn);
  const isShort = has === undefined || has < maxSessionSeconds;
  const block: Block = {
    ...resource('aws_iam_role', label(name), {
      ...pathAndNameOf(name),
      assume_role_policy: trustPolicy(role),
      ...(dependsOn.length > 0 && { depends_on: dependsOn }),
    }),
    blocks: [
      {
        type: 'lifecycle',
        comments: ['The role is not made here: nothing but its trust policy is changed.'],
        attributes: { ignore_changes: LEFT_ALONE.map(bare), prevent_destroy: true },
      },
    ],
    comments: [
      ...commentsOf(role),
      ...(isShort && maxSessionSeconds > 3600
        ? [`Its MaxSessionDuration must be at least ${maxSessionSeconds}; it is not changed here.`]
        : []),
    ],
  };
  return [...imported(true, block, pathAndName(name).name), ...hubPolicy(role)];
}

function hubPolicy({ name, permissions }: RolePlan): readonly Block[] {
  if (permissions === undefined) return [];
  return [
    resource('aws_iam_role_policy', `hub_${label(name)}`, {
      name: HUB_POLICY,
      role: roleName(name),
      policy: { policy: permissions, expressions: {} },
    }),
  ];
}

function trustPolicy({ trustPolicy: policy }: RolePlan): Value {
  return { policy, expressions: { [EXTERNAL_ID]: expression('var.external_id') } };
}

function pathAndNameOf(role: string): Readonly<Record<string, Value>> {
  const { path, name } = pathAndName(role);
  return { name, path };
}

function commentsOf({ rules, mayAssume }: RolePlan): readonly string[] {
  const of = [...rules].sort().join(', ');
  return [mayAssume.length > 0 ? `Hub, by rules: ${of}` : `Given by rules: ${of}`];
}

function roleName(role: string): Expression {
  return expression(`aws_iam_role.${label(role)}.name`);
}

function resource(type: string, name: string, attributes: Readonly<Record<string, Value>>): Block {
  return { type: 'resource', labels: [type, name], attributes };
}

/** A name in Terraform. */
function label(text: string): string {
  return plainName(text, '-');
}

function expression(text: string): Expression {
  return { expression: text };
}

function bare(text: string): Bare {
  return { bare: text };
}
