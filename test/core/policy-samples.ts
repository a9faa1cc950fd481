/** Accounts and rules for tests of the access policy. */
import type { AccessRule } from '../../src/core/access-rule.ts';
import type { ConnectorId } from '../../src/core/identity.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import type { Account, AccountId, RoleName } from '../../src/core/role.ts';
import { person } from '../support/people.ts';

export const account = (id: string, name: string): Account => ({
  id: id as AccountId,
  name,
  partition: 'aws',
  region: 'eu-west-1',
  trust: { by: 'web-identity' },
});
export const PROD = account('111122223333', 'prod');
export const STAGING = account('222233334444', 'staging');
export const PROD_EU = account('333344445555', 'prod-eu');
export const ACCOUNTS = [PROD, STAGING, PROD_EU];
const CORP = 'corp' as ConnectorId;
export const HERE = { now: 10_000_000, address: '10.1.2.3' };

export function rule(
  name: string,
  said: Partial<Omit<AccessRule, 'roles'>> & { roles?: string[]; duration?: number },
): AccessRule {
  const { roles = [], duration = 3600, ...rest } = said;
  return {
    name,
    groups: [],
    connectors: [CORP],
    roles: roles as RoleName[],
    session: { durationSeconds: duration, tags: {}, transitiveTags: [], policyArns: [] },
    require: { mfa: false, networks: [] },
    ...rest,
  };
}

export const rolesOf = (
  rules: AccessRule[],
  groups: string[],
  said: Parameters<typeof person>[0] = {},
  where = HERE,
): string[] =>
  compilePolicy(rules, ACCOUNTS)
    .evaluate(person({ ...said, groups }), where)
    .granted.map(({ account, role, rule }) => `${account.name}/${role} by ${rule.name}`);
