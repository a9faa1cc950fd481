import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Account, AccountId, RoleName, Trust } from '../../src/core/role.ts';
import type { Claims, Workload, WorkloadEntryId, WorkloadId } from '../../src/core/workload.ts';
import {
  compileWorkloadPolicy,
  explainWorkloadStep,
  type WorkloadPolicy,
} from '../../src/core/workload-policy.ts';
import type { ClaimCondition, WorkloadRule } from '../../src/core/workload-rule.ts';

function account(id: string, name: string, trust: Trust = { by: 'web-identity' }): Account {
  return { id: id as AccountId, name, partition: 'aws', region: 'eu-west-1', trust };
}

const PROD = account('111122223333', 'prod', { by: 'saml', provider: 'rolebridge' });
const STAGING = account('222233334444', 'staging');
const CORPORATE = account('333344445555', 'corporate', { by: 'corporate-web-identity' });
const hub = (of: Account): Trust => ({ by: 'hub', hub: of, role: 'Hub' as RoleName });
const PARTNER = account('444455556666', 'partner', hub(PROD));
const BEHIND = account('555566667777', 'behind', hub(CORPORATE));
const ACCOUNTS = [PROD, STAGING, CORPORATE, PARTNER, BEHIND];

const is = (claim: string, ...values: readonly string[]): ClaimCondition => ({
  claim,
  values,
  patterns: [],
});
const fits = (claim: string, ...patterns: readonly string[]): ClaimCondition => ({
  claim,
  values: [],
  patterns,
});

function rule(name: string, more: Partial<WorkloadRule> = {}): WorkloadRule {
  return {
    name,
    entry: 'github' as WorkloadEntryId,
    conditions: [is('repository', 'acme/api')],
    accounts: [PROD.id],
    roles: ['Deploy' as RoleName],
    session: { durationSeconds: 3600, tags: {}, transitiveTags: [], policyArns: [] },
    require: { mfa: false, networks: [] },
    once: false,
    ...more,
  };
}

function workload(claims: Claims, entry = 'github'): Workload {
  return {
    id: `${entry}-k3jx2q7d5vbn4mza@workload` as WorkloadId,
    entry: entry as WorkloadEntryId,
    subject: 's',
    claims,
  };
}

const HERE = { now: 0, address: '10.1.2.3' } as const;
const API = workload({ repository: 'acme/api' });

function rolesOf(policy: WorkloadPolicy, of: Workload): string[] {
  return policy
    .evaluate(of, HERE)
    .map(({ account: { name }, role, rule: by }) => `${name}/${role} by ${by.name}`);
}

describe('conditions of a rule', () => {
  const ROWS: readonly (readonly [
    title: string,
    conditions: readonly ClaimCondition[],
    claims: Claims,
    applies: boolean,
  ])[] = [
    ['a value', [is('a', 'x')], { a: 'x' }, true],
    ['one of several values', [is('a', 'x', 'y')], { a: 'y' }, true],
    ['a value or a pattern', [{ claim: 'a', values: ['x'], patterns: ['y*'] }], { a: 'yz' }, true],
    ['one item of a list', [is('a', 'x')], { a: ['y', 'x'] }, true],
    ['an item by a pattern', [fits('a', 'x-*')], { a: ['y', 'x-1'] }, true],
    ['a number', [is('a', '5')], { a: 5 }, true],
    ['a boolean', [is('a', 'true')], { a: true }, true],
    ['all of several', [is('a', 'x'), is('b', 'y')], { a: 'x', b: 'y' }, true],
    ['a claim in an object', [is('k.io.n', 'x')], { 'k.io': { n: 'x' } }, true],
    ['another value', [is('a', 'x')], { a: 'X' }, false],
    ['a value with a space', [is('a', 'x')], { a: 'x ' }, false],
    ['a value with a NUL', [is('a', 'x')], { a: 'x\0' }, false],
    ['a missing claim', [is('a', 'x')], {}, false],
    ['null', [is('a', 'null')], { a: null }, false],
    ['an object', [is('a', '[object Object]')], { a: {} }, false],
    ['a list as a text', [is('a', 'x,y')], { a: ['x', 'y'] }, false],
    ['a list in a list', [is('a', 'x')], { a: [['x']] }, false],
    [
      'a number that lost digits',
      [is('a', '12345678901234567000')],
      JSON.parse('{"a":12345678901234567890}'),
      false,
    ],
    ['one of two that are required', [is('a', 'x'), is('b', 'y')], { a: 'x' }, false],
    ['a claim of the prototype', [is('constructor.name', 'Object')], {}, false],
    ['no condition at all', [], { a: 'x' }, false],
  ];
  for (const [title, conditions, claims, expected] of ROWS)
    it(`${expected ? 'accept' : 'do not accept'} ${title}`, () => {
      const policy = compileWorkloadPolicy([rule('r', { conditions })], ACCOUNTS);
      assert.equal(policy.knows(workload(claims)), expected);
      assert.equal(policy.evaluate(workload(claims), HERE).length, expected ? 1 : 0);
    });
});

