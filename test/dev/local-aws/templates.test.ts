import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { AssumeRoleWithSAMLCommand } from '@aws-sdk/client-sts';
import { createLocalAws } from '../../../src/dev/local-aws/local-aws.ts';
import { TemplateError } from '../../../src/dev/local-aws/templates/template-error.ts';
import type { TemplateInput } from '../../../src/dev/local-aws/templates/templates.ts';
import { parseWorld, type World, type WorldInput } from '../../../src/dev/local-aws/world.ts';
import { idpKey, metadataXml, samlResponse } from './saml.ts';
import { PROD, useLocalAws } from './support.ts';

const METADATA = metadataXml([idpKey().certificate]);
const PROVIDER = `arn:aws:iam::${PROD}:saml-provider/rolebridge`;
const DEVELOPER = `arn:aws:iam::${PROD}:role/team/Developer`;
const EMPTY: WorldInput = { accounts: [{ id: PROD, name: 'prod' }] };

const samlTrust = (federated: unknown, recipient: unknown) => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Federated: federated },
      Action: ['sts:AssumeRoleWithSAML', 'sts:TagSession', 'sts:SetSourceIdentity'],
      Condition: { StringEquals: { 'saml:aud': recipient } },
    },
  ],
});
const RECIPIENT = 'https://signin.aws.amazon.com/saml';

const read = (name: string) =>
  JSON.parse(
    readFileSync(new URL(name, import.meta.url), 'utf8').replace('"METADATA"', () =>
      JSON.stringify(METADATA),
    ),
  );
/** What generated templates have, and what hand-written ones have besides. */
const STACK = read('stack.json');
const TERRAFORM = read('main.tf.json');
const GIVEN = { ExternalId: 'the-external-id' };

const VARIABLES = {
  external_id: 'the-external-id',
  Developer_managed_policy_arns: '["arn:aws:iam::aws:policy/IAMReadOnlyAccess"]',
};

/** A template of Terraform that is one expression. */
function expression(text: string): string {
  return ['$', '{', text, '}'].join('');
}

function applied(template: TemplateInput, input: WorldInput = EMPTY): World {
  const world = parseWorld(input);
  createLocalAws({ world, baseUrl: 'http://127.0.0.1:1', templates: [template] });
  return world;
}

/** Every mistake of the template, which changed nothing. */
function mistakes(template: TemplateInput, input: WorldInput = EMPTY): readonly string[] {
  const world = parseWorld(input);
  const before = JSON.stringify([...world.roles, ...world.samlProviders, ...world.accounts]);
  try {
    createLocalAws({ world, baseUrl: 'http://127.0.0.1:1', templates: [template] });
  } catch (cause) {
    assert.ok(cause instanceof TemplateError, String(cause));
    const after = JSON.stringify([...world.roles, ...world.samlProviders, ...world.accounts]);
    assert.equal(after, before);
    return cause.mistakes;
  }
  return assert.fail('the template was accepted');
}

