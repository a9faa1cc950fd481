import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { evaluateConditions } from '../../../src/dev/local-aws/conditions.ts';
import type { ConditionBlock } from '../../../src/dev/local-aws/policy-document.ts';
import { RequestContext } from '../../../src/dev/local-aws/request-context.ts';
import { matchesWildcard } from '../../../src/dev/local-aws/wildcard.ts';

const context = new RequestContext()
  .set('sts:RoleSessionName', 'Alice')
  .set('saml:aud', 'https://eu-west-1.signin.aws.amazon.com/saml')
  .set('aws:TagKeys', ['Team', 'Cost'])
  .set('aws:RequestTag/Team', 'red')
  .set('aws:PrincipalTag/team', 'red')
  .set('aws:PrincipalTag/odd', 'a*$b')
  .set('aws:PrincipalTag/star', '*')
  .set('aws:PrincipalArn', 'arn:aws:iam::111122223333:role/team/Hub')
  .set('aws:SourceIp', '10.1.2.3')
  .set('aws:CurrentTime', '2026-03-01T12:00:00.000Z')
  .set('sts:DurationSeconds', '3600')
  .set('aws:SecureTransport', 'false');

const variable = (key: string): string => `\${${key}}`;

type Outcome = 'met' | 'unmet' | 'undecidable';
type Blocks = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

