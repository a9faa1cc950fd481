/**
 * A bridge whose roles are all given by the local AWS, and the same IAM as the files of the AWS
 * CLI: what one fault does to both.
 *
 * Every kind of trust is there: SAML in two partitions, web identity, a hub with an external id,
 * the tokens of the corporate provider itself; with tags, transitive tags, source identity, a path,
 * long sessions and a session policy.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openIamSection } from '../../../src/compose/doctor-iam.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import type { Finding } from '../../../src/core/finding.ts';
import { planTrust } from '../../../src/core/trust/plan.ts';
import { EXTERNAL_ID } from '../../../src/core/trust/policy.ts';
import { DEMO_EXTERNAL_ID } from '../../../src/dev/demo-world.ts';
import type { LocalAwsEvent } from '../../../src/dev/local-aws/events.ts';
import { createLocalAws } from '../../../src/dev/local-aws/local-aws.ts';
import type { WorldInput } from '../../../src/dev/local-aws/world.ts';
import type { Options } from '../../../src/operate/command.ts';
import { callApi, loginByCode, type TerminalLogin } from '../../support/cli-login.ts';
import { answer, startWorld, type World } from '../../support/world.ts';

export const ACCOUNTS = {
  prod: '111122223333',
  staging: '222233334444',
  gov: '333344445555',
  partner: '444455556666',
  direct: '555566667777',
} as const;

export type AccountName = keyof typeof ACCOUNTS;

export const ROLES = [
  'prod/Admin',
  'prod/team/Deployer',
  'prod/Limited',
  'staging/Admin',
  'staging/team/Deployer',
  'gov/Admin',
  'gov/team/Deployer',
  'partner/Auditor',
  'direct/Developer',
] as const;

export type RoleText = (typeof ROLES)[number];

const SESSION_POLICY = `arn:aws:iam::${ACCOUNTS.prod}:policy/OwnObjects`;

function configured(yaml: string): string {
  const externalId = /externalId: (\{[^}]*\})/.exec(yaml)![1]!;
  const rules = `accounts:
  - { id: "${ACCOUNTS.prod}", name: prod, trust: saml, provider: rolebridge, region: eu-west-1 }
  - { id: "${ACCOUNTS.staging}", name: staging, trust: web-identity, region: eu-west-1 }
  - { id: "${ACCOUNTS.gov}", name: gov, partition: aws-us-gov, region: us-gov-west-1, trust: saml, provider: rolebridge }
  - { id: "${ACCOUNTS.partner}", name: partner, region: eu-west-1, via: { account: prod, role: hub/BridgeHub, externalId: ${externalId} } }
  - { id: "${ACCOUNTS.direct}", name: direct, trust: corporate-web-identity, region: eu-west-1 }
access:
  - name: admins
    groups: [aws-admins]
    connectors: [corp-oidc]
    accounts: [prod, staging, gov]
    roles: [Admin, team/Deployer]
    session:
      duration: 4h
      sourceIdentity: "{sessionName}"
      tags: { Department: "{attributes.department|none}", Team: platform }
      transitiveTags: [Department]
  - name: limited
    groups: [aws-admins]
    connectors: [corp-oidc]
    accounts: [prod]
    roles: [Limited]
    session: { duration: 1h, policyArns: ["${SESSION_POLICY}"] }
  - name: partners
    groups: [aws-admins]
    connectors: [corp-oidc]
    accounts: [partner]
    roles: [Auditor]
    session:
      duration: 1h
      sourceIdentity: "{sessionName}"
      tags: { Department: "{attributes.department|none}", Team: platform }
      transitiveTags: [Department]
  - name: direct
    groups: [aws-admins]
    connectors: [corp-oidc]
    accounts: [direct]
    roles: [Developer]
`;
  return yaml.replace(/^accounts:[\s\S]*?(?=^administration:)/m, rules);
}

export interface IamWorld {
  readonly world: World;
  /** The IAM in which everything works. */
  readonly healthy: WorldInput;
  /** Makes this the IAM of the local AWS. */
  install(iam: WorldInput): void;
  /** What the bridge gives alice: seconds of credentials, or the refusal. */
  handOut(role: RoleText): Promise<{ readonly seconds: number } | { readonly refused: string }>;
  /** The code with which AWS refused a call since the IAM was installed. */
  lastRefusal(): string | undefined;
  /** What doctor says of this IAM by files of the AWS CLI. */
  findings(iam: WorldInput, options?: Partial<DoctorOptions>): Promise<readonly Finding[]>;
}

