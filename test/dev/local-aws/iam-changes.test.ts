import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AddClientIDToOpenIDConnectProviderCommand,
  AttachRolePolicyCommand,
  CreateOpenIDConnectProviderCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateSAMLProviderCommand,
  DeleteOpenIDConnectProviderCommand,
  DeletePolicyCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  DeleteSAMLProviderCommand,
  DetachRolePolicyCommand,
  GetOpenIDConnectProviderCommand,
  GetRoleCommand,
  GetSAMLProviderCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  RemoveClientIDFromOpenIDConnectProviderCommand,
  TagOpenIDConnectProviderCommand,
  TagRoleCommand,
  TagSAMLProviderCommand,
  UntagOpenIDConnectProviderCommand,
  UntagRoleCommand,
  UntagSAMLProviderCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateOpenIDConnectProviderThumbprintCommand,
  UpdateRoleCommand,
  UpdateSAMLProviderCommand,
} from '@aws-sdk/client-iam';
import {
  AssumeRoleCommand,
  AssumeRoleWithSAMLCommand,
  type Credentials,
  GetCallerIdentityCommand,
} from '@aws-sdk/client-sts';
import { makeCertificate } from './certificate.ts';
import { ADMINISTRATOR, administrator, iamWorld, POLICY, READER, refusal } from './iam-scene.ts';
import { idpKey, metadataXml, samlResponse } from './saml.ts';
import { PROD, SAML_PROVIDER, samlTrust, startLocalAws, useLocalAws } from './support.ts';

const USER = `arn:aws:iam::${PROD}:user/administrator`;
const TRUST = trust({ AWS: USER });
const METADATA = metadataXml([idpKey().certificate]);
const THUMBPRINT = 'fedcba9876543210fedcba9876543210fedcba98';

function trust(Principal: object, more: object = {}): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...more }],
  });
}

function allow(Action: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action, Resource: '*' }],
  });
}

function keysOf(credentials: Credentials | undefined) {
  return {
    accessKeyId: credentials!.AccessKeyId!,
    secretAccessKey: credentials!.SecretAccessKey!,
    sessionToken: credentials!.SessionToken!,
  };
}

