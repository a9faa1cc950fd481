import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConnectorId } from '../../src/core/identity.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import { person } from '../support/people.ts';
import { ACCOUNTS, account, HERE, PROD, PROD_EU, rule, STAGING } from './policy-samples.ts';

describe('the access policy', () => {
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
      const policy = compilePolicy(
        [rule('n', { groups: ['g'], connectors: [], roles: ['Admin'] })],
        ACCOUNTS,
      );
      assert.deepEqual(policy.evaluate(of(OKTA, ['g']), HERE).granted, []);
      assert.equal(policy.decide(of(OKTA, ['g']), HERE, ADMIN).granted, false);
    });
  });

  it('reads an ambiguous group as one account and one role, in evaluate and in decide', () => {
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

  it('gives the same in evaluate and in decide, over random policies of several connectors', () => {
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
      { mfa: false, networks: [] },
      { mfa: true, networks: [] },
      { mfa: false, networks: ['192.0.2.0/24'] },
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

  it('evaluates sixty thousand unknown group names, a thousand for each user', () => {
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
