import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PersonId } from '../../src/core/identity.ts';
import {
  isAccountId,
  isRoleName,
  isRoleSessionName,
  roleSessionName,
} from '../../src/core/role.ts';
import { formatDuration, parseDuration } from '../../src/core/time.ts';

const ID = 'k3jx2q7d5vbn4mza' as PersonId;

describe('a role session name', () => {
  const NAMES: readonly [username: string, name: string][] = [
    ['alice', `alice-${ID}`],
    ['alice@acme.example', `alice@acme.example-${ID}`],
    ['a'.repeat(47), `${'a'.repeat(47)}-${ID}`],
    // A name that does not fit is omitted, not shortened: the rest could read as another user's
    // name.
    ['a'.repeat(48), ID],
    ['CORP\\alice', ID],
    ['аlice', ID],
    ['alice smith', ID],
    ['alice\n', ID],
    ['', `-${ID}`],
  ];
  for (const [username, name] of NAMES) {
    it(`of ${JSON.stringify(username)} is ${name} and fits AWS`, () => {
      const actual = roleSessionName({ username, person: ID });
      assert.equal(actual, name);
      assert.ok(isRoleSessionName(actual));
    });
  }

  it('differs for two users, whatever their names are', () => {
    const other = 'aaaaaaaaaaaaaaaa' as PersonId;
    for (const username of ['alice', '', `alice-${ID}`, 'CORP\\x', 'a'.repeat(100)]) {
      for (const otherName of [username, 'alice', `x-${ID}`, '', `alice-${other}`]) {
        assert.notEqual(
          roleSessionName({ username, person: ID }),
          roleSessionName({ username: otherName, person: other }),
        );
      }
    }
  });
});

describe('checked names', () => {
  it('an account id is twelve digits', () => {
    for (const text of ['111122223333', '000000000000']) assert.ok(isAccountId(text));
    for (const text of [
      '11112222333',
      '1111222233333',
      '11112222333a',
      '１１１１２２２２３３３３',
      '111122223333\n',
    ])
      assert.ok(!isAccountId(text), text);
  });
  it('a role name is what IAM allows, with or without a path', () => {
    for (const text of ['Admin', 'team/Admin', 'a+b=c,d.e@f-g_h', 'x'.repeat(64)])
      assert.ok(isRoleName(text), text);
    for (const text of [
      '',
      '/Admin',
      'Admin/',
      'a//b',
      'a b',
      'Admin\n',
      'Admin*',
      'arn:aws:iam::1:role/x',
      'x'.repeat(65),
      'é',
    ])
      assert.ok(!isRoleName(text), text);
  });
});

describe('durations', () => {
  it('are read in every form in which users write them', () => {
    for (const [text, seconds] of [
      ['15m', 900],
      ['1h', 3600],
      ['1h30m', 5400],
      ['90s', 90],
      ['1d', 86_400],
    ] as const)
      assert.equal(parseDuration(text), seconds);
    for (const text of ['', '0s', '1', 'h', '1 h', '-1h', '1.5h', '1H', '9999999h'])
      assert.equal(parseDuration(text), undefined, text);
  });
  it('are written for readers', () => {
    for (const [seconds, text] of [
      [0, '0 s'],
      [59, '59 s'],
      [60, '1 min'],
      [5400, '1 h 30 min'],
      [43_200, '12 h'],
      [3661, '1 h 1 min'],
    ] as const)
      assert.equal(formatDuration(seconds), text);
  });
});
