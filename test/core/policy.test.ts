import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccessRule } from '../../src/core/access-rule.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import { person } from '../support/people.ts';
import { ACCOUNTS, HERE, PROD, rolesOf, rule, STAGING } from './policy-samples.ts';

describe('the access policy', () => {
  it('gives nothing to a user whose groups no rule names', () => {
    assert.deepEqual(
      rolesOf([rule('a', { groups: ['admins'], roles: ['Admin'] })], ['developers']),
      [],
    );
    assert.deepEqual(rolesOf([], ['admins']), []);
    assert.deepEqual(rolesOf([rule('a', { groups: ['admins'], roles: ['Admin'] })], []), []);
  });

  it('matches groups exactly: no case folding, no prefix, no prototype key', () => {
    const rules = [rule('a', { groups: ['admins'], accounts: [PROD.id], roles: ['Admin'] })];

    for (const group of [
      'Admins',
      'admins ',
      'admin',
      'admins,developers',
      '*',
      '__proto__',
      'constructor',
      '',
    ])
      assert.deepEqual(rolesOf(rules, [group]), [], group);
    assert.deepEqual(rolesOf(rules, ['admins']), ['prod/Admin by a']);
  });

  it('gives the union of the rules, each role once, with the settings of the first rule that gives it', () => {
    const rules = [
      rule('first', { groups: ['admins'], accounts: [PROD.id], roles: ['Admin'], duration: 900 }),
      rule('second', {
        groups: ['developers'],
        accounts: [PROD.id, STAGING.id],
        roles: ['Admin', 'ReadOnly'],
        duration: 7200,
      }),
    ];
    assert.deepEqual(rolesOf(rules, ['developers', 'admins']), [
      'prod/Admin by first',
      'prod/ReadOnly by second',
      'staging/Admin by second',
      'staging/ReadOnly by second',
    ]);
  });

  it('applies a rule without accounts to every account', () => {
    assert.deepEqual(rolesOf([rule('a', { groups: ['g'], roles: ['Audit'] })], ['g']), [
      'prod/Audit by a',
      'staging/Audit by a',
      'prod-eu/Audit by a',
    ]);
  });

  it('falls through to a later rule when a requirement of the first is unmet', () => {
    const rules = [
      rule('strict', {
        groups: ['g'],
        accounts: [PROD.id],
        roles: ['Admin'],
        duration: 7200,
        require: { mfa: true, networks: [] },
      }),
      rule('lenient', { groups: ['g'], accounts: [PROD.id], roles: ['Admin'], duration: 900 }),
    ];

    assert.deepEqual(rolesOf(rules, ['g'], { multiFactor: true }), ['prod/Admin by strict']);
    assert.deepEqual(rolesOf(rules, ['g'], { multiFactor: false }), ['prod/Admin by lenient']);
  });

  it('withholds a role with an unmet requirement, and names it', () => {
    const policy = compilePolicy(
      [
        rule('a', {
          groups: ['g'],
          accounts: [PROD.id],
          roles: ['Admin'],
          require: {
            mfa: true,
            authenticatedWithin: 3600,
            networks: ['10.0.0.0/8'],
          },
        }),
      ],
      ACCOUNTS,
    );
    const { granted, withheld } = policy.evaluate(
      person({ groups: ['g'], multiFactor: false, authenticatedAt: HERE.now - 3_601_000 }),
      {
        ...HERE,
        address: '192.0.2.1',
      },
    );

    assert.deepEqual(granted, []);
    assert.deepEqual(
      withheld.map(({ missing }) => missing),
      [
        [
          { requirement: 'multi-factor' },
          { requirement: 'authenticated-within', withinSeconds: 3600, ageSeconds: 3601 },
          { requirement: 'network', networks: ['10.0.0.0/8'], address: '192.0.2.1' },
        ],
      ],
    );
  });

  it('accepts a sign-in that is exactly as old as allowed, and one from a clock ahead', () => {
    const rules = [
      rule('a', {
        groups: ['g'],
        accounts: [PROD.id],
        roles: ['Admin'],
        require: { mfa: false, authenticatedWithin: 60, networks: [] },
      }),
    ];

    assert.equal(rolesOf(rules, ['g'], { authenticatedAt: HERE.now - 60_000 }).length, 1);
    assert.equal(rolesOf(rules, ['g'], { authenticatedAt: HERE.now - 61_000 }).length, 0);
    assert.equal(rolesOf(rules, ['g'], { authenticatedAt: HERE.now + 30_000 }).length, 1);
  });

  it('rejects a sign-in whose time the identity provider did not say', () => {
    const within = { mfa: false, authenticatedWithin: 60, networks: [] };
    const policy = compilePolicy(
      [rule('a', { groups: ['g'], accounts: [PROD.id], roles: ['Admin'], require: within })],
      ACCOUNTS,
    );
    const who = {
      ...person({ groups: ['g'] }),
      authentication: { methods: [], multiFactor: false },
    };

    assert.deepEqual(
      policy.evaluate(who, HERE).withheld.map(({ missing }) => missing),
      [[{ requirement: 'authenticated-within', withinSeconds: 60, ageSeconds: undefined }]],
    );
  });

  const NETWORKS: readonly [networks: string[], address: string, inside: boolean][] = [
    [['10.0.0.0/8'], '10.255.255.255', true],
    [['10.0.0.0/8'], '11.0.0.0', false],
    [['192.0.2.7'], '192.0.2.7', true],
    [['192.0.2.7'], '192.0.2.8', false],
    [['10.0.0.0/8'], '::ffff:10.1.2.3', true],
    [['2001:db8::/32'], '2001:db8::1', true],
    [['2001:db8::/32'], '2001:db9::1', false],
    [['2001:db8::/32', '10.0.0.0/8'], '10.0.0.1', true],
    [['0.0.0.0/0'], '2001:db8::1', false],
    [['0.0.0.0/0'], 'unknown', false],
    [['0.0.0.0/0'], '', false],
  ];
  for (const [networks, address, inside] of NETWORKS) {
    it(`${inside ? 'accepts' : 'rejects'} the address "${address}" for ${networks.join(', ')}`, () => {
      const rules = [
        rule('a', {
          groups: ['g'],
          accounts: [PROD.id],
          roles: ['Admin'],
          require: { mfa: false, networks },
        }),
      ];
      assert.equal(rolesOf(rules, ['g'], {}, { ...HERE, address }).length, inside ? 1 : 0);
    });
  }

  describe('with group patterns', () => {
    const both = [rule('p', { groupPattern: 'aws-{account}-{role}' })];
    const domain = [rule('p', { groupPattern: 'CORP\\aws-{account}-{role}' })];
    const okta = [rule('p', { groupPattern: 'aws#{_}#{role}#{account}' })];
    const named = [rule('p', { groupPattern: 'aws#{account}#{role}#{accountId}' })];
    const TABLE: readonly [rules: AccessRule[], group: string, roles: string[]][] = [
      [both, 'aws-prod-Admin', ['prod/Admin by p']],
      [both, 'aws-111122223333-Admin', ['prod/Admin by p']],
      [both, 'aws-staging-team/Dev', ['staging/team/Dev by p']],
      // Two accounts fit: the longest name wins, so that a group for prod-eu never gives a role in
      // prod.
      [both, 'aws-prod-eu-Admin', ['prod-eu/Admin by p']],
      [both, 'aws-unknown-Admin', []],
      [both, 'aws-prod-', []],
      [both, 'aws--Admin', []],
      [both, 'AWS-prod-Admin', []],
      [both, 'aws-prod-Ad min', []],
      [both, 'aws-prod-Admin\n', []],
      [both, 'x-aws-prod-Admin', []],
      [both, `aws-prod-${'A'.repeat(65)}`, []],
      [both, `aws-prod-${'-'.repeat(5000)}`, []],
      [
        [rule('p', { groupPattern: 'aws-{account}-{role}', accounts: [STAGING.id] })],
        'aws-prod-Admin',
        [],
      ],
      [
        [rule('p', { groupPattern: 'aws-{account}-{role}', roles: ['ReadOnly'] })],
        'aws-prod-Admin',
        [],
      ],
      [
        [rule('p', { groupPattern: 'aws-{account}-{role}', roles: ['Admin'] })],
        'aws-prod-Admin',
        ['prod/Admin by p'],
      ],
      [
        [rule('p', { groupPattern: '{role}@{account}.aws' })],
        'Admin@prod.aws',
        ['prod/Admin by p'],
      ],
      [
        [rule('p', { groupPattern: '{role}@{account}.aws' })],
        'odd@name@prod.aws',
        ['prod/odd@name by p'],
      ],
      [
        [rule('p', { groupPattern: '{account}-users', roles: ['Dev', 'Read'] })],
        'prod-users',
        ['prod/Dev by p', 'prod/Read by p'],
      ],
      [
        [rule('p', { groupPattern: 'role-{role}', accounts: [PROD.id, STAGING.id] })],
        'role-Dev',
        ['prod/Dev by p', 'staging/Dev by p'],
      ],
      // Letters that nothing interprets.
      [domain, 'CORP\\aws-prod-Admin', ['prod/Admin by p']],
      [domain, 'CORPaws-prod-Admin', []],
      [[rule('p', { groupPattern: 'a*b?-{account}-{role}' })], 'a*b?-prod-Dev', ['prod/Dev by p']],
      [[rule('p', { groupPattern: 'a*b?-{account}-{role}' })], 'a-b1-prod-Dev', []],
      // Parts that are ignored.
      [okta, 'aws#alias#Admin#111122223333', ['prod/Admin by p']],
      [okta, 'aws##Admin#111122223333', []],
      [okta, 'aws#a#b#Admin#111122223333', []],
      [okta, 'aws#alias#Admin#999999999999', []],
      [okta, 'aws#alias#Admin#111122223333#', []],
      [
        [rule('p', { groupPattern: '{_}-{account}-{role}' })],
        'x-prod-eu-Dev',
        ['prod-eu/Dev by p'],
      ],
      [[rule('p', { groupPattern: '{_}-{account}-{role}' })], 'x-y-prod-Dev', []],
      [[rule('p', { groupPattern: '{account}-{role}-{_}' })], 'prod-a-b-c', ['prod/a-b by p']],
      [
        [rule('p', { groupPattern: '{role}-{_}-{account}' })],
        'Dev-x-prod-eu',
        ['prod-eu/Dev by p'],
      ],
      [[rule('p', { groupPattern: '{account}/{_}/{role}' })], 'prod/x/Dev', ['prod/Dev by p']],
      // The account by name and id.
      [named, 'aws#prod#Admin#111122223333', ['prod/Admin by p']],
      [named, 'aws#staging#Admin#111122223333', []],
      [named, 'aws#prod#Admin#prod', []],
      [named, 'aws#111122223333#Admin#111122223333', ['prod/Admin by p']],
      [
        [rule('p', { groupPattern: '{account}-{accountId}-{role}' })],
        'prod-eu-333344445555-Dev',
        ['prod-eu/Dev by p'],
      ],
      [[rule('p', { groupPattern: 'id-{accountId}-{role}' })], 'id-prod-Dev', []],
      [
        [rule('p', { groupPattern: 'id-{accountId}-{role}' })],
        'id-222233334444-Dev',
        ['staging/Dev by p'],
      ],
    ];
    for (const [rules, group, expected] of TABLE) {
      it(`${rules[0]!.groupPattern} and ${JSON.stringify(group.slice(0, 40))} give ${expected.join(', ') || 'nothing'}`, () =>
        assert.deepEqual(rolesOf(rules, [group]), expected));
    }

    it('takes a bounded time for a pattern of many parts and a group of many separators', () => {
      const rules = [rule('p', { groupPattern: '{_}.{account}-{role}-{accountId}-{_}.{_}' })];
      const started = performance.now();
      for (let index = 0; index < 100; index++)
        assert.deepEqual(rolesOf(rules, [`x.${'prod-'.repeat(50)}`]), []);
      assert.ok(performance.now() - started < 2_000);
    });

    it('gives what each of several groups names', () => {
      assert.deepEqual(rolesOf(both, ['aws-prod-Admin', 'aws-staging-Admin', 'aws-prod-Admin']), [
        'prod/Admin by p',
        'staging/Admin by p',
      ]);
    });
  });
});
