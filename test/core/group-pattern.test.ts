import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileGroupPattern } from '../../src/core/group-pattern.ts';
import type { Account } from '../../src/core/role.ts';

const LONGEST_GROUP = 256;

/** Lookups of accounts in one comparison; no account is known. */
function lookupsOf(pattern: string, group: string): number {
  let lookups = 0;
  const none = (): Account | undefined => {
    lookups++;
    return undefined;
  };
  assert.equal(compileGroupPattern(pattern).match(group, none), undefined);
  return lookups;
}

describe('a group name that a hostile provider makes', () => {
  const patterns = [
    '{account}-{role}',
    '{role}-{account}',
    '{role}-{account}-{_}',
    '{role}-{account}-{accountId}',
    '{role}-{_}-{account}-{_}-{accountId}-{_}-{_}x',
    '{_}-{_}-{_}-{_}-{account}-{accountId}-{role}',
    '{role}a{account}a{accountId}',
  ];
  const names = ['a-', 'a', '-', '--a', 'aab', '111111111111-'];
  for (const pattern of patterns)
    it(`costs no more lookups of accounts than it has characters (${pattern})`, () => {
      for (const name of names) {
        const group = `${name.repeat(LONGEST_GROUP).slice(0, LONGEST_GROUP - 1)}x`;
        assert.ok(lookupsOf(pattern, group) <= LONGEST_GROUP, name);
      }
    });
});
