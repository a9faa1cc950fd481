import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Entitlement } from '../../src/core/access-rule.ts';
import type { AccountDetails } from '../../src/core/account-details.ts';
import type { Account, AccountId, RoleArn, RoleName } from '../../src/core/role.ts';
import type { RoleUse } from '../../src/core/role-use.ts';
import { DAY, HOUR } from '../../src/core/time.ts';
import { quickRoles } from '../../src/http/quick-roles.ts';
import { foldersOf, ownRoles, unfiledTitle } from '../../src/http/role-rows.ts';
import { searchFor } from '../../src/http/role-search.ts';

const NOW = Date.UTC(2026, 10, 20, 9);

let last = 100_000_000_000;
function account(name: string, details?: AccountDetails): Account {
  last += 1;
  return {
    id: String(last) as AccountId,
    name,
    partition: 'aws',
    region: 'eu-west-1',
    trust: { by: 'web-identity' },
    details,
  };
}

function entitlement(of: Account, role: string): Entitlement {
  return {
    account: of,
    role: role as RoleName,
    arn: `arn:aws:iam::${of.id}:role/${role}` as RoleArn,
    group: 'developers',
    rule: { name: 'team', session: { durationSeconds: 2 * HOUR } } as Entitlement['rule'],
  };
}

function use(
  { id }: Account,
  role: string,
  { daysAgo, ...over }: Partial<RoleUse> & { readonly daysAgo?: number },
): RoleUse {
  return {
    account: id,
    role: role as RoleName,
    isFavourite: false,
    uses: daysAgo === undefined ? 0 : 1,
    ...(daysAgo !== undefined && { usedAt: NOW - daysAgo * DAY * 1000 }),
    ...over,
  };
}

const prod = account('shop-prod', {
  environment: 'production',
  description: 'The shop',
  owner: 'Team Checkout',
  folder: ['Workloads', 'Prod'],
});
const staging = account('shop-staging', { environment: 'staging', folder: ['Workloads', 'Lab'] });
const logs = account('logs');
const granted = [prod, staging, logs].flatMap(of => [
  entitlement(of, 'ReadOnly'),
  entitlement(of, 'Admin'),
]);
const own = (uses: readonly RoleUse[]) => ownRoles({ granted, withheld: [] }, uses, NOW);

describe('the search for roles', () => {
  const cases: readonly (readonly [query: string, found: readonly string[]])[] = [
    ['SHOP admin', ['shop-prod/Admin', 'shop-staging/Admin']],
    [prod.id.slice(3), ['shop-prod/ReadOnly', 'shop-prod/Admin']],
    ['production admin', ['shop-prod/Admin']],
    ['checkout', ['shop-prod/ReadOnly', 'shop-prod/Admin']],
    ['the  shop read', ['shop-prod/ReadOnly']],
    ['lab admin', ['shop-staging/Admin']],
    ['eu-west-1 logs admin', ['logs/Admin']],
    ['accounts', []],
    ['shop-prod/Adm', ['shop-prod/Admin']],
    ['shop nothing', []],
  ];
  for (const [query, found] of cases)
    it(`finds ${found.length} roles by "${query}"`, () =>
      assert.deepEqual(
        own([])
          .filter(searchFor(query))
          .map(
            ({
              entitlement: {
                account: { name },
                role,
              },
            }) => `${name}/${role}`,
          ),
        found,
      ));
});

describe('the folders of accounts', () => {
  const titles = (uses: readonly RoleUse[], isSearch: boolean) =>
    foldersOf(own(uses), { now: NOW, isSearch, unfiled: unfiledTitle(own([])) }).map(
      ({ title, accounts }) => `${title}: ${accounts.map(({ name }) => name).join(' ')}`,
    );
  const uses = [use(logs, 'Admin', { daysAgo: 1 }), use(prod, 'Admin', { isFavourite: true })];

  it('are sorted, with the other accounts at the end', () => {
    assert.deepEqual(titles(uses, false), [
      'Workloads › Lab: shop-staging',
      'Workloads › Prod: shop-prod',
      'Other accounts: logs',
    ]);
  });

  it('follow in a search what the user uses, the most used account first', () => {
    assert.deepEqual(titles(uses, true), [
      'Used by you: logs shop-prod',
      'Workloads › Lab: shop-staging',
    ]);
    assert.deepEqual(titles([], true), titles([], false));
  });

  it('are named beside an account that is shown outside of them', () => {
    const [used] = foldersOf(own(uses), { now: NOW, isSearch: true, unfiled: 'Accounts' });
    assert.equal(used!.accounts[1]!.about, 'Workloads › Prod · The shop · Team Checkout');
  });
});

const PARTS = {
  now: NOW,
  destinations: {
    addressOf: ({ path, region }: { readonly path: string; readonly region: string | undefined }) =>
      `https://${region}.console.aws.amazon.com${path}`,
  },
};

describe('what stands above the accounts', () => {
  const shown = (uses: readonly RoleUse[]) =>
    quickRoles(own(uses), PARTS)?.roles.map(({ name, isFavourite }) =>
      isFavourite ? `★ ${name}` : name,
    );

  it('is nothing for a user without favourites who used nothing in 90 days', () => {
    assert.equal(shown([]), undefined);
    assert.equal(shown([use(prod, 'Admin', { daysAgo: 91 })]), undefined);
  });

  it('is every favourite, and after them what was used', () => {
    const uses = [
      use(logs, 'Admin', { daysAgo: 1 }),
      use(prod, 'Admin', { isFavourite: true }),
      use(staging, 'Admin', { isFavourite: true, daysAgo: 100 }),
      use(prod, 'ReadOnly', { daysAgo: 40 }),
    ];
    assert.deepEqual(shown(uses), [
      '★ shop-prod as Admin',
      '★ shop-staging as Admin',
      'logs as Admin',
      'shop-prod as ReadOnly',
    ]);
  });

  it('is no role that the user has lost', () => {
    assert.equal(shown([use(prod, 'Gone', { isFavourite: true, daysAgo: 1 })]), undefined);
  });

  it('has six roles at most that are no favourites', () => {
    const many = Array.from({ length: 9 }, (_, index) => `R${index}`);
    const roles = ownRoles(
      { granted: many.map(role => entitlement(logs, role)), withheld: [] },
      many.map((role, index) => use(logs, role, { daysAgo: 1, uses: index + 1 })),
      NOW,
    );
    assert.deepEqual(
      quickRoles(roles, PARTS)?.roles.map(({ role }) => role),
      ['R8', 'R7', 'R6', 'R5', 'R4', 'R3'],
    );
  });
});
