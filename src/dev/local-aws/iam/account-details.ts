/**
 * GetAccountAuthorizationDetails (IAM API reference): users, roles and policies in one list, which
 * pages go through in this order.
 */

import type { IamUser } from '../iam-users.ts';
import { policyName } from '../permissions.ts';
import type { IdentityPolicy } from '../policy-document.ts';
import type { Role } from '../world.ts';
import { membersOf, type XmlTree } from '../xml-writer.ts';
import { type AccountIam, encodedPolicy, ownedBy, tagMembers, timeOf } from './iam.ts';
import type { ENTITY_TYPES, IamInput } from './iam-shapes.ts';
import { attachedOfAws, policyDetail } from './managed-policies.ts';
import { pageOf } from './paging.ts';
import { attachedPolicy, boundaryTree, identityOf } from './role-reads.ts';

type EntityType = (typeof ENTITY_TYPES)[number];

interface Entity {
  readonly type: EntityType;
  readonly name: string;
  readonly tree: () => XmlTree;
}

/** In the order of the pages. There are no groups here. */
const LISTS: Readonly<Record<EntityType, (iam: AccountIam) => readonly Entity[]>> = {
  User: iam =>
    ownedBy(iam, iam.world.users).map(user => ({
      type: 'User',
      name: user.name,
      tree: () => userDetail(user),
    })),
  Group: () => [],
  Role: iam =>
    ownedBy(iam, iam.world.roles).map(role => ({
      type: 'Role',
      name: role.name,
      tree: () => roleDetail(role),
    })),
  LocalManagedPolicy: iam =>
    ownedBy(iam, iam.world.managedPolicies).map(({ arn, name }) => ({
      type: 'LocalManagedPolicy',
      name,
      tree: () => policyDetail(iam, arn),
    })),
  AWSManagedPolicy: iam =>
    attachedOfAws(iam).map(arn => ({
      type: 'AWSManagedPolicy',
      name: policyName(arn),
      tree: () => policyDetail(iam, arn),
    })),
};

const ORDER = Object.keys(LISTS) as readonly EntityType[];

export function getAccountAuthorizationDetails(
  iam: AccountIam,
  { Filter, ...page }: IamInput<'GetAccountAuthorizationDetails'>,
): XmlTree {
  const wanted = new Set(Filter.map(member => member['']));
  const entities = ORDER.filter(type => wanted.size === 0 || wanted.has(type)).flatMap(type =>
    LISTS[type](iam),
  );
  const { items, end } = pageOf(
    entities,
    ({ type, name }) => `${ORDER.indexOf(type)}#${name}`,
    page,
  );
  const of = (...types: readonly EntityType[]): XmlTree | null =>
    membersOf(items.filter(({ type }) => types.includes(type)).map(({ tree }) => tree()));
  return {
    UserDetailList: of('User'),
    GroupDetailList: of('Group'),
    RoleDetailList: of('Role'),
    Policies: of('LocalManagedPolicy', 'AWSManagedPolicy'),
    ...end,
  };
}

function userDetail(user: IamUser): XmlTree {
  return {
    Path: user.path,
    UserName: user.name,
    UserId: user.uniqueId,
    Arn: user.arn,
    CreateDate: timeOf(user.createdAt),
    UserPolicyList: policyMembers(user.inlinePolicies),
    GroupList: null,
    AttachedManagedPolicies: membersOf(user.attachedPolicies.map(attachedPolicy)),
    Tags: tagMembers(user.tags),
  };
}

/** AWS tells no MaxSessionDuration here. */
function roleDetail(role: Role): XmlTree {
  return {
    ...identityOf(role),
    InstanceProfileList: null,
    RolePolicyList: policyMembers(role.inlinePolicies),
    AttachedManagedPolicies: membersOf(role.attachedPolicies.map(attachedPolicy)),
    PermissionsBoundary: boundaryTree(role),
    Tags: tagMembers(role.tags),
    RoleLastUsed: null,
  };
}

function policyMembers(policies: ReadonlyMap<string, IdentityPolicy>): XmlTree | null {
  return membersOf(
    [...policies].map(([PolicyName, document]) => ({
      PolicyName,
      PolicyDocument: encodedPolicy(document),
    })),
  );
}
