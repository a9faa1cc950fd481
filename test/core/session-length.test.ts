import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Entitlement } from '../../src/core/access-rule.ts';
import type { Account } from '../../src/core/role.ts';
import type { SessionSettings } from '../../src/core/session.ts';
import {
  consoleLasting,
  credentialsLasting,
  longestConsole,
} from '../../src/core/session-length.ts';
import { HOUR, MINUTE, type Seconds } from '../../src/core/time.ts';

const NOW = Date.parse('2026-11-30T12:00:00Z');
const HUB = { name: 'hub', trust: { by: 'web-identity' } } as Account;

interface Given {
  readonly rule: Seconds;
  readonly console?: Seconds;
  readonly isBehindHub?: boolean;
  /** Of the elevation. */
  readonly left?: Seconds;
}

function entitled({ rule, console: consoleSeconds, isBehindHub, left }: Given) {
  const trust = isBehindHub ? { by: 'hub', hub: HUB, role: 'Hub' } : { by: 'web-identity' };
  const session = { durationSeconds: rule, consoleSeconds, tags: {} };
  return {
    account: { name: 'prod', trust } as Account,
    rule: { session } as Entitlement['rule'],
    elevation: left === undefined ? undefined : { id: 'e', endsAt: NOW + left * 1000 },
  } as Entitlement;
}

const shapeOf = ({ durationSeconds, consoleSeconds }: SessionSettings) => [
  durationSeconds,
  consoleSeconds,
];

describe('the settings of credentials', () => {
  const lasting = (given: Given, seconds?: Seconds) =>
    credentialsLasting(entitled(given), { seconds, now: NOW }).durationSeconds;

  it('are those of the rule without a chosen length', () => {
    const given = entitled({ rule: 4 * HOUR });
    const settings = credentialsLasting(given, { seconds: undefined, now: NOW });
    assert.equal(settings, given.rule.session);
  });

  for (const [what, given, seconds] of [
    ['the shortest of AWS', { rule: 4 * HOUR }, 15 * MINUTE],
    ['a second less than the rule', { rule: 4 * HOUR }, 4 * HOUR - 1],
    ['that of the rule', { rule: 4 * HOUR }, 4 * HOUR],
    ['an hour behind a hub', { rule: 4 * HOUR, isBehindHub: true }, HOUR],
    ['what is left of the elevation', { rule: 4 * HOUR, left: 40 * MINUTE }, 40 * MINUTE],
  ] as const)
    it(`can have ${what}`, () => assert.equal(lasting(given, seconds), seconds));

  for (const [what, given, seconds, hint] of [
    [
      'less than AWS gives',
      { rule: HOUR },
      15 * MINUTE - 1,
      'AWS gives sessions of 15 min or more. Choose a length from 15 min to 1 h.',
    ],
    [
      'no time at all',
      { rule: 15 * MINUTE },
      0,
      'AWS gives sessions of 15 min or more. Choose 15 min.',
    ],
    [
      'more than the rule gives',
      { rule: HOUR },
      HOUR + 1,
      'The rule of this role gives at most 1 h. Choose a length from 15 min to 1 h.',
    ],
    [
      'more than an hour behind a hub',
      { rule: 4 * HOUR, isBehindHub: true },
      HOUR + 1,
      'The account prod is reached through a hub role, for which AWS gives at most 1 h. Choose a length from 15 min to 1 h.',
    ],
    [
      'more than the elevation',
      { rule: 4 * HOUR, left: 40 * MINUTE },
      HOUR,
      'Your elevation ends soon and allows at most 40 min. Choose a length from 15 min to 40 min.',
    ],
  ] as const)
    it(`cannot have ${what}`, () => {
      assert.throws(() => lasting(given, seconds), { code: 'duration_refused', hint });
    });

  it('leave an elevation that is about to end to its own refusal', () => {
    assert.equal(lasting({ rule: HOUR, left: 10 * MINUTE }, HOUR), HOUR);
  });
});

describe('the settings of a console', () => {
  const lasting = (given: Given, seconds: Seconds) =>
    shapeOf(consoleLasting(entitled(given), { seconds, now: NOW }));

  for (const [what, given, seconds, expected] of [
    ['its own length', { rule: HOUR, console: 8 * HOUR }, 6 * HOUR, [HOUR, 6 * HOUR]],
    [
      'shorter credentials, so that it can end with them',
      { rule: 4 * HOUR, console: 8 * HOUR },
      HOUR,
      [HOUR, HOUR],
    ],
    ['the length of its credentials', { rule: 4 * HOUR }, HOUR, [HOUR, undefined]],
  ] as const)
    it(`give it ${what}`, () => assert.deepEqual(lasting(given, seconds), expected));

  for (const [what, given, longest] of [
    ['the rule', { rule: HOUR, console: 8 * HOUR }, 8 * HOUR],
    ['the credentials', { rule: 4 * HOUR }, 4 * HOUR],
    ['the hub', { rule: 4 * HOUR, console: 8 * HOUR, isBehindHub: true }, HOUR],
    // A link can be opened for 15 minutes.
    ['the elevation', { rule: 4 * HOUR, console: 8 * HOUR, left: 60 * MINUTE }, 45 * MINUTE],
    [
      'the credentials by a short elevation',
      { rule: 4 * HOUR, console: 8 * HOUR, left: 20 * MINUTE },
      20 * MINUTE,
    ],
  ] as const)
    it(`are limited by ${what}`, () => {
      assert.equal(longestConsole(entitled(given), NOW), longest);
      assert.ok(lasting(given, longest));
      assert.throws(() => lasting(given, longest + 1), { code: 'duration_refused' });
    });
});
