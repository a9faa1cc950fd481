import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { denied, invalid, type RefusalCase, testRefusals, useSamlScene } from './saml-scene.ts';
import { ADMIN, PARTNER, PROD, SAML_PROVIDER } from './support.ts';

const HOUR = 3600;

const CASES: readonly RefusalCase[] = [
  // Attributes
  invalid(
    'no Role',
    { beforeSigning: xml => xml.replace('Attributes/Role"', 'Attributes/Rolle"') },
    /no Role attribute/,
  ),
  invalid('a Role that is no pair', { roles: [ADMIN] }, /"roleArn,providerArn"/),
  denied(
    'a pair that is not in Role',
    { roles: [`arn:aws:iam::${PROD}:role/Short,${SAML_PROVIDER}`] },
    /does not hold this pair/,
  ),
  {
    name: 'no session name',
    change: { sessionName: [] },
    code: 'InvalidIdentityTokenException',
    message: 'RoleSessionName is required in AuthnResponse',
  },
  {
    name: 'a session name with a blank',
    change: { sessionName: ['alice b'] },
    code: 'InvalidIdentityTokenException',
    message: /^RoleSessionName in AuthnResponse must match/,
  },
  {
    name: 'a session name of one character',
    change: { sessionName: ['a'] },
    code: 'InvalidIdentityTokenException',
    message: /^RoleSessionName in AuthnResponse must match/,
  },
  {
    name: 'two session names',
    change: { sessionName: ['alice', 'bob'] },
    code: 'InvalidIdentityTokenException',
    message: /^RoleSessionName in AuthnResponse must match/,
  },
  {
    name: 'a source identity of 65 characters',
    change: { sourceIdentity: 'a'.repeat(65) },
    code: 'InvalidIdentityTokenException',
    message: /^Source Identity must match/,
  },
  {
    name: 'a source identity that begins with aws:',
    change: { sourceIdentity: 'aws:alice' },
    code: 'InvalidIdentityTokenException',
    message: /^Source Identity must match/,
  },
  invalid('a SessionDuration under 15 minutes', { sessionDuration: '899' }, /SessionDuration/),
  invalid('a tag with two values', { tags: { Team: ['a', 'b'] } }, /exactly one value/),
  invalid(
    'two tags that differ by case',
    { tags: { Team: ['a'], team: ['b'] } },
    /differ at most by case/,
  ),
  invalid('a tag with the prefix aws:', { tags: { 'aws:team': ['a'] } }, /reserved prefix/),
  invalid(
    '51 tags',
    { tags: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${index}`, ['v']])) },
    /more than 50/,
  ),
  invalid(
    'a transitive key without tag',
    { tags: { Team: ['a'] }, transitiveKeys: ['Other'] },
    /has no session tag/,
  ),
  // Role and trust
  denied('a role that does not exist', {}, /unknown role/, {
    RoleArn: `arn:aws:iam::${PROD}:role/admin`,
  }),
  denied('a trust policy with a star for everybody', {}, /another principal/, {
    RoleArn: `arn:aws:iam::${PROD}:role/Anybody`,
  }),
  denied('a Deny for everybody', {}, /DenyAll of the trust policy denies/, {
    RoleArn: `arn:aws:iam::${PROD}:role/Closed`,
  }),
  denied('a role of another account', {}, /different accounts/, {
    PrincipalArn: `arn:aws:iam::${PARTNER}:saml-provider/rolebridge`,
  }),
  denied('a role of IAM Identity Center', {}, /Identity Center/, {
    RoleArn: `arn:aws:iam::${PROD}:role/AWSReservedSSO_Admin_1`,
  }),
  denied(
    'another regional endpoint than saml:aud names',
    { recipient: 'https://eu-west-1.signin.aws.amazon.com/saml' },
    /saml:aud is not met/,
  ),
  denied('tags without sts:TagSession', { tags: { Team: ['a'] } }, /sts:TagSession/, {
    RoleArn: `arn:aws:iam::${PROD}:role/Untagged`,
  }),
  denied(
    'a source identity without sts:SetSourceIdentity',
    { sourceIdentity: 'alice' },
    /sts:SetSourceIdentity/,
    {
      RoleArn: `arn:aws:iam::${PROD}:role/NoIdentity`,
    },
  ),
  denied('an attribute that the trust policy misses', {}, /edupersonaffiliation/, {
    RoleArn: `arn:aws:iam::${PROD}:role/Staff`,
  }),
  // Request
  {
    name: 'a duration over the maximum of the role',
    request: { RoleArn: `arn:aws:iam::${PROD}:role/Short`, DurationSeconds: HOUR + 1 },
    code: 'ValidationError',
    message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
  },
  {
    name: 'an ARN that is none',
    request: { RoleArn: 'role/Admin-in-production' },
    code: 'ValidationError',
    message: 'role/Admin-in-production is invalid',
  },
  {
    name: 'a policy that is not JSON',
    request: { Policy: '{' },
    code: 'MalformedPolicyDocumentException',
    message: /Json/,
  },
  {
    name: 'a policy with a misspelt key',
    request: { Policy: '{"Statement":[{"Effect":"Allow","Actions":"s3:*","Resource":"*"}]}' },
    code: 'MalformedPolicyDocumentException',
    message: 'Syntax errors in policy.',
  },
  {
    name: 'a managed policy of another account',
    request: { PolicyArns: [{ arn: `arn:aws:iam::${PARTNER}:policy/Any` }] },
    code: 'ValidationError',
    message: /is invalid$/,
  },
  {
    name: 'policies that are too large together',
    request: {
      Policy: JSON.stringify({
        Statement: [
          { Effect: 'Allow', Action: 's3:*', Resource: `arn:aws:s3:::${'b'.repeat(1900)}` },
        ],
      }),
      PolicyArns: [{ arn: `arn:aws:iam::aws:policy/${'x'.repeat(100)}` }],
    },
    code: 'PackedPolicyTooLargeException',
    message: /^Packed policy consumes \d+% of allotted space/,
  },
];

describe('a signed SAML response is rejected for', () => {
  const scene = useSamlScene();

  testRefusals(CASES, () => scene);

  test('tags whose packed size exceeds the limit', async () => {
    const tags = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [`key${index}`, [randomBytes(120).toString('hex')]]),
    );
    const error = await scene.refused({ tags });
    assert.equal(error.name, 'PackedPolicyTooLargeException', error.reason);
  });
});
