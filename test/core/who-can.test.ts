import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccessRule } from '../../src/core/access-rule.ts';
import type { ConnectorId } from '../../src/core/identity.ts';
import type { Account, AccountId, RoleName } from '../../src/core/role.ts';
import { audienceOf, nearestGivenRole } from '../../src/core/who-can.ts';
import type { WorkloadEntryId } from '../../src/core/workload.ts';
import type { WorkloadRule } from '../../src/core/workload-rule.ts';
import { person } from '../support/people.ts';

const [prod, prodEu, proofs] = [
  account('111122223333', 'prod', { by: 'saml', provider: 'rolebridge' }),
  account('222233334444', 'prod-eu', { by: 'saml', provider: 'rolebridge' }),
  account('333344445555', 'proofs', { by: 'corporate-saml', provider: 'corp' }),
];
const accounts = [prod, prodEu, proofs];
const [admin, readOnly] = ['Admin', 'ReadOnly'] as RoleName[] as [RoleName, RoleName];
const HERE = { now: 0, address: '' };

function account(id: string, name: string, trust: Account['trust']): Account {
  return { id: id as AccountId, name, partition: 'aws', region: 'eu-west-1', trust };
}

function rule(over: Partial<AccessRule>): AccessRule {
  return {
    name: 'a-rule',
    groups: [],
    connectors: ['corp' as ConnectorId],
    roles: [admin],
    session: { durationSeconds: 3600, tags: {}, transitiveTags: [], policyArns: [] },
    require: { mfa: false, networks: [] },
    ...over,
  };
}

function workloadRule(over: Partial<WorkloadRule>): WorkloadRule {
  return {
    name: 'a-job',
    entry: 'ci' as WorkloadEntryId,
    conditions: [{ claim: 'sub', values: ['job'], patterns: [] }],
    roles: [admin],
    session: { durationSeconds: 3600, tags: {}, transitiveTags: [], policyArns: [] },
    require: { mfa: false, networks: [] },
    once: false,
    ...over,
  };
}

describe('the audience of a role', () => {
  const access = [
    rule({ name: 'strict', groups: ['admins'], require: { mfa: true, networks: [] } }),
    rule({ name: 'elsewhere', groups: ['admins'], accounts: [prodEu.id] }),
    rule({ name: 'by-name', groupPattern: 'aws-{account}-{role}', roles: [] }),
    rule({ name: 'lax', groups: ['ops'], accounts: [prod.id], roles: [readOnly, admin] }),
    rule({ name: 'other', groups: ['vendors'], connectors: ['vendor' as ConnectorId] }),
  ];
  const audience = audienceOf(
    { accounts, access, workloadRules: [] },
    { account: prod, role: admin },
  );
  const standing = (groups: readonly string[], multiFactor = true) =>
    audience.standingOf(person({ groups, multiFactor }), HERE);

  it('has every rule that can give the role, with the groups that it takes', () => {
    assert.deepEqual(
      audience.rules.map(({ rule: { name }, groups }) => [name, groups]),
      [
        ['strict', ['admins']],
        ['by-name', ['aws-prod-Admin']],
        ['lax', ['ops']],
        ['other', ['vendors']],
      ],
    );
  });

  const cases: readonly (readonly [string, readonly string[], string | undefined, string])[] = [
    ['a group of a rule', ['ops'], 'lax', 'ops'],
    ['a group whose name contains the role', ['aws-prod-Admin'], 'by-name', 'aws-prod-Admin'],
    ['the account by its id', ['aws-111122223333-Admin'], 'by-name', 'aws-111122223333-Admin'],
    ['a longer account name', ['aws-prod-eu-Admin'], undefined, ''],
    ['another role', ['aws-prod-ReadOnly'], undefined, ''],
    ['a group of another connector', ['vendors'], undefined, ''],
    ['no group', [], undefined, ''],
  ];
  for (const [title, groups, expected, group] of cases)
    it(`finds ${expected ?? 'no rule'} for ${title}`, () => {
      const found = standing(groups);
      assert.equal(found?.entitlement.rule.name, expected);
      assert.equal(found?.entitlement.group ?? '', group);
      assert.deepEqual(found?.missing ?? [], []);
    });

  it('says what is missing, and prefers a rule that lacks nothing', () => {
    assert.deepEqual(standing(['admins'], false)?.missing, [{ requirement: 'multi-factor' }]);
    const both = standing(['admins', 'ops'], false);
    assert.deepEqual([both?.entitlement.rule.name, both?.missing], ['lax', []]);
  });

  it('has the rules of workloads, but not where an account accepts proofs of users alone', () => {
    const workloadRules = [
      workloadRule({ name: 'all' }),
      workloadRule({ name: 'other', roles: [readOnly] }),
      workloadRule({ name: 'elsewhere', accounts: [prodEu.id] }),
    ];
    const of = (account: Account) =>
      audienceOf({ accounts, access, workloadRules }, { account, role: admin }).workloadRules.map(
        ({ name }) => name,
      );
    assert.deepEqual([of(prod), of(prodEu), of(proofs)], [['all'], ['all', 'elsewhere'], []]);
  });

  it('knows the nearest role that rules give in the account', () => {
    const near = (role: string) =>
      nearestGivenRole({ access, workloadRules: [] }, { account: prodEu, role: role as RoleName });
    assert.deepEqual(
      [near('Admins'), near('ReedOnly'), near('Quite-Different')],
      ['Admin', undefined, undefined],
    );
  });
});
