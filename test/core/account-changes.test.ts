import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AccountState, accountChanges } from '../../src/core/account-changes.ts';
import type { Account, AccountId, RoleName } from '../../src/core/role.ts';

const PROD = '111122223333' as AccountId;
const LAB = '222233334444' as AccountId;

function account(id: AccountId, name: string, more: Partial<Account> = {}): Account {
  const trust = { by: 'saml', provider: 'rolebridge' } as const;
  return { id, name, partition: 'aws', region: 'eu-west-1', trust, ...more };
}

/** These accounts, and rules that give roles in them. */
function state(
  accounts: readonly Account[],
  rules: Readonly<Record<string, readonly AccountId[] | undefined>> = {},
): AccountState {
  const session = { durationSeconds: 3600, tags: {}, transitiveTags: [], policyArns: [] };
  const access = Object.entries(rules).map(([name, of]) => ({
    ...{ name, groups: ['g'], connectors: [], accounts: of, roles: ['R'] as RoleName[], session },
    require: { mfa: false, networks: [] },
  }));
  return { accounts, access, workloadRules: [] };
}

const prod = account(PROD, 'prod');
const lab = account(LAB, 'lab');

describe('the changes of accounts', () => {
  it('are none between equal configurations', () => {
    const rules = { all: undefined, some: [PROD] };
    assert.equal(accountChanges(state([prod], rules), state([prod], rules)), undefined);
  });

  it('name accounts that were added and removed', () => {
    assert.deepEqual(accountChanges(state([prod]), state([lab])), {
      added: [`lab (${LAB})`],
      removed: [`prod (${PROD})`],
    });
  });

  for (const [title, next, says] of [
    ['a name', account(PROD, 'production'), 'name (was prod)'],
    ['a region', { ...prod, region: 'eu-west-2' }, 'region'],
    ['a partition', { ...prod, partition: 'aws-cn' }, 'partition'],
    ['a trust', { ...prod, trust: { by: 'web-identity' } }, 'trust'],
    [
      'an external id, which is not shown',
      { ...prod, trust: { by: 'hub', hub: lab, role: 'Hub' as RoleName, externalId: 'hush' } },
      'trust',
    ],
    ['several details', { ...prod, details: { owner: 'me', folder: ['A'] } }, 'owner, path'],
  ] as const satisfies readonly (readonly [string, Account, string])[])
    it(`name ${title}`, () => {
      assert.deepEqual(accountChanges(state([prod]), state([next])), {
        changed: [`${next.name} (${PROD}): ${says}`],
      });
    });

  it('leave out that a hub has another description', () => {
    const behind = (hub: Account): Account => ({
      ...lab,
      trust: { by: 'hub', hub, role: 'Hub' as RoleName },
    });
    const next = { ...prod, details: { owner: 'me' } };
    assert.deepEqual(accountChanges(state([prod, behind(prod)]), state([next, behind(next)])), {
      changed: [`prod (${PROD}): owner`],
    });
  });

  for (const [old, next, says] of [
    [[PROD], [PROD, LAB], '1 more (lab)'],
    [[PROD, LAB], [LAB], '1 less (prod)'],
    [[PROD], [LAB], '1 more, 1 less (lab, prod)'],
    [[PROD], undefined, 'now every account'],
    [undefined, [PROD], 'now 1 account instead of every one'],
  ] as const)
    it(`say of a rule: ${says}`, () => {
      const accounts = [prod, lab];
      assert.deepEqual(
        accountChanges(state(accounts, { r: old }), state(accounts, { r: next, another: [LAB] })),
        { rules: [`r: ${says}`] },
      );
    });

  it('are bounded', () => {
    const many = Array.from({ length: 5000 }, (_, index) =>
      account(String(100_000_000_000 + index) as AccountId, `a${index}`),
    );
    const ids = many.map(({ id }) => id);
    const rules = Object.fromEntries(many.map(({ name }) => [name, ids]));
    const before = Object.fromEntries(many.map(({ name }) => [name, [] as AccountId[]]));
    const changes = accountChanges(state([], before), state(many, rules))!;
    assert.equal(changes.added?.length, 21);
    assert.equal(changes.added?.at(-1), 'and 4980 more');
    assert.equal(changes.rules?.[0], 'a0: 5000 more (a0, a1, a2, a3, a4, ...)');
    assert.ok(JSON.stringify(changes).length < 4000);
  });
});
