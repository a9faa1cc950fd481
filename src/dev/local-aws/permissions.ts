/**
 * What a user or a role may do: inline policies, managed policies of the account, and the few
 * policies of AWS whose content is known here.
 */
import { type Account, placeOf } from './accounts.ts';
import { arns, parseArn, uniqueId } from './identifiers.ts';
import { type IdentityPolicy, identityPolicy } from './policy-document.ts';

export interface Permissions {
  /** By name. */
  readonly inlinePolicies: ReadonlyMap<string, IdentityPolicy>;
  /** ARNs. */
  readonly attachedPolicies: readonly string[];
}

/** A customer managed policy. */
export interface ManagedPolicy {
  readonly account: Account;
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  /** `ANPA...` */
  readonly uniqueId: string;
  readonly document: IdentityPolicy;
  readonly description: string | undefined;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

export type ManagedPolicies = ReadonlyMap<string, ManagedPolicy>;

type CheckedPolicy = Pick<ManagedPolicy, 'name' | 'path' | 'document'> & {
  readonly description?: string | undefined;
};

/** A checked policy of the file, as part of the world. */
export function managedPolicyOf(
  { name, path, document, description }: CheckedPolicy,
  account: Account,
  createdAt: number,
): ManagedPolicy {
  const arn = arns.policy(placeOf(account), path, name);
  return {
    account,
    name,
    path,
    arn,
    uniqueId: uniqueId('ANPA', arn),
    document,
    description,
    createdAt,
  };
}

/** Policies that a world file gives without names. */
export function inlinePolicies(policies: readonly IdentityPolicy[]): Map<string, IdentityPolicy> {
  return new Map(policies.map((policy, index) => [`policy-${index + 1}`, policy]));
}

const allow = (Action: string | string[]): IdentityPolicy =>
  identityPolicy.parse({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action, Resource: '*' }],
  });

/** By name. What is in the many others is not known here, so they allow nothing. */
const OF_AWS: ReadonlyMap<string, IdentityPolicy> = new Map([
  ['AdministratorAccess', allow('*')],
  ['AmazonS3FullAccess', allow(['s3:*', 's3-object-lambda:*'])],
  ['IAMFullAccess', allow(['iam:*', 'organizations:DescribeAccount'])],
  [
    'IAMReadOnlyAccess',
    allow([
      'iam:GenerateCredentialReport',
      'iam:GenerateServiceLastAccessedDetails',
      'iam:Get*',
      'iam:List*',
      'iam:SimulateCustomPolicy',
      'iam:SimulatePrincipalPolicy',
    ]),
  ],
]);

/** Undefined if the policy does not exist, or is one of AWS whose content is not known here. */
export function documentOf(
  arn: string,
  { managedPolicies }: { readonly managedPolicies: ManagedPolicies },
): IdentityPolicy | undefined {
  const own = managedPolicies.get(arn);
  if (own !== undefined) return own.document;
  return isOfAws(arn) ? OF_AWS.get(policyName(arn)) : undefined;
}

/** `arn:aws:iam::aws:policy/ReadOnlyAccess` */
export function isOfAws(arn: string): boolean {
  const parsed = parseArn(arn);
  return (
    parsed?.service === 'iam' &&
    parsed.account === 'aws' &&
    /^policy\/[\w+=,.@/-]+$/.test(parsed.resource)
  );
}

export function policyName(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

/** All policies that count. */
export function policiesOf(
  { inlinePolicies: inline, attachedPolicies }: Permissions,
  world: { readonly managedPolicies: ManagedPolicies },
): readonly IdentityPolicy[] {
  const attached = attachedPolicies.map(arn => documentOf(arn, world));
  return [...inline.values(), ...attached.filter(document => document !== undefined)];
}
