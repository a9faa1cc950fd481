import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccessRule } from '../../src/core/access-rule.ts';
import type { Elevation, ElevationRequest } from '../../src/core/elevation.ts';
import type { ElevationTerms } from '../../src/core/elevation-terms.ts';
import type { ConnectorId, Identity } from '../../src/core/identity.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import type { AccountId, RoleName } from '../../src/core/role.ts';
import { ALICE, grantedOf, waitingOf } from '../contracts/elevation-samples.ts';
import { HOUR, NOW } from '../contracts/store-samples.ts';
import { person } from '../support/people.ts';
import { ACCOUNTS, PROD, rule, STAGING } from './policy-samples.ts';

const CORP = 'corp' as ConnectorId;
const TERMS: ElevationTerms = {
  digest: 'digest-of-terms',
  approvers: [{ groups: ['leads'], connectors: [CORP], count: 1 }],
  longestSeconds: 4 * 3600,
  reason: 'required',
  tag: 'ElevationId',
  breakGlass: { groups: ['oncall'], connectors: [CORP], reviewSeconds: 24 * 3600 },
};
const ON_REQUEST = rule('prod-on-request', {
  groups: ['developers'],
  accounts: [PROD.id],
  roles: ['Admin', 'Reader'],
  elevation: TERMS,
});
const ASKED = { account: 'prod', role: 'Admin' };
const WHO = { person: ALICE.person, groups: ['developers'] };

const activeOf = (over: Partial<ElevationRequest> = {}): Elevation => ({
  ...grantedOf(over),
  recorded: 2,
});

interface Said {
  readonly who?: Parameters<typeof person>[0];
  readonly now?: number;
  readonly elevations?: readonly Elevation[];
}

const circumstancesOf = ({ now = NOW, elevations }: Said) => ({
  ...{ now, address: '10.1.2.3', elevations },
});
const identityOf = ({ who = WHO }: Said): Identity => person(who);

function evaluation(rules: AccessRule[], said: Said = {}) {
  const policy = compilePolicy(rules, ACCOUNTS);
  const { granted, withheld } = policy.evaluate(identityOf(said), circumstancesOf(said));
  return {
    granted: granted.map(({ role, rule, elevation }) => [role, rule.name, elevation?.id]),
    withheld: withheld.map(({ entitlement: { role }, missing }) => [
      role,
      missing.map(unmet => (unmet.requirement === 'approval' ? unmet.state : unmet.requirement)),
    ]),
  };
}

function decision(rules: AccessRule[], said: Said = {}) {
  const policy = compilePolicy(rules, ACCOUNTS);
  return policy.decide(identityOf(said), circumstancesOf(said), ASKED);
}

