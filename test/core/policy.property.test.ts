/** The laws of the policy (docs/adr/0008), held against a reading of the rules that tries each. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import fc from 'fast-check';
import type { AccessRule } from '../../src/core/access-rule.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import type { RoleName } from '../../src/core/role.ts';
import { audienceOf } from '../../src/core/who-can.ts';
import { person } from '../support/people.ts';
import { property } from '../support/properties.ts';
import { ACCOUNTS, HERE, PROD, PROD_EU, rule, STAGING } from './policy-samples.ts';

const ROLES = ['Admin', 'ReadOnly', 'Audit'];
const GROUPS = ['a', 'b', 'c', 'd'];

const rules: fc.Arbitrary<AccessRule[]> = fc
  .array(
    fc.record({
      groups: fc.subarray(GROUPS, { minLength: 1 }),
      accounts: fc.option(
        fc.subarray(
          ACCOUNTS.map(({ id }) => id),
          { minLength: 1 },
        ),
        { nil: undefined },
      ),
      roles: fc.subarray(ROLES, { minLength: 1 }),
      mfa: fc.boolean(),
      networks: fc.constantFrom([], ['10.0.0.0/8'], ['192.0.2.0/24']),
    }),
    { maxLength: 6 },
  )
  .map(all =>
    all.map(({ mfa, networks, ...said }, index) =>
      rule(`rule-${index}`, { ...said, require: { mfa, networks } }),
    ),
  );
const people = fc
  .record({ groups: fc.subarray(GROUPS), multiFactor: fc.boolean() })
  .map(said => person(said));
const cases = fc.record({ rules, who: people });
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

const PAIRS = ACCOUNTS.flatMap(account => ROLES.map(role => ({ account, role })));

/** The first rule that gives this role to this user, found by looking at each. */
function firstFitting({ rules: all, who }: Case, account: string, role: string) {
  return all.find(
    ({ groups, accounts, roles, require: { mfa, networks } }) =>
      groups!.some(group => who.groups.includes(group)) &&
      (accounts === undefined || (accounts as readonly string[]).includes(account)) &&
      (roles as readonly string[]).includes(role) &&
      (!mfa || who.authentication.multiFactor) &&
      (networks.length === 0 || networks.includes('10.0.0.0/8')),
  );
}

const decided = (given: Case, account: string, role: string) =>
  compilePolicy(given.rules, ACCOUNTS).decide(given.who, HERE, { account, role });

describe('the policy, for any rules and users', () => {
  property('grants a role by the first rule that fits, and by no other', cases, given => {
    for (const { account, role } of PAIRS) {
      const decision = decided(given, account.id, role);
      const first = firstFitting(given, account.id, role);
      assert.equal(decision.granted ? decision.entitlement.rule.name : undefined, first?.name);
    }
  });

  property('decides by the name of an account as by its id', cases, given => {
    // The trace repeats what was asked for.
    for (const { account, role } of PAIRS) {
      const [byName, byId] = [account.name, account.id].map(asked => decided(given, asked, role));
      assert.deepEqual({ ...byName, trace: {} }, { ...byId, trace: {} });
    }
  });

  property(
    'lists exactly the roles that it grants, and those that lack something',
    cases,
    given => {
      const { granted, withheld } = compilePolicy(given.rules, ACCOUNTS).evaluate(given.who, HERE);
      for (const { account, role } of PAIRS) {
        const is = (of: { account: { id: string }; role: string }): boolean =>
          of.account.id === account.id && of.role === role;
        const decision = decided(given, account.id, role);
        const listed = granted.filter(is);
        assert.equal(listed.length, decision.granted ? 1 : 0);
        if (decision.granted) assert.deepEqual(listed[0], decision.entitlement);
        const lacking = withheld.filter(({ entitlement }) => is(entitlement));
        assert.equal(lacking.length, !decision.granted && decision.missing.length > 0 ? 1 : 0);
      }
    },
  );

  property(
    'gives a user of more groups everything that one of fewer has',
    fc.tuple(cases, fc.constantFrom(...GROUPS)),
    ([given, group]) => {
      const more = { ...given, who: { ...given.who, groups: [...given.who.groups, group] } };
      for (const { account, role } of PAIRS)
        if (decided(given, account.id, role).granted)
          assert.ok(decided(more, account.id, role).granted, `${account.name}/${role}`);
    },
  );

  property(
    'keeps every grant, and its rule, when a rule is added at the end',
    fc.tuple(cases, rules),
    ([given, added]) => {
      const longer = { ...given, rules: [...given.rules, ...added] };
      for (const { account, role } of PAIRS) {
        const before = decided(given, account.id, role);
        if (before.granted)
          assert.deepEqual(
            (decided(longer, account.id, role) as typeof before).entitlement,
            before.entitlement,
          );
      }
    },
  );

  property('gives nothing in an account, role or group that no rule names', cases, given => {
    for (const [account, role] of [
      ['999999999999', 'Admin'],
      [PROD.id, 'admin'],
      [`${PROD.name} `, 'Admin'],
    ] as const)
      assert.equal(decided(given, account, role).granted, false);
    const stranger = { ...given, who: { ...given.who, groups: ['A', '__proto__', 'a '] } };
    for (const { account, role } of PAIRS)
      assert.equal(decided(stranger, account.id, role).granted, false);
  });

  property('agrees with what `who-can` says of a role', cases, given => {
    const parts = { accounts: ACCOUNTS, access: given.rules, workloadRules: [] };
    for (const { account, role } of PAIRS) {
      const audience = audienceOf(parts, { account, role: role as RoleName });
      const standing = audience.standingOf(given.who, HERE);
      const decision = decided(given, account.id, role);
      assert.equal(standing?.missing.length === 0, decision.granted);
      const isGiven = audience.rules.some(({ groups }) =>
        groups.some(group => given.who.groups.includes(group)),
      );
      assert.equal(standing !== undefined, isGiven);
    }
  });

  property('names every way into an account by which it grants a role', cases, given => {
    const policy = compilePolicy(given.rules, ACCOUNTS);
    for (const account of [PROD, STAGING, PROD_EU]) {
      const ways = policy.waysInto(account.id, given.who.connector);
      for (const entitlement of policy.evaluate(given.who, HERE).granted)
        if (entitlement.account.id === account.id)
          assert.ok(
            ways.some(
              ({ role, groups }) => role === entitlement.role && groups.includes(entitlement.group),
            ),
            entitlement.role,
          );
    }
  });
});