describe('the roles of a workload', () => {
  it('come from the rules of its own entry alone', () => {
    const policy = compileWorkloadPolicy([rule('r')], ACCOUNTS);
    const stranger = workload({ repository: 'acme/api' }, 'gitlab');
    assert.equal(policy.knows(stranger), false);
    assert.deepEqual(rolesOf(policy, stranger), []);
    assert.equal(policy.decide(stranger, HERE, { account: 'prod', role: 'Deploy' }).granted, false);
  });

  it('come from the first rule that gives them', () => {
    const policy = compileWorkloadPolicy(
      [
        rule('no', { conditions: [is('repository', 'other')] }),
        rule('first'),
        rule('second', { accounts: [PROD.id, STAGING.id] }),
      ],
      ACCOUNTS,
    );
    assert.deepEqual(rolesOf(policy, API), ['prod/Deploy by first', 'staging/Deploy by second']);
  });

  it('of a rule for every account leave out those that only users reach', () => {
    const policy = compileWorkloadPolicy([rule('all', { accounts: undefined })], ACCOUNTS);
    assert.deepEqual(rolesOf(policy, API), [
      'prod/Deploy by all',
      'staging/Deploy by all',
      'partner/Deploy by all',
    ]);
    for (const name of ['corporate', 'behind'])
      assert.equal(policy.decide(API, HERE, { account: name, role: 'Deploy' }).granted, false);
  });

  it('need an address in a required network', () => {
    const policy = compileWorkloadPolicy(
      [rule('r', { require: { mfa: false, networks: ['10.0.0.0/8'] } })],
      ACCOUNTS,
    );
    const elsewhere = { now: 0, address: '192.0.2.1' };
    assert.equal(policy.evaluate(API, HERE).length, 1);
    assert.equal(policy.evaluate(API, elsewhere).length, 0);
    assert.equal(policy.knows(API), true);
    const decision = policy.decide(API, elsewhere, { account: 'prod', role: 'Deploy' });
    assert.deepEqual(
      decision.steps.map(({ outcome }) => outcome),
      ['proof-missing'],
    );
  });
});

describe('a decision about one role', () => {
  const policy = compileWorkloadPolicy(
    [rule('no', { conditions: [is('repository', 'acme/secret')] }), rule('yes')],
    ACCOUNTS,
  );

  it('finds the account by name and by id', () => {
    for (const asked of ['prod', '111122223333']) {
      const decision = policy.decide(API, HERE, { account: asked, role: 'Deploy' });
      assert.ok(decision.granted);
      assert.equal(decision.entitlement.arn, 'arn:aws:iam::111122223333:role/Deploy');
      assert.equal(decision.entitlement.rule.name, 'yes');
    }
  });

  for (const [account_, role] of [
    ['prod', 'deploy'],
    ['prod', 'Deploy '],
    ['prod', '*'],
    ['prod', '../Deploy'],
    ['PROD', 'Deploy'],
    ['staging', 'Deploy'],
    ['', ''],
    ['__proto__', 'Deploy'],
  ] as const)
    it(`denies ${JSON.stringify(`${account_}/${role}`)}`, () => {
      assert.equal(policy.decide(API, HERE, { account: account_, role }).granted, false);
    });

  it('agrees with the list of roles', () => {
    for (const { name } of ACCOUNTS) {
      const { granted } = policy.decide(API, HERE, { account: name, role: 'Deploy' });
      assert.equal(granted, rolesOf(policy, API).includes(`${name}/Deploy by yes`));
    }
  });

  it('names claims of the caller, and nothing that a rule expects', () => {
    const stranger = workload({ repository: 'evil/api', environment: 'x' });
    const decision = policy.decide(stranger, HERE, { account: 'prod', role: 'Deploy' });
    const told = JSON.stringify(decision.steps) + decision.steps.map(explainWorkloadStep).join();
    assert.match(told, /evil\/api/);
    assert.doesNotMatch(told, /acme/);
  });

  it('keeps the step that grants, however many rules were in front', () => {
    const many = Array.from({ length: 50 }, (_, index) =>
      rule(`no-${index}`, { conditions: [is('repository', 'x')] }),
    );
    const { granted, steps } = compileWorkloadPolicy([...many, rule('yes')], ACCOUNTS).decide(
      API,
      HERE,
      { account: 'prod', role: 'Deploy' },
    );
    assert.equal(granted, true);
    assert.equal(steps.length, 20);
    assert.deepEqual(steps.at(-1), { rule: 'yes', outcome: 'grants' });
  });
});

describe('a step in words', () => {
  const says = (claims: Claims, ...conditions: readonly ClaimCondition[]): string => {
    const policy = compileWorkloadPolicy([rule('r', { conditions })], ACCOUNTS);
    const { steps } = policy.decide(workload(claims), HERE, { account: 'prod', role: 'Deploy' });
    return explainWorkloadStep(steps[0]!);
  };

  it('names each claim that is not accepted', () => {
    assert.equal(
      says(
        { a: 'x', b: ['y', 'z'], c: 'fine' },
        is('a', '1'),
        is('b', '1'),
        is('c', 'fine'),
        is('d', '1'),
      ),
      'Does not accept a "x" and b "y, z" and a workload without d.',
    );
  });

  it('cuts a long claim, and makes what a terminal interprets visible', () => {
    const text = says({ a: `\u001b[31m\u202e${'x'.repeat(1000)}` }, is('a', '1'));
    assert.ok(text.length < 200);
    assert.doesNotMatch(text, /\p{Cc}|\p{Cf}/u);
  });

  it('says that the rule gives the role', () => {
    assert.equal(says({ a: '1' }, is('a', '1')), 'Gives the role.');
  });
});
