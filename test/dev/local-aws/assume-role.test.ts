import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  AssumeRoleWithSAMLCommand,
  type Credentials,
  GetCallerIdentityCommand,
  STSServiceException,
} from '@aws-sdk/client-sts';
import { type ResponseOptions, samlResponse } from './saml.ts';
import {
  ADMIN,
  PARTNER,
  PROD,
  SAML_PROVIDER,
  samlTrust,
  samlWorld,
  type TrustPolicy,
  useLocalAws,
} from './support.ts';

const USER = { accessKeyId: 'AKIAIOSFODNN7LOCAL00', secretAccessKey: 'local-user-secret-key-0001' };
const HUB = `arn:aws:iam::${PROD}:role/bridge/Hub`;
const EXTERNAL_ID = 'spoke-7f3c';
const ASSUME = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];
const partnerRole = (name: string): string => `arn:aws:iam::${PARTNER}:role/${name}`;

function trust(
  principal: string,
  action: string | string[] = ASSUME,
  condition?: NonNullable<object>,
): TrustPolicy {
  return {
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: principal },
        Action: action,
        ...(condition && { Condition: condition }),
      },
    ],
  } as TrustPolicy;
}

const partner = (name: string, trustPolicy: TrustPolicy, more: object = {}) => ({
  account: PARTNER,
  name,
  trustPolicy,
  ...more,
});
const prod = (name: string, trustPolicy: TrustPolicy, more: object = {}) => ({
  account: PROD,
  name,
  trustPolicy,
  ...more,
});