describe('a change of a role', () => {
  const running = useLocalAws(iamWorld());
  const iam = () => administrator(running);
  const assume = (name: string, seconds?: number) =>
    running.sts(ADMINISTRATOR).send(
      new AssumeRoleCommand({
        RoleArn: `arn:aws:iam::${PROD}:role/${name}`,
        RoleSessionName: 'alice',
        DurationSeconds: seconds,
      }),
    );
  const created = (RoleName: string, more: object = {}) =>
    iam().send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: TRUST, ...more }));

  it('counts at STS at once, from its creation to its end', async () => {
    const { Role } = await created('team', {
      Path: '/a/b/',
      Description: 'Of a team',
      MaxSessionDuration: 7200,
      Tags: [{ Key: 'team', Value: 'x' }],
    });
    assert.equal(Role!.Arn, `arn:aws:iam::${PROD}:role/a/b/team`);
    assert.equal(Role!.CreateDate!.getTime(), Math.floor(running.clock.now() / 1000) * 1000);
    await assume('a/b/team', 7200);
    const RoleName = 'team';
    await iam().send(new UpdateRoleCommand({ RoleName, MaxSessionDuration: 3600 }));
    await assert.rejects(assume('a/b/team', 7200), { name: 'ValidationError' });
    const { Credentials } = await assume('a/b/team');
    const others = trust({ AWS: `arn:aws:iam::${PROD}:user/reader` });
    await iam().send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: others }));
    await assert.rejects(assume('a/b/team'), { name: 'AccessDenied' });
    const session = running.sts(keysOf(Credentials));
    await session.send(new GetCallerIdentityCommand({}));
    await iam().send(new DeleteRoleCommand({ RoleName }));
    await assert.rejects(session.send(new GetCallerIdentityCommand({})), {
      name: 'InvalidClientTokenId',
    });
    const again = await created('team', { Path: '/a/b/' });
    assert.notEqual(again.Role!.RoleId, Role!.RoleId);
  });

  it('sets the maximum back to one hour when it names none, and keeps the description', async () => {
    await created('defaults', { Description: 'Stays', MaxSessionDuration: 43_200 });
    await iam().send(new UpdateRoleCommand({ RoleName: 'defaults' }));
    const { Role } = await iam().send(new GetRoleCommand({ RoleName: 'defaults' }));
    assert.deepEqual([Role!.Description, Role!.MaxSessionDuration], ['Stays', 3600]);
  });

  it('of its policies and its boundary counts for sessions that are open', async () => {
    const RoleName = 'reader-role';
    await created(RoleName);
    const { Credentials } = await assume(RoleName);
    const session = running.iam(keysOf(Credentials));
    const read = () => session.send(new GetRoleCommand({ RoleName }));
    const denied = (by: string) =>
      refusal(
        'AccessDenied',
        `User: arn:aws:sts::${PROD}:assumed-role/reader-role/alice is not authorized to perform: iam:GetRole on resource: arn:aws:iam::${PROD}:role/reader-role because no ${by} allows the iam:GetRole action`,
      );
    await assert.rejects(read(), denied('identity-based policy'));
    await iam().send(
      new PutRolePolicyCommand({ RoleName, PolicyName: 'own', PolicyDocument: allow('iam:Get*') }),
    );
    await read();
    await iam().send(
      new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary: POLICY }),
    );
    await assert.rejects(read(), denied('permissions boundary'));
    await iam().send(new DeleteRolePermissionsBoundaryCommand({ RoleName }));
    await iam().send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'own' }));
    await assert.rejects(read(), denied('identity-based policy'));
    const PolicyArn = 'arn:aws:iam::aws:policy/IAMReadOnlyAccess';
    await iam().send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
    await iam().send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
    await read();
    await iam().send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
    await assert.rejects(read(), denied('identity-based policy'));
  });

  it('replaces a tag whose key differs by case only', async () => {
    const RoleName = 'tagged';
    await created(RoleName, { Tags: [{ Key: 'Team', Value: 'a' }] });
    await iam().send(new TagRoleCommand({ RoleName, Tags: [{ Key: 'team', Value: 'b' }] }));
    const tags = async () =>
      (await iam().send(new GetRoleCommand({ RoleName }))).Role!.Tags?.map(({ Key, Value }) => [
        Key,
        Value,
      ]);
    assert.deepEqual(await tags(), [['team', 'b']]);
    await iam().send(new UntagRoleCommand({ RoleName, TagKeys: ['TEAM'] }));
    assert.equal(await tags(), undefined);
  });

  const RoleName = 'Admin';
  const policy = (PolicyDocument: string) =>
    new PutRolePolicyCommand({ RoleName, PolicyName: 'x', PolicyDocument });
  const trusting = (AssumeRolePolicyDocument: string) =>
    new CreateRoleCommand({ RoleName: 'new', AssumeRolePolicyDocument });
  const cases: readonly [string, () => object, string, string | RegExp][] = [
    [
      'a second role of the name, in any case',
      () => new CreateRoleCommand({ RoleName: 'ADMIN', AssumeRolePolicyDocument: TRUST }),
      'EntityAlreadyExists',
      'Role with name ADMIN already exists.',
    ],
    [
      'a trust policy that is no JSON',
      () => trusting('{'),
      'MalformedPolicyDocument',
      'This policy contains invalid Json',
    ],
    [
      'a trust policy with a resource',
      () => trusting(trust({ AWS: USER }, { Resource: '*' })),
      'MalformedPolicyDocument',
      'Has prohibited field Resource',
    ],
    [
      'a trust policy without a principal',
      () => trusting(allow('sts:AssumeRole').replace('"Resource":"*"', '"Sid":"A"')),
      'MalformedPolicyDocument',
      'Missing required field Principal',
    ],
    [
      'a trust policy for another service',
      () => trusting(trust({ AWS: USER }, { Action: ['sts:AssumeRole', 's3:GetObject'] })),
      'MalformedPolicyDocument',
      'AssumeRole policy may only specify STS AssumeRole actions.',
    ],
    [
      'a trust policy with an unknown element',
      () => trusting(trust({ AWS: USER }, { Conditions: {} })),
      'MalformedPolicyDocument',
      'Syntax errors in policy.',
    ],
    ...[
      { AWS: `arn:aws:iam::${PROD}:role/Missing` },
      { AWS: `arn:aws:iam::${PROD}:user/missing` },
      { AWS: 'arn:aws:iam::999999999999:root' },
      { AWS: 'arn:aws:iam::333344445555:root' },
      { AWS: 'alice' },
      { SERVICE: 'ec2.example.com' },
      { FEDERATED: `arn:aws:iam::${PROD}:saml-provider/missing` },
      { FEDERATED: `arn:aws:iam::${PROD}:oidc-provider/missing.example.com` },
    ].map((named): [string, () => object, string, string] => {
      const [[kind, name] = ['', '']] = Object.entries(named);
      const written = { AWS: 'AWS', SERVICE: 'Service', FEDERATED: 'Federated' }[kind]!;
      return [
        `the principal ${name}`,
        () => trusting(trust({ [written]: name })),
        'MalformedPolicyDocument',
        `Invalid principal in policy: "${kind}":"${name}"`,
      ];
    }),
    [
      'a federated principal that is neither a domain nor an ARN',
      () => trusting(trust({ Federated: 'my provider' })),
      'MalformedPolicyDocument',
      'Federated principals must be valid domain names or SAML metadata ARNs',
    ],
    [
      'a trust policy of more than 2,048 characters',
      () => trusting(trust({ AWS: USER }, { Sid: 'x'.repeat(2048) })),
      'LimitExceeded',
      'Cannot exceed quota for ACLSizePerRole: 2048',
    ],
    [
      'inline policies of more than 10,240 characters',
      () => policy(allow('s3:Get').replace('"*"', JSON.stringify(`arn:${'x'.repeat(10_240)}`))),
      'LimitExceeded',
      'Maximum policy size of 10240 bytes exceeded for role Admin',
    ],
    [
      'an identity policy with a principal',
      () => policy(TRUST),
      'MalformedPolicyDocument',
      'Has prohibited field Principal',
    ],
    [
      'a managed policy that does not exist',
      () => new AttachRolePolicyCommand({ RoleName, PolicyArn: `${POLICY}2` }),
      'NoSuchEntity',
      `Policy ${POLICY}2 does not exist or is not attachable.`,
    ],
    [
      'the end of a managed policy that is not attached',
      () => new DetachRolePolicyCommand({ RoleName, PolicyArn: POLICY }),
      'NoSuchEntity',
      `Policy ${POLICY} was not found.`,
    ],
    [
      'the end of a role that has policies',
      () => new DeleteRoleCommand({ RoleName: 'Deployer' }),
      'DeleteConflict',
      'Cannot delete entity, must detach all policies first.',
    ],
    [
      'the end of a policy that is attached',
      () => new DeletePolicyCommand({ PolicyArn: POLICY }),
      'DeleteConflict',
      'Cannot delete a policy attached to entities.',
    ],
    [
      'a second policy of the name',
      () => new CreatePolicyCommand({ PolicyName: 'deploy', PolicyDocument: allow('s3:Get') }),
      'EntityAlreadyExists',
      'A policy called deploy already exists. Duplicate names are not allowed.',
    ],
    [
      'two tags whose keys differ by case only',
      () =>
        new TagRoleCommand({
          RoleName,
          Tags: ['a', 'A'].map(Key => ({ Key, Value: 'x' })),
        }),
      'InvalidInput',
      'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
    ],
    [
      'a path of AWS',
      () =>
        new CreateRoleCommand({
          RoleName: 'x',
          Path: '/aws-reserved/x/',
          AssumeRolePolicyDocument: TRUST,
        }),
      'InvalidInput',
      'The path /aws-reserved/x/ is reserved for AWS.',
    ],
    [
      'a maximum of more than twelve hours',
      () => new UpdateRoleCommand({ RoleName, MaxSessionDuration: 43_201 }),
      'ValidationError',
      /at 'maxSessionDuration' failed to satisfy constraint: Member must have value less than or/,
    ],
  ];
  for (const [title, command, code, sentence] of cases) {
    it(`is rejected for ${title}`, async () => {
      await assert.rejects(iam().send(command() as never), refusal(code, sentence));
    });
  }

  it('is not for a caller that may only read', async () => {
    const input = { RoleName: 'x', AssumeRolePolicyDocument: TRUST };
    await assert.rejects(
      running.iam(READER).send(new CreateRoleCommand(input)),
      refusal(
        'AccessDenied',
        /user\/reader is not authorized to perform: iam:CreateRole on resource/,
      ),
    );
  });
});

