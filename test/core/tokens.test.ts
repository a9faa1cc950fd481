import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { networkDistance } from '../../src/core/network-distance.ts';
import {
  CLI_CLIENT,
  isLoopbackRedirect,
  isRegisteredRedirect,
  isScope,
} from '../../src/core/oauth-client.ts';
import type { AccountId, RoleName } from '../../src/core/role.ts';
import { isWithin } from '../../src/core/role-scope.ts';
import {
  type AuthorizationCode,
  isRefreshDue,
  type RefreshToken,
  redeemCode,
  rotate,
  rotatedBefore,
  type TokenPair,
} from '../../src/core/tokens.ts';

const NOW = Date.UTC(2026, 10, 20, 9);

describe('redirect URIs', () => {
  it('are loopback addresses of the client, with any port', () => {
    for (const uri of [
      'http://127.0.0.1/callback',
      'http://127.0.0.1:1/callback',
      'http://127.0.0.1:65535/callback',
      'http://[::1]:8400/callback',
    ])
      assert.ok(isRegisteredRedirect(CLI_CLIENT, uri), uri);
  });

  it('are rejected in every other form', () => {
    for (const uri of [
      'http://localhost/callback',
      'https://127.0.0.1/callback',
      'http://127.0.0.1.evil.example/callback',
      'http://127.0.0.1@evil.example/callback',
      'http://evil.example#@127.0.0.1/callback',
      'http://127.0.0.1:80@evil.example/callback',
      'http://127.0.0.1\\@evil.example/callback',
      'http://127.0.0.1/callback?next=1',
      'http://127.0.0.1/callback#x',
      'http://127.0.0.1/callback/',
      'http://127.0.0.1/Callback',
      'http://127.0.0.1/x/../callback',
      'http://127.0.0.1/%63allback',
      'http://127.0.0.2/callback',
      'http://0.0.0.0/callback',
      'http://[::]/callback',
      'http://[::ffff:127.0.0.1]/callback',
      'http://2130706433/callback',
      'http://127.1/callback',
      'http://127.0.0.1:0/callback',
      'http://127.0.0.1:65536/callback',
      'http://127.0.0.1:/callback',
      'http://127.0.0.1:08/callback',
      'HTTP://127.0.0.1/callback',
      ' http://127.0.0.1/callback',
      'http://127.0.0.1/callback\n',
      'http://127.0.0.1',
      'com.example.app:/callback',
      'javascript:alert(1)',
      '',
    ])
      assert.ok(!isRegisteredRedirect(CLI_CLIENT, uri), uri);
  });

  it('can be registered with a path of their own', () => {
    assert.ok(isLoopbackRedirect('http://127.0.0.1/oauth/callback'));
    assert.ok(!isLoopbackRedirect('http://127.0.0.1/./callback'));
  });

  it('have one scope, which is also the default', () => {
    assert.deepEqual([undefined, '', 'aws', 'AWS', 'aws openid', 'openid'].map(isScope), [
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('an authorization code', () => {
  const code: AuthorizationCode = {
    client: 'cli',
    redirectUri: 'http://127.0.0.1:1/callback',
    codeChallenge: 'challenge',
    session: 's',
    redeemBy: NOW + 60_000,
    expiresAt: NOW + 600_000,
    state: 'issued',
  };
  const exchange = {
    client: 'cli',
    redirectUri: 'http://127.0.0.1:1/callback',
    codeChallenge: 'challenge',
  };

  it('is redeemed once, by its client, in time', () => {
    const first = redeemCode(code, exchange, NOW);
    assert.equal(first.misused, undefined);
    assert.match(redeemCode(first.next, exchange, NOW).misused!, /used before/);
  });

  for (const [what, wrong, now] of [
    ['another client', { client: 'other' }, NOW],
    ['another redirect URI', { redirectUri: 'http://127.0.0.1:2/callback' }, NOW],
    ['another verifier', { codeChallenge: 'x' }, NOW],
    ['no verifier', { codeChallenge: '' }, NOW],
    ['too late', {}, NOW + 60_000],
  ] as const) {
    it(`is used up by a wrong attempt: ${what}`, () => {
      const { misused, next } = redeemCode(code, { ...exchange, ...wrong }, now);
      assert.ok(misused);
      assert.match(redeemCode(next, exchange, NOW).misused!, /used before/);
    });
  }
});

describe('a refresh token', () => {
  const token: RefreshToken = { client: 'cli', session: 's', expiresAt: NOW + 3_600_000 };
  const pair = (name: string): TokenPair => ({
    accessToken: `a-${name}`,
    refreshToken: `r-${name}`,
    accessExpiresAt: NOW,
  });

  const use = (name: string, at = NOW, address = '192.0.2.1') => ({
    at,
    address,
    answer: pair(name),
  });

  it('gives the same answer within a minute of its use, and counts as stolen afterwards', () => {
    const { next, rotation } = rotate(token, use('first'));

    assert.deepEqual(rotation, { kind: 'rotated', answer: pair('first') });
    assert.deepEqual(rotate(next, use('second', NOW + 59_999)).rotation, {
      kind: 'repeated',
      answer: pair('first'),
    });
    assert.deepEqual(rotate(next, use('third', NOW + 60_000)), {
      next,
      rotation: { kind: 'reused' },
    });
    assert.equal(rotatedBefore(token, use('none')), undefined);
  });

  for (const [first, second, kind] of [
    ['192.0.2.1', '192.0.2.1', 'repeated'],
    ['192.0.2.1', '192.0.2.254', 'repeated'],
    ['192.0.2.1', '::ffff:192.0.2.9', 'repeated'],
    ['192.0.2.1', '198.51.100.1', 'elsewhere'],
    ['192.0.2.1', '192.0.3.1', 'elsewhere'],
    ['2001:db8:0:1::1', '2001:db8:0:1:ffff::2', 'repeated'],
    ['2001:db8:0:1::1', '2001:db8:0:2::1', 'repeated'],
    ['2001:db8:0:1::1', '2001:db8:0:100::1', 'elsewhere'],
    ['192.0.2.1', '2001:db8::1', 'elsewhere'],
    ['unknown', 'unknown', 'repeated'],
    ['unknown', '192.0.2.1', 'elsewhere'],
  ] as const)
    it(`that was used from ${first} is ${kind} from ${second} within the grace period`, () => {
      const { next } = rotate(token, use('first', NOW, first));
      const again = rotate(next, use('second', NOW + 1000, second));
      assert.equal(again.rotation.kind, kind);
      assert.equal(again.next, next);
      assert.equal(rotate(next, use('third', NOW + 60_000, second)).rotation.kind, 'reused');
    });

  it('is recorded at first use, then every 15 minutes, and every minute from another network', () => {
    const here = { at: NOW, address: '192.0.2.1' };
    assert.equal(isRefreshDue(token, here), true);

    const recorded = { ...token, recorded: here };
    for (const [seconds, address, isDue] of [
      [899, '192.0.2.200', false],
      [900, '192.0.2.1', true],
      [59, '198.51.100.1', false],
      [60, '198.51.100.1', true],
    ] as const)
      assert.equal(
        isRefreshDue(recorded, { at: NOW + seconds * 1000, address }),
        isDue,
        `${seconds} ${address}`,
      );
  });
});

describe('a scope', () => {
  const asked = { account: '111122223333' as AccountId, role: 'Admin' as RoleName };
  const other = { account: '222233334444' as AccountId, role: 'ReadOnly' as RoleName };

  it('never adds a role', () => {
    assert.ok(isWithin(undefined, asked));

    for (const [roles, expected] of [
      [[{}], [true, true]],
      [[{ account: asked.account }], [true, false]],
      [[{ role: other.role }], [false, true]],
      [[{ account: asked.account, role: other.role }], [false, false]],
      [[], [false, false]],
    ] as const)
      assert.deepEqual(
        [
          isWithin({ kind: 'device-login', roles }, asked),
          isWithin({ kind: 'device-login', roles }, other),
        ],
        expected,
      );
    assert.deepEqual(
      [
        isWithin({ kind: 'one-role', ...asked }, asked),
        isWithin({ kind: 'one-role', ...asked }, other),
      ],
      [true, false],
    );
  });
});

describe('the distance of two addresses', () => {
  for (const [one, other, distance] of [
    ['192.0.2.7', '192.0.2.7', 'same-address'],
    ['192.0.2.7', '::ffff:192.0.2.7', 'same-address'],
    ['192.0.2.7', '192.0.2.250', 'same-network'],
    ['192.0.2.7', '192.0.3.7', 'elsewhere'],
    ['2001:db8:0:12::1', '2001:db8:0:12:0::1', 'same-address'],
    ['2001:db8:0:12::1', '2001:db8:0:34::9', 'same-network'],
    ['2001:db8:0:12::1', '2001:db8:1:12::1', 'elsewhere'],
    ['192.0.2.7', '2001:db8::1', 'elsewhere'],
    ['unknown', 'unknown', 'elsewhere'],
  ] as const)
    it(`${one} and ${other}: ${distance}`, () =>
      assert.equal(networkDistance(one, other), distance));
});
