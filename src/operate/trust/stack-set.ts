/**
 * CloudFormation templates for StackSets: accounts that need the same share one, which leaves
 * account and partition to CloudFormation.
 */
import { listed } from '../../core/listed.ts';
import { defaultRegion } from '../../core/partitions.ts';
import { compareTexts } from '../../core/text-order.ts';
import { type AccountTrust, digest, type Printed, splitRoles } from './account-trust.ts';
import {
  hasResources,
  isInline,
  type Json,
  leftOut,
  mapTexts,
  named,
  type Template,
  templateOf,
  templateText,
} from './cloud-formation.ts';

/** Accounts with the same template. */
interface Shape {
  readonly text: string;
  /** What keeps its name when keys, policies or durations change. */
  readonly key: string;
  /** At least one. */
  readonly accounts: readonly AccountTrust[];
}

export function printStackSet(accounts: readonly AccountTrust[]): Printed {
  const shapes = namedShapes(shapesOf(accounts.filter(hasResources)));
  return {
    files: shapes.map(({ name, text }) => ({ path: `${name}.json`, text })),
    steps: [
      ...accounts.flatMap(leftOut),
      ...(shapes.length > 0 ? [ROOT] : []),
      ...shapes.flatMap(commands),
    ],
  };
}

const ROOT = "ROOT=$(aws organizations list-roots --query 'Roots[0].Id' --output text)";

function shapesOf(accounts: readonly AccountTrust[]): readonly Shape[] {
  const texts = accounts.map(trust => ({
    trust,
    text: templateText(neutral(templateOf(trust, 'for accounts of the same shape'), trust), trust),
  }));
  return [...Map.groupBy(texts, ({ text }) => text)].map(([text, of]) => ({
    text,
    key: keyOf(of[0]!.trust),
    accounts: of.map(({ trust }) => trust),
  }));
}

/** The template without the account's own id and partition. */
function neutral(template: Template, { plan: { account } }: AccountTrust): Template {
  const own = `arn:${account.partition}:iam::${account.id}:`;
  const change = (text: string): Json =>
    text.startsWith(own)
      ? { 'Fn::Sub': `arn:\${AWS::Partition}:iam::\${AWS::AccountId}:${text.slice(own.length)}` }
      : text;
  return mapTexts(template as unknown as Json, change) as unknown as Template;
}

function keyOf(trust: AccountTrust): string {
  const { account, samlProvider, oidcProviders } = trust.plan;
  return JSON.stringify([
    account.partition,
    samlProvider?.name,
    oidcProviders.map(({ url }) => url),
    splitRoles(trust).created.map(({ name }) => name),
  ]);
}

/** Shapes of one key are numbered in the order of their texts. */
function namedShapes(shapes: readonly Shape[]): readonly (Shape & { readonly name: string })[] {
  return [...Map.groupBy(shapes, ({ key }) => key)]
    .flatMap(([key, twins]) =>
      twins
        .toSorted((a, b) => compareTexts(a.text, b.text))
        .map((shape, index) => ({
          ...shape,
          name: `rolebridge-${digest(key)}${index === 0 ? '' : `-${index + 1}`}`,
        })),
    )
    .sort((a, b) => compareTexts(a.name, b.name));
}

function commands({ name, text, accounts }: Shape & { readonly name: string }): readonly string[] {
  const { partition } = accounts[0]!.plan.account;
  const body = isInline(text)
    ? `--template-body file://${name}.json`
    : `--template-url "https://BUCKET.s3.amazonaws.com/${name}.json"`;
  const template = `--stack-set-name ${name} ${body} --capabilities CAPABILITY_NAMED_IAM`;
  const hasExternalIds = text.includes('"ExternalId"');
  const parameters = hasExternalIds ? OWN_EXTERNAL_IDS : NO_PARAMETERS;
  const groups = hasExternalIds ? accounts.map(account => [account]) : [accounts];
  const instances = groups
    .toSorted(byName)
    .flatMap(of => [
      ...(hasExternalIds
        ? [`# ${of.map(named).join()}: EXTERNAL_ID is via.externalId of it.`]
        : []),
      `aws cloudformation create-stack-instances --stack-set-name ${name} --regions ${defaultRegion(partition)} --deployment-targets "OrganizationalUnitIds=$ROOT,Accounts=${idsOf(of)},AccountFilterType=INTERSECTION"${parameters.instances}`,
    ]);
  return [
    `# ${name}: ${listed(accounts.map(named).sort())}`,
    ...(isInline(text) ? [] : ['# It is larger than 51,200 bytes: upload it to a bucket first.']),
    `aws cloudformation create-stack-set ${template}${parameters.creation} --permission-model SERVICE_MANAGED --auto-deployment Enabled=false`,
    ...(instances.length > 1 && hasExternalIds ? [ONE_BY_ONE] : []),
    ...instances,
    `# Later: aws cloudformation update-stack-set ${template}${parameters.update}`,
  ];
}

interface Parameters {
  readonly creation: string;
  readonly instances: string;
  readonly update: string;
}

const NO_PARAMETERS: Parameters = { creation: '', instances: '', update: '' };

/** No account gets the external id of another one: its owner could read it there. */
const OWN_EXTERNAL_IDS: Parameters = {
  creation: ' --parameters ParameterKey=ExternalId,ParameterValue=set-in-each-account',
  instances: ' --parameter-overrides ParameterKey=ExternalId,ParameterValue="$EXTERNAL_ID"',
  update: ' --parameters ParameterKey=ExternalId,UsePreviousValue=true',
};

const ONE_BY_ONE =
  '# One command after the other: the operation of the one before must have ended.';

type Accounts = readonly AccountTrust[];

function byName([a]: Accounts, [b]: Accounts): number {
  return compareTexts(named(a!), named(b!));
}

function idsOf(accounts: Accounts): string {
  return accounts
    .map(({ plan }) => plan.account.id)
    .sort()
    .join(',');
}
