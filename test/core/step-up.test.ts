import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Authentication } from '../../src/core/identity.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import { printableExcerpt } from '../../src/core/printable.ts';
import { factsOf } from '../../src/core/provider-answer.ts';
import { ANY_SIGN_IN, describeWish, type StepUpWish, unmetOf } from '../../src/core/step-up.ts';
import { formatAge } from '../../src/core/time.ts';
import { person } from '../support/people.ts';
import { ACCOUNTS, rule } from './policy-samples.ts';

const NOW = Date.UTC(2026, 10, 30, 12);
const HOUR = 3600;
const NOTHING: Authentication = { methods: ['pwd'], multiFactor: false };
const ago = (seconds: number, multiFactor = false): Authentication => ({
  at: NOW - seconds * 1000,
  methods: ['pwd'],
  multiFactor,
});

describe('the wish of a role that is withheld', () => {
  const wish = (
    requirements: readonly { mfa?: boolean; authenticatedWithin?: number; networks?: string[] }[],
    authentication: Authentication,
  ): StepUpWish | undefined => {
    const rules = requirements.map((require, index) =>
      rule(`rule-${index}`, {
        groups: ['g'],
        roles: ['Admin'],
        require: { mfa: false, networks: [], ...require },
      }),
    );
    const decision = compilePolicy(rules, ACCOUNTS).decide(
      { ...person({ groups: ['g'] }), authentication },
      { now: NOW, address: '10.1.2.3' },
      { account: 'prod', role: 'Admin' },
    );
    return decision.granted ? undefined : decision.stepUp;
  };
  const office = ['192.0.2.0/24'];

  it('is everything that the rule requires, also what the present sign-in has', () => {
    const required = { mfa: true, authenticatedWithin: HOUR };
    const whole = { multiFactor: true, withinSeconds: HOUR };
    assert.deepEqual(wish([required], NOTHING), whole);
    assert.deepEqual(wish([required], ago(60)), whole);
    assert.deepEqual(wish([required], ago(HOUR + 1, true)), whole);
    assert.deepEqual(wish([{ mfa: true }], NOTHING), { multiFactor: true });
    assert.deepEqual(wish([{ authenticatedWithin: 60 }], NOTHING), {
      multiFactor: false,
      withinSeconds: 60,
    });
  });

  it('is that of the first rule which lacks nothing else', () => {
    assert.equal(wish([{ mfa: true, networks: office }], NOTHING), undefined);
    assert.deepEqual(
      wish([{ mfa: true, networks: office }, { authenticatedWithin: 60 }, { mfa: true }], NOTHING),
      { multiFactor: false, withinSeconds: 60 },
    );
    assert.deepEqual(wish([{ mfa: true, networks: ['10.0.0.0/8'] }], NOTHING), {
      multiFactor: true,
    });
  });

  it('is none where the role is granted, or no group gives it', () => {
    assert.equal(wish([{ mfa: true }, {}], NOTHING), undefined);
    assert.equal(wish([], NOTHING), undefined);
  });
});

describe('an answer to a wish', () => {
  const unmet = (wish: StepUpWish, authentication: Authentication): string[] =>
    unmetOf(wish, authentication, NOW).map(({ requirement }) => requirement);

  it('meets it exactly where the policy would grant the role', () => {
    const wish = { multiFactor: true, withinSeconds: 60 };
    assert.deepEqual(unmet(wish, ago(60, true)), []);
    assert.deepEqual(unmet(wish, ago(61, true)), ['authenticated-within']);
    assert.deepEqual(unmet(wish, ago(0)), ['multi-factor']);
    assert.deepEqual(unmet(wish, NOTHING), ['multi-factor', 'authenticated-within']);
  });

  it('of any sign-in meets a wish for any', () => {
    assert.deepEqual(unmet(ANY_SIGN_IN, NOTHING), []);
  });
});

describe('the words of a step-up', () => {
  for (const [wish, words] of [
    [ANY_SIGN_IN, 'a new sign-in'],
    [{ multiFactor: true }, 'a second factor (MFA)'],
    [{ multiFactor: false, withinSeconds: 90 }, 'a sign-in of the last 1 min'],
    [
      { multiFactor: true, withinSeconds: 8 * HOUR },
      'a second factor (MFA) and a sign-in of the last 8 h',
    ],
  ] as const)
    it(`say ${words}`, () => assert.equal(describeWish(wish), words));

  for (const [seconds, words] of [
    [59, '59 s'],
    [26 * HOUR, '26 h'],
    [48 * HOUR, '2 days'],
    [498_880 * HOUR, '20786 days'],
  ] as const)
    it(`say an age of ${words}`, () => assert.equal(formatAge(seconds), words));

  it('call the parts of an answer as its protocol does', () => {
    assert.deepEqual(factsOf({ protocol: 'oidc', error: 'e', description: 'd' }), [
      { term: 'error', value: 'e' },
      { term: 'error_description', value: 'd' },
    ]);
    assert.deepEqual(
      factsOf({ protocol: 'saml', wish: ANY_SIGN_IN, authentication: { ...ago(0), methods: [] } }),
      [
        { term: 'Asked for', value: 'a new sign-in' },
        { term: 'AuthnContextClassRef', value: 'not stated' },
        { term: 'AuthnInstant', value: '2026-11-30 12:00 UTC' },
      ],
    );
    assert.deepEqual(factsOf({ protocol: 'oidc', authentication: NOTHING }).at(-1), {
      term: 'auth_time',
      value: 'not stated',
    });
  });

  for (const [text, shown] of [
    ['plain', 'plain'],
    [' a \r\n b\t', 'a b'],
    ['a\u001b[31m\u202eb\u0085', 'a\\u001b[31m\\u202eb\\u0085'],
    ['x'.repeat(300), 'x'.repeat(300)],
    ['x'.repeat(301), `${'x'.repeat(299)}…`],
    ['😀'.repeat(400), `${'😀'.repeat(299)}…`],
  ] as const)
    it(`repeat ${JSON.stringify(text.slice(0, 12))} of a provider as one short line`, () =>
      assert.equal(printableExcerpt(text), shown));
});
