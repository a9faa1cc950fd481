import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { z } from 'zod';
import { permission } from '../../../src/dev/local-aws/policy-document.ts';
import { RequestContext } from '../../../src/dev/local-aws/request-context.ts';
import { evaluateIdentity } from '../../../src/dev/local-aws/trust-policy.ts';

type Policy = z.input<typeof permission>;

const alice = new RequestContext().set('aws:PrincipalTag/User', 'alice');
const own = '$' + '{aws:PrincipalTag/User}';
const OBJECT = 'arn:aws:s3:::photos/alice/1.txt';
const statement = (effect: 'Allow' | 'Deny', Resource: string | string[]) => ({
  Effect: effect,
  Action: 's3:GetObject',
  Resource,
});
const policy = (version: '2012-10-17' | '2008-10-17' | undefined, resource: string): Policy => ({
  Version: version,
  Statement: statement('Allow', resource),
});
const ALL = 'arn:aws:s3:::*';
const OWN = `arn:aws:s3:::photos/${own}/*`;

const cases: readonly [string, boolean, Policy[], RequestContext?, string?][] = [
  ['allows a resource of the own tag', true, [policy('2012-10-17', OWN)]],
  ['allows it in a single statement', true, [statement('Allow', OWN)]],
  ['denies the resource of another', false, [policy('2012-10-17', OWN)], alice, 'bob/1.txt'],
  ['denies a prefix that goes on', false, [policy('2012-10-17', OWN)], alice, 'alice2/1.txt'],
  ['denies without the tag', false, [policy('2012-10-17', OWN)], new RequestContext()],
  [
    'takes a wildcard in a tag literally',
    false,
    [policy('2012-10-17', OWN)],
    new RequestContext().set('aws:PrincipalTag/User', '*'),
  ],
  ['knows no variables in an older version', false, [policy('2008-10-17', OWN)]],
  ['knows no variables without a version', false, [policy(undefined, OWN)]],
  ['denies by default', false, []],
  ['denies another action', false, [{ ...statement('Allow', ALL), Action: 's3:PutObject' }]],
  [
    'prefers a Deny, wherever it is',
    false,
    [statement('Deny', OWN), statement('Allow', ALL), statement('Allow', OWN)],
  ],
  [
    'denies by a Deny whose variable has no value',
    false,
    [statement('Allow', ALL), statement('Deny', OWN)],
    new RequestContext(),
    'bob/1.txt',
  ],
  [
    'allows what a Deny of another resource does not cover',
    true,
    [statement('Allow', ALL), statement('Deny', OWN)],
    alice,
    'bob/1.txt',
  ],
];

describe('an identity policy', () => {
  for (const [name, allowed, policies, context = alice, key] of cases)
    test(name, () => {
      const resource = key === undefined ? OBJECT : `arn:aws:s3:::photos/${key}`;
      const decision = evaluateIdentity(
        policies.map(value => permission.parse(value)),
        { action: 's3:GetObject', resource },
        context,
      );
      assert.equal(decision.allowed, allowed, JSON.stringify(decision));
    });
});
