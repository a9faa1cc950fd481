import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccessRule } from '../../src/core/access-rule.ts';
import type { ConnectorId } from '../../src/core/identity.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import type { Account, AccountId, RoleName } from '../../src/core/role.ts';
import { person } from '../support/people.ts';

const account = (id: string, name: string): Account => ({
  id: id as AccountId,
  name,
  partition: 'aws',
  region: 'eu-west-1',
  trust: { by: 'web-identity' },
});
const PROD = account('111122223333', 'prod');
const STAGING = account('222233334444', 'staging');
const PROD_EU = account('333344445555', 'prod-eu');
const ACCOUNTS = [PROD, STAGING, PROD_EU];
const CORP = 'corp' as ConnectorId;
const HERE = { now: 10_000_000, address: '10.1.2.3' };

function rule(
  name: string,
  said: Partial<Omit<AccessRule, 'roles'>> & { roles?: string[]; duration?: number },
): AccessRule {
  const { roles = [], duration = 3600, ...rest } = said;
  return {
    name,
    groups: [],
    connectors: [CORP],
    roles: roles as RoleName[],
    session: { durationSeconds: duration, tags: {}, transitiveTags: [], policyArns: [] },
    require: { multiFactor: false, networks: [] },
    ...rest,
  };
}

const rolesOf = (
  rules: AccessRule[],
  groups: string[],
  said: Parameters<typeof person>[0] = {},
  where = HERE,
): string[] =>
  compilePolicy(rules, ACCOUNTS)
    .evaluate(person({ ...said, groups }), where)
    .granted.map(({ account, role, rule }) => `${account.name}/${role} by ${rule.name}`);

