import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nearestRole } from '../../src/core/near-role.ts';

const own = (...roles: string[]) =>
  roles.map(text => {
    const [name = '', role = ''] = text.split('/');
    return { account: { name, id: `id-of-${name}` as never }, role };
  });

const OWN = own(
  'prod/Admin',
  'prod/ReadOnly',
  'staging/Admin',
  'staging/Developer',
  'sandbox/Owner',
);

describe('the nearest role of a user', () => {
  for (const [asked, expected] of [
    ['prod/Admins', 'prod/Admin'],
    ['prod/admin', 'prod/Admin'],
    ['id-of-prod/Read-Only', 'prod/ReadOnly'],
    ['staging1/Developer', 'staging/Developer'],
    ['pro/Admin', 'prod/Admin'],
    ['PROD/readonly', 'prod/ReadOnly'],
    ['stagings/Developers', 'staging/Developer'],
    // The account is right, so a role of another one is not meant.
    ['prod/Owner', undefined],
    ['prod/Developer', undefined],
    ['nowhere/Admin', undefined],
    ['prod/', undefined],
    ['__proto__/constructor', undefined],
  ] as const)
    it(`to ${asked} is ${expected ?? 'none'}`, () => {
      const [account = '', role = ''] = asked.split('/');
      const near = nearestRole({ account, role }, OWN);
      assert.equal(near && `${near.account}/${near.role}`, expected);
    });

  it('is found among 2,000 roles with names of 512 characters', () => {
    const long = (at: number): string => `${'ab'.repeat(253)}${String(at).padStart(6, 'c')}`;
    const many = own(...Array.from({ length: 2000 }, (_, at) => `account-${at % 300}/${long(at)}`));
    const start = performance.now();
    assert.equal(nearestRole({ account: 'acount-7', role: 'ba'.repeat(256) }, many), undefined);
    const near = nearestRole({ account: 'account-7', role: `${long(307)}x` }, many);
    assert.deepEqual(near, { account: 'account-7', role: long(307) });
    assert.ok(performance.now() - start < 1000);
  });
});
