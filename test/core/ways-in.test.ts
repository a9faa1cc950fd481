import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccessRule } from '../../src/core/access-rule.ts';
import type { ConnectorId } from '../../src/core/identity.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import { ACCOUNTS, PROD, rule, STAGING } from './policy-samples.ts';

const OKTA = 'okta' as ConnectorId;
const ADFS = 'adfs' as ConnectorId;

const RULES: readonly AccessRule[] = [
  {
    ...rule('admins', { groups: ['admins'], accounts: [PROD.id], roles: ['Admin'] }),
    connectors: [OKTA],
  },
  { ...rule('all', { groups: ['audit', 'risk'], roles: ['Audit'] }), connectors: [OKTA] },
  {
    ...rule('partners', { groups: ['partners'], accounts: [STAGING.id], roles: ['Read'] }),
    connectors: [ADFS],
  },
  {
    ...rule('by-name', { groups: [], accounts: [PROD.id], roles: [] }),
    ...{ groupPattern: 'aws-{account}-{role}', connectors: [OKTA] },
  },
];

const waysInto = (account: string, connector: ConnectorId): string[] =>
  compilePolicy(RULES, ACCOUNTS)
    .waysInto(account, connector)
    .map(({ rule: name, role, groups }) => `${name}: ${role} by ${groups.join(' or ')}`);

describe('the ways into an account', () => {
  it('are the roles that rules give there to groups of the connector, in their order', () => {
    const expected = [
      'admins: Admin by admins',
      'all: Audit by audit or risk',
      'by-name: undefined by aws-prod-{role}',
    ];
    assert.deepEqual(waysInto(PROD.id, OKTA), expected);
    assert.deepEqual(waysInto('prod', OKTA), expected);
    assert.deepEqual(waysInto(STAGING.id, OKTA), ['all: Audit by audit or risk']);
  });

  it('are none for groups of a connector that no rule there takes, and in an unknown account', () => {
    assert.deepEqual(waysInto(STAGING.id, ADFS), ['partners: Read by partners']);
    assert.deepEqual(waysInto(PROD.id, ADFS), []);
    assert.deepEqual(waysInto('999988887777', ADFS), []);
    assert.deepEqual(waysInto('999988887777', OKTA), []);
    assert.deepEqual(waysInto(PROD.id, 'none' as ConnectorId), []);
  });

  it('are 20 at most, also of 10,000 rules', () => {
    const many = Array.from({ length: 10_000 }, (_, index) =>
      rule(`rule-${index}`, {
        groups: [`group-${index}`],
        ...(index % 2 === 0 && { accounts: [PROD.id] }),
        roles: ['One', 'Two'],
      }),
    );
    const [connector] = many[0]!.connectors;
    const policy = compilePolicy(many, ACCOUNTS);
    const ways = policy.waysInto(PROD.id, connector!);
    assert.equal(ways.length, 20);
    assert.deepEqual(
      [ways[0]?.rule, ways[2]?.rule, ways.at(-1)?.rule],
      ['rule-0', 'rule-1', 'rule-9'],
    );
  });
});
