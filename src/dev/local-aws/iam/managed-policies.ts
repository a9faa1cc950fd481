/** Customer managed policies: one version each (IAM API reference). */
import { randomUUID } from 'node:crypto';
import { uniqueId } from '../identifiers.ts';
import {
  documentOf,
  isOfAws,
  type ManagedPolicy,
  managedPolicyOf,
  policyName,
} from '../permissions.ts';
import type { XmlTree } from '../xml-writer.ts';
import { type AccountIam, encodedPolicy, ownedBy, timeOf } from './iam.ts';
import { IamError } from './iam-error.ts';
import type { IamInput } from './iam-shapes.ts';
import { lengthOf, readIdentityPolicy } from './policy-texts.ts';

const MAX_CHARACTERS = 6144;
const MAX_POLICIES = 1500;
/** Of policies of AWS, whose real dates do not matter here. */
const AWS_DATE = '2015-02-06T18:40:00Z';

export interface NewPolicy extends Partial<IamInput<'CreatePolicy'>> {
  readonly PolicyName: string;
  readonly PolicyDocument: string;
}

export function createPolicy(iam: AccountIam, input: NewPolicy): XmlTree {
  const { world, account, now } = iam;
  const { PolicyName: name, Path: path = '/', Description: description } = input;
  const owned = ownedBy(iam, world.managedPolicies);
  if (owned.some(policy => policy.name.toLowerCase() === name.toLowerCase()))
    throw new IamError(
      'EntityAlreadyExists',
      `A policy called ${name} already exists. Duplicate names are not allowed.`,
    );
  if (owned.length >= MAX_POLICIES)
    throw new IamError(
      'LimitExceeded',
      `Cannot exceed quota for PoliciesPerAccount: ${MAX_POLICIES}`,
    );
  if (lengthOf(input.PolicyDocument) > MAX_CHARACTERS)
    throw new IamError('LimitExceeded', `Cannot exceed quota for PolicySize: ${MAX_CHARACTERS}`);
  const document = readIdentityPolicy(input.PolicyDocument);
  const made = managedPolicyOf({ name, path, document, description }, account, now());
  const policy = { ...made, uniqueId: uniqueId('ANPA', `${made.arn}#${randomUUID()}`) };
  world.managedPolicies.set(policy.arn, policy);
  return { Policy: ownPolicyTree(iam, policy) };
}

/** Throws `IamError` DeleteConflict while it is attached or a boundary. */
export function deletePolicy(iam: AccountIam, { PolicyArn }: IamInput<'DeletePolicy'>): undefined {
  const { arn } = ownPolicy(iam, PolicyArn);
  if (attachments(iam, arn) + boundaries(iam, arn) > 0)
    throw new IamError('DeleteConflict', 'Cannot delete a policy attached to entities.');
  iam.world.managedPolicies.delete(arn);
}

export function getPolicy(iam: AccountIam, { PolicyArn }: IamInput<'GetPolicy'>): XmlTree {
  return { Policy: policyTree(iam, PolicyArn) };
}

export function getPolicyVersion(
  iam: AccountIam,
  { PolicyArn, VersionId }: IamInput<'GetPolicyVersion'>,
): XmlTree {
  policyTree(iam, PolicyArn);
  if (VersionId !== 'v1')
    throw new IamError(
      'NoSuchEntity',
      `Policy ${PolicyArn} version ${VersionId} does not exist or is not attachable.`,
    );
  return { PolicyVersion: versionTree(iam, PolicyArn) };
}

/** An element of Policies in GetAccountAuthorizationDetails. */
export function policyDetail(iam: AccountIam, arn: string): XmlTree {
  return { ...policyTree(iam, arn), PolicyVersionList: { member: [versionTree(iam, arn)] } };
}

/** Policies of AWS that are attached in the account and whose content is known here. */
export function attachedOfAws(iam: AccountIam): readonly string[] {
  const { world } = iam;
  const attached = [...ownedBy(iam, world.roles), ...ownedBy(iam, world.users)].flatMap(
    ({ attachedPolicies }) => attachedPolicies,
  );
  return [...new Set(attached)].filter(arn => isOfAws(arn) && documentOf(arn, world) !== undefined);
}

function versionTree({ world }: AccountIam, arn: string): XmlTree {
  const own = world.managedPolicies.get(arn);
  return {
    Document: encodedPolicy(documentOf(arn, world)!),
    VersionId: 'v1',
    IsDefaultVersion: true,
    CreateDate: own === undefined ? AWS_DATE : timeOf(own.createdAt),
  };
}

/** Throws `IamError` NoSuchEntity, also for a policy of AWS whose content is not known here. */
function policyTree(iam: AccountIam, arn: string): XmlTree {
  if (!isOfAws(arn)) return ownPolicyTree(iam, ownPolicy(iam, arn));
  if (documentOf(arn, iam.world) === undefined)
    throw notFound(arn, 'the content of this policy of AWS is not known here');
  return {
    PolicyName: policyName(arn),
    PolicyId: uniqueId('ANPA', arn),
    Arn: arn,
    Path: '/',
    ...usage(iam, arn),
    CreateDate: AWS_DATE,
    UpdateDate: AWS_DATE,
  };
}

function ownPolicyTree(iam: AccountIam, policy: ManagedPolicy): XmlTree {
  const created = timeOf(policy.createdAt);
  return {
    PolicyName: policy.name,
    PolicyId: policy.uniqueId,
    Arn: policy.arn,
    Path: policy.path,
    ...usage(iam, policy.arn),
    Description: policy.description,
    CreateDate: created,
    UpdateDate: created,
  };
}

function usage(iam: AccountIam, arn: string): XmlTree {
  return {
    DefaultVersionId: 'v1',
    AttachmentCount: attachments(iam, arn),
    PermissionsBoundaryUsageCount: boundaries(iam, arn),
    IsAttachable: true,
  };
}

function attachments(iam: AccountIam, arn: string): number {
  const { roles, users } = iam.world;
  return [...ownedBy(iam, roles), ...ownedBy(iam, users)].filter(({ attachedPolicies }) =>
    attachedPolicies.includes(arn),
  ).length;
}

function boundaries(iam: AccountIam, arn: string): number {
  return ownedBy(iam, iam.world.roles).filter(role => role.permissionsBoundary === arn).length;
}

function ownPolicy({ world, account }: AccountIam, arn: string): ManagedPolicy {
  const policy = world.managedPolicies.get(arn);
  if (policy === undefined || policy.account.id !== account.id) throw notFound(arn);
  return policy;
}

function notFound(arn: string, reason?: string): IamError {
  return new IamError('NoSuchEntity', `Policy ${arn} was not found.`, reason);
}
