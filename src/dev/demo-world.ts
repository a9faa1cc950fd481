/**
 * The AWS of the demo: four accounts in two partitions, and roles whose trust policies are as tight
 * as those that the operator's guide asks for. Each account shows one way to a role: SAML (prod,
 * gov), web identity (staging), and a hub role with an external id (partner). An IAM user reaches
 * prod with an MFA code when the bridge is down, and another one reads IAM there.
 */
import type { WorldInput } from './local-aws/world.ts';
import { PEOPLE } from './people.ts';

export interface DemoWorldOptions {
  /**
   * The bridge's base URL: it is the SAML identity provider and the OpenID issuer that these
   * accounts trust.
   */
  readonly bridgeUrl: string;
  /** The origin of the application that reads the bucket; without it no page can. */
  readonly photosUrl?: string | undefined;
}

export const DEMO_ACCOUNTS = {
  prod: { id: '111122223333', partition: 'aws', region: 'eu-west-1' },
  staging: { id: '222233334444', partition: 'aws', region: 'eu-west-1' },
  gov: { id: '333344445555', partition: 'aws-us-gov', region: 'us-gov-west-1' },
  partner: { id: '444455556666', partition: 'aws', region: 'eu-west-1' },
} as const;

/** The external id that partner requires, so that no other hub can be misused for it. */
export const DEMO_EXTERNAL_ID = 'acme-partner-7f3c';
export const DEMO_SAML_PROVIDER = 'rolebridge';

/** The IAM user of prod for emergencies, with what such a user has in a drawer. */
export const DEMO_BREAK_GLASS = {
  user: 'breakglass',
  accessKeyId: 'AKIALOCALBREAKGLASS0',
  secretAccessKey: 'only-for-the-demo-breakglass',
  /** Base32; `npm run local-aws -- --file world.json --mfa-code SERIAL` prints a code. */
  seed: 'ONLYFORTHEDEMOONLYFORTHEDEMOONLY',
  serial: `arn:aws:iam::${DEMO_ACCOUNTS.prod.id}:mfa/breakglass`,
  role: 'BreakGlass',
} as const;
/** The IAM user of prod that reads IAM, for `rolebridge-server doctor --aws-profile`. */
export const DEMO_OPERATOR = {
  user: 'operator',
  accessKeyId: 'AKIALOCALOPERATOR000',
  secretAccessKey: 'only-for-the-demo-operator',
} as const;
/** The bucket of prod in which each user has a prefix. */
export const DEMO_BUCKET = 'photos-demo';
const AUDIENCE = 'sts.amazonaws.com';

const HOUR = 3600;
type RoleInput = NonNullable<WorldInput['roles']>[number];
type AccountName = keyof typeof DEMO_ACCOUNTS;

export function demoWorld({ bridgeUrl, photosUrl }: DemoWorldOptions): WorldInput {
  const { prod, staging, gov, partner } = DEMO_ACCOUNTS;
  const saml = (account: AccountName, name: string, settings: Partial<RoleInput> = {}) =>
    role(account, name, samlTrust(account, bridgeUrl), settings);
  const web = (name: string, settings: Partial<RoleInput> = {}) =>
    role('staging', name, webIdentityTrust(bridgeUrl), settings);
  const metadata = { url: `${bridgeUrl}/saml/idp/metadata` };
  return {
    accounts: Object.entries(DEMO_ACCOUNTS).map(([name, { id, partition }]) => ({
      id,
      name,
      partition,
    })),
    samlProviders: [prod, gov].map(({ id }) => ({
      account: id,
      name: DEMO_SAML_PROVIDER,
      metadata,
    })),
    oidcProviders: [{ account: staging.id, url: bridgeUrl, clientIds: [AUDIENCE] }],
    roles: [
      saml('prod', 'Admin', { maxSessionDuration: 12 * HOUR }),
      saml('prod', 'Developer', { maxSessionDuration: 8 * HOUR }),
      saml('prod', 'Operator', { maxSessionDuration: 8 * HOUR }),
      // Left at IAM's default of one hour: the rule gives more, and people are told that AWS
      // allowed less.
      saml('prod', 'ReadOnly'),
      saml('prod', 'BridgeHub', {
        permissions: [
          { Effect: 'Allow', Action: ASSUME, Resource: `arn:aws:iam::${partner.id}:role/*` },
        ],
      }),
      web('Admin', { maxSessionDuration: 12 * HOUR }),
      web('Developer', { maxSessionDuration: 8 * HOUR }),
      web('ReadOnly', { maxSessionDuration: 8 * HOUR }),
      web('Uploader'),
      saml('gov', 'Admin', { maxSessionDuration: 12 * HOUR }),
      role('partner', 'Auditor', hubTrust(`arn:aws:iam::${prod.id}:role/BridgeHub`)),
      saml('prod', 'PhotoUser', { permissions: [ownPhotos()] }),
      role('prod', DEMO_BREAK_GLASS.role, userTrust(DEMO_BREAK_GLASS.user)),
    ],
    iamUsers: [breakGlassUser(), operatorUser()],
    buckets: [photos(photosUrl)],
  };
}