const cases: readonly [Outcome, Blocks][] = [
  ['met', {}],
  ['met', { StringEquals: { 'sts:RoleSessionName': 'Alice' } }],
  ['unmet', { StringEquals: { 'sts:RoleSessionName': 'alice' } }],
  ['met', { StringEquals: { 'STS:rolesessionname': 'Alice' } }],
  ['met', { StringEquals: { 'sts:RoleSessionName': ['bob', 'Alice'] } }],
  ['unmet', { StringEquals: { 'sts:RoleSessionName': 'Alice', 'sts:ExternalId': 'x' } }],
  [
    'unmet',
    { StringEquals: { 'sts:RoleSessionName': 'Alice' }, StringLike: { 'saml:aud': 'http://*' } },
  ],
  ['unmet', { StringNotEquals: { 'sts:RoleSessionName': ['bob', 'Alice'] } }],
  ['met', { StringNotEquals: { 'sts:RoleSessionName': ['bob', 'carol'] } }],
  ['met', { StringNotEquals: { 'sts:ExternalId': 'x' } }],
  ['met', { StringEqualsIgnoreCase: { 'sts:RoleSessionName': 'ALICE' } }],
  ['unmet', { StringNotEqualsIgnoreCase: { 'sts:RoleSessionName': 'ALICE' } }],
  ['met', { StringLike: { 'saml:aud': 'https://*.signin.aws.amazon.com/saml' } }],
  ['unmet', { StringLike: { 'saml:aud': 'https://?.signin.aws.amazon.com/saml' } }],
  ['unmet', { StringNotLike: { 'saml:aud': 'https://*' } }],
  ['met', { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/team/*' } }],
  ['unmet', { ArnEquals: { 'aws:PrincipalArn': 'arn:aws:*:role/team/Hub' } }],
  ['met', { ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/other/*' } }],
  ['met', { Bool: { 'aws:SecureTransport': 'False' } }],
  ['unmet', { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }],
  ['met', { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'true' } }],
  ['met', { Null: { 'sts:ExternalId': 'true', 'saml:aud': 'false' } }],
  ['unmet', { Null: { 'sts:ExternalId': 'false' } }],
  ['met', { NumericLessThanEquals: { 'sts:DurationSeconds': '3600' } }],
  ['unmet', { NumericLessThan: { 'sts:DurationSeconds': '3600' } }],
  ['met', { NumericGreaterThan: { 'sts:DurationSeconds': '900' } }],
  ['unmet', { NumericGreaterThanEquals: { 'sts:DurationSeconds': 'an hour' } }],
  ['met', { NumericNotEquals: { 'sts:DurationSeconds': '900' } }],
  ['met', { DateGreaterThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } }],
  ['unmet', { DateLessThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } }],
  ['met', { DateLessThan: { 'aws:CurrentTime': '1893456000' } }],
  ['met', { IpAddress: { 'aws:SourceIp': ['192.168.0.0/16', '10.0.0.0/8'] } }],
  ['unmet', { IpAddress: { 'aws:SourceIp': '10.0.0.0/99' } }],
  ['unmet', { NotIpAddress: { 'aws:SourceIp': '10.1.2.3' } }],
  ['unmet', { IpAddress: { 'aws:SourceIp': '::/0' } }],
  ['met', { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['Team', 'Cost', 'Other'] } }],
  ['unmet', { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['Team'] } }],
  ['met', { 'ForAllValues:StringEquals': { 'sts:TransitiveTagKeys': ['Team'] } }],
  ['met', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['Team'] } }],
  ['unmet', { 'ForAnyValue:StringEquals': { 'sts:TransitiveTagKeys': ['Team'] } }],
  ['met', { StringEquals: { 'aws:RequestTag/team': variable('aws:PrincipalTag/Team') } }],
  ['undecidable', { StringNotEquals: { 'sts:RoleSessionName': variable('aws:username') } }],
  ['met', { StringLike: { 'saml:aud': `*.${variable("aws:username, 'signin'")}.aws.*` } }],
  ['met', { StringEquals: { 'aws:RequestTag/team': variable("aws:PrincipalTag/Team, 'blue'") } }],
  ['met', { StringLike: { 'aws:PrincipalTag/odd': `a${variable('*')}${variable('$')}?` } }],
  ['met', { StringLike: { 'aws:PrincipalTag/odd': variable('aws:PrincipalTag/odd') } }],
  ['unmet', { StringLike: { 'sts:RoleSessionName': variable('aws:PrincipalTag/star') } }],
  ['unmet', { StringLike: { 'sts:RoleSessionName': `A${variable('*')}` } }],
  ['undecidable', { StringEquals: { 'sts:RoleSessionName': variable('aws:TagKeys') } }],
  ['undecidable', { StringEquals: { 'aws:TagKeys': 'Team' } }],
  ['undecidable', { StringResembles: { 'sts:RoleSessionName': 'Alice' } }],
  ['undecidable', { BinaryEquals: { 'sts:RoleSessionName': 'QWxpY2U=' } }],
];

describe('a condition block', () => {
  for (const [expected, block] of cases) {
    test(`${JSON.stringify(block)} is ${expected}`, () => {
      const lists = Object.fromEntries(
        Object.entries(block).map(([operator, keys]) => [
          operator,
          Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, [value].flat()])),
        ]),
      ) as ConditionBlock;
      const verdict = evaluateConditions(lists, context, '2012-10-17');

      assert.equal(
        'undecidable' in verdict ? 'undecidable' : verdict.met ? 'met' : 'unmet',
        expected,
      );
    });
  }

  test('has no variables in a policy of an older version', () => {
    const text = variable('aws:PrincipalTag/team');
    const block = { StringEquals: { 'sts:RoleSessionName': [text] } };
    const named = new RequestContext().set('sts:RoleSessionName', text);
    for (const version of ['2008-10-17', undefined] as const)
      assert.deepEqual(evaluateConditions(block, named, version), { met: true });
    assert.ok('undecidable' in evaluateConditions(block, named, '2012-10-17'));
  });

  test('does not reveal an external id in its reason', () => {
    const withId = new RequestContext().set('sts:ExternalId', 'topsecret-1');
    const block = { StringEquals: { 'sts:ExternalId': ['other'] } };
    const verdict = evaluateConditions(block, withId, '2012-10-17');
    assert.ok(!JSON.stringify(verdict).includes('topsecret'));
  });
});

test('a pattern with many wildcards is matched at once', () => {
  const started = performance.now();
  assert.equal(matchesWildcard('*a'.repeat(1000), 'a'.repeat(1999)), true);
  assert.equal(matchesWildcard(`${'*a'.repeat(1000)}b`, 'a'.repeat(4000)), false);
  assert.equal(matchesWildcard('a?c*', 'abcd'), true);
  assert.equal(matchesWildcard('a?c', 'ac'), false);
  assert.ok(performance.now() - started < 500);
});