export interface DoctorOptions {
  readonly accounts: readonly string[];
  readonly roles: readonly string[];
  readonly configure: (configuration: Configuration) => Configuration;
  /** Changes the files, by their name. */
  readonly files: (files: ReadonlyMap<string, unknown>) => ReadonlyMap<string, unknown>;
}

export async function startIamWorld(): Promise<IamWorld & { close(): Promise<void> }> {
  const world = await startWorld({ configure: configured });
  const { clock, urls, bridge } = world;
  const metadata = await (await fetch(`${urls.bridge}/saml/idp/metadata`)).text();
  const healthy = iamOf(world, metadata);
  let lastRefusal: string | undefined;
  const install = (iam: WorldInput): void => {
    const log = (event: LocalAwsEvent): void => {
      if (event.outcome === 'refused') lastRefusal = event.code;
    };
    lastRefusal = undefined;
    const aws = createLocalAws({ world: iam, baseUrl: urls.aws, now: clock.now, log });
    answer(world.servers.aws, aws.handler);
  };
  install(healthy);
  let login: TerminalLogin | undefined;
  return {
    ...{ world, healthy, install },
    close: () => world.close(),
    lastRefusal: () => lastRefusal,
    handOut: async role => {
      login ??= await loginByCode(world, (await world.signIn('alice', 'oidc')).visitor);
      const [account, ...name] = role.split('/');
      const { status, json } = await callApi(world, login.accessToken, {
        method: 'POST',
        path: '/credentials',
        body: { account, role: name.join('/') },
      });
      if (status !== 200) return { refused: json.error ?? JSON.stringify(json) };
      return { seconds: Math.round((Date.parse(json.expires_at) - clock.now()) / 1000) };
    },
    findings: (iam, { accounts = [], roles = [], files, configure } = {}) => {
      const directory = mkdtempSync(join(world.directory, 'iam-'));
      for (const [name, content] of files?.(cliFiles(iam)) ?? cliFiles(iam))
        writeFileSync(
          join(directory, name),
          typeof content === 'string' ? content : JSON.stringify(content),
        );
      return examineIam(world, { iam: [directory] }, { accounts, roles, configure });
    },
  };

  /** What `rolebridge-server trust` asks IAM for, in the local AWS. */
  function iamOf({ urls }: World, xml: string): WorldInput {
    const { configuration } = bridge;
    const plan = planTrust(configuration);
    const roles = plan.accounts.flatMap(({ account, roles }) =>
      roles.map(({ name, maxSessionSeconds, trustPolicy, permissions }) => {
        const slash = name.lastIndexOf('/') + 1;
        const text = JSON.stringify(trustPolicy).replaceAll(EXTERNAL_ID, DEMO_EXTERNAL_ID);
        return {
          account: account.id,
          name: name.slice(slash),
          path: `/${name.slice(0, slash)}`,
          maxSessionDuration: maxSessionSeconds,
          trustPolicy: JSON.parse(text),
          permissions: permissions === undefined ? [] : [permissions as never],
        };
      }),
    );
    assert.ok(plan.accounts.length === Object.keys(ACCOUNTS).length && urls.aws !== '');
    return {
      accounts: plan.accounts.map(({ account: { id, name, partition } }) => ({
        ...{ id, name, partition },
      })),
      samlProviders: plan.accounts.flatMap(({ account, samlProvider }) =>
        samlProvider === undefined
          ? []
          : [{ account: account.id, name: samlProvider.name, metadata: { xml } }],
      ),
      oidcProviders: plan.accounts.flatMap(({ account, oidcProviders }) =>
        oidcProviders.map(({ url, clientIds }) => ({
          account: account.id,
          url,
          clientIds: [...clientIds],
        })),
      ),
      roles,
      managedPolicies: [
        {
          account: ACCOUNTS.prod,
          name: 'OwnObjects',
          document: {
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }],
          },
        },
      ],
    };
  }
}

/** Runs the section of doctor on IAM. */
export async function examineIam(
  { bridge, clock, directory }: World,
  options: Options,
  {
    configure = same => same,
    ...scope
  }: Pick<DoctorOptions, 'accounts' | 'roles'> & {
    readonly configure?: DoctorOptions['configure'] | undefined;
  },
): Promise<readonly Finding[]> {
  const configuration = configure(bridge.configuration);
  const section = openIamSection(configuration, options, clock);
  assert.ok(section !== undefined);
  const findings: Finding[] = [];
  const examination = {
    ...{ configuration, configFile: join(directory, 'rolebridge.yaml'), clock },
    scope: { connectors: [], ...scope },
    progress: () => undefined,
  };
  for await (const finding of section.examine(examination)) findings.push(finding);
  return findings;
}

