import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { DEMO_CLIENT_ID } from '../../src/dev/demo-config.ts';
import { DEMO_ACCOUNTS, DEMO_EXTERNAL_ID } from '../../src/dev/demo-world.ts';
import type { WorldInput } from '../../src/dev/local-aws/world.ts';
import { useWorld } from '../support/world.ts';
import { type Resource, resourcesOf } from './cloud-formation.ts';
import { blocksOf, readPage } from './pages.ts';

type RoleInput = NonNullable<WorldInput['roles']>[number];
type AccountName = keyof typeof DEMO_ACCOUNTS;

const { prod, staging, partner } = DEMO_ACCOUNTS;
/** An account of the page that the demo has not: it trusts the corporate provider itself. */
const SANDBOX = '555566667777';
const HUB = `arn:aws:iam::${prod.id}:role/BridgeHub`;
const AUDITOR = `arn:aws:iam::${partner.id}:role/Auditor`;
/** Stands for metadata that is not read. */
const FILLER = 'x'.repeat(1000);

/** What a template makes in an account. */
function stack(
  name: string,
  account: AccountName,
  parameters: Readonly<Record<string, string>>,
): Readonly<Record<string, Resource>> {
  const template = readFileSync(new URL(`../../docs/aws/${name}.yaml`, import.meta.url), 'utf8');
  const { id, partition } = DEMO_ACCOUNTS[account];
  return resourcesOf(template, { account: id, partition, parameters });
}

function rolesIn(account: AccountName, resources: Readonly<Record<string, Resource>>): RoleInput[] {
  return Object.values(resources)
    .filter(({ type }) => type === 'AWS::IAM::Role')
    .map(({ properties }) => {
      const policies = (properties.Policies ?? []) as {
        PolicyDocument: NonNullable<RoleInput['permissions']>[number];
      }[];
      const trust = properties.AssumeRolePolicyDocument;
      return {
        account: DEMO_ACCOUNTS[account].id,
        name: String(properties.RoleName),
        maxSessionDuration: Number(properties.MaxSessionDuration ?? 3600),
        trustPolicy: (typeof trust === 'string'
          ? JSON.parse(trust)
          : trust) as RoleInput['trustPolicy'],
        permissions: policies.map(({ PolicyDocument }) => PolicyDocument),
      };
    });
}

/**
 * The accounts of the demo as the templates make them for the bridge at `bridge`. The pattern wants
 * https, which a test has not.
 */
function templateRoles(bridge: string): RoleInput[] {
  const saml = { EntityId: `${bridge}/saml/idp`, Metadata: FILLER };
  const web = stack('rolebridge-account-web-identity', 'staging', {
    BridgeUrl: 'https://bridge.invalid',
  });
  return [
    ...rolesIn('prod', stack('rolebridge-account', 'prod', { ...saml, HubTargets: AUDITOR })),
    ...rolesIn('gov', stack('rolebridge-account', 'gov', saml)),
    ...rolesIn(
      'staging',
      JSON.parse(
        JSON.stringify(web).replaceAll('bridge.invalid', new URL(bridge).host),
      ) as typeof web,
    ),
    ...rolesIn(
      'partner',
      stack('rolebridge-partner', 'partner', { HubRoleArn: HUB, ExternalId: DEMO_EXTERNAL_ID }),
    ),
  ];
}

