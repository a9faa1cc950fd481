import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  judgeCondition,
  type RequestKeys,
  type SentKey,
  type SentValue,
} from '../../../src/core/iam/condition.ts';
import { type Fit, textLike } from '../../../src/core/iam/text-form.ts';

/** A policy variable. */
const variable = (name: string): string => `\${${name}}`;
const value = (...patterns: string[]): SentValue => ({ forms: patterns.map(textLike) });
const sometimes = (pattern: string): SentValue => ({ forms: [textLike(pattern)], optional: true });

const SENT: Readonly<Record<string, SentKey>> = {
  'saml:aud': { values: [value('https://signin.aws.amazon.com/saml')] },
  'saml:sub': { values: [value('????????????????')] },
  'sts:RoleSessionName': { values: [value('????????????????', '*-????????????????')] },
  'aws:SourceIdentity': { values: [value('*')] },
  'aws:TagKeys': { values: [value('Team'), sometimes('Mail')], isList: true },
  'aws:RequestTag/team': { values: [value('Security')] },
  'aws:RequestTag/mail': { values: [sometimes('*')] },
  'aws:PrincipalArn': { values: [value('arn:aws:iam::111122223333:role/hub/rolebridge')] },
  'aws:SecureTransport': { values: [value('true')] },
  'aws:CurrentTime': { values: [value('2026-06-01T12:00:00Z')] },
  'aws:EpochTime': { values: [value('1780315200')] },
  'sts:DurationSeconds': { values: [value('3600')] },
  'test:address': { values: [value('203.0.113.7')] },
};

const KEYS: RequestKeys = {
  of: key => {
    if (key === 'aws:SourceIp') return 'unknown';
    const name = Object.keys(SENT).find(sent => sent.toLowerCase() === key.toLowerCase());
    return name === undefined ? 'absent' : SENT[name]!;
  },
};

type Row = readonly [operator: string, key: string, values: string | string[], expected: Fit];