describe('a rule with elevation', () => {
  it('withholds each of its roles until it is approved', () => {
    assert.deepEqual(evaluation([ON_REQUEST]), {
      granted: [],
      withheld: [
        ['Admin', ['none']],
        ['Reader', ['none']],
      ],
    });
  });

  it('grants the one role that was approved, with the id and the end', () => {
    const active = activeOf();
    assert.deepEqual(evaluation([ON_REQUEST], { elevations: [active] }), {
      granted: [['Admin', 'prod-on-request', active.id]],
      withheld: [['Reader', ['none']]],
    });
    const decided = decision([ON_REQUEST], { elevations: [active] });
    assert.ok(decided.granted);
    const { elevation, group } = decided.entitlement;
    assert.deepEqual(elevation, { id: active.id, endsAt: NOW + HOUR, tag: 'ElevationId' });
    assert.equal(group, 'developers');
  });

  it('grants nothing to a user who is no longer eligible, whatever was approved', () => {
    const lost = { person: ALICE.person, groups: ['others'] };
    const said = { who: lost, elevations: [activeOf()] };
    assert.deepEqual(evaluation([ON_REQUEST], said), { granted: [], withheld: [] });
    const other = { ...WHO, connector: 'other' as ConnectorId };
    assert.equal(decision([ON_REQUEST], { ...said, who: other }).granted, false);
  });

  const worthless: readonly [what: string, Elevation][] = [
    ['of another user', activeOf({ requester: { ...ALICE, person: person().person } })],
    ['of another account', activeOf({ account: STAGING.id as AccountId })],
    ['of another role', activeOf({ role: 'Owner' as RoleName })],
    ['of another rule', activeOf({ rule: 'another' })],
    ['of other terms', activeOf({ terms: 'another digest' })],
    ['that is not in the trail', grantedOf()],
    ['that waits', waitingOf()],
    ['that has ended', activeOf({ requestedAt: NOW - HOUR })],
    [
      'that begins later',
      { ...activeOf(), granted: { startsAt: NOW + 1, endsAt: NOW + HOUR, event: 2 } },
    ],
    ['of which less than 15 minutes are left', activeOf({ requestedAt: NOW - 46 * 60_000 })],
  ];
  for (const [what, elevation] of worthless) {
    it(`grants nothing by an elevation ${what}`, () => {
      const elevations = [elevation];
      assert.deepEqual(evaluation([ON_REQUEST], { elevations }).granted, []);
      assert.equal(decision([ON_REQUEST], { elevations }).granted, false);
    });
  }

  it('leads to the page that helps', () => {
    const helps = (...elevations: Elevation[]) => {
      const decided = decision([ON_REQUEST], { elevations });
      assert.ok(!decided.granted);
      return decided.elevation;
    };
    const [waiting, ending] = [waitingOf(), activeOf({ requestedAt: NOW - 46 * 60_000 })];
    assert.deepEqual(helps(), { ...ASKED, kind: 'request' });
    assert.deepEqual(helps(waiting), { ...ASKED, kind: 'look', id: waiting.id });
    assert.deepEqual(helps(ending), { ...ASKED, kind: 'extend', id: ending.id });
    assert.equal(
      (decision([ON_REQUEST], { who: { groups: [] } }) as { elevation?: object }).elevation,
      undefined,
    );
  });

  it('leads to a request that waits, and else to a new one by the first such rule', () => {
    const waiting = waitingOf({ rule: 'second' });
    const second = { ...ON_REQUEST, name: 'second' };
    const kindOf = (...rules: AccessRule[]) => {
      const decided = decision(rules, { elevations: [waiting] });
      return decided.granted ? undefined : decided.elevation?.kind;
    };
    assert.equal(kindOf(ON_REQUEST, second), 'look');
    assert.equal(kindOf(second, ON_REQUEST), 'look');
    assert.equal(kindOf(ON_REQUEST), 'request');
  });

  it('asks for its other requirements too, and for a step-up once only that is missing', () => {
    const both = { ...ON_REQUEST, require: { mfa: true, networks: [] } };
    const who = { ...WHO, multiFactor: false };
    assert.deepEqual(evaluation([both], { who }).withheld[0], ['Admin', ['none', 'multi-factor']]);
    const before = decision([both], { who });
    assert.ok(!before.granted && before.stepUp === undefined);
    assert.equal(before.elevation?.kind, 'request');

    const said = { who, elevations: [activeOf()] };
    assert.deepEqual(evaluation([both], said).withheld[0], ['Admin', ['multi-factor']]);
    const after = decision([both], said);
    assert.ok(!after.granted && after.stepUp?.multiFactor === true);
    assert.equal(after.elevation, undefined);

    const elsewhere = { ...ON_REQUEST, require: { mfa: false, networks: ['192.0.2.0/24'] } };
    const inVain = { elevations: [activeOf()] };
    assert.deepEqual(evaluation([elsewhere], inVain).withheld[0], ['Admin', ['network']]);
  });

  it('gives way to a rule that grants the role without an approval, before or after it', () => {
    const always = rule('always', {
      groups: ['developers'],
      accounts: [PROD.id],
      roles: ['Admin'],
    });
    for (const rules of [
      [ON_REQUEST, always],
      [always, ON_REQUEST],
    ]) {
      assert.deepEqual(evaluation(rules), {
        granted: [['Admin', 'always', undefined]],
        withheld: [['Reader', ['none']]],
      });
      assert.equal(decision(rules).granted, true);
    }
  });

  it('grants by the first of two such rules that was approved', () => {
    const second = { ...ON_REQUEST, name: 'second' };
    const bySecond = activeOf({ rule: 'second' });
    const said = { elevations: [bySecond] };
    assert.deepEqual(evaluation([ON_REQUEST, second], said).granted, [
      ['Admin', 'second', bySecond.id],
    ]);
    const { granted } = evaluation([ON_REQUEST, second], { elevations: [bySecond, activeOf()] });
    assert.equal(granted[0]?.[1], 'prod-on-request');
  });

  it('leaves other rules as they are, whatever elevations a user has', () => {
    const mfa = rule('mfa', {
      groups: ['developers'],
      roles: ['Admin'],
      require: { mfa: true, networks: [] },
    });
    const who = { ...WHO, multiFactor: false };
    const elevations = [activeOf({ rule: 'mfa' })];
    assert.deepEqual(evaluation([mfa], { who, elevations }), evaluation([mfa], { who }));
    assert.deepEqual(evaluation([mfa], { elevations }), evaluation([mfa]));
  });
});

describe('what a user can ask for', () => {
  const offers = (rules: AccessRule[], who: Parameters<typeof person>[0] = WHO): string[] =>
    compilePolicy(rules, ACCOUNTS)
      .eligibilities(person(who))
      .map(({ account, role, rule, group }) => `${account.name}/${role} ${rule.name} ${group}`);

  it('are the roles of rules with elevation that name a group of theirs', () => {
    const always = rule('always', { groups: ['developers'], roles: ['Viewer'] });
    const others = { ...ON_REQUEST, name: 'others', groups: ['others'] };
    assert.deepEqual(offers([always, others, ON_REQUEST]), [
      'prod/Admin prod-on-request developers',
      'prod/Reader prod-on-request developers',
    ]);
    assert.deepEqual(offers([ON_REQUEST], { ...WHO, connector: 'other' as ConnectorId }), []);
    assert.deepEqual(offers([ON_REQUEST], { ...WHO, groups: [] }), []);
  });

  it('are what a pattern makes of their groups', () => {
    const pattern = rule('pattern', {
      groupPattern: 'ask-{account}-{role}',
      elevation: { ...TERMS },
    });
    const groups = ['ask-prod-Admin', 'ask-staging-Reader', 'ask-absent-Admin', 'aws-prod-Owner'];
    assert.deepEqual(offers([pattern], { ...WHO, groups }), [
      'prod/Admin pattern ask-prod-Admin',
      'staging/Reader pattern ask-staging-Reader',
    ]);
    const active = activeOf({ rule: 'pattern' });
    const said = { who: { ...WHO, groups }, elevations: [active] };
    assert.deepEqual(evaluation([pattern], said).granted, [['Admin', 'pattern', active.id]]);
  });

  it('are found by the name of the rule, with the selectors of its approvers and break-glass', () => {
    const { elevatedRules } = compilePolicy([ON_REQUEST, rule('always', {})], ACCOUNTS);
    assert.deepEqual([...elevatedRules.keys()], ['prod-on-request']);
    const { rule: found, terms } = elevatedRules.get('prod-on-request')!;
    assert.equal(found, ON_REQUEST);
    assert.deepEqual(
      terms.approvers.map(({ groups }) => [...groups]),
      [['leads']],
    );
    assert.deepEqual([...terms.breakGlass!.groups], ['oncall']);
  });
});
