/** A person, an account and a role to assert, with every part changeable. */

import type { AssertionSubject } from '../../src/core/assumed-role.ts';
import type { PersonId } from '../../src/core/identity.ts';
import {
  type Account,
  type AccountId,
  type RoleName,
  type RoleSessionName,
  roleArn,
} from '../../src/core/role.ts';
import type { RoleSession } from '../../src/core/session.ts';

export function anAccount(changes: Partial<Account> = {}): Account {
  return {
    id: '111122223333' as AccountId,
    name: 'prod',
    partition: 'aws',
    region: 'eu-west-1',
    trust: { by: 'saml', provider: 'rolebridge' },
    ...changes,
  };
}

export function aRoleSession(changes: Partial<RoleSession> = {}): RoleSession {
  return { durationSeconds: 4 * 3600, tags: [], transitiveTags: [], policyArns: [], ...changes };
}

export function anAssertionSubject(
  changes: Partial<AssertionSubject> & { readonly roleName?: string } = {},
) {
  const account = changes.account ?? anAccount();
  const roleName = (changes.roleName ?? 'Admin') as RoleName;
  return {
    principal: 'k3jx2q7d5vbn4mza' as PersonId,
    account,
    role: roleArn(account, roleName),
    sessionName: 'alice-k3jx2q7d5vbn4mza' as RoleSessionName,
    session: aRoleSession(),
    authenticatedAt: Date.UTC(2026, 0, 2, 3, 4, 5),
    assertedAt: Date.UTC(2026, 0, 2, 3, 4, 6),
    ...changes,
    roleName,
  };
}