const ROWS: readonly Row[] = [
  ['StringEquals', 'saml:aud', 'https://signin.aws.amazon.com/saml', 'fits'],
  ['StringEquals', 'SAML:Aud', 'https://signin.aws.amazon.com/saml', 'fits'],
  ['StringEquals', 'saml:aud', ['x', 'https://signin.aws.amazon.com/saml'], 'fits'],
  ['StringEquals', 'saml:aud', 'https://signin.aws.amazon.com/*', 'fails'],
  ['StringEquals', 'saml:aud', [], 'fails'],
  ['StringLike', 'saml:aud', 'https://*.aws.amazon.com/saml', 'fits'],
  ['StringNotEquals', 'saml:aud', 'x', 'fits'],
  ['StringNotLike', 'saml:aud', 'https://*', 'fails'],
  ['StringEqualsIgnoreCase', 'saml:aud', 'HTTPS://SIGNIN.aws.amazon.com/SAML', 'fits'],
  ['StringNotEqualsIgnoreCase', 'saml:aud', 'HTTPS://SIGNIN.aws.amazon.com/SAML', 'fails'],
  ['StringEquals', 'saml:sub', 'k3jx2q7d5vbn4mza', 'depends'],
  ['StringNotEquals', 'saml:sub', 'k3jx2q7d5vbn4mza', 'depends'],
  ['StringEquals', 'saml:sub', 'alice@example.com', 'fails'],
  ['StringNotEquals', 'saml:sub', 'alice@example.com', 'fits'],
  ['StringLike', 'saml:sub', '????????????????', 'fits'],
  ['StringLike', 'sts:RoleSessionName', '*@example.com', 'fails'],
  ['StringLike', 'sts:RoleSessionName', 'alice-*', 'depends'],
  ['StringLike', 'sts:RoleSessionName', ['????????????????', '*-????????????????'], 'fits'],
  ['StringLike', 'sts:RoleSessionName', '????', 'fails'],
  ['StringEquals', 'aws:SourceIdentity', 'alice', 'depends'],
  // A key that no such request has.
  ['StringEquals', 'saml:edupersonorgdn', 'o=acme', 'fails'],
  ['StringNotEquals', 'saml:edupersonorgdn', 'o=acme', 'fits'],
  ['StringEqualsIfExists', 'saml:edupersonorgdn', 'o=acme', 'fits'],
  ['ForAllValues:StringEquals', 'saml:edupersonorgdn', 'o=acme', 'fits'],
  ['ForAnyValue:StringEquals', 'saml:edupersonorgdn', 'o=acme', 'fails'],
  ['ForAnyValue:StringNotEquals', 'saml:edupersonorgdn', 'o=acme', 'fails'],
  ['Bool', 'aws:MultiFactorAuthPresent', 'true', 'fails'],
  ['BoolIfExists', 'aws:MultiFactorAuthPresent', 'true', 'fits'],
  ['Null', 'aws:MultiFactorAuthPresent', 'true', 'fits'],
  ['Null', 'aws:MultiFactorAuthPresent', 'false', 'fails'],
  ['Null', 'saml:aud', 'false', 'fits'],
  ['Null', 'saml:aud', ['TRUE'], 'fails'],
  ['Null', 'aws:RequestTag/Mail', 'false', 'depends'],
  // Several values, one of them optional.
  ['ForAllValues:StringEquals', 'aws:TagKeys', ['Team', 'Mail'], 'fits'],
  ['ForAllValues:StringEquals', 'aws:TagKeys', ['Team'], 'depends'],
  ['ForAllValues:StringEquals', 'aws:TagKeys', ['Mail'], 'fails'],
  ['ForAnyValue:StringEquals', 'aws:TagKeys', ['Team'], 'fits'],
  ['ForAnyValue:StringEquals', 'aws:TagKeys', ['Mail'], 'depends'],
  ['ForAnyValue:StringEquals', 'aws:TagKeys', ['Project'], 'fails'],
  ['ForAllValues:StringNotEquals', 'aws:TagKeys', ['Project'], 'fits'],
  ['StringEquals', 'aws:TagKeys', ['Team', 'Mail'], 'depends'],
  ['StringEquals', 'aws:RequestTag/team', 'Security', 'fits'],
  ['StringEquals', 'aws:RequestTag/Team', 'Sales', 'fails'],
  ['StringLike', 'aws:RequestTag/Mail', '*', 'depends'],
  ['StringLikeIfExists', 'aws:RequestTag/Mail', '*', 'fits'],
  // What cannot be known here.
  ['IpAddress', 'aws:SourceIp', '10.0.0.0/8', 'depends'],
  ['StringSounds', 'saml:aud', 'x', 'depends'],
  ['ForSomeValues:StringEquals', 'saml:aud', 'x', 'depends'],
  // Numbers, times, addresses, ARNs.
  ['NumericLessThanEquals', 'sts:DurationSeconds', '3600', 'fits'],
  ['NumericLessThan', 'sts:DurationSeconds', '3600', 'fails'],
  ['NumericGreaterThan', 'sts:DurationSeconds', '900', 'fits'],
  ['NumericGreaterThanEquals', 'sts:DurationSeconds', 'much', 'fails'],
  ['NumericEquals', 'sts:DurationSeconds', '3600.0', 'fits'],
  ['NumericNotEquals', 'sts:DurationSeconds', '900', 'fits'],
  ['DateLessThan', 'aws:CurrentTime', '2027-01-01T00:00:00Z', 'fits'],
  ['DateGreaterThan', 'aws:CurrentTime', '2027-01-01', 'fails'],
  ['DateLessThanEquals', 'aws:EpochTime', '1780315200', 'fits'],
  ['DateGreaterThanEquals', 'aws:CurrentTime', '2026-06-01T12:00:00Z', 'fits'],
  ['DateEquals', 'aws:CurrentTime', '2026-06-01T12:00:00Z', 'fits'],
  ['DateNotEquals', 'aws:CurrentTime', '2026-06-01T12:00:00Z', 'fails'],
  ['IpAddress', 'test:address', '203.0.113.0/24', 'fits'],
  ['IpAddress', 'test:address', '203.0.113.7', 'fits'],
  ['IpAddress', 'test:address', '2001:db8::/32', 'fails'],
  ['IpAddress', 'test:address', 'the office', 'fails'],
  ['NotIpAddress', 'test:address', ['10.0.0.0/8', '203.0.113.0/24'], 'fails'],
  ['ArnEquals', 'aws:PrincipalArn', 'arn:aws:iam::111122223333:role/hub/*', 'fits'],
  ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/hub/rolebridge', 'fits'],
  ['ArnLike', 'aws:PrincipalArn', 'arn:aws:*:role/hub/rolebridge', 'fails'],
  ['ArnNotLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/hub/rolebridge', 'fails'],
  ['ArnNotEquals', 'aws:PrincipalArn', 'arn:aws:iam::444455556666:role/x', 'fits'],
  ['Bool', 'aws:SecureTransport', 'True', 'fits'],
  ['BinaryEquals', 'aws:RequestTag/Team', 'U2VjdXJpdHk=', 'fails'],
  // Variables.
  ['StringEquals', 'aws:RequestTag/Team', variable('aws:RequestTag/Team'), 'fits'],
  ['StringEquals', 'saml:sub', variable('aws:SourceIdentity'), 'depends'],
  ['StringEquals', 'saml:aud', variable('saml:cn'), 'fails'],
  ['StringNotEquals', 'saml:aud', variable('saml:cn'), 'fits'],
  ['StringEquals', 'aws:RequestTag/Team', variable("saml:cn, 'Security'"), 'fits'],
  ['StringLike', 'aws:RequestTag/Team', variable('*'), 'fails'],
  ['StringLike', 'aws:RequestTag/Team', variable('aws:SourceIp'), 'depends'],
  ['StringEquals', 'aws:RequestTag/Team', variable('aws:TagKeys'), 'fails'],
];

