/** GetRole, ListRoles and what they tell of a role (IAM API reference). */
import { policyName } from '../permissions.ts';
import type { IdentityPolicy } from '../policy-document.ts';
import type { Role } from '../world.ts';
import { membersOf, type XmlTree } from '../xml-writer.ts';
import { type AccountIam, encodedPolicy, ownedBy, roleNamed, tagMembers, timeOf } from './iam.ts';
import { IamError } from './iam-error.ts';
import type { IamInput } from './iam-shapes.ts';
import { pageOf } from './paging.ts';

export function getRole(iam: AccountIam, { RoleName }: IamInput<'GetRole'>): XmlTree {
  return { Role: roleTree(roleNamed(iam, RoleName)) };
}

/** A listed role has no boundary, no tags and no last use. */
export function listRoles(iam: AccountIam, input: IamInput<'ListRoles'>): XmlTree {
  const { PathPrefix = '/' } = input;
  const roles = ownedBy(iam, iam.world.roles).filter(({ path }) => path.startsWith(PathPrefix));
  const { items, end } = pageOf(roles, ({ name }) => name, input);
  return { ...end, Roles: membersOf(items.map(listedRole)) };
}

export function listRolePolicies(iam: AccountIam, input: IamInput<'ListRolePolicies'>): XmlTree {
  const names = roleNamed(iam, input.RoleName).inlinePolicies.keys();
  const { items, end } = pageOf(names, name => name, input);
  return { ...end, PolicyNames: membersOf(items) };
}

export function getRolePolicy(
  iam: AccountIam,
  { RoleName, PolicyName }: IamInput<'GetRolePolicy'>,
): XmlTree {
  const document = inlinePolicyOf(roleNamed(iam, RoleName), PolicyName);
  return { RoleName, PolicyName, PolicyDocument: encodedPolicy(document) };
}

/** Throws `IamError` NoSuchEntity. */
export function inlinePolicyOf({ inlinePolicies }: Role, name: string): IdentityPolicy {
  const document = inlinePolicies.get(name);
  if (document === undefined)
    throw new IamError('NoSuchEntity', `The role policy with name ${name} cannot be found.`);
  return document;
}

export function listAttachedRolePolicies(
  iam: AccountIam,
  input: IamInput<'ListAttachedRolePolicies'>,
): XmlTree {
  const { PathPrefix = '/' } = input;
  const attached = roleNamed(iam, input.RoleName).attachedPolicies.filter(arn =>
    pathOfPolicy(arn).startsWith(PathPrefix),
  );
  const { items, end } = pageOf(attached, policyName, input);
  return { ...end, AttachedPolicies: membersOf(items.map(attachedPolicy)) };
}

export function listRoleTags(iam: AccountIam, input: IamInput<'ListRoleTags'>): XmlTree {
  const { tags } = roleNamed(iam, input.RoleName);
  const { items, end } = pageOf(Object.keys(tags), key => key, input);
  return { ...end, Tags: membersOf(items.map(Key => ({ Key, Value: tags[Key]! }))) };
}

/** `/` or `/team/` */
function pathOfPolicy(arn: string): string {
  const path = /:policy(\/.*)$/.exec(arn)?.[1] ?? '/';
  return path.slice(0, path.lastIndexOf('/') + 1);
}

export function attachedPolicy(arn: string): XmlTree {
  return { PolicyName: policyName(arn), PolicyArn: arn };
}

/** The element PermissionsBoundary. */
export function boundaryTree({ permissionsBoundary }: Role): XmlTree | undefined {
  if (permissionsBoundary === undefined) return undefined;
  return {
    PermissionsBoundaryType: 'Policy',
    PermissionsBoundaryArn: permissionsBoundary,
  };
}

/** What every answer tells of a role. */
export function identityOf(role: Role): XmlTree {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.uniqueId,
    Arn: role.arn,
    CreateDate: timeOf(role.createdAt),
    AssumeRolePolicyDocument: encodedPolicy(role.trustPolicy),
  };
}

function listedRole(role: Role): XmlTree {
  return {
    ...identityOf(role),
    Description: role.description,
    MaxSessionDuration: role.maxSessionDuration,
  };
}

export function roleTree(role: Role): XmlTree {
  return {
    ...listedRole(role),
    PermissionsBoundary: boundaryTree(role),
    Tags: tagMembers(role.tags) ?? undefined,
    RoleLastUsed: null,
  };
}