describe('the access policy', () => {
  it('gives nothing to somebody whose groups no rule names', () => {
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

  it('takes a rule without accounts for every account', () => {
    assert.deepEqual(rolesOf([rule('a', { groups: ['g'], roles: ['Audit'] })], ['g']), [
      'prod/Audit by a',
      'staging/Audit by a',
      'prod-eu/Audit by a',
    ]);
  });

  it('falls through to a later rule when a proof for the first is missing', () => {
    const rules = [
      rule('strict', {
        groups: ['g'],
        accounts: [PROD.id],
        roles: ['Admin'],
        duration: 7200,
        require: { multiFactor: true, networks: [] },
      }),
      rule('lenient', { groups: ['g'], accounts: [PROD.id], roles: ['Admin'], duration: 900 }),
    ];
    assert.deepEqual(rolesOf(rules, ['g'], { multiFactor: true }), ['prod/Admin by strict']);
    assert.deepEqual(rolesOf(rules, ['g'], { multiFactor: false }), ['prod/Admin by lenient']);
  });

  it('withholds a role whose proof is missing, and says which', () => {
    const policy = compilePolicy(
      [
        rule('a', {
          groups: ['g'],
          accounts: [PROD.id],
          roles: ['Admin'],
          require: {
            multiFactor: true,
            authenticatedWithinSeconds: 3600,
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
          { proof: 'multi-factor' },
          { proof: 'authenticated-within', withinSeconds: 3600, ageSeconds: 3601 },
          { proof: 'network', networks: ['10.0.0.0/8'], address: '192.0.2.1' },
        ],
      ],
    );
  });

  it('takes a sign-in that is exactly as old as allowed, and one from a clock ahead of ours', () => {
    const rules = [
      rule('a', {
        groups: ['g'],
        accounts: [PROD.id],
        roles: ['Admin'],
        require: { multiFactor: false, authenticatedWithinSeconds: 60, networks: [] },
      }),
    ];
    assert.equal(rolesOf(rules, ['g'], { authenticatedAt: HERE.now - 60_000 }).length, 1);
    assert.equal(rolesOf(rules, ['g'], { authenticatedAt: HERE.now - 61_000 }).length, 0);
    assert.equal(rolesOf(rules, ['g'], { authenticatedAt: HERE.now + 30_000 }).length, 1);
  });

  it('refuses a sign-in whose time the identity provider did not say', () => {
    const within = { multiFactor: false, authenticatedWithinSeconds: 60, networks: [] };
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
      [[{ proof: 'authenticated-within', withinSeconds: 60, ageSeconds: undefined }]],
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
    it(`${inside ? 'takes' : 'refuses'} the address "${address}" for ${networks.join(', ')}`, () => {
      const rules = [
        rule('a', {
          groups: ['g'],
          accounts: [PROD.id],
          roles: ['Admin'],
          require: { multiFactor: false, networks },
        }),
      ];
      assert.equal(rolesOf(rules, ['g'], {}, { ...HERE, address }).length, inside ? 1 : 0);
    });
  }

  describe('with group patterns', () => {
    const both = [rule('p', { groupPattern: 'aws-{account}-{role}' })];
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
    ];
    for (const [rules, group, expected] of TABLE) {
      it(`${rules[0]!.groupPattern} and ${JSON.stringify(group.slice(0, 40))} give ${expected.join(', ') || 'nothing'}`, () =>
        assert.deepEqual(rolesOf(rules, [group]), expected));
    }

    it('gives what each of several groups says', () => {
      assert.deepEqual(rolesOf(both, ['aws-prod-Admin', 'aws-staging-Admin', 'aws-prod-Admin']), [
        'prod/Admin by p',
        'staging/Admin by p',
      ]);
    });
  });

  describe('asked for one role', () => {
    const rules = [
      rule('admins', {
        groups: ['aws-admins'],
        accounts: [PROD.id],
        roles: ['Admin'],
        require: { multiFactor: true, networks: [] },
      }),
      rule('breakglass', { groups: ['breakglass'], accounts: [PROD.id], roles: ['Admin'] }),
      rule('pattern', { groupPattern: 'aws-{account}-{role}' }),
    ];
    const policy = compilePolicy(rules, ACCOUNTS);

    it('answers with the rule and the group that give it', () => {
      const decision = policy.decide(person({ groups: ['aws-admins'] }), HERE, {
        account: 'prod',
        role: 'Admin',
      });
      assert.equal(decision.granted, true);
      assert.deepEqual(decision.trace, {
        account: 'prod',
        role: 'Admin',
        outcome: 'granted',
        steps: [{ rule: 'admins', outcome: 'grants', group: 'aws-admins' }],
      });
    });

    it('takes the account by its id', () => {
      assert.equal(
        policy.decide(person({ groups: ['aws-admins'] }), HERE, { account: PROD.id, role: 'Admin' })
          .granted,
        true,
      );
    });

    it('names the groups that would give it, and nothing of anybody else', () => {
      const decision = policy.decide(person({ groups: ['developers'] }), HERE, {
        account: 'prod',
        role: 'Admin',
      });
      assert.equal(decision.granted, false);
      assert.deepEqual(decision.trace.steps, [
        { rule: 'admins', outcome: 'group-missing', groups: ['aws-admins'] },
        { rule: 'breakglass', outcome: 'group-missing', groups: ['breakglass'] },
        { rule: 'pattern', outcome: 'group-missing', groups: ['aws-prod-Admin'] },
      ]);
    });

    it('puts the missing proof of the person first', () => {
      const decision = policy.decide(person({ groups: ['aws-admins'], multiFactor: false }), HERE, {
        account: 'prod',
        role: 'Admin',
      });
      assert.equal(decision.granted, false);
      assert.deepEqual(decision.granted ? undefined : decision.missing, [
        { proof: 'multi-factor' },
      ]);
      assert.deepEqual(decision.trace.steps[0], {
        rule: 'admins',
        outcome: 'proof-missing',
        group: 'aws-admins',
        missing: [{ proof: 'multi-factor' }],
      });
    });

    for (const asked of [
      { account: 'nowhere', role: 'Admin' },
      { account: 'prod', role: 'Ad min' },
      { account: '__proto__', role: 'Admin' },
      { account: 'prod', role: '../Admin' },
      { account: '', role: '' },
    ]) {
      it(`refuses ${JSON.stringify(asked)} without a word about rules`, () => {
        const decision = policy.decide(person({ groups: ['aws-admins'] }), HERE, asked);
        assert.equal(decision.granted, false);
        assert.deepEqual(decision.trace.steps, []);
      });
    }

    it('lists at most twenty rules', () => {
      const many = compilePolicy(
        Array.from({ length: 100 }, (_, index) =>
          rule(`r${index}`, { groups: [`g${index}`], roles: ['Admin'] }),
        ),
        ACCOUNTS,
      );
      assert.equal(
        many.decide(person(), HERE, { account: 'prod', role: 'Admin' }).trace.steps.length,
        20,
      );
    });
  });

  it('agrees with itself: what is granted in the list is granted when asked, and the other way round', () => {
    const rules = [
      rule('a', {
        groups: ['g1', 'g2'],
        accounts: [PROD.id],
        roles: ['Admin', 'Dev'],
        require: { multiFactor: true, networks: [] },
      }),
      rule('b', { groups: ['g3'], roles: ['Dev'] }),
      rule('c', { groupPattern: 'aws-{account}-{role}', accounts: [STAGING.id] }),
      rule('d', {
        groups: ['g1'],
        accounts: [STAGING.id],
        roles: ['Admin'],
        require: { multiFactor: false, networks: ['192.0.2.0/24'] },
      }),
    ];
    const policy = compilePolicy(rules, ACCOUNTS);
    const groups = ['g1', 'g2', 'g3', 'aws-staging-Admin', 'aws-prod-Dev'];
    for (let mask = 0; mask < 2 ** groups.length; mask++) {
      for (const multiFactor of [true, false]) {
        const who = person({ groups: groups.filter((_, bit) => mask & (2 ** bit)), multiFactor });
        const listed = new Set(
          policy.evaluate(who, HERE).granted.map(({ arn, rule: by }) => `${arn} ${by.name}`),
        );
        for (const { name: account } of ACCOUNTS) {
          for (const role of ['Admin', 'Dev']) {
            const decision = policy.decide(who, HERE, { account, role });
            if (decision.granted)
              assert.ok(
                listed.delete(`${decision.entitlement.arn} ${decision.entitlement.rule.name}`),
                `${account}/${role}`,
              );
          }
        }
        assert.equal(listed.size, 0);
      }
    }
  });

  describe('with several connectors', () => {
    const [OKTA, VENDOR] = ['okta', 'vendor'] as ConnectorId[] as [ConnectorId, ConnectorId];
    const ADMIN = { account: 'prod', role: 'Admin' };
    const policy = compilePolicy(
      [
        rule('admins', {
          groups: ['aws-admins'],
          connectors: [OKTA],
          accounts: [PROD.id],
          roles: ['Admin'],
        }),
        rule('by-name', { groupPattern: 'aws-{account}-{role}', connectors: [OKTA] }),
        rule('support', {
          groups: ['support'],
          connectors: [VENDOR, OKTA],
          accounts: [STAGING.id],
          roles: ['Support'],
        }),
      ],
      ACCOUNTS,
    );
    const of = (connector: ConnectorId, groups: readonly string[]) => person({ connector, groups });
    const list = (who: ReturnType<typeof of>): string[] =>
      policy
        .evaluate(who, HERE)
        .granted.map(({ account, role, group }) => `${account.name}/${role} through ${group}`);

    it('takes a group only from the connectors of the rule', () => {
      const groups = ['aws-admins', 'aws-prod-eu-Admin', 'aws-222233334444-Dev', 'support'];
      assert.deepEqual(list(of(OKTA, groups)), [
        'prod/Admin through aws-admins',
        'prod-eu/Admin through aws-prod-eu-Admin',
        'staging/Dev through aws-222233334444-Dev',
        'staging/Support through support',
      ]);
      assert.deepEqual(list(of(VENDOR, groups)), ['staging/Support through support']);
      for (const stranger of ['', 'Okta', 'okta ', '__proto__', 'constructor'])
        assert.deepEqual(list(of(stranger as ConnectorId, groups)), [], stranger);
    });

    it('names the connectors of a rule to a user of another one, and not its groups', () => {
      for (const groups of [[], ['aws-admins', 'aws-prod-Admin']]) {
        const decision = policy.decide(of(VENDOR, groups), HERE, ADMIN);
        assert.equal(decision.granted, false);
        assert.deepEqual(decision.trace.steps, [
          { rule: 'admins', outcome: 'connector-mismatch', connectors: [OKTA], connector: VENDOR },
          { rule: 'by-name', outcome: 'connector-mismatch', connectors: [OKTA], connector: VENDOR },
        ]);
      }
    });

    it('lists the rules of the own connector before those of others', () => {
      const mixed = compilePolicy(
        [
          rule('other', {
            groups: ['g'],
            connectors: [OKTA],
            accounts: [PROD.id],
            roles: ['Admin'],
          }),
          rule('own', {
            groups: ['h'],
            connectors: [VENDOR],
            accounts: [PROD.id],
            roles: ['Admin'],
          }),
        ],
        ACCOUNTS,
      );
      const { steps } = mixed.decide(of(VENDOR, []), HERE, ADMIN).trace;
      assert.deepEqual(
        steps.map(({ rule: by, outcome }) => [by, outcome]),
        [
          ['own', 'group-missing'],
          ['other', 'connector-mismatch'],
        ],
      );
    });

    it('does not match a rule that takes the groups of no connector', () => {
      const nobody = compilePolicy(
        [rule('n', { groups: ['g'], connectors: [], roles: ['Admin'] })],
        ACCOUNTS,
      );
      assert.deepEqual(nobody.evaluate(of(OKTA, ['g']), HERE).granted, []);
      assert.equal(nobody.decide(of(OKTA, ['g']), HERE, ADMIN).granted, false);
    });
  });

  it('reads a group that fits two ways as one account and one role, in the list and when asked', () => {
    const odd = account('111122223333', 'b-111122223333');
    const policy = compilePolicy([rule('p', { groupPattern: '{role}-{account}' })], [odd]);
    const who = person({ groups: ['R-b-111122223333'] });
    assert.deepEqual(
      policy.evaluate(who, HERE).granted.map(({ role }) => role),
      ['R'],
    );
    assert.equal(policy.decide(who, HERE, { account: odd.id, role: 'R' }).granted, true);
    assert.equal(policy.decide(who, HERE, { account: odd.id, role: 'R-b' }).granted, false);
  });

  it('gives the same in the list and when asked, over random policies of several connectors', () => {
    const random = numbers(20_261_129);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
    const some = <T>(from: readonly T[], share: number): T[] => from.filter(() => random() < share);
    const accounts = [
      PROD,
      STAGING,
      PROD_EU,
      account('444455556666', 'eu'),
      account('555566667777', 'x-555566667777'),
    ];
    const [connectors, roles] = [
      ['c1', 'c2', 'c3'] as ConnectorId[],
      ['Admin', 'eu-Admin', 'Admin-eu', 'team/Dev', 'x'],
    ];
    const patterns = [
      'aws-{account}-{role}',
      'aws-{role}-{account}',
      '{role}@{account}',
      'aws-{account}',
      'aws-{role}',
    ];
    const plain = ['aws-prod', 'g1', 'g2', 'aws-prod-Admin', 'aws-x'];
    const named = accounts.flatMap(({ id, name }) =>
      [id, name].flatMap(of =>
        roles.flatMap(to => [`aws-${of}-${to}`, `aws-${to}-${of}`, `${to}@${of}`, `aws-${of}`]),
      ),
    );
    const requirements = [
      { multiFactor: false, networks: [] },
      { multiFactor: true, networks: [] },
      { multiFactor: false, networks: ['192.0.2.0/24'] },
    ];
    for (let round = 0; round < 300; round++) {
      const rules = Array.from({ length: 6 }, (_, index) => {
        const isPattern = random() < 0.5;
        const groupPattern = isPattern ? pick(patterns) : undefined;
        const bound = some(roles, 0.5);
        return rule(`r${index}`, {
          groups: isPattern ? [] : some(plain, 0.5),
          groupPattern,
          connectors: some(connectors, 0.5),
          accounts: random() < 0.3 ? undefined : some(accounts, 0.5).map(({ id }) => id),
          roles: groupPattern?.includes('{role}') ? pick([bound, []]) : bound,
          require: pick(requirements),
        });
      });
      const policy = compilePolicy(rules, accounts);
      for (let people = 0; people < 5; people++) {
        const who = person({
          connector: pick(connectors),
          groups: [...some(plain, 0.4), ...some(named, 0.1)],
          multiFactor: random() < 0.5,
        });
        const { granted, withheld } = policy.evaluate(who, HERE);
        const given = new Map(
          granted.map(({ arn, rule: by, group }) => [arn as string, `${by.name} ${group}`]),
        );
        const kept = new Map(
          withheld.map(({ entitlement, missing }) => [
            entitlement.arn as string,
            JSON.stringify(missing),
          ]),
        );
        const asked = new Set(
          [...granted, ...withheld.map(({ entitlement }) => entitlement)].map(
            ({ role }) => role as string,
          ),
        );
        for (const { name, id } of accounts) {
          for (const role of new Set([...roles, ...asked])) {
            const decision = policy.decide(who, HERE, { account: name, role });
            const arn = `arn:aws:iam::${id}:role/${role}`;
            const [said] = decision.granted
              ? [`${decision.entitlement.rule.name} ${decision.entitlement.group}`]
              : [];
            assert.equal(said, given.get(arn), `round ${round}: ${arn}`);
            if (decision.granted) continue;
            assert.equal(
              decision.missing.length === 0 ? undefined : JSON.stringify(decision.missing),
              kept.get(arn),
              `round ${round}: ${arn}`,
            );
          }
        }
      }
    }
  });

  it('takes sixty thousand group names that it has never seen, a thousand a person', () => {
    const policy = compilePolicy([rule('p', { groupPattern: 'aws-{account}-{role}' })], ACCOUNTS);
    for (let round = 0; round < 60; round++) {
      const groups = Array.from({ length: 1000 }, (_, index) => `aws-prod-R${round}-${index}`);
      assert.equal(policy.evaluate(person({ groups }), HERE).granted.length, 1000);
    }
  });
});

/** Numbers from 0 to 1 that look random and are the same in every run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