describe('a CloudFormation template', () => {
  it('makes providers, roles and policies in the order of their references', () => {
    const parameters = {
      ...GIVEN,
      PolicyArnsDeveloper: 'arn:aws:iam::aws:policy/IAMReadOnlyAccess, arn:aws:iam::aws:policy/A',
    };
    const world = applied({ template: STACK, account: PROD, parameters });
    assert.deepEqual([...world.roles.keys()].sort(), [
      `arn:aws:iam::${PROD}:role/Auditor`,
      DEVELOPER,
    ]);
    const developer = world.roles.get(DEVELOPER)!;
    assert.equal(developer.maxSessionDuration, 7200);
    assert.deepEqual(developer.attachedPolicies, [
      'arn:aws:iam::aws:policy/IAMReadOnlyAccess',
      'arn:aws:iam::aws:policy/A',
      `arn:aws:iam::${PROD}:policy/Limits`,
    ]);
    assert.deepEqual(developer.tags, { team: 'platform' });
    assert.match(developer.inlinePolicies.get('read')!.text, /arn:aws:s3:::x\/\$\{aws:username\}/);
    assert.deepEqual(JSON.parse(developer.trustPolicy.text), samlTrust(PROVIDER, RECIPIENT));
    const auditor = world.roles.get(`arn:aws:iam::${PROD}:role/Auditor`)!;
    assert.match(auditor.trustPolicy.text, /"sts:ExternalId":"the-external-id"/);
    assert.deepEqual([...auditor.inlinePolicies.keys()], ['inline']);
    assert.deepEqual(
      [...world.oidcProviders.values()].map(({ issuer, clientIds }) => [issuer, clientIds]),
      [['https://bridge.example.com', ['sts.amazonaws.com']]],
    );
  });

  it('leaves out what has no value', () => {
    const world = applied({ template: STACK, account: PROD, parameters: GIVEN });
    assert.deepEqual(world.roles.get(DEVELOPER)!.attachedPolicies, [
      `arn:aws:iam::${PROD}:policy/Limits`,
    ]);
  });

  const resources = (change: Readonly<Record<string, unknown>>) => ({
    template: { ...STACK, Resources: { ...STACK.Resources, ...change } },
    account: PROD,
    parameters: GIVEN,
  });
  const developer = (change: object) =>
    resources({
      Developer: {
        ...STACK.Resources.Developer,
        Properties: { ...STACK.Resources.Developer.Properties, ...change },
      },
    });
  const cases: readonly [string, TemplateInput, RegExp][] = [
    [
      'a type that is not simulated',
      resources({ Bucket: { Type: 'AWS::S3::Bucket' } }),
      /^template: Resources\.Bucket: the type AWS::S3::Bucket is not simulated here; AWS::IAM::Role,/,
    ],
    [
      'a property that is not simulated',
      developer({ Condition: 'x' }),
      /^template: Resources\..*Developer: Condition: not simulated here$/,
    ],
    [
      'a function that is not simulated',
      developer({ Path: { 'Fn::Base64': 'x' } }),
      /Developer: the function Fn::Base64 is not simulated here$/,
    ],
    [
      'a reference to nothing',
      developer({ Description: { Ref: 'Nothing' } }),
      /Developer: there is no parameter and no resource Nothing$/,
    ],
    [
      'a reference to a resource whose condition is not met',
      developer({ Description: { Ref: 'Nowhere' } }),
      /the condition of the resource Nowhere is not met$/,
    ],
    [
      'resources that depend on each other',
      resources({ Saml: { ...STACK.Resources.Saml, DependsOn: ['Developer'] } }),
      /the resource (?:Saml|Developer) depends on itself$/,
    ],
    [
      'what IAM rejects',
      developer({ MaxSessionDuration: 7200, PermissionsBoundary: `arn:aws:iam::${PROD}:policy/X` }),
      /Developer: IAM rejects it: NoSuchEntity: Policy arn:aws:iam::111122223333:policy\/X does not/,
    ],
    [
      'metadata that IAM cannot read',
      resources({
        Saml: {
          ...STACK.Resources.Saml,
          Properties: { Name: 'x', SamlMetadataDocument: `<a>${'x'.repeat(1000)}</a>` },
        },
      }),
      /Saml: IAM rejects it: InvalidInput: Could not parse metadata \(metadata is no EntityDesc/,
    ],
    [
      'a parameter without a value',
      { template: STACK, account: PROD },
      /^template: Parameters\.ExternalId: needs a value: --parameter ExternalId=\.\.\.$/,
    ],
    [
      'a value outside its limits',
      { template: STACK, account: PROD, parameters: { ...GIVEN, Seconds: '60' } },
      /^template: Parameters\.Seconds: the value is less than 3600$/,
    ],
    [
      'a parameter that it does not have',
      { template: STACK, account: PROD, parameters: { ...GIVEN, Nothing: 'x' } },
      /^template: Parameters has no Nothing$/,
    ],
    [
      'a section that is not simulated',
      { template: { ...STACK, Transform: 'AWS::Serverless-2016-10-31' }, account: PROD },
      /^template: the section Transform is not simulated here$/,
    ],
    [
      'no account',
      { template: STACK, parameters: GIVEN },
      /^template: the account is unknown; write --template ACCOUNT=FILE$/,
    ],
  ];
  for (const [title, input, sentence] of cases) {
    it(`is rejected as a whole for ${title}`, () => {
      const found = mistakes(input);
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0]!, sentence);
    });
  }

  it('is rejected with all mistakes of its resources', () => {
    const found = mistakes(
      resources({
        Bucket: { Type: 'AWS::S3::Bucket' },
        User: { Type: 'AWS::IAM::User' },
      }),
    );
    assert.equal(found.length, 2);
  });

  it('cannot make a role a second time', () => {
    const world = parseWorld(EMPTY);
    const aws = createLocalAws({ world, baseUrl: 'http://127.0.0.1:1' });
    const input = { template: STACK, account: PROD, parameters: GIVEN, name: 'prod.json' };
    aws.apply(input);
    assert.throws(() => aws.apply(input), /prod\.json: .*EntityAlreadyExists: /);
  });
});

