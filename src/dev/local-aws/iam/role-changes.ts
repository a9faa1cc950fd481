/** Roles made, changed and deleted; each change counts at STS at once (IAM API reference). */
import { randomUUID } from 'node:crypto';
import { placeOf } from '../accounts.ts';
import { arns, uniqueId } from '../identifiers.ts';
import { isOfAws, type Permissions } from '../permissions.ts';
import type { Role } from '../world.ts';
import type { XmlTree } from '../xml-writer.ts';
import { type AccountIam, ownedBy, roleNamed } from './iam.ts';
import { IamError } from './iam-error.ts';
import type { IamInput } from './iam-shapes.ts';
import { lengthOf, readIdentityPolicy, readTrustPolicy } from './policy-texts.ts';
import { inlinePolicyOf, roleTree } from './role-reads.ts';
import { type Tag, tagsWith, tagsWithout } from './tags.ts';

const MAX_ROLES = 1000;
const MAX_ATTACHED = 10;
const MAX_INLINE_CHARACTERS = 10_240;
const DEFAULT_SECONDS = 3600;

export interface NewRole extends Partial<IamInput<'CreateRole'>> {
  readonly RoleName: string;
  readonly AssumeRolePolicyDocument: string;
}

export function createRole(iam: AccountIam, input: NewRole): XmlTree {
  const { world, account, now } = iam;
  const { RoleName: name, Path: path = '/', PermissionsBoundary: boundary } = input;
  const owned = ownedBy(iam, world.roles);
  if (/^\/aws-(?:service-role|reserved)\//.test(path))
    throw new IamError('InvalidInput', `The path ${path} is reserved for AWS.`);
  if (owned.some(role => role.name.toLowerCase() === name.toLowerCase()))
    throw new IamError('EntityAlreadyExists', `Role with name ${name} already exists.`);
  if (owned.length >= MAX_ROLES)
    throw new IamError('LimitExceeded', `Cannot exceed quota for RolesPerAccount: ${MAX_ROLES}`);
  if (boundary !== undefined) requirePolicy(iam, boundary);
  const arn = arns.role(placeOf(account), path, name);
  const role: Role = {
    account,
    name,
    path,
    arn,
    uniqueId: uniqueId('AROA', `${arn}#${randomUUID()}`),
    maxSessionDuration: input.MaxSessionDuration ?? DEFAULT_SECONDS,
    description: input.Description,
    trustPolicy: readTrustPolicy(iam, input.AssumeRolePolicyDocument),
    permissionsBoundary: boundary,
    inlinePolicies: new Map(),
    attachedPolicies: [],
    tags: tagsWith({}, input.Tags ?? []),
    createdAt: now(),
  };
  world.roles.set(arn, role);
  return { Role: roleTree(role) };
}

/** Throws `IamError` DeleteConflict while policies belong to the role. */
export function deleteRole(iam: AccountIam, { RoleName }: IamInput<'DeleteRole'>): undefined {
  const { arn, inlinePolicies, attachedPolicies } = changeable(iam, RoleName);
  if (attachedPolicies.length > 0)
    throw new IamError('DeleteConflict', 'Cannot delete entity, must detach all policies first.');
  if (inlinePolicies.size > 0)
    throw new IamError('DeleteConflict', 'Cannot delete entity, must delete policies first.');
  iam.world.roles.delete(arn);
}

export function updateAssumeRolePolicy(
  iam: AccountIam,
  { RoleName, PolicyDocument }: IamInput<'UpdateAssumeRolePolicy'>,
): undefined {
  const role = changeable(iam, RoleName);
  change(iam, role, { trustPolicy: readTrustPolicy(iam, PolicyDocument) });
}

export function updateRole(
  iam: AccountIam,
  { RoleName, Description, MaxSessionDuration }: IamInput<'UpdateRole'>,
): XmlTree {
  const role = changeable(iam, RoleName);
  // AWS sets what is left out back to its default, except the description.
  change(iam, role, {
    description: Description ?? role.description,
    maxSessionDuration: MaxSessionDuration ?? DEFAULT_SECONDS,
  });
  return {};
}

export function putRolePermissionsBoundary(
  iam: AccountIam,
  { RoleName, PermissionsBoundary }: IamInput<'PutRolePermissionsBoundary'>,
): undefined {
  const role = changeable(iam, RoleName);
  requirePolicy(iam, PermissionsBoundary);
  change(iam, role, { permissionsBoundary: PermissionsBoundary });
}

export function deleteRolePermissionsBoundary(
  iam: AccountIam,
  { RoleName }: IamInput<'DeleteRolePermissionsBoundary'>,
): undefined {
  const role = changeable(iam, RoleName);
  if (role.permissionsBoundary === undefined)
    throw new IamError('NoSuchEntity', `Role ${RoleName} does not have a permission boundary`);
  change(iam, role, { permissionsBoundary: undefined });
}

export function tagRole(
  iam: AccountIam,
  { RoleName, Tags }: { readonly RoleName: string; readonly Tags: readonly Tag[] },
): undefined {
  const role = changeable(iam, RoleName);
  change(iam, role, { tags: tagsWith(role.tags, Tags) });
}

export function untagRole(
  iam: AccountIam,
  { RoleName, TagKeys }: IamInput<'UntagRole'>,
): undefined {
  const role = changeable(iam, RoleName);
  const keys = TagKeys.map(member => member['']);
  change(iam, role, { tags: tagsWithout(role.tags, keys) });
}

export function putRolePolicy(
  iam: AccountIam,
  { RoleName, PolicyName, PolicyDocument }: IamInput<'PutRolePolicy'>,
): undefined {
  const role = changeable(iam, RoleName);
  const inlinePolicies = new Map(role.inlinePolicies).set(
    PolicyName,
    readIdentityPolicy(PolicyDocument),
  );
  const size = [...inlinePolicies.values()].reduce((sum, { text }) => sum + lengthOf(text), 0);
  if (size > MAX_INLINE_CHARACTERS)
    throw new IamError(
      'LimitExceeded',
      `Maximum policy size of ${MAX_INLINE_CHARACTERS} bytes exceeded for role ${RoleName}`,
    );
  change(iam, role, { inlinePolicies });
}

export function deleteRolePolicy(
  iam: AccountIam,
  { RoleName, PolicyName }: IamInput<'DeleteRolePolicy'>,
): undefined {
  const role = changeable(iam, RoleName);
  inlinePolicyOf(role, PolicyName);
  const inlinePolicies = new Map(role.inlinePolicies);
  inlinePolicies.delete(PolicyName);
  change(iam, role, { inlinePolicies });
}

/** A policy that is attached already stays attached once. */
export function attachRolePolicy(
  iam: AccountIam,
  { RoleName, PolicyArn }: IamInput<'AttachRolePolicy'>,
): undefined {
  const role = changeable(iam, RoleName);
  requirePolicy(iam, PolicyArn);
  if (role.attachedPolicies.includes(PolicyArn)) return;
  if (role.attachedPolicies.length >= MAX_ATTACHED)
    throw new IamError('LimitExceeded', `Cannot exceed quota for PoliciesPerRole: ${MAX_ATTACHED}`);
  change(iam, role, { attachedPolicies: [...role.attachedPolicies, PolicyArn] });
}

export function detachRolePolicy(
  iam: AccountIam,
  { RoleName, PolicyArn }: IamInput<'DetachRolePolicy'>,
): undefined {
  const role = changeable(iam, RoleName);
  if (!role.attachedPolicies.includes(PolicyArn))
    throw new IamError('NoSuchEntity', `Policy ${PolicyArn} was not found.`);
  const attachedPolicies = role.attachedPolicies.filter(arn => arn !== PolicyArn);
  change(iam, role, { attachedPolicies });
}

type Changes = Partial<
  Permissions &
    Pick<
      Role,
      'trustPolicy' | 'maxSessionDuration' | 'description' | 'permissionsBoundary' | 'tags'
    >
>;

function change({ world }: AccountIam, role: Role, changes: Changes): void {
  world.roles.set(role.arn, { ...role, ...changes });
}

/** Throws `IamError`: NoSuchEntity, or UnmodifiableEntity for a role that AWS made. */
function changeable(iam: AccountIam, name: string): Role {
  const role = roleNamed(iam, name);
  if (/^\/aws-(?:service-role|reserved)\//.test(role.path) || name.startsWith('AWSReservedSSO_'))
    throw new IamError(
      'UnmodifiableEntity',
      `Cannot perform the operation on the protected role '${name}' - this role is only modifiable by AWS`,
    );
  return role;
}

/** Throws `IamError`: a policy of AWS, or one of the account that exists. */
function requirePolicy({ world, account }: AccountIam, arn: string): void {
  const inPartition = arn.startsWith(`arn:${account.partition.name}:iam:`);
  const own = world.managedPolicies.get(arn);
  if (inPartition && (own?.account.id === account.id || isOfAws(arn))) return;
  throw new IamError('NoSuchEntity', `Policy ${arn} does not exist or is not attachable.`);
}
