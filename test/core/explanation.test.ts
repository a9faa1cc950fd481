import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explainStep, nextStepFor } from '../../src/core/explanation.ts';
import type { ConnectorId } from '../../src/core/identity.ts';

describe('an explanation', () => {
  it('names the group that is missing', () => {
    assert.equal(
      explainStep({ rule: 'a', outcome: 'group-missing', groups: ['aws-admins'] }),
      'Gives the role to the group aws-admins, and you are not in it.',
    );
    assert.equal(
      explainStep({ rule: 'a', outcome: 'group-missing', groups: ['a', 'b'] }),
      'Gives the role to the groups a, b, and you are in none of them.',
    );
  });

  it('says since when a group is lost, and which one of several', () => {
    const lost = { name: 'b', since: Date.parse('2026-11-30T10:05:59Z') };
    const step = { rule: 'a', outcome: 'group-missing', lost } as const;
    assert.equal(
      explainStep({ ...step, groups: ['b'] }),
      'Gives the role to the group b, and you are not in it. Your identity provider has not sent this group since 2026-11-30 10:05 UTC.',
    );
    assert.equal(
      explainStep({ ...step, groups: ['a', 'b'] }),
      'Gives the role to the groups a, b, and you are in none of them. Your identity provider has not sent the group b since 2026-11-30 10:05 UTC.',
    );
  });

  it('names the unmet requirement', () => {
    const step = explainStep({
      rule: 'a',
      outcome: 'proof-missing',
      group: 'g',
      missing: [
        { requirement: 'multi-factor' },
        { requirement: 'authenticated-within', withinSeconds: 3600, ageSeconds: 7260 },
        { requirement: 'network', networks: ['10.0.0.0/8'], address: '192.0.2.1' },
      ],
    });
    assert.equal(
      step,
      'You are in the group g. It requires a sign-in with a second factor, and your sign-in had none. It requires a sign-in of the last 1 h, and yours was 2 h 1 min ago. It can be used only from 10.0.0.0/8, and your address is 192.0.2.1.',
    );
  });

  it('names the connectors whose groups the rule takes, and what to do about it', () => {
    const step = {
      rule: 'a',
      outcome: 'connector-mismatch',
      connectors: ['okta', 'adfs'] as ConnectorId[],
      connector: 'vendor' as ConnectorId,
    } as const;
    assert.equal(
      explainStep(step),
      'Takes groups of okta, adfs only, and you signed in with vendor.',
    );

    const trace = { account: 'prod', role: 'Admin', outcome: 'refused', steps: [step] } as const;
    assert.equal(
      nextStepFor(trace, []),
      'Only groups of okta, adfs give this role. If you have an account there, sign out and sign in with it.',
    );

    const own = { rule: 'b', outcome: 'group-missing', groups: ['support'] } as const;
    assert.equal(
      nextStepFor({ ...trace, steps: [own, step] }, []),
      'Ask for membership of the group support, then sign in again.',
    );
  });

  it('says that the identity provider did not name the time of the sign-in', () => {
    const step = explainStep({
      rule: 'a',
      outcome: 'proof-missing',
      group: 'g',
      missing: [{ requirement: 'authenticated-within', withinSeconds: 3600 }],
    });
    assert.equal(
      step,
      'You are in the group g. It requires a sign-in of the last 1 h, and your identity provider did not say when yours was.',
    );
  });

  it('contains the next step', () => {
    const trace = {
      account: 'prod',
      role: 'Admin',
      outcome: 'refused',
      steps: [{ rule: 'a', outcome: 'group-missing', groups: ['aws-admins'] }],
    } as const;

    assert.equal(
      nextStepFor(trace, []),
      'Ask for membership of the group aws-admins, then sign in again.',
    );
    assert.equal(
      nextStepFor({ ...trace, steps: [] }, []),
      'No rule gives this role to anyone. Check the account and the role, or contact your administrator.',
    );
    assert.equal(
      nextStepFor({ ...trace, steps: [], patterns: ['aws-{account}-{role}'] }, []),
      'No rule names this role, and no group of yours does. Other roles come from a group named aws-{account}-{role}. Check the account and the role, or contact your administrator.',
    );
    assert.equal(
      nextStepFor(trace, [{ requirement: 'multi-factor' }]),
      'Sign in again and use your second factor.',
    );
  });
});
