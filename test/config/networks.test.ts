import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { said, spoiled, written } from './written.ts';

/** The good configuration with other proxies, and with a rule that asks for networks. */
function configured(trusted: string, networks: string): string {
  return spoiled('[10.9.8.7/32]', trusted).replace('{ mfa: true }', `{ networks: ${networks} }`);
}

describe('warns of a trusted block that overlaps a network of a rule', () => {
  const cases: readonly (readonly [
    title: string,
    trusted: string,
    networks: string,
    block: string,
    claimed: string,
    fix: string,
  ])[] = [
    ['the same block', '[10.0.0.0/8]', '[10.0.0.0/8]', '10.0.0.0/8', '10.0.0.0/8', '10.0.0.0/32'],
    [
      'a block inside of the network',
      '[10.1.2.0/24]',
      '[10.0.0.0/8]',
      '10.1.2.0/24',
      '10.0.0.0/8',
      '10.1.2.0/32',
    ],
    [
      'a block around the network',
      '[10.0.0.0/8]',
      '[10.1.2.0/24]',
      '10.0.0.0/8',
      '10.1.2.0/24',
      '10.0.0.0/32',
    ],
    [
      'a block around a single address',
      '[10.1.2.0/30]',
      '[10.1.2.3/32]',
      '10.1.2.0/30',
      '10.1.2.3/32',
      '10.1.2.0/32',
    ],
    [
      'two addresses of the network',
      '[10.1.2.4/31]',
      '[10.0.0.0/8]',
      '10.1.2.4/31',
      '10.0.0.0/8',
      '10.1.2.4/32',
    ],
    [
      'a block of IPv6',
      '["2001:db8:1::/64"]',
      '["2001:db8::/32"]',
      '2001:db8:1::/64',
      '2001:db8::/32',
      '2001:db8:1::/128',
    ],
  ];
  for (const [title, trusted, networks, block, claimed, fix] of cases) {
    it(title, () =>
      written(async ({ check }) => {
        const { configuration, problems, warnings } = await check(configured(trusted, networks));
        assert.deepEqual(said(warnings), [
          `3:20 proxy.trusted[0]: "${block}" overlaps "${claimed}", which access[0].require.networks[0] requires: a host in both can claim any address. Name the proxies' own addresses, one by one, such as ${fix}.`,
        ]);
        assert.deepEqual(said(problems), []);
        assert.ok(configuration);
      }),
    );
  }

  it('once for each block, whichever network it overlaps', () =>
    written(async ({ check }) => {
      const { warnings } = await check(
        configured(
          '[192.0.2.1/32, 10.0.0.0/24, "fd00::/8"]',
          '[198.51.100.0/24, "fd12::/16", 10.0.0.0/8]',
        ),
      );
      assert.deepEqual(
        warnings.map(({ path, message }) => `${path} ${/access\S+/.exec(message)?.[0]}`),
        [
          'proxy.trusted[1] access[0].require.networks[2]',
          'proxy.trusted[2] access[0].require.networks[1]',
        ],
      );
    }));
});

describe('accepts a trusted block', () => {
  const cases: readonly (readonly [title: string, trusted: string, networks: string])[] = [
    [
      'if it is one address, also of the network',
      '[10.1.2.3/32, "2001:db8::7/128"]',
      '[10.0.0.0/8, "2001:db8::/32"]',
    ],
    ['if it lies beside the network', '[10.1.2.0/24]', '[10.1.3.0/24]'],
    ['if it is IPv6 and the network IPv4', '["fd00::/64"]', '[10.0.0.0/8]'],
  ];
  for (const [title, trusted, networks] of cases) {
    it(title, () =>
      written(async ({ check }) => {
        const { problems, warnings, configuration } = await check(configured(trusted, networks));
        assert.deepEqual([said(problems), said(warnings)], [[], []]);
        assert.ok(configuration);
      }),
    );
  }
});

it('warns of a wide trusted block when no rule requires networks', () =>
  written(async ({ check }) => {
    const trusted = '[10.0.0.0/23, 10.2.0.0/24, "2001:db8::/63", "2001:db8:1::/64"]';
    const { configuration, problems, warnings } = await check(spoiled('[10.9.8.7/32]', trusted));
    assert.deepEqual(said(problems), []);
    const fix = "Name the proxies' own addresses, or the smallest block that only they are in.";
    assert.deepEqual(said(warnings), [
      `3:20 proxy.trusted[0]: "10.0.0.0/23" is wider than /24; everyone in it can claim to come from anywhere. ${fix}`,
      `3:46 proxy.trusted[2]: "2001:db8::/63" is wider than /64; everyone in it can claim to come from anywhere. ${fix}`,
    ]);
    assert.ok(configuration);
  }));

it('warns of an https bridge without a trusted proxy, because every user then has the address of the proxy', () =>
  written(async ({ check }) => {
    const { configuration, problems, warnings } = await check(spoiled('[10.9.8.7/32]', '[]'));
    assert.deepEqual(said(problems), []);
    assert.equal(warnings.length, 1);
    assert.match(
      said(warnings)[0]!,
      /^1:1 baseUrl: is https, so a proxy terminates TLS, but proxy\.trusted is empty: .* Write the addresses of the proxy into proxy\.trusted\.$/,
    );
    assert.ok(configuration);
  }));