const POLICIES = blocksOf(readPage('aws-setup.md')).filter(({ info }) => /^json \w+\//.test(info));

/** The roles of the page, with the addresses of this test in place of those of the example. */
function pageRoles(bridge: string, oidc: string): RoleInput[] {
  const policy = (name: string): unknown =>
    JSON.parse(
      POLICIES.find(({ info }) => info === `json ${name}`)!
        .text.replaceAll('https://aws.example.com', bridge)
        .replaceAll('aws.example.com', new URL(bridge).host)
        .replaceAll('acme.okta.com', new URL(oidc).host)
        .replaceAll('"0oa1"', `"${DEMO_CLIENT_ID}"`),
    );
  const role = (
    account: string,
    name: string,
    trust: string,
    permissions: string[] = [],
  ): RoleInput => ({
    account,
    name,
    trustPolicy: policy(trust) as RoleInput['trustPolicy'],
    permissions: permissions.map(policy) as NonNullable<RoleInput['permissions']>,
  });
  return [
    role(prod.id, 'Admin', 'prod/Admin'),
    role(prod.id, 'BridgeHub', 'prod/Admin', ['prod/BridgeHub permissions']),
    role(staging.id, 'Admin', 'staging/Admin'),
    role(SANDBOX, 'ReadOnly', 'sandbox/ReadOnly'),
    role(partner.id, 'Auditor', 'partner/Auditor'),
  ];
}

const CASES = [
  {
    title: 'the templates',
    roles: templateRoles,
    reached: ['prod/Admin', 'prod/ReadOnly', 'staging/Admin', 'gov/Admin', 'partner/Auditor'],
  },
  {
    title: 'the policies of the page',
    roles: pageRoles,
    reached: ['prod/Admin', 'staging/Admin', 'sandbox/ReadOnly', 'partner/Auditor'],
  },
] as const;

describe('the local AWS', () => {
  const world = useWorld({
    configure: yaml =>
      yaml
        .replace(
          '\naccess:\n',
          `$&  - { name: sandbox, groups: [developers], connectors: [corp-oidc, corp-saml], accounts: [sandbox], roles: [ReadOnly] }\n`,
        )
        .replace(
          '\naccounts:\n',
          `$&  - { id: "${SANDBOX}", name: sandbox, trust: corporate-web-identity }\n`,
        ),
    aws: (input, urls) => ({
      ...input,
      accounts: [...input.accounts, { id: SANDBOX, name: 'sandbox' }],
      oidcProviders: [
        ...input.oidcProviders!,
        { account: SANDBOX, url: urls.oidc, clientIds: [DEMO_CLIENT_ID] },
      ],
      roles: [],
    }),
  });

  const askFor = async (name: string): Promise<{ status: number; text: string }> => {
    const { visitor, page } = await world.signIn('alice', 'oidc');
    return visitor.submit(page, `button[aria-label="Credentials: ${name.replace('/', ' as ')}"]`);
  };

  for (const { title, roles, reached } of CASES) {
    it(`with ${title}, grants every role to the bridge`, async () => {
      for (const role of roles(world.urls.bridge, world.urls.oidc)) world.aws.roles.create(role);
      for (const name of reached) {
        const { status, text } = await askFor(name);
        assert.equal(status, 200, `${name}: ${text}`);
      }
    });

    it(`with ${title} for another bridge and provider, grants no role`, async () => {
      for (const role of roles('http://127.0.0.1:9', 'http://127.0.0.1:9'))
        world.aws.roles.create(role);
      for (const name of reached) {
        const { status, text } = await askFor(name);
        assert.equal(status, 502, `${name}: ${text}`);
        assert.match(text, /aws_refused/);
      }
    });
  }
});

describe('the templates', () => {
  it('join the metadata from its two parts, and name the provider as the configuration does', () => {
    const metadata = `<md>${'k'.repeat(5200)}</md>`;
    const { Provider } = stack('rolebridge-account', 'prod', {
      EntityId: 'https://aws.example.com/saml/idp',
      Metadata: metadata.slice(0, 4000),
      MetadataRest: metadata.slice(4000),
    });
    assert.deepEqual(Provider!.properties, { Name: 'rolebridge', SamlMetadataDocument: metadata });
  });

  it('create the hub role only in a hub account', () => {
    const saml = { EntityId: 'https://aws.example.com/saml/idp', Metadata: FILLER };
    assert.deepEqual(Object.keys(stack('rolebridge-account', 'prod', saml)), [
      'Provider',
      'Admin',
      'ReadOnly',
    ]);

    const { BridgeHub } = stack('rolebridge-account', 'prod', {
      ...saml,
      HubTargets: `${AUDITOR},${AUDITOR}s`,
    });
    const [policy] = BridgeHub!.properties.Policies as {
      PolicyDocument: { Statement: { Resource: string[] }[] };
    }[];
    assert.deepEqual(policy!.PolicyDocument.Statement[0]!.Resource, [AUDITOR, `${AUDITOR}s`]);
  });

  it('pass the audience of the bridge to IAM', () => {
    const { Provider } = stack('rolebridge-account-web-identity', 'staging', {
      BridgeUrl: 'https://aws.example.com',
    });
    assert.deepEqual(Provider!.properties, {
      Url: 'https://aws.example.com',
      ClientIdList: ['sts.amazonaws.com'],
    });
  });

  it('reject a base URL that IAM would reject', () => {
    for (const BridgeUrl of [
      'http://aws.example.com',
      'https://aws.example.com/',
      'https://aws.example.com:8443',
      'https://aws.example.com/path',
    ]) {
      assert.throws(
        () => stack('rolebridge-account-web-identity', 'staging', { BridgeUrl }),
        /BridgeUrl/,
      );
    }
  });
});

it('every policy of the page is tested here', () => {
  assert.deepEqual(
    POLICIES.map(({ info }) => info),
    [
      'json prod/Admin',
      'json staging/Admin',
      'json sandbox/ReadOnly',
      'json prod/BridgeHub permissions',
      'json partner/Auditor',
    ],
  );
});
