import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccountId, RoleName } from '../../src/core/role.ts';
import { lastRegion, type RoleUse, rankOf } from '../../src/core/role-use.ts';
import { DAY, HOUR } from '../../src/core/time.ts';

const NOW = Date.UTC(2026, 10, 20, 9);
const PROD = '111122223333' as AccountId;
const STAGING = '222233334444' as AccountId;

const use = (over: Partial<RoleUse>): RoleUse => ({
  account: PROD,
  role: 'Admin' as RoleName,
  isFavourite: false,
  uses: 1,
  ...over,
});
const ago = (seconds: number): number => NOW - seconds * 1000;

describe('the rank of a role', () => {
  const rows: readonly (readonly [string, Partial<RoleUse>, Partial<RoleUse>])[] = [
    ['used today before used last month', { usedAt: ago(HOUR) }, { usedAt: ago(30 * DAY) }],
    ['used often before used once', { uses: 9, usedAt: ago(HOUR) }, { usedAt: ago(HOUR) }],
    [
      'used twice today before used twenty times two months ago',
      { uses: 2, usedAt: ago(HOUR) },
      { uses: 20, usedAt: ago(60 * DAY) },
    ],
    [
      'used hundreds of times last month before used once today',
      { uses: 400, usedAt: ago(25 * DAY) },
      { usedAt: ago(HOUR) },
    ],
  ];
  for (const [title, first, second] of rows)
    it(`puts ${title}`, () => {
      const [a, b] = [first, second].map(over => rankOf(use(over), NOW));
      assert.ok(a! > b!, `${a} > ${b}`);
    });

  it('is 0 for a role that was never used, or not in 90 days', () => {
    assert.equal(rankOf(use({ uses: 0, isFavourite: true }), NOW), 0);
    assert.equal(rankOf(use({ uses: 50, usedAt: ago(91 * DAY) }), NOW), 0);
  });
});

describe('the last region of an account', () => {
  it('is that of the newest console with a region, of any role', () => {
    const uses = [
      use({ usedAt: ago(3 * HOUR), region: 'eu-west-1' }),
      use({ role: 'ReadOnly' as RoleName, usedAt: ago(HOUR), region: 'us-east-1' }),
      use({ role: 'Developer' as RoleName, usedAt: ago(60) }),
      use({ account: STAGING, usedAt: ago(1), region: 'ap-south-1' }),
    ];
    assert.equal(lastRegion(uses, PROD), 'us-east-1');
    assert.equal(lastRegion(uses, STAGING), 'ap-south-1');
  });

  it('is undefined if no console named one', () => {
    assert.equal(lastRegion([use({ usedAt: NOW })], PROD), undefined);
    assert.equal(lastRegion([], PROD), undefined);
  });
});
