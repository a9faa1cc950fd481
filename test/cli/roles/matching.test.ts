import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nameOf } from '../../../src/cli/roles/list.ts';
import { matching, searching, speaksOf } from '../../../src/cli/roles/matching.ts';

const role = (
  account: string,
  name: string,
  details: { environment?: string | null; owner?: string | null } = {},
) => ({ account: { id: '111122223333', name: account, ...details }, role: name });

const ROLES = [
  role('shop', 'Admin', { environment: 'production', owner: 'Payments team' }),
  role('shop-test', 'Admin', { environment: 'test', owner: 'Payments team' }),
  role('payments', 'ReadOnly', { environment: null, owner: null }),
  // As an older server describes it.
  role('lab', 'Admin'),
];
const namesOf = (roles: readonly (typeof ROLES)[number][]) => roles.map(nameOf);

describe('a search for roles', () => {
  it('finds names first, then environments and owners', () => {
    assert.deepEqual(namesOf(searching(ROLES, 'payments')), [
      'payments/ReadOnly',
      'shop/Admin',
      'shop-test/Admin',
    ]);
    assert.deepEqual(namesOf(searching(ROLES, 'Production')), ['shop/Admin']);
    assert.deepEqual(namesOf(searching(ROLES, 'payments team test')), ['shop-test/Admin']);
  });

  it('does not find null or undefined', () => {
    assert.deepEqual(searching(ROLES, 'null'), []);
    assert.deepEqual(searching(ROLES, 'undefined'), []);
    assert.equal(speaksOf(ROLES[3]!, ['undefined']), false);
  });

  it('by a part of a name is not widened by owners', () => {
    assert.deepEqual(namesOf(matching(ROLES, 'pay/read')), ['payments/ReadOnly']);
  });
});