describe('a file of Terraform', () => {
  it('makes providers, roles and policies in the account of its provider block', () => {
    const world = applied({ template: TERRAFORM, parameters: VARIABLES });
    const developer = world.roles.get(DEVELOPER)!;
    assert.equal(developer.maxSessionDuration, 7200);
    assert.deepEqual(JSON.parse(developer.trustPolicy.text), samlTrust(PROVIDER, RECIPIENT));
    assert.deepEqual(developer.attachedPolicies, ['arn:aws:iam::aws:policy/IAMReadOnlyAccess']);
    assert.match(developer.inlinePolicies.get('own')!.text, /x\/\$\{aws:username\}\/\*/);
    assert.deepEqual([...developer.inlinePolicies.keys()], ['own']);
    const auditor = world.roles.get(`arn:aws:iam::${PROD}:role/Auditor`)!;
    assert.deepEqual(JSON.parse(auditor.trustPolicy.text), {
      Statement: {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${PROD}:root` },
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'sts:ExternalId': 'the-external-id' } },
      },
    });
  });

  it('takes a policy of a variable', () => {
    const policy =
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}';
    const parameters = { ...VARIABLES, Developer_inline_policy: policy };
    const world = applied({ template: TERRAFORM, parameters });
    assert.equal(world.roles.get(DEVELOPER)!.inlinePolicies.get('permissions')!.text, policy);
  });

  it('adds an account that the world lacks, in the partition of its Region', () => {
    const provider = {
      aws: { region: 'us-gov-west-1', allowed_account_ids: ['999988887777'] },
    };
    const { aws_iam_openid_connect_provider } = TERRAFORM.resource;
    const world = applied({
      template: { provider, resource: { aws_iam_openid_connect_provider } },
    });
    assert.deepEqual(
      [...world.oidcProviders.keys()],
      ['arn:aws-us-gov:iam::999988887777:oidc-provider/bridge.example.com'],
    );
  });

  const EXISTING: WorldInput = {
    ...EMPTY,
    samlProviders: [{ account: PROD, name: 'rolebridge', metadata: { xml: METADATA } }],
    oidcProviders: [{ account: PROD, url: 'https://bridge.example.com', clientIds: ['old'] }],
    roles: [
      {
        account: PROD,
        name: 'Developer',
        path: '/team/',
        description: 'Of the company',
        maxSessionDuration: 14_400,
        trustPolicy: {
          Statement: {
            Effect: 'Allow',
            Principal: { AWS: `arn:aws:iam::${PROD}:root` },
            Action: 'sts:AssumeRole',
          },
        },
        permissions: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }],
        tags: { owner: 'company' },
      },
    ],
  };
  const imported = (lifecycle: object, change: object = {}) => ({
    ...TERRAFORM,
    variable: {},
    import: [
      { to: 'aws_iam_role.Developer', id: 'Developer' },
      { to: 'aws_iam_saml_provider.rolebridge', id: PROVIDER },
      {
        to: 'aws_iam_openid_connect_provider.rolebridge',
        id: `arn:aws:iam::${PROD}:oidc-provider/bridge.example.com`,
      },
    ],
    resource: {
      aws_iam_role: {
        Developer: {
          name: 'Developer',
          path: '/team/',
          assume_role_policy: TERRAFORM.resource.aws_iam_role.Developer.assume_role_policy,
          lifecycle,
          ...change,
        },
      },
      aws_iam_saml_provider: TERRAFORM.resource.aws_iam_saml_provider,
      aws_iam_openid_connect_provider: TERRAFORM.resource.aws_iam_openid_connect_provider,
    },
  });
  const ALONE = ['path', 'description', 'max_session_duration', 'tags', 'tags_all'];

  it('changes of an imported role only what it does not ignore', () => {
    const template = imported({ ignore_changes: [...ALONE, 'permissions_boundary'] });
    const { roles, oidcProviders } = applied({ template }, EXISTING);
    const role = roles.get(DEVELOPER)!;
    assert.deepEqual(JSON.parse(role.trustPolicy.text), samlTrust(PROVIDER, RECIPIENT));
    assert.deepEqual(
      [role.description, role.maxSessionDuration, role.tags, role.inlinePolicies.size],
      ['Of the company', 14_400, { owner: 'company' }, 1],
    );
    assert.deepEqual([...oidcProviders.values()][0]!.clientIds, ['sts.amazonaws.com']);
  });

  it('sets what it neither states nor ignores back to the defaults, as Terraform does', () => {
    const { roles } = applied({ template: imported({}) }, EXISTING);
    const role = roles.get(DEVELOPER)!;
    assert.deepEqual([role.description, role.maxSessionDuration, role.tags], ['', 3600, {}]);
  });

  const cases: readonly [string, TemplateInput, RegExp, WorldInput?][] = [
    [
      'an import of a role that does not exist',
      { template: imported({}) },
      /^template: resource\.aws_iam_role\.Developer: .*NoSuchEntity: The role with name Developer/,
      { ...EXISTING, roles: [] },
    ],
    [
      'an import that would replace the role',
      { template: imported({}, { path: '/' }) },
      /Developer: path is \/, but the imported resource has \/team\/: Terraform would replace it$/,
      EXISTING,
    ],
    [
      'a resource that exists and is not imported',
      { template: { ...imported({}), import: imported({}).import.slice(1) } },
      /IAM rejects it: EntityAlreadyExists: /,
      EXISTING,
    ],
    [
      'a type that is not simulated',
      { template: { resource: { aws_s3_bucket: { x: {} } } }, account: PROD },
      /^template: resource\.aws_s3_bucket\.x: the type is not simulated here; aws_iam_role,/,
    ],
    [
      'an attribute that is not simulated',
      {
        template: {
          resource: { aws_iam_policy: { x: { name_prefix: 'x', name: 'y', policy: '{}' } } },
        },
        account: PROD,
      },
      /^template: resource\.aws_iam_policy\.x: name_prefix: not simulated here$/,
    ],
    [
      'a function that is not simulated',
      {
        template: {
          resource: { aws_iam_policy: { x: { name: expression('upper("x")'), policy: '{}' } } },
        },
        account: PROD,
      },
      /^template: resource\.aws_iam_policy\.x: the function upper is not simulated here$/,
    ],
    [
      'a name that is not simulated',
      {
        template: {
          resource: { aws_iam_policy: { x: { name: expression('path.module'), policy: '{}' } } },
        },
        account: PROD,
      },
      /the name path is not simulated here$/,
    ],
    [
      'a variable without a value',
      { template: TERRAFORM },
      /^template: variable\.external_id: needs a value: --parameter external_id=\.\.\.$/,
    ],
    [
      'a value that its validation rejects',
      { template: TERRAFORM, parameters: { external_id: 'a b' } },
      /^template: variable\.external_id: An external id has 2 to 1224 characters\.$/,
    ],
    [
      'another account than that of its provider block',
      { template: TERRAFORM, account: '444455556666', parameters: VARIABLES },
      /allowed_account_ids is 111122223333, and the file is for 444455556666$/,
    ],
    [
      'a block that is not simulated',
      { template: { ...TERRAFORM, module: {} }, parameters: VARIABLES },
      /^template: the block module is not simulated here$/,
    ],
    ['neither kind of template', { template: { a: 1 } }, /^template: neither CloudFormation/],
  ];
  for (const [title, input, sentence, world] of cases) {
    it(`is rejected as a whole for ${title}`, () => {
      const found = mistakes(input, world);
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0]!, sentence);
    });
  }
});

for (const [kind, input] of [
  ['CloudFormation', { template: STACK, account: PROD, parameters: GIVEN }],
  ['Terraform', { template: TERRAFORM, parameters: VARIABLES }],
] as const) {
  describe(`a federation that ${kind} made`, () => {
    const running = useLocalAws(EMPTY);

    it('gives a role to a SAML assertion at once', async () => {
      const assume = () =>
        running.sts().send(
          new AssumeRoleWithSAMLCommand({
            RoleArn: DEVELOPER,
            PrincipalArn: PROVIDER,
            SAMLAssertion: samlResponse({
              roles: [`${DEVELOPER},${PROVIDER}`],
              now: running.clock.now(),
            }),
          }),
        );
      await assert.rejects(assume(), { name: 'InvalidIdentityTokenException' });
      running.aws.apply(input);
      const { AssumedRoleUser } = await assume();
      assert.match(AssumedRoleUser!.Arn!, /:assumed-role\/Developer\//);
    });
  });
}