const ASSUME = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];

/** The SAML address of AWS sign-in in each partition, which trust policies know as saml:aud. */
const SAML_RECIPIENTS = {
  aws: 'https://signin.aws.amazon.com/saml',
  'aws-us-gov': 'https://signin.amazonaws-us-gov.com/saml',
} as const;

function role(
  account: AccountName,
  name: string,
  trustPolicy: RoleInput['trustPolicy'],
  settings: Partial<RoleInput> = {},
): RoleInput {
  return { account: DEMO_ACCOUNTS[account].id, name, trustPolicy, ...settings };
}

function samlTrust(account: AccountName, bridgeUrl: string): RoleInput['trustPolicy'] {
  const { id, partition } = DEMO_ACCOUNTS[account];
  return trust(
    { Federated: `arn:${partition}:iam::${id}:saml-provider/${DEMO_SAML_PROVIDER}` },
    ['sts:AssumeRoleWithSAML', 'sts:TagSession', 'sts:SetSourceIdentity'],
    {
      'saml:aud': SAML_RECIPIENTS[partition as keyof typeof SAML_RECIPIENTS],
      'saml:iss': `${bridgeUrl}/saml/idp`,
    },
  );
}

function webIdentityTrust(bridgeUrl: string): RoleInput['trustPolicy'] {
  const issuer = new URL(bridgeUrl).host;
  return trust(
    { Federated: `arn:aws:iam::${DEMO_ACCOUNTS.staging.id}:oidc-provider/${issuer}` },
    ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession', 'sts:SetSourceIdentity'],
    { [`${issuer}:aud`]: AUDIENCE },
  );
}

function hubTrust(hub: string): RoleInput['trustPolicy'] {
  return trust({ AWS: hub }, ASSUME, { 'sts:ExternalId': DEMO_EXTERNAL_ID });
}

/** Requires MFA in the hour before the call. */
function userTrust(user: string): RoleInput['trustPolicy'] {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${DEMO_ACCOUNTS.prod.id}:user/${user}` },
        Action: 'sts:AssumeRole',
        Condition: {
          Bool: { 'aws:MultiFactorAuthPresent': 'true' },
          NumericLessThan: { 'aws:MultiFactorAuthAge': HOUR },
        },
      },
    ],
  };
}

function breakGlassUser(): NonNullable<WorldInput['iamUsers']>[number] {
  const { user, accessKeyId, secretAccessKey, seed } = DEMO_BREAK_GLASS;
  return {
    account: DEMO_ACCOUNTS.prod.id,
    name: user,
    accessKeys: [{ accessKeyId, secretAccessKey }],
    mfaDevices: [{ name: user, seed }],
    permissions: [
      {
        Effect: 'Allow',
        Action: ['s3:ListBucket', 's3:GetObject'],
        Resource: [`arn:aws:s3:::${DEMO_BUCKET}`, `arn:aws:s3:::${DEMO_BUCKET}/*`],
        Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
      },
    ],
  };
}

function operatorUser(): NonNullable<WorldInput['iamUsers']>[number] {
  const { user, accessKeyId, secretAccessKey } = DEMO_OPERATOR;
  return {
    account: DEMO_ACCOUNTS.prod.id,
    name: user,
    accessKeys: [{ accessKeyId, secretAccessKey }],
    attachedPolicies: ['arn:aws:iam::aws:policy/IAMReadOnlyAccess'],
  };
}

/** Objects whose key starts with the session tag User, and no others. */
function ownPhotos(): NonNullable<RoleInput['permissions']>[number] {
  const own = '$' + '{aws:PrincipalTag/User}';
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 's3:ListBucket',
        Resource: `arn:aws:s3:::${DEMO_BUCKET}`,
        Condition: { StringLike: { 's3:prefix': `${own}/*` } },
      },
      {
        Effect: 'Allow',
        Action: 's3:GetObject',
        Resource: `arn:aws:s3:::${DEMO_BUCKET}/${own}/*`,
      },
    ],
  };
}

function photos(origin: string | undefined): NonNullable<WorldInput['buckets']>[number] {
  return {
    account: DEMO_ACCOUNTS.prod.id,
    name: DEMO_BUCKET,
    region: DEMO_ACCOUNTS.prod.region,
    objects: PEOPLE.flatMap(({ username, displayName }) =>
      ['harbour', 'mountain'].map(subject => ({
        key: `${username}/${subject}.svg`,
        contentType: 'image/svg+xml',
        content: { text: picture(`${displayName}: ${subject}`) },
      })),
    ),
    cors:
      origin === undefined
        ? []
        : [{ allowedOrigins: [origin], allowedMethods: ['GET'], allowedHeaders: ['*'] }],
  };
}

function picture(title: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 60"><text x="10" y="40" font-size="24">${title}</text></svg>`;
}

function trust(
  principal: Readonly<Record<string, string>>,
  actions: string[],
  equals: Record<string, string>,
): RoleInput['trustPolicy'] {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: principal,
        Action: actions,
        Condition: { StringEquals: equals },
      },
    ],
  };
}