// ---------------------------------------------------------------- the files of the AWS CLI

/** What the script of docs/doctor.md writes, for all accounts. */
export function cliFiles(iam: WorldInput): ReadonlyMap<string, unknown> {
  return new Map(iam.accounts.flatMap(account => [...filesOf(account, iam)]));
}

type Account = WorldInput['accounts'][number];

function filesOf({ id, partition = 'aws' }: Account, iam: WorldInput): Map<string, unknown> {
  const own = <T extends { readonly account: string }>(items: readonly T[] = []): T[] =>
    items.filter(({ account }) => account === id);
  const arn = (rest: string): string => `arn:${partition}:iam::${id}:${rest}`;
  const files = new Map<string, unknown>();
  const put = (name: string, content: unknown): void => {
    files.set(`${id}-${name}.json`, content);
  };
  const roles = own(iam.roles).map(role => ({
    ...role,
    Arn: arn(`role${role.path ?? '/'}${role.name}`),
  }));
  put('details', {
    UserDetailList: [],
    GroupDetailList: [],
    RoleDetailList: roles.map(role => ({
      Path: role.path ?? '/',
      RoleName: role.name,
      RoleId: uniqueId(role.Arn),
      Arn: role.Arn,
      AssumeRolePolicyDocument: role.trustPolicy,
      RolePolicyList: (role.permissions ?? []).map((PolicyDocument, index) => ({
        PolicyName: `inline-${index}`,
        PolicyDocument,
      })),
      AttachedManagedPolicies: (role.attachedPolicies ?? []).map(PolicyArn => ({
        PolicyName: PolicyArn.split('/').at(-1),
        PolicyArn,
      })),
      ...(role.permissionsBoundary !== undefined && {
        PermissionsBoundary: {
          PermissionsBoundaryType: 'Policy',
          PermissionsBoundaryArn: role.permissionsBoundary,
        },
      }),
    })),
    Policies: own(iam.managedPolicies).map(({ name, path = '/', document }) => ({
      PolicyName: name,
      Arn: arn(`policy${path}${name}`),
      DefaultVersionId: 'v2',
      PolicyVersionList: [
        { VersionId: 'v2', IsDefaultVersion: true, Document: document },
        { VersionId: 'v1', IsDefaultVersion: false, Document: { Statement: [] } },
      ],
    })),
  });
  put('roles', {
    Roles: roles.map(role => ({
      Path: role.path ?? '/',
      RoleName: role.name,
      RoleId: uniqueId(role.Arn),
      Arn: role.Arn,
      AssumeRolePolicyDocument: role.trustPolicy,
      MaxSessionDuration: role.maxSessionDuration ?? 3600,
    })),
  });
  const saml = own(iam.samlProviders);
  put('saml-providers', {
    SAMLProviderList: saml.map(({ name }) => ({ Arn: arn(`saml-provider/${name}`) })),
  });
  for (const { name, metadata } of saml)
    put(`saml-${name}`, {
      Arn: arn(`saml-provider/${name}`),
      SAMLMetadataDocument: 'xml' in metadata ? metadata.xml : '',
    });
  const oidc = own(iam.oidcProviders);
  const urlOf = (url: string): string => url.replace(/^https?:\/\//, '');
  put('oidc-providers', {
    OpenIDConnectProviderList: oidc.map(({ url }) => ({ Arn: arn(`oidc-provider/${urlOf(url)}`) })),
  });
  for (const [index, { url, clientIds }] of oidc.entries())
    put(`oidc-${index}`, {
      Arn: arn(`oidc-provider/${urlOf(url)}`),
      Url: urlOf(url),
      ClientIDList: clientIds,
      ThumbprintList: [],
    });
  return files;
}

/** Any id that is the same for the same role. */
function uniqueId(arn: string): string {
  return `AROA${Buffer.from(arn).toString('hex').toUpperCase().slice(-17)}`;
}

/** A directory for files of a test. */
export function directoryIn({ directory }: World, name: string): string {
  const path = join(directory, name);
  mkdirSync(path, { recursive: true });
  return path;
}
