/** A CloudFormation template of one account, as JSON. */
import type { RolePlan } from '../../core/trust/plan.ts';
import { EXTERNAL_ID } from '../../core/trust/policy.ts';
import {
  type AccountTrust,
  DESCRIPTION,
  fileName,
  HUB_POLICY,
  letterName,
  MARK,
  needsExternalId,
  type Printed,
  pathAndName,
  splitRoles,
} from './account-trust.ts';
import { shellQuoted } from './shell.ts';

export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };
type Section = Readonly<Record<string, Json>>;

export interface Template {
  readonly AWSTemplateFormatVersion: '2010-09-09';
  readonly Description: string;
  readonly Parameters: Section;
  readonly Conditions: Section;
  readonly Resources: Section;
}

/** Quotas of CloudFormation: parameters and bytes, inline and in S3. */
const MOST_PARAMETERS = 200;
const MOST_INLINE = 51_200;
const MOST_BYTES = 1_048_576;

export function printCloudFormation(accounts: readonly AccountTrust[]): Printed {
  const templates = accounts.filter(hasResources).map(trust => ({
    trust,
    path: `${fileName(trust.plan)}.json`,
    text: templateText(templateOf(trust, `for ${named(trust)}`), trust),
  }));
  return {
    files: templates.map(({ path, text }) => ({ path, text })),
    steps: [
      ...accounts.flatMap(leftOut),
      ...templates.flatMap(({ trust, path, text }) => [
        `# ${named(trust)}${isInline(text) ? '' : ': larger than 51,200 bytes, so the command needs --s3-bucket, too'}`,
        `aws cloudformation deploy --stack-name rolebridge --template-file ${shellQuoted(path)} --capabilities CAPABILITY_NAMED_IAM${overrides(trust)}`,
      ]),
    ],
  };
}

export function named({ plan: { account } }: AccountTrust): string {
  return `${account.name} (${account.id})`;
}

function overrides(trust: AccountTrust): string {
  const { created } = splitRoles(trust);
  return needsExternalId(created) ? ' --parameter-overrides ExternalId="$EXTERNAL_ID"' : '';
}

/** A stack has one resource at least. */
export function hasResources(trust: AccountTrust): boolean {
  return Object.keys(providerResources(trust)).length + splitRoles(trust).created.length > 0;
}

/** Roles that exist are not for a stack, which would create or take them over. */
export function leftOut(trust: AccountTrust): readonly string[] {
  const { existing } = splitRoles(trust);
  const providers = [trust.plan.samlProvider, ...trust.plan.oidcProviders].filter(
    provider => provider !== undefined && trust.existing.has(provider.arn),
  );
  const names = [...providers, ...existing].map(of => of!.arn.split(/:(?:role\/)?/).at(-1)!);
  if (names.length === 0) return [];
  return [
    `# ${named(trust)}: left out, because it exists: ${names.join(', ')}. Update it by this, with the same --iam or --existing:`,
    `rolebridge-server trust cli CONFIG --account ${shellQuoted(trust.plan.account.name)}`,
  ];
}

export function isInline(text: string): boolean {
  return Buffer.byteLength(text) <= MOST_INLINE;
}

/** Throws an Error for what CloudFormation does not take. */
export function templateText(template: Template, { plan }: AccountTrust): string {
  const { name } = plan.account;
  const count = Object.keys(template.Parameters).length;
  if (count > MOST_PARAMETERS)
    throw new Error(
      `account ${name} needs ${count} parameters, and CloudFormation accepts ${MOST_PARAMETERS}. Use trust terraform or trust cli for this account.`,
    );
  const text = `${JSON.stringify(template, null, 2)}\n`;
  if (Buffer.byteLength(text) > MOST_BYTES)
    throw new Error(
      `the template of account ${name} has more than 1 MB, which CloudFormation does not accept. Use trust terraform or trust cli for this account.`,
    );
  return text;
}

/** `words` say in its description what it is for. */
export function templateOf(trust: AccountTrust, words: string): Template {
  const { created } = splitRoles(trust);
  const providers = providerResources(trust);
  const roles = created.map(role => [
    `Role${letterName(role.name)}`,
    roleResource(role, Object.keys(providers)),
  ]);
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `${MARK} ${words}`,
    Parameters: parameters(created),
    Conditions: conditions(created),
    Resources: { ...providers, ...(Object.fromEntries(roles) as Section) },
  };
}

