import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  GetAccountAuthorizationDetailsCommand,
  GetOpenIDConnectProviderCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetSAMLProviderCommand,
  ListAttachedRolePoliciesCommand,
  ListOpenIDConnectProvidersCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  ListSAMLProvidersCommand,
  paginateGetAccountAuthorizationDetails,
  paginateListRoles,
} from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { totpCode } from '../../../src/dev/local-aws/totp.ts';
import { GOV_READER, iamWorld, POLICY, READER, reader, refusal, user } from './iam-scene.ts';
import { idpKey, metadataXml } from './saml.ts';
import { call, errorOf, GOV, PARTNER, PROD, SAML_PROVIDER, useLocalAws } from './support.ts';

const DEPLOYER = `arn:aws:iam::${PROD}:role/ci/Deployer`;
const OIDC_PROVIDER = `arn:aws:iam::${PROD}:oidc-provider/token.example.com/tenant`;
const SEED = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const PLAIN = { accessKeyId: 'AKIALOCALLOCALPLAIN0', secretAccessKey: 'local-plain-secret-key' };
const FOUNDED = new Date('2024-01-01T00:00:00Z');

describe('the IAM API', () => {
  const running = useLocalAws(iamWorld());

  it('tells a role with its trust policy as written, boundary and tags', async () => {
    const { Role } = await reader(running).send(new GetRoleCommand({ RoleName: 'Deployer' }));
    const { AssumeRolePolicyDocument, RoleId, ...role } = Role!;
    assert.match(RoleId!, /^AROA[A-Z2-7]{17}$/);
    assert.match(AssumeRolePolicyDocument!, /^%7B%22Version%22%3A[A-Za-z0-9%._~-]+$/);
    assert.deepEqual(JSON.parse(decodeURIComponent(AssumeRolePolicyDocument!)), {
      Version: '2012-10-17',
      Statement: {
        Sid: 'Partner',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${PARTNER}:root` },
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'sts:ExternalId': "it's (a) *test*" } },
      },
    });
    assert.deepEqual(role, {
      Path: '/ci/',
      RoleName: 'Deployer',
      Arn: DEPLOYER,
      CreateDate: FOUNDED,
      Description: 'Deploys the application',
      MaxSessionDuration: 7200,
      PermissionsBoundary: { PermissionsBoundaryType: 'Policy', PermissionsBoundaryArn: POLICY },
      Tags: [{ Key: 'team', Value: 'platform' }],
      RoleLastUsed: {},
    });
  });

  it('lists roles of the account of the caller, without boundary and tags', async () => {
    const { Roles, IsTruncated, Marker } = await reader(running).send(new ListRolesCommand({}));
    assert.deepEqual(
      Roles!.map(({ Arn, MaxSessionDuration, Tags, PermissionsBoundary }) => [
        Arn,
        MaxSessionDuration,
        Tags,
        PermissionsBoundary,
      ]),
      [
        [`arn:aws:iam::${PROD}:role/Admin`, 43_200, undefined, undefined],
        [DEPLOYER, 7200, undefined, undefined],
      ],
    );
    assert.deepEqual([IsTruncated, Marker], [false, undefined]);
    const below = await reader(running).send(new ListRolesCommand({ PathPrefix: '/ci/' }));
    assert.deepEqual(
      below.Roles!.map(({ RoleName }) => RoleName),
      ['Deployer'],
    );
  });

  it('tells inline and attached policies, and tags', async () => {
    const iam = reader(running);
    const role = { RoleName: 'Deployer' };
    const inline = await iam.send(new ListRolePoliciesCommand(role));
    assert.deepEqual(inline.PolicyNames, ['policy-1']);
    const { PolicyDocument } = await iam.send(
      new GetRolePolicyCommand({ ...role, PolicyName: 'policy-1' }),
    );
    assert.deepEqual(JSON.parse(decodeURIComponent(PolicyDocument!)), {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }],
    });
    const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand(role));
    assert.deepEqual(AttachedPolicies, [
      { PolicyName: 'Deploy', PolicyArn: POLICY },
      {
        PolicyName: 'IAMReadOnlyAccess',
        PolicyArn: 'arn:aws:iam::aws:policy/IAMReadOnlyAccess',
      },
    ]);
    const tags = await iam.send(new ListRoleTagsCommand(role));
    assert.deepEqual(tags.Tags, [{ Key: 'team', Value: 'platform' }]);
    const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn: POLICY }));
    assert.equal(Policy!.AttachmentCount, 1);
    assert.equal(Policy!.PermissionsBoundaryUsageCount, 1);
    const version = await iam.send(
      new GetPolicyVersionCommand({ PolicyArn: POLICY, VersionId: Policy!.DefaultVersionId! }),
    );
    assert.match(decodeURIComponent(version.PolicyVersion!.Document!), /"s3:\*"/);
  });

  it('tells SAML providers with their document and its end', async () => {
    const iam = reader(running);
    const { SAMLProviderList } = await iam.send(new ListSAMLProvidersCommand({}));
    assert.deepEqual(SAMLProviderList, [
      {
        Arn: SAML_PROVIDER,
        ValidUntil: new Date('2124-01-01T00:00:00Z'),
        CreateDate: FOUNDED,
      },
    ]);
    const provider = await iam.send(new GetSAMLProviderCommand({ SAMLProviderArn: SAML_PROVIDER }));
    assert.equal(provider.SAMLMetadataDocument, metadataXml([idpKey().certificate]));
    assert.match(provider.SAMLProviderUUID!, /^[A-Z0-9]{22}$/);
  });

  it('tells OpenID Connect providers, the URL without its scheme', async () => {
    const iam = reader(running);
    const list = await iam.send(new ListOpenIDConnectProvidersCommand({}));
    assert.deepEqual(list.OpenIDConnectProviderList, [{ Arn: OIDC_PROVIDER }]);
    const { $metadata, ...provider } = await iam.send(
      new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: OIDC_PROVIDER }),
    );
    assert.deepEqual(provider, {
      Url: 'token.example.com/tenant',
      ClientIDList: ['sts.amazonaws.com', 'other'],
      ThumbprintList: ['0123456789abcdef0123456789abcdef01234567'],
      CreateDate: FOUNDED,
      Tags: [{ Key: 'team', Value: 'platform' }],
    });
  });

  it('tells the authorization details of an account, without MaxSessionDuration', async () => {
    const details = await reader(running).send(new GetAccountAuthorizationDetailsCommand({}));
    const role = details.RoleDetailList!.find(({ RoleName }) => RoleName === 'Deployer')!;
    assert.ok(!('MaxSessionDuration' in role));
    assert.deepEqual(role.AttachedManagedPolicies!.length, 2);
    assert.deepEqual(role.RolePolicyList!.length, 1);
    assert.deepEqual(
      details.UserDetailList!.map(({ UserName }) => UserName),
      ['administrator', 'reader'],
    );
    assert.deepEqual(
      details.Policies!.map(({ Arn, AttachmentCount }) => [Arn, AttachmentCount]),
      [
        [POLICY, 1],
        ['arn:aws:iam::aws:policy/AdministratorAccess', 1],
        ['arn:aws:iam::aws:policy/IAMReadOnlyAccess', 1],
      ],
    );
    assert.deepEqual(details.GroupDetailList, []);
    const roles = await reader(running).send(
      new GetAccountAuthorizationDetailsCommand({ Filter: ['Role'] }),
    );
    assert.deepEqual(
      [roles.UserDetailList, roles.Policies, roles.RoleDetailList!.length],
      [[], [], 2],
    );
  });

  it('gives every item once when a caller takes one at a time', async () => {
    const client = reader(running);
    const names: unknown[] = [];
    for await (const page of paginateGetAccountAuthorizationDetails({ client, pageSize: 1 }, {})) {
      names.push(
        ...page.UserDetailList!.map(({ UserName }) => UserName),
        ...page.RoleDetailList!.map(({ RoleName }) => RoleName),
        ...page.Policies!.map(({ PolicyName }) => PolicyName),
      );
    }
    assert.deepEqual(names, [
      ...['administrator', 'reader', 'Admin', 'Deployer', 'Deploy'],
      ...['AdministratorAccess', 'IAMReadOnlyAccess'],
    ]);
    const roles: unknown[] = [];
    for await (const page of paginateListRoles({ client, pageSize: 1 }, {}))
      roles.push(...page.Roles!.map(({ RoleName }) => RoleName));
    assert.deepEqual(roles, ['Admin', 'Deployer']);
    await assert.rejects(
      client.send(new ListRolesCommand({ Marker: 'nonsense' })),
      refusal('ValidationError', 'Invalid Marker.'),
    );
  });

  const unknown: readonly [string, () => Promise<unknown>, string][] = [
    [
      'role',
      () => reader(running).send(new GetRoleCommand({ RoleName: 'Missing' })),
      'The role with name Missing cannot be found.',
    ],
    [
      'inline policy',
      () =>
        reader(running).send(new GetRolePolicyCommand({ RoleName: 'Admin', PolicyName: 'none' })),
      'The role policy with name none cannot be found.',
    ],
    [
      'SAML provider',
      () =>
        reader(running).send(new GetSAMLProviderCommand({ SAMLProviderArn: `${SAML_PROVIDER}x` })),
      `Manifest not found for arn ${SAML_PROVIDER}x`,
    ],
    [
      'OpenID Connect provider',
      () =>
        reader(running).send(
          new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: `${OIDC_PROVIDER}/x` }),
        ),
      `OpenIDConnect Provider not found for arn ${OIDC_PROVIDER}/x`,
    ],
  ];
  for (const [what, ask, sentence] of unknown) {
    it(`does not find an unknown ${what}`, async () => {
      await assert.rejects(ask(), (error: Error & { $metadata?: { httpStatusCode?: number } }) => {
        assert.deepEqual(
          [error.name, error.message, error.$metadata?.httpStatusCode],
          ['NoSuchEntityException', sentence, 404],
        );
        return true;
      });
    });
  }

  it('tells all violations of the service model at once', async () => {
    await assert.rejects(
      reader(running).send(new GetRolePolicyCommand({ RoleName: 'a b', PolicyName: '' })),
      refusal(
        'ValidationError',
        /^3 validation errors detected: Value 'a b' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern/,
      ),
    );
    await assert.rejects(
      reader(running).send(
        new GetAccountAuthorizationDetailsCommand({ Filter: ['Missing' as never] }),
      ),
      refusal('ValidationError', /Member must satisfy enum value set: \[User, Role, Group,/),
    );
  });
});

/** Reads roles, but not of one path. */
function withPlainUser() {
  const world = iamWorld();
  const plain = user(PROD, 'plain', PLAIN, {
    mfaDevices: [{ name: 'plain', seed: SEED }],
    permissions: [
      { Effect: 'Allow', Action: 'iam:GetRole', Resource: '*' },
      { Effect: 'Deny', Action: 'iam:GetRole', Resource: 'arn:aws:iam::*:role/ci/*' },
    ],
  });
  return { ...world, iamUsers: [...world.iamUsers!, plain] };
}

describe('a caller of IAM', () => {
  const running = useLocalAws(withPlainUser());

  it('must sign for the Region that IAM has in the partition', async () => {
    const list = (keys: typeof READER, region: string) =>
      running.iam(keys, region).send(new ListRolesCommand({}));
    await assert.rejects(
      list(READER, 'eu-west-1'),
      refusal('SignatureDoesNotMatch', 'Credential should be scoped to a valid region. '),
    );
    await assert.rejects(
      list(GOV_READER, 'us-gov-east-1'),
      refusal('SignatureDoesNotMatch', 'Credential should be scoped to a valid region. '),
    );
    const { Roles } = await list(GOV_READER, 'us-gov-west-1');
    assert.deepEqual(Roles, [], `account ${GOV} has no role`);
    await assert.rejects(
      list(GOV_READER, 'us-east-1'),
      refusal('InvalidClientTokenId', 'The security token included in the request is invalid.'),
    );
  });

  it('must have a known key and sign with its secret', async () => {
    await assert.rejects(
      running.iam().send(new ListRolesCommand({})),
      refusal('InvalidClientTokenId', 'The security token included in the request is invalid.'),
    );
    await assert.rejects(
      running.iam({ ...READER, secretAccessKey: 'wrong' }).send(new ListRolesCommand({})),
      refusal('SignatureDoesNotMatch', /does not match the signature you provided/),
    );
    const unsigned = await errorOf(
      await call(running.url, { Action: 'ListRoles', Version: '2010-05-08' }),
    );
    assert.deepEqual(unsigned.code, 'MissingAuthenticationToken');
  });

  it('is answered in XML of the IAM namespace, and about STS under its own version only', async () => {
    const response = await call(
      running.url,
      { Action: 'ListRoles', Version: '2010-05-08' },
      { headers: { accept: 'application/json' } },
    );
    assert.match(
      await response.text(),
      /^<ErrorResponse xmlns="https:\/\/iam\.amazonaws\.com\/doc\/2010-05-08\/">/,
    );
    const wrong = { Action: 'ListRoles', Version: '2011-06-15' };
    assert.equal((await errorOf(await call(running.url, wrong))).code, 'InvalidAction');
  });

  it('is denied what its policies do not allow, with the sentence of AWS', async () => {
    await assert.rejects(
      running.iam(PLAIN).send(new ListRolesCommand({ PathPrefix: '/ci/' })),
      refusal(
        'AccessDenied',
        `User: arn:aws:iam::${PROD}:user/plain is not authorized to perform: iam:ListRoles on resource: arn:aws:iam::${PROD}:role/ci/ because no identity-based policy allows the iam:ListRoles action`,
      ),
    );
    await assert.rejects(
      running.iam(PLAIN).send(new GetRoleCommand({ RoleName: 'Deployer' })),
      refusal(
        'AccessDenied',
        `User: arn:aws:iam::${PROD}:user/plain is not authorized to perform: iam:GetRole on resource: ${DEPLOYER} with an explicit deny in an identity-based policy`,
      ),
    );
    await running.iam(PLAIN).send(new GetRoleCommand({ RoleName: 'Admin' }));
  });

  it('with credentials of GetSessionToken needs MFA', async () => {
    const session = async (mfa: object = {}) => {
      const { Credentials } = await running.sts(PLAIN).send(new GetSessionTokenCommand(mfa));
      return running.iam({
        accessKeyId: Credentials!.AccessKeyId!,
        secretAccessKey: Credentials!.SecretAccessKey!,
        sessionToken: Credentials!.SessionToken!,
      });
    };
    const read = new GetRoleCommand({ RoleName: 'Admin' });
    await assert.rejects(
      (await session()).send(read),
      refusal('InvalidClientTokenId', 'The security token included in the request is invalid'),
    );
    const SerialNumber = `arn:aws:iam::${PROD}:mfa/plain`;
    const TokenCode = totpCode(SEED, running.clock.now());
    await (await session({ SerialNumber, TokenCode })).send(read);
  });

  it('meets faults of IAM alone: single denials, throttling and outages', async () => {
    const roles = () => reader(running).send(new ListRolesCommand({}));
    const providers = () => reader(running).send(new ListSAMLProvidersCommand({}));
    running.aws.faults.arm({ iam: { deny: { ListRoles: 1 } } });
    await providers();
    await assert.rejects(
      roles(),
      refusal(
        'AccessDenied',
        /iam:ListRoles .* with an explicit deny in a service control policy$/,
      ),
    );
    await roles();
    for (const [fault, code] of [
      ['throttling', 'Throttling'],
      ['serverError', 'InternalFailure'],
    ] as const) {
      running.aws.faults.arm({ iam: { [fault]: 1 } });
      await running.sts(READER).send(new GetCallerIdentityCommand({}));
      await assert.rejects(roles(), { name: code });
      await roles();
    }
  });
});
