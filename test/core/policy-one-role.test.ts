import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConnectorId } from '../../src/core/identity.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import { person } from '../support/people.ts';
import { ACCOUNTS, HERE, PROD, rule, STAGING } from './policy-samples.ts';

describe('the access policy', () => {
  describe('asked for one role', () => {
    const rules = [
      rule('admins', {
        groups: ['aws-admins'],
        accounts: [PROD.id],
        roles: ['Admin'],
        require: { mfa: true, networks: [] },
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

    it('names the groups that would give it, and no membership of other users', () => {
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

    it('says which of these groups the user has lost last', () => {
      const lostGroups = [
        { name: 'other', since: 9 },
        { name: 'breakglass', since: 5 },
        { name: 'aws-prod-Admin', since: 7 },
      ];
      const asked = { account: 'prod', role: 'Admin' };
      const { trace } = policy.decide(person({ lostGroups }), HERE, asked);

      assert.deepEqual(
        trace.steps.map(step => 'lost' in step && step.lost),
        [false, { name: 'breakglass', since: 5 }, { name: 'aws-prod-Admin', since: 7 }],
      );
    });

    it('decides by groups with ignored parts, and names them with a star', () => {
      const okta = compilePolicy(
        [rule('okta', { groupPattern: 'aws#{_}#{role}#{accountId}' })],
        ACCOUNTS,
      );
      const asked = { account: 'prod', role: 'Admin' };
      const granted = okta.decide(
        person({ groups: ['aws#x#Dev#111122223333', 'aws#x#Admin#111122223333'] }),
        HERE,
        asked,
      );
      assert.equal(granted.granted && granted.entitlement.group, 'aws#x#Admin#111122223333');
      const denied = okta.decide(person({ groups: ['aws#x#Admin#222233334444'] }), HERE, asked);
      assert.deepEqual(denied.trace.steps, [
        { rule: 'okta', outcome: 'group-missing', groups: ['aws#*#Admin#111122223333'] },
      ]);
    });

    describe('of a rule whose groups can name any role', () => {
      const asks = (role: string, said: Parameters<typeof person>[0] = {}, account = 'prod') =>
        policy.decide(person(said), HERE, { account, role }).trace;

      it('asks for no group that a role was invented for, and names the pattern', () => {
        const trace = asks('Nope', { groups: ['developers'] });
        assert.deepEqual(trace.steps, []);
        assert.deepEqual(trace.patterns, ['aws-{account}-{role}']);
      });

      it('says the same of an account that does not exist', () => {
        const { steps, patterns } = asks('Nope', {}, 'nowhere');
        assert.deepEqual({ steps, patterns }, { steps: [], patterns: ['aws-{account}-{role}'] });
      });

      it('names the group of a role that a group of the user names elsewhere', () => {
        assert.deepEqual(asks('Deployer', { groups: ['aws-staging-Deployer'] }).steps, [
          { rule: 'pattern', outcome: 'group-missing', groups: ['aws-prod-Deployer'] },
        ]);
      });

      it('names the group of a role that another rule names, also for another account', () => {
        assert.deepEqual(asks('Admin', {}, 'staging').steps, [
          { rule: 'pattern', outcome: 'group-missing', groups: ['aws-staging-Admin'] },
        ]);
      });

      it('tells users of another connector neither the pattern nor that it could give the role', () => {
        const { steps, patterns } = asks('Nope', { connector: 'vendor' as ConnectorId });
        assert.deepEqual({ steps, patterns }, { steps: [], patterns: undefined });
      });

      it('does not tell them which roles the rules of other accounts name', () => {
        const elsewhere = compilePolicy(
          [
            rule('secret', { groups: ['ops'], accounts: [STAGING.id], roles: ['Vault'] }),
            rule('open', {
              groupPattern: 'v-{account}-{role}',
              connectors: ['vendor' as ConnectorId],
            }),
          ],
          ACCOUNTS,
        );
        const vendor = person({ connector: 'vendor' as ConnectorId });
        const traces = ['Vault', 'Nope'].map(
          role => elsewhere.decide(vendor, HERE, { account: 'prod', role }).trace,
        );
        assert.deepEqual(
          traces.map(({ steps, patterns }) => ({ steps, patterns })),
          [
            { steps: [], patterns: ['v-{account}-{role}'] },
            { steps: [], patterns: ['v-{account}-{role}'] },
          ],
        );
      });
    });

    it('puts the unmet requirement of the user first', () => {
      const decision = policy.decide(person({ groups: ['aws-admins'], multiFactor: false }), HERE, {
        account: 'prod',
        role: 'Admin',
      });

      assert.equal(decision.granted, false);
      assert.deepEqual(decision.granted ? undefined : decision.missing, [
        { requirement: 'multi-factor' },
      ]);
      assert.deepEqual(decision.trace.steps[0], {
        rule: 'admins',
        outcome: 'proof-missing',
        group: 'aws-admins',
        missing: [{ requirement: 'multi-factor' }],
      });
    });

    for (const asked of [
      { account: 'nowhere', role: 'Admin' },
      { account: 'prod', role: 'Ad min' },
      { account: '__proto__', role: 'Admin' },
      { account: 'prod', role: '../Admin' },
      { account: '', role: '' },
    ]) {
      it(`denies ${JSON.stringify(asked)} without naming a rule`, () => {
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

  it('grants in decide exactly what it grants in evaluate', () => {
    const rules = [
      rule('a', {
        groups: ['g1', 'g2'],
        accounts: [PROD.id],
        roles: ['Admin', 'Dev'],
        require: { mfa: true, networks: [] },
      }),
      rule('b', { groups: ['g3'], roles: ['Dev'] }),
      rule('c', { groupPattern: 'aws-{account}-{role}', accounts: [STAGING.id] }),
      rule('d', {
        groups: ['g1'],
        accounts: [STAGING.id],
        roles: ['Admin'],
        require: { mfa: false, networks: ['192.0.2.0/24'] },
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
});
