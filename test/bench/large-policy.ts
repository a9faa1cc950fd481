/**
 * The policy of a large company: 10,000 rules, 5,000 accounts, and a person in 240 groups of whom
 * many rules speak.
 */
import type { AccessRule } from '../../src/core/access-rule.ts';
import type { ConnectorId } from '../../src/core/identity.ts';
import type { Account, AccountId, RoleName } from '../../src/core/role.ts';

const RULES = 10_000;
const ACCOUNTS = 5_000;

export const PEOPLE_GROUPS: readonly string[] = Array.from({ length: 240 }, (_, index) =>
  index < 200 ? `team-${index * 8}` : index < 239 ? `aws-account-${index}-Developer` : 'auditors',
);

export function largePolicy(): {
  readonly rules: readonly AccessRule[];
  readonly accounts: readonly Account[];
} {
  const accounts: Account[] = Array.from({ length: ACCOUNTS }, (_, index) => ({
    id: String(100_000_000_000 + index) as AccountId,
    name: `account-${index}`,
    partition: 'aws',
    region: 'eu-west-1',
    trust: { by: 'saml', provider: 'rolebridge' },
  }));
  const session = { durationSeconds: 3600, tags: {}, transitiveTags: [], policyArns: [] };
  const require = {
    mfa: true,
    authenticatedWithin: 8 * 3600,
    networks: ['10.0.0.0/8'],
  };
  const role = (...names: string[]): RoleName[] => names as RoleName[];
  const connectors = ['corp' as ConnectorId];
  const rules: AccessRule[] = Array.from({ length: RULES - 2 }, (_, index) => ({
    name: `rule-${index}`,
    groups: [`team-${index % 2000}`, `only-${index}`],
    connectors,
    accounts: [accounts[index % ACCOUNTS]!.id, accounts[(index * 7) % ACCOUNTS]!.id],
    roles: role('Admin', 'ReadOnly'),
    session,
    require,
  }));
  rules.push(
    {
      name: 'by-name',
      groups: [],
      groupPattern: 'aws-{account}-{role}',
      connectors,
      roles: [],
      session,
      require,
    },
    { name: 'auditors', groups: ['auditors'], connectors, roles: role('Audit'), session, require },
  );
  return { rules, accounts };
}