// ---------------------------------------------------------------- what the company decides

function parameters(created: readonly RolePlan[]): Section {
  return {
    ...(created.length > 0 && {
      PermissionsBoundary: {
        Type: 'String',
        Default: '',
        Description: 'ARN of the permissions boundary of every role that is created here.',
      },
    }),
    ...(needsExternalId(created) && {
      ExternalId: {
        Type: 'String',
        NoEcho: true,
        AllowedPattern: '^[\\w+=,.@:/-]{2,1224}$',
        Description: "via.externalId of this account in rolebridge's configuration.",
      },
    }),
    ...(Object.fromEntries(
      created.map(({ name }) => [
        policyArns(name),
        {
          Type: 'CommaDelimitedList',
          Default: '',
          Description: `ARNs of the managed policies of ${name}. Without one, it allows nothing.`,
        },
      ]),
    ) as Section),
  };
}

function conditions(created: readonly RolePlan[]): Section {
  const isGiven = (value: Json): Json => ({ 'Fn::Not': [{ 'Fn::Equals': [value, ''] }] });
  if (created.length === 0) return {};
  return {
    HasPermissionsBoundary: isGiven({ Ref: 'PermissionsBoundary' }),
    ...(Object.fromEntries(
      created.map(({ name }) => [
        `Has${policyArns(name)}`,
        isGiven({ 'Fn::Join': ['', { Ref: policyArns(name) }] }),
      ]),
    ) as Section),
  };
}

function ifGiven(parameter: string): Json {
  return { 'Fn::If': [`Has${parameter}`, { Ref: parameter }, { Ref: 'AWS::NoValue' }] };
}

function policyArns(role: string): string {
  return `PolicyArns${letterName(role)}`;
}

// ---------------------------------------------------------------- resources

/** Providers that exist are left out. */
function providerResources({ plan, metadata = '', existing }: AccountTrust): Section {
  const { samlProvider, oidcProviders } = plan;
  return {
    ...(samlProvider !== undefined &&
      !existing.has(samlProvider.arn) && {
        SamlProvider: {
          Type: 'AWS::IAM::SAMLProvider',
          Properties: { Name: samlProvider.name, SamlMetadataDocument: metadata },
        },
      }),
    ...(Object.fromEntries(
      oidcProviders
        .filter(({ arn }) => !existing.has(arn))
        .map(({ url, clientIds, connector }) => [
          `OidcProvider${connector === undefined ? '' : letterName(`connector-${connector}`)}`,
          { Type: 'AWS::IAM::OIDCProvider', Properties: { Url: url, ClientIdList: clientIds } },
        ]),
    ) as Section),
  };
}

function roleResource(role: RolePlan, dependsOn: readonly string[]): Json {
  const { path, name } = pathAndName(role.name);
  const { trustPolicy, permissions, maxSessionSeconds } = role;
  return {
    Type: 'AWS::IAM::Role',
    ...(dependsOn.length > 0 && { DependsOn: dependsOn }),
    // A principal in another account's trust policy does not survive a new role of the name.
    ...(permissions !== undefined && { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' }),
    Properties: {
      RoleName: name,
      Path: path,
      Description: DESCRIPTION,
      MaxSessionDuration: maxSessionSeconds,
      ManagedPolicyArns: ifGiven(policyArns(role.name)),
      PermissionsBoundary: ifGiven('PermissionsBoundary'),
      AssumeRolePolicyDocument: withExternalId(trustPolicy as unknown as Json),
      ...(permissions !== undefined && {
        Policies: [{ PolicyName: HUB_POLICY, PolicyDocument: permissions as unknown as Json }],
      }),
    },
  };
}

function withExternalId(value: Json): Json {
  return mapTexts(value, text => (text === EXTERNAL_ID ? { Ref: 'ExternalId' } : text));
}

/** The value with each text in it changed; names stay. */
export function mapTexts(value: Json, change: (text: string) => Json): Json {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return (value as readonly Json[]).map(of => mapTexts(of, change));
  if (typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, of]) => [key, mapTexts(of as Json, change)]),
  );
}