describe('a condition of a policy', () => {
  for (const [operator, key, values, expected] of ROWS)
    it(`${expected}: ${operator} ${key} ${JSON.stringify(values)}`, () => {
      const condition = { operator, key, values: [values].flat() };
      assert.equal(judgeCondition(condition, KEYS, true).fit, expected);
    });

  it('takes a variable literally in a policy of 2008', () => {
    const condition = {
      operator: 'StringEquals',
      key: 'aws:RequestTag/Team',
      values: [variable('aws:RequestTag/Team')],
    };
    assert.equal(judgeCondition(condition, KEYS, false).fit, 'fails');
  });

  it('is judged at once, whatever a text contains', () => {
    for (const part of ['${', '*?', variable('*'), ':']) {
      const condition = { operator: 'StringLike', key: 'saml:sub', values: [part.repeat(10_000)] };
      const startedAt = Date.now();
      for (let time = 0; time < 20; time++) judgeCondition(condition, KEYS, true);
      assert.ok(Date.now() - startedAt < 1_500, part);
    }
  });

  it('says what is sent', () => {
    const sentOf = (key: string): string =>
      judgeCondition({ operator: 'StringEquals', key, values: ['x'] }, KEYS, true).sent;
    assert.equal(sentOf('saml:aud'), 'https://signin.aws.amazon.com/saml');
    assert.equal(sentOf('saml:cn'), 'nothing');
    assert.equal(sentOf('aws:SourceIp'), 'not known here');
    assert.equal(sentOf('aws:TagKeys'), 'Team, Mail (not always)');
    assert.equal(sentOf('sts:RoleSessionName'), '???????????????? or *-????????????????');
  });
});
