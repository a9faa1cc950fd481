import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { QueryError } from '../../../src/dev/local-aws/query-error.ts';
import { type Action, readShape } from '../../../src/dev/local-aws/shapes.ts';

const ROLE = 'arn:aws:iam::111122223333:role/Admin';
const GOOD: Readonly<Record<string, string>> = { RoleArn: ROLE, RoleSessionName: 'alice' };

function read(action: Action, parameters: Readonly<Record<string, string>>): unknown {
  return readShape(action, new URLSearchParams(parameters));
}

function faultOf(
  parameters: Readonly<Record<string, string>>,
  action: Action = 'AssumeRole',
): { code: string; message: string | undefined } {
  try {
    read(action, parameters);
  } catch (cause) {
    assert.ok(cause instanceof QueryError);
    return { code: cause.code, message: cause.wireMessage };
  }
  return assert.fail('it was accepted');
}

function tags(count: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, at) => [
      [`Tags.member.${at + 1}.Key`, `k${at}`],
      [`Tags.member.${at + 1}.Value`, 'v'],
    ]).flat(),
  );
}

const at = (name: string, value: string, constraint: string): string =>
  `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: ${constraint}`;

describe('a request with one mistake names it as AWS does', () => {
  const cases: readonly [string, Readonly<Record<string, string>>, string][] = [
    [
      'a missing member',
      { RoleArn: ROLE },
      "1 validation error detected: Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null",
    ],
    [
      'a short name',
      { ...GOOD, RoleSessionName: 'a' },
      at('roleSessionName', 'a', 'Member must have length greater than or equal to 2'),
    ],
    [
      'a long name',
      { ...GOOD, RoleSessionName: 'a'.repeat(65) },
      at('roleSessionName', 'a'.repeat(65), 'Member must have length less than or equal to 64'),
    ],
    [
      'a blank in a name',
      { ...GOOD, RoleSessionName: 'a b' },
      at(
        'roleSessionName',
        'a b',
        String.raw`Member must satisfy regular expression pattern: [\w+=,.@-]*`,
      ),
    ],
    [
      'a duration below 15 minutes',
      { ...GOOD, DurationSeconds: '899' },
      at('durationSeconds', '899', 'Member must have value greater than or equal to 900'),
    ],
    [
      'a negative duration',
      { ...GOOD, DurationSeconds: '-1' },
      at('durationSeconds', '-1', 'Member must have value greater than or equal to 900'),
    ],
    [
      'a duration over 12 hours',
      { ...GOOD, DurationSeconds: '43201' },
      at('durationSeconds', '43201', 'Member must have value less than or equal to 43200'),
    ],
    [
      'an external id of one character',
      { ...GOOD, ExternalId: 'x' },
      at('externalId', 'x', 'Member must have length greater than or equal to 2'),
    ],
    [
      'a source identity of 65 characters',
      { ...GOOD, SourceIdentity: 's'.repeat(65) },
      at('sourceIdentity', 's'.repeat(65), 'Member must have length less than or equal to 64'),
    ],
    [
      'a tag without value',
      { ...GOOD, 'Tags.member.1.Key': 'k' },
      "1 validation error detected: Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null",
    ],
    [
      '51 tags',
      { ...GOOD, ...tags(51) },
      "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50",
    ],
    [
      'a token code, which is not repeated',
      { ...GOOD, TokenCode: '12345' },
      "1 validation error detected: Value at 'tokenCode' failed to satisfy constraint: Member must have length greater than or equal to 6",
    ],
  ];
  for (const [name, parameters, message] of cases)
    test(name, () => assert.deepEqual(faultOf(parameters), { code: 'ValidationError', message }));
});

test('all mistakes are reported at once', () => {
  const { message } = faultOf({ RoleArn: 'x', DurationSeconds: '1' });
  assert.match(
    message ?? '',
    /^3 validation errors detected: .*'roleArn'.*; .*'roleSessionName'.*; .*'durationSeconds'/,
  );
});

test('lengths count code points', () => {
  assert.deepEqual(
    faultOf({ ...GOOD, RoleSessionName: '\u{1F600}'.repeat(64) }).message?.includes('length'),
    false,
  );
});

describe('a number', () => {
  for (const [text, value] of [
    ['900', 900],
    ['+900', 900],
    ['0900', 900],
    ['43200', 43_200],
  ] as const) {
    test(`${text} is ${value}`, () =>
      assert.equal(
        (read('AssumeRole', { ...GOOD, DurationSeconds: text }) as { DurationSeconds: number })
          .DurationSeconds,
        value,
      ));
  }
  for (const text of ['900.0', '1e3', 'abc', '2147483648', '9'.repeat(30), ' 900']) {
    test(`${JSON.stringify(text)} is malformed input without a message`, () =>
      assert.deepEqual(faultOf({ ...GOOD, DurationSeconds: text }), {
        code: 'MalformedInput',
        message: undefined,
      }));
  }
  test('that is empty is malformed input with a message', () =>
    assert.match(faultOf({ ...GOOD, DurationSeconds: '' }).message ?? '', /missing/));
});

test('lists are read in order, an empty list is an empty parameter, and the first of two equal parameters wins', () => {
  const parameters = new URLSearchParams(
    `RoleArn=${encodeURIComponent(ROLE)}&RoleSessionName=alice&RoleSessionName=bob&TransitiveTagKeys=&Tags.member.2.Key=b&Tags.member.2.Value=&Tags.member.1.Key=a&Tags.member.1.Value=x&Unknown=1`,
  );
  const input = readShape('AssumeRole', parameters);

  assert.deepEqual(input.Tags, [
    { Key: 'a', Value: 'x' },
    { Key: 'b', Value: '' },
  ]);
  assert.deepEqual(input.TransitiveTagKeys, []);
  assert.equal(input.RoleSessionName, 'alice');
});