const WORLD = samlWorld({
  roles: [
    prod('Hub', samlTrust(), {
      path: '/bridge/',
      tags: { team: 'role-tag' },
      permissions: [
        {
          Effect: 'Allow',
          Action: ASSUME,
          Resource: [partnerRole('*'), `arn:aws:iam::${PROD}:role/Delegated*`],
        },
      ],
    }),
    partner('Spoke', trust(HUB, ASSUME, { StringEquals: { 'sts:ExternalId': EXTERNAL_ID } })),
    partner('Open', trust(HUB, 'sts:*'), { maxSessionDuration: 7200 }),
    partner('Long', trust(HUB), { maxSessionDuration: 43_200 }),
    partner('OnlyAssume', trust(HUB, 'sts:AssumeRole')),
    partner('Tagged', trust(HUB, ASSUME, { StringEquals: { 'aws:PrincipalTag/Team': 'red' } })),
    partner(
      'Requested',
      trust(HUB, ASSUME, {
        StringEquals: { 'aws:RequestTag/Cost': '7' },
        'ForAllValues:StringEquals': { 'aws:TagKeys': ['Cost'] },
      }),
    ),
    partner(
      'Named',
      trust(HUB, ASSUME, {
        StringEquals: {
          'aws:PrincipalArn': HUB,
          'saml:sub_type': 'persistent',
          'aws:FederatedProvider': SAML_PROVIDER,
        },
      }),
    ),
    partner('Unknown', trust(HUB, ASSUME, { StringSounds: { 'sts:RoleSessionName': 'alice' } })),
    partner('Root', trust(`arn:aws:iam::${PROD}:root`)),
    partner('NotHub', trust(`arn:aws:iam::${PROD}:role/Hub`)),
    partner('Denied', {
      Statement: [
        { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' },
        {
          Sid: 'NoAlice',
          Effect: 'Deny',
          Principal: '*',
          Action: 'sts:AssumeRole',
          Condition: { StringLike: { 'sts:RoleSessionName': 'alice*' } },
        },
      ],
    }),
    prod('Delegated', trust(PROD)),
    prod('NotAllowed', trust(PROD)),
    prod('Sibling', trust(HUB)),
    prod('BySession', trust(`arn:aws:sts::${PROD}:assumed-role/Hub/alice@example.com`)),
    prod('ForUser', trust(`arn:aws:iam::${PROD}:user/ci`), { maxSessionDuration: 43_200 }),
  ],
  iamUsers: [
    {
      account: PROD,
      name: 'ci',
      accessKeys: [USER],
      permissions: [{ Statement: { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' } }],
    },
  ],
});

describe('AssumeRole', () => {
  const running = useLocalAws(WORLD);

  const keysOf = (credentials: Credentials | undefined) => ({
    accessKeyId: credentials!.AccessKeyId!,
    secretAccessKey: credentials!.SecretAccessKey!,
    sessionToken: credentials!.SessionToken!,
  });

  /** A session of the hub role, by SAML. */
  async function hub(change: Partial<ResponseOptions> = {}, policy: { Policy?: string } = {}) {
    const SAMLAssertion = samlResponse({
      roles: [`${HUB},${SAML_PROVIDER}`],
      now: running.clock.now(),
      ...change,
    });
    const answer = await running.sts().send(
      new AssumeRoleWithSAMLCommand({
        RoleArn: HUB,
        PrincipalArn: SAML_PROVIDER,
        SAMLAssertion,
        ...policy,
      }),
    );
    return keysOf(answer.Credentials);
  }

  async function assume(
    input: Partial<AssumeRoleCommandInput>,
    from?: Awaited<ReturnType<typeof hub>>,
  ) {
    return running.sts(from ?? (await hub())).send(
      new AssumeRoleCommand({
        RoleArn: partnerRole('Open'),
        RoleSessionName: 'alice@example.com',
        ...input,
      }),
    );
  }

  async function refused(
    input: Partial<AssumeRoleCommandInput>,
    from?: Awaited<ReturnType<typeof hub>>,
  ) {
    const error = await assume(input, from).then(
      () => assert.fail('it was accepted'),
      (cause: unknown) => cause,
    );
    assert.ok(error instanceof STSServiceException, String(error));
    return {
      name: error.name,
      status: error.$metadata.httpStatusCode,
      message: error.message,
      reason: running.reason() ?? '',
    };
  }

  const deniedText = (role: string, action = 'sts:AssumeRole'): string =>
    `User: arn:aws:sts::${PROD}:assumed-role/Hub/alice@example.com is not authorized to perform: ${action} on resource: ${role}`;

  test('gives working credentials across accounts', async () => {
    const answer = await assume({ RoleArn: partnerRole('Spoke'), ExternalId: EXTERNAL_ID });
    assert.equal(
      answer.AssumedRoleUser?.Arn,
      `arn:aws:sts::${PARTNER}:assumed-role/Spoke/alice@example.com`,
    );
    assert.equal(answer.PackedPolicySize, undefined);

    const who = await running
      .sts(keysOf(answer.Credentials))
      .send(new GetCallerIdentityCommand({}));
    assert.equal(who.Arn, `arn:aws:sts::${PARTNER}:assumed-role/Spoke/alice@example.com`);
    assert.equal(who.Account, PARTNER);
  });

  describe('accepts', () => {
    const cases: readonly [string, Partial<AssumeRoleCommandInput>, Partial<ResponseOptions>?][] = [
      [
        'a trust in the whole account, with the permission of the caller',
        { RoleArn: partnerRole('Root') },
      ],
      [
        'a trust in the own account, with the permission of the caller',
        { RoleArn: `arn:aws:iam::${PROD}:role/Delegated` },
      ],
      [
        'a trust in the caller by name in the own account, without permission',
        { RoleArn: `arn:aws:iam::${PROD}:role/Sibling` },
      ],
      ['a trust in the session by its ARN', { RoleArn: `arn:aws:iam::${PROD}:role/BySession` }],
      [
        'a condition on a tag of the session, which overrides the tag of the role',
        { RoleArn: partnerRole('Tagged') },
        { tags: { Team: ['red'] } },
      ],
      [
        'a condition on a requested tag',
        { RoleArn: partnerRole('Requested'), Tags: [{ Key: 'Cost', Value: '7' }] },
      ],
      [
        'conditions on the principal and what survives of its sign-in',
        { RoleArn: partnerRole('Named') },
      ],
      ['an hour', { DurationSeconds: 3600 }],
    ];
    for (const [name, input, saml] of cases) {
      test(name, async () => {
        await assume(input, await hub(saml));
      });
    }
  });

  describe('denies with the one message of STS', () => {
    const cases: readonly [
      string,
      Partial<AssumeRoleCommandInput> & { RoleArn: string },
      RegExp,
      Partial<ResponseOptions>?,
      string?,
    ][] = [
      ['a role that does not exist', { RoleArn: partnerRole('Missing') }, /unknown role/],
      ['a missing external id', { RoleArn: partnerRole('Spoke') }, /sts:ExternalId is not met/],
      [
        'a wrong external id',
        { RoleArn: partnerRole('Spoke'), ExternalId: 'spoke-other' },
        /another value/,
      ],
      [
        'a trust in the role without its path',
        { RoleArn: partnerRole('NotHub') },
        /another principal/,
      ],
      ['a Deny', { RoleArn: partnerRole('Denied') }, /NoAlice.*denies/],
      [
        'a condition operator that is not known',
        { RoleArn: partnerRole('Unknown') },
        /StringSounds is not known/,
      ],
      [
        'the tag of the role where the session needs its own',
        { RoleArn: partnerRole('Tagged') },
        /aws:PrincipalTag\/Team is not met/,
      ],
      [
        'a tag that the policy does not list',
        {
          RoleArn: partnerRole('Requested'),
          Tags: [
            { Key: 'Cost', Value: '7' },
            { Key: 'Extra', Value: '1' },
          ],
        },
        /aws:TagKeys is not met/,
      ],
      [
        'a trust in the account without the permission of the caller',
        { RoleArn: `arn:aws:iam::${PROD}:role/NotAllowed` },
        /caller's policies do not allow/,
      ],
      ['a federated role', { RoleArn: ADMIN }, /another principal|no statement/],
      [
        'tags without sts:TagSession',
        { RoleArn: partnerRole('OnlyAssume'), Tags: [{ Key: 'Cost', Value: '7' }] },
        /sts:TagSession/,
        {},
        'sts:TagSession',
      ],
      [
        'inherited tags without sts:TagSession',
        { RoleArn: partnerRole('OnlyAssume') },
        /sts:TagSession/,
        { tags: { Team: ['red'] }, transitiveKeys: ['Team'] },
        'sts:TagSession',
      ],
      [
        'a source identity without sts:SetSourceIdentity',
        { RoleArn: partnerRole('OnlyAssume'), SourceIdentity: 'alice' },
        /sts:SetSourceIdentity/,
        {},
        'sts:SetSourceIdentity',
      ],
      [
        'an inherited source identity without sts:SetSourceIdentity',
        { RoleArn: partnerRole('OnlyAssume') },
        /sts:SetSourceIdentity/,
        { sourceIdentity: 'alice' },
        'sts:SetSourceIdentity',
      ],
    ];
    for (const [name, input, reason, saml, action] of cases) {
      test(name, async () => {
        const error = await refused(input, await hub(saml));
        assert.deepEqual(
          [error.name, error.status, error.message],
          ['AccessDenied', 403, deniedText(input.RoleArn, action)],
        );
        assert.match(error.reason, reason);
        assert.ok(!error.reason.includes(EXTERNAL_ID));
      });
    }
  });

  test('limits role chaining to an hour, after the maximum of the role', async () => {
    assert.equal(
      (await refused({ RoleArn: partnerRole('Long'), DurationSeconds: 3601 })).message,
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
    assert.equal(
      (await refused({ DurationSeconds: 7201 })).message,
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  });

  test('allows an IAM user more than an hour, because that is no chaining', async () => {
    const answer = await running.sts(USER).send(
      new AssumeRoleCommand({
        RoleArn: `arn:aws:iam::${PROD}:role/ForUser`,
        RoleSessionName: 'build',
        DurationSeconds: 43_200,
      }),
    );
    assert.ok(answer.Credentials!.Expiration!.getTime() - running.clock.now() > 43_190_000);

    const who = await running.sts(USER).send(new GetCallerIdentityCommand({}));
    assert.equal(who.Arn, `arn:aws:iam::${PROD}:user/ci`);
    assert.match(who.UserId!, /^AIDA/);
  });

  test('passes on transitive tags and the source identity along the chain, and no other tags', async () => {
    const from = await hub({
      sourceIdentity: 'alice',
      tags: { Team: ['red'], Shoe: ['43'] },
      transitiveKeys: ['Team'],
    });
    const answer = await assume(
      { RoleArn: partnerRole('Tagged'), Tags: [{ Key: 'Cost', Value: '7' }] },
      from,
    );
    assert.equal(answer.SourceIdentity, 'alice');

    const conflict = await refused(
      { RoleArn: partnerRole('Tagged'), Tags: [{ Key: 'team', Value: 'blue' }] },
      from,
    );
    assert.equal(conflict.name, 'ValidationError');
    assert.match(conflict.message, /conflicts with a transitive tag/);
    await assume({ Tags: [{ Key: 'Shoe', Value: '44' }] }, from);
  });

  test('tells the packed size of tags and policies, and rejects tags that do not fit', async () => {
    const small = [{ Key: 'Cost', Value: '7' }];
    const large = Array.from({ length: 20 }, (_, index) => ({
      Key: `Large${index}`,
      Value: randomBytes(128).toString('hex'),
    }));
    const Policy = '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}';
    for (const input of [{ Tags: small }, { Policy }])
      assert.ok((await assume(input)).PackedPolicySize! > 0);
    const both = await refused({ Tags: [...small, ...large], Policy });
    assert.equal(both.name, 'PackedPolicyTooLargeException');
    assert.match(both.message, /^Packed policy consumes \d{3}% of allotted space/);
    const tags = await refused({ Tags: [...small, ...large] });
    assert.match(tags.message, /^Packed size of session tags consumes \d{3}% of allotted space/);
    await assume({ Tags: small, Policy });
  });

  test('sets a source identity once', async () => {
    const from = await hub({ sourceIdentity: 'alice' });
    await assume({ SourceIdentity: 'alice' }, from);
    const error = await refused({ SourceIdentity: 'mallory' }, from);
    assert.deepEqual(
      [error.name, error.message],
      ['ValidationError', 'The source identity is already set for this assume role session'],
    );
  });

  test('answers invalid tags with a validation error', async () => {
    const wrong: AssumeRoleCommandInput['Tags'][] = [
      [
        { Key: 'a', Value: '1' },
        { Key: 'A', Value: '2' },
      ],
      [{ Key: 'aws:a', Value: '1' }],
    ];

    for (const Tags of wrong) assert.equal((await refused({ Tags })).name, 'ValidationError');
    assert.equal((await refused({ TransitiveTagKeys: ['Nowhere'] })).name, 'ValidationError');
  });

  test('narrows the next hop by the session policy', async () => {
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'sts:*', Resource: partnerRole('Open') }],
    });
    const from = await hub({}, { Policy });
    await assume({}, from);
    const error = await refused({ RoleArn: partnerRole('Root') }, from);
    assert.match(error.reason, /session policy/);
  });
});

describe('a running world', () => {
  const running = useLocalAws(WORLD);

  async function hubSession() {
    const SAMLAssertion = samlResponse({
      roles: [`${HUB},${SAML_PROVIDER}`],
      now: running.clock.now(),
    });
    const { Credentials } = await running
      .sts()
      .send(
        new AssumeRoleWithSAMLCommand({ RoleArn: HUB, PrincipalArn: SAML_PROVIDER, SAMLAssertion }),
      );
    return running.sts({
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    });
  }
  const hop = new AssumeRoleCommand({ RoleArn: partnerRole('Open'), RoleSessionName: 'alice' });

  test('applies changed permissions to open sessions, and a changed trust policy to new ones only', async () => {
    const session = await hubSession();
    running.aws.roles.change(HUB, { trustPolicy: trust('*') });
    await session.send(hop);

    running.aws.roles.change(HUB, {
      permissions: [{ Effect: 'Deny', Action: '*', Resource: '*' }],
    });
    await assert.rejects(session.send(hop), { name: 'AccessDenied' });

    running.aws.roles.change(HUB, {
      trustPolicy: samlTrust(),
      permissions: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
    });
    await session.send(hop);
  });

  test('ends the sessions of a deleted role, and creating it again does not restore them', async () => {
    const session = await hubSession();
    running.aws.roles.delete(HUB);
    await assert.rejects(session.send(new GetCallerIdentityCommand({})), {
      name: 'InvalidClientTokenId',
      message: 'The security token included in the request is invalid.',
    });

    running.aws.roles.create({
      account: PROD,
      name: 'Hub',
      path: '/bridge/',
      trustPolicy: samlTrust(),
    });
    await assert.rejects(session.send(new GetCallerIdentityCommand({})), {
      name: 'InvalidClientTokenId',
    });

    await (await hubSession()).send(new GetCallerIdentityCommand({}));
    assert.throws(
      () => running.aws.roles.delete('arn:aws:iam::111122223333:role/None'),
      /there is no role/,
    );
  });
});
