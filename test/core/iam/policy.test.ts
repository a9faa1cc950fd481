import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RequestKeys } from '../../../src/core/iam/condition.ts';
import {
  type Caller,
  judgePolicies,
  type PolicyDocument,
  readPolicy,
} from '../../../src/core/iam/policy.ts';
import { type Fit, textLike } from '../../../src/core/iam/text-form.ts';

const PROVIDER = 'arn:aws:iam::111122223333:saml-provider/rolebridge';
const FEDERATED: Caller = { kind: 'federated', provider: PROVIDER };
const HUB: Caller = {
  kind: 'role',
  account: '111122223333',
  arn: 'arn:aws:iam::111122223333:role/hub/rolebridge',
  uniqueId: 'AROAEXAMPLEEXAMPLEEX1',
  sessionArn: textLike('arn:aws:sts::111122223333:assumed-role/rolebridge/*'),
};

const NO_KEYS: RequestKeys = { of: () => 'absent' };
const ALLOWED = { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' };
const SAML = {
  Effect: 'Allow',
  Action: 'sts:AssumeRoleWithSAML',
  Principal: { Federated: PROVIDER },
};

function policyOf(...statements: readonly object[]): PolicyDocument {
  const policy = readPolicy({ Version: '2012-10-17', Statement: statements });
  assert.ok('statements' in policy, JSON.stringify(policy));
  return policy;
}

interface Verdict {
  readonly allowed: Fit;
  readonly denied: Fit;
}

function trustVerdict(caller: Caller, ...statements: readonly object[]): Verdict {
  const action = caller.kind === 'federated' ? 'sts:AssumeRoleWithSAML' : 'sts:AssumeRole';
  const request = { action, keys: NO_KEYS, caller };
  const { allowed, denied } = judgePolicies([policyOf(...statements)], request);
  return { allowed, denied };
}

function identityVerdict(...statements: readonly object[]): Verdict {
  const { allowed, denied } = judgePolicies([policyOf(...statements)], {
    action: 'sts:AssumeRole',
    resource: 'arn:aws:iam::444455556666:role/partner/Upload',
    keys: NO_KEYS,
  });
  return { allowed, denied };
}

describe('a trust policy', () => {
  const ROWS: readonly (readonly [why: string, caller: Caller, principal: unknown, fit: Fit])[] = [
    ['the provider', FEDERATED, { Federated: PROVIDER }, 'fits'],
    ['one of several providers', FEDERATED, { Federated: ['x', PROVIDER] }, 'fits'],
    ['another provider', FEDERATED, { Federated: `${PROVIDER}2` }, 'fails'],
    ['the provider in another case', FEDERATED, { Federated: PROVIDER.toUpperCase() }, 'fails'],
    ['the provider as an AWS principal', FEDERATED, { AWS: PROVIDER }, 'fails'],
    ['the account, for a federated caller', FEDERATED, { AWS: '111122223333' }, 'fails'],
    ['everyone, for a federated caller', FEDERATED, '*', 'depends'],
    ['a service', FEDERATED, { Service: 'ec2.amazonaws.com' }, 'fails'],
    ['the role', HUB, { AWS: 'arn:aws:iam::111122223333:role/hub/rolebridge' }, 'fits'],
    [
      'the role without its path',
      HUB,
      { AWS: 'arn:aws:iam::111122223333:role/rolebridge' },
      'fails',
    ],
    ['the unique id of the role', HUB, { AWS: 'AROAEXAMPLEEXAMPLEEX1' }, 'fits'],
    ['the unique id of a deleted role', HUB, { AWS: 'AROAEXAMPLEEXAMPLEEX2' }, 'fails'],
    ['the account', HUB, { AWS: '111122223333' }, 'fits'],
    ['the root of the account', HUB, { AWS: 'arn:aws:iam::111122223333:root' }, 'fits'],
    ['another account', HUB, { AWS: 'arn:aws:iam::444455556666:root' }, 'fails'],
    ['everyone', HUB, { AWS: '*' }, 'fits'],
    ['one session', HUB, { AWS: 'arn:aws:sts::111122223333:assumed-role/rolebridge/ci' }, 'fits'],
  ];
  for (const [why, caller, Principal, expected] of ROWS)
    it(`${expected} where it names ${why}`, () => {
      const Action = 'sts:*';
      assert.equal(trustVerdict(caller, { Effect: 'Allow', Action, Principal }).allowed, expected);
    });

  it('allows nothing without a statement', () => {
    assert.equal(trustVerdict(FEDERATED).allowed, 'fails');
  });

  it('covers actions by wildcards and in any case, and not by others', () => {
    for (const Action of ['STS:assumeRoleWithSaml', 'sts:AssumeRole*', ['sts:x', '*']])
      assert.equal(trustVerdict(FEDERATED, { ...SAML, Action }).allowed, 'fits');
    for (const Action of ['sts:AssumeRole', 'sts:AssumeRoleWithSAM?x', []])
      assert.equal(trustVerdict(FEDERATED, { ...SAML, Action }).allowed, 'fails');
  });

  it('covers what NotAction does not name', () => {
    const { Action: _, ...rest } = SAML;
    assert.equal(trustVerdict(FEDERATED, { ...rest, NotAction: 'sts:TagSession' }).allowed, 'fits');
    assert.equal(trustVerdict(FEDERATED, { ...rest, NotAction: 'sts:Assume*' }).allowed, 'fails');
  });

  it('denies by a Deny that names the caller or everyone, or excepts others', () => {
    const deny = { Effect: 'Deny', Action: '*' };
    const denials = [
      { ...deny, Principal: '*' },
      { ...deny, Principal: { Federated: PROVIDER } },
      { ...deny, NotPrincipal: { Federated: `${PROVIDER}2` } },
    ];
    for (const denial of denials) {
      const verdict = trustVerdict(FEDERATED, SAML, denial);
      assert.deepEqual(verdict, { allowed: 'fits', denied: 'fits' });
    }
    const spared = { ...deny, NotPrincipal: { Federated: PROVIDER } };
    assert.equal(trustVerdict(FEDERATED, SAML, spared).denied, 'fails');
  });

  it('names each condition that does not fit', () => {
    const Condition = {
      Bool: { 'aws:MultiFactorAuthPresent': true },
      StringEqualsIfExists: { 'saml:cn': 'x' },
    };
    const { statements } = judgePolicies([policyOf({ ...SAML, Sid: 'Users', Condition })], {
      action: 'sts:AssumeRoleWithSAML',
      keys: NO_KEYS,
      caller: FEDERATED,
    });
    assert.equal(statements[0]!.statement.name, 'Users');
    assert.deepEqual(
      statements[0]!.conditions.map(({ condition, fit }) => [condition.key, condition.values, fit]),
      [
        ['aws:MultiFactorAuthPresent', ['true'], 'fails'],
        ['saml:cn', ['x'], 'fits'],
      ],
    );
  });
});

describe('an identity policy', () => {
  const ROWS: readonly (readonly [why: string, rest: object, fit: Fit])[] = [
    ['every role', { Resource: '*' }, 'fits'],
    ['the role', { Resource: ['x', 'arn:aws:iam::444455556666:role/partner/Upload'] }, 'fits'],
    ['roles below a path', { Resource: 'arn:aws:iam::*:role/partner/*' }, 'fits'],
    ['the role without its path', { Resource: 'arn:aws:iam::444455556666:role/Upload' }, 'fails'],
    ['all but the role', { NotResource: 'arn:aws:iam::444455556666:role/*' }, 'fails'],
    ['all but another', { NotResource: 'arn:aws:iam::999900001111:role/*' }, 'fits'],
    ['a resource by a tag that it lacks', { Resource: `\${aws:PrincipalTag/role}` }, 'fails'],
    ['nothing', {}, 'fails'],
  ];
  for (const [why, rest, expected] of ROWS)
    it(`${expected} where it allows ${why}`, () => {
      const { Resource: _, ...statement } = ALLOWED;
      assert.equal(identityVerdict({ ...statement, ...rest }).allowed, expected);
    });

  it('denies by a Deny of any policy', () => {
    const denial = { Effect: 'Deny', NotAction: 's3:*', Resource: '*' };
    assert.deepEqual(identityVerdict(ALLOWED, denial), { allowed: 'fits', denied: 'fits' });
  });
});

describe('a document that is no policy', () => {
  const statement = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: '*' };
  const ROWS: readonly (readonly [why: string, document: unknown])[] = [
    ['no object', 'text'],
    ['null', null],
    ['a list', []],
    ['a statement that is no object', { Statement: ['x'] }],
    ['another effect', { Statement: { ...statement, Effect: 'allow' } }],
    ['an action that is no text', { Statement: { ...statement, Action: [1] } }],
    ['a principal that is no text', { Statement: { ...statement, Principal: { AWS: [{}] } } }],
    ['a principal of another form', { Statement: { ...statement, Principal: 'AWS' } }],
    ['conditions that are no object', { Statement: { ...statement, Condition: 'x' } }],
    ['an operator without keys', { Statement: { ...statement, Condition: { Bool: 'x' } } }],
    ['a value that is a list', { Statement: { ...statement, Condition: { Bool: { a: [[1]] } } } }],
    ['more text than IAM accepts', { Statement: { ...statement, Action: 'x'.repeat(40_000) } }],
  ];
  for (const [why, document] of ROWS)
    it(`is told apart: ${why}`, () => {
      const policy = readPolicy(document);
      assert.ok('unreadable' in policy && policy.unreadable !== '');
    });
});