describe('a trust policy of a world with a raised quota', () => {
  const running = useLocalAws(iamWorld({ iam: { trustPolicyCharacters: 4096 } }));

  it('may have more than 2,048 characters', async () => {
    await administrator(running).send(
      new CreateRoleCommand({
        RoleName: 'long',
        AssumeRolePolicyDocument: trust({ AWS: USER }, { Sid: 'x'.repeat(2048) }),
      }),
    );
  });
});

describe('a change of a SAML provider', () => {
  const running = useLocalAws(iamWorld());
  const iam = () => administrator(running);
  const signIn = (key = idpKey()) =>
    running.sts().send(
      new AssumeRoleWithSAMLCommand({
        RoleArn: `arn:aws:iam::${PROD}:role/Admin`,
        PrincipalArn: SAML_PROVIDER,
        SAMLAssertion: samlResponse({
          key,
          roles: [`arn:aws:iam::${PROD}:role/Admin,${SAML_PROVIDER}`],
          now: running.clock.now(),
        }),
      }),
    );

  it('counts at STS at once', async () => {
    await signIn();
    const newKey = makeCertificate();
    const other = metadataXml([newKey.certificate]);
    const provider = { SAMLProviderArn: SAML_PROVIDER };
    await iam().send(new UpdateSAMLProviderCommand({ ...provider, SAMLMetadataDocument: other }));
    await assert.rejects(signIn(), { name: 'InvalidIdentityTokenException' });
    await signIn(newKey);
    await iam().send(new DeleteSAMLProviderCommand(provider));
    await assert.rejects(signIn(newKey), /Specified provider doesn't exist/);
    await iam().send(
      new CreateSAMLProviderCommand({ Name: 'rolebridge', SAMLMetadataDocument: METADATA }),
    );
    await signIn();
  });

  it('of its tags is told', async () => {
    const Name = 'tagged';
    const made = await iam().send(
      new CreateSAMLProviderCommand({
        Name,
        SAMLMetadataDocument: METADATA,
        Tags: [{ Key: 'a', Value: '1' }],
      }),
    );
    const provider = { SAMLProviderArn: made.SAMLProviderArn! };
    await iam().send(new TagSAMLProviderCommand({ ...provider, Tags: [{ Key: 'b', Value: '2' }] }));
    await iam().send(new UntagSAMLProviderCommand({ ...provider, TagKeys: ['a'] }));
    const { Tags } = await iam().send(new GetSAMLProviderCommand(provider));
    assert.deepEqual(Tags, [{ Key: 'b', Value: '2' }]);
  });

  const create = (SAMLMetadataDocument: string, more: object = {}) =>
    new CreateSAMLProviderCommand({ Name: 'new', SAMLMetadataDocument, ...more });
  const cases: readonly [string, () => ReturnType<typeof create>, string, RegExp][] = [
    [
      'a second provider of the name, in any case',
      () => create(METADATA, { Name: 'Tagged' }),
      'EntityAlreadyExists',
      /^Provider with name Tagged already exists\.$/,
    ],
    [
      'a document of less than 1,000 characters',
      () => create('<x/>'),
      'ValidationError',
      /^1 validation error detected: Value at 'sAMLMetadataDocument' failed to satisfy constraint: Member must have length greater than or equal to 1000$/,
    ],
    [
      'a document that is no metadata',
      () => create(`<x>${'y'.repeat(1000)}</x>`),
      'InvalidInput',
      /^Could not parse metadata$/,
    ],
    [
      'a document with a DOCTYPE',
      () => create(METADATA.replace(/^/, '<!DOCTYPE x [<!ENTITY y "z">]>')),
      'InvalidInput',
      /^Could not parse metadata$/,
    ],
    [
      'encryption, which is not simulated',
      () => create(METADATA, { AssertionEncryptionMode: 'Allowed' }),
      'InvalidInput',
      /^Encrypted assertions are not simulated here\.$/,
    ],
  ];
  for (const [title, command, code, sentence] of cases) {
    it(`is rejected for ${title}`, async () => {
      await assert.rejects(iam().send(command()), refusal(code, sentence));
    });
  }
});

describe('a change of an OpenID Connect provider', () => {
  const running = useLocalAws(iamWorld());
  const iam = () => administrator(running);
  const make = (Url: string, more: object = {}) =>
    iam().send(
      new CreateOpenIDConnectProviderCommand({ Url, ClientIDList: ['sts.amazonaws.com'], ...more }),
    );

  it('is told at once', async () => {
    const made = await make('https://new.example.com', { Tags: [{ Key: 'a', Value: '1' }] });
    const arn = `arn:aws:iam::${PROD}:oidc-provider/new.example.com`;
    assert.equal(made.OpenIDConnectProviderArn, arn);
    const provider = { OpenIDConnectProviderArn: arn };
    const ClientID = 'another';
    for (let count = 0; count < 2; count += 1)
      await iam().send(new AddClientIDToOpenIDConnectProviderCommand({ ...provider, ClientID }));
    await iam().send(
      new RemoveClientIDFromOpenIDConnectProviderCommand({
        ...provider,
        ClientID: 'sts.amazonaws.com',
      }),
    );
    await iam().send(
      new UpdateOpenIDConnectProviderThumbprintCommand({
        ...provider,
        ThumbprintList: [THUMBPRINT],
      }),
    );
    await iam().send(
      new TagOpenIDConnectProviderCommand({ ...provider, Tags: [{ Key: 'b', Value: '2' }] }),
    );
    await iam().send(new UntagOpenIDConnectProviderCommand({ ...provider, TagKeys: ['a'] }));
    const told = await iam().send(new GetOpenIDConnectProviderCommand(provider));
    assert.deepEqual(
      [told.ClientIDList, told.ThumbprintList, told.Tags],
      [['another'], [THUMBPRINT], [{ Key: 'b', Value: '2' }]],
    );
    for (let count = 0; count < 2; count += 1)
      await iam().send(new DeleteOpenIDConnectProviderCommand(provider));
    await assert.rejects(
      iam().send(new GetOpenIDConnectProviderCommand(provider)),
      refusal('NoSuchEntity', `OpenIDConnect Provider not found for arn ${arn}`),
    );
  });

  const URL_FAULT = 'Invalid Open ID Connect Provider URL';
  const cases: readonly [string, string, object, string, string][] = [
    ['plain http', 'http://example.com', {}, 'ValidationError', URL_FAULT],
    ['a port', 'https://example.com:8443', {}, 'ValidationError', URL_FAULT],
    ['a query', 'https://example.com/?a=b', {}, 'ValidationError', URL_FAULT],
    [
      'a URL that is there',
      'https://token.example.com/tenant',
      {},
      'EntityAlreadyExists',
      'Provider with url https://token.example.com/tenant already exists.',
    ],
    [
      'more than 100 client ids',
      'https://many.example.com',
      { ClientIDList: Array.from({ length: 101 }, (_, at) => `id-${at}`) },
      'LimitExceeded',
      'Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100',
    ],
  ];
  for (const [title, url, more, code, sentence] of cases) {
    it(`is rejected for ${title}`, async () => {
      await assert.rejects(make(url, more), refusal(code, sentence));
    });
  }
});

it('keeps the trust of a role whose policy names what was deleted', async t => {
  const running = await startLocalAws(iamWorld());
  t.after(running.close);
  const iam = administrator(running);
  await iam.send(new DeleteSAMLProviderCommand({ SAMLProviderArn: SAML_PROVIDER }));
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'Admin' }));
  assert.deepEqual(JSON.parse(decodeURIComponent(Role!.AssumeRolePolicyDocument!)), samlTrust());
});
