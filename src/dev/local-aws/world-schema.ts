/** The form of a world file. Unknown keys are refused, so that a misspelt one is noticed. */
import { z } from 'zod';
import { faultPlan } from './faults.ts';
import { PARTITION_NAMES } from './partitions.ts';
import { identityPolicy, permission, trustPolicy } from './policy-document.ts';
import { bucketFields } from './s3/bucket-schema.ts';

const ACCOUNT_ID = 'an account id is twelve digits, in quotes';
const accountId = z.string({ error: ACCOUNT_ID }).regex(/^\d{12}$/, ACCOUNT_ID);
const iamName = z
  .string()
  .regex(/^[\w+=,.@-]{1,64}$/, 'a name has 1 to 64 characters of A-Z a-z 0-9 _ + = , . @ -');

const iamPath = z
  .string()
  .regex(/^\/(?:[!-.0-~]{1,200}\/){0,8}$/, 'a path starts and ends with /')
  .default('/');
const policyArn = z
  .string()
  .regex(/^arn:aws[a-z-]*:iam::(?:\d{12}|aws):policy\/.{1,600}$/, 'is no ARN of a managed policy');
const iamTags = z.record(z.string().min(1).max(128), z.string().max(256)).default({});

const accessKey = z.strictObject({
  accessKeyId: z
    .string()
    .regex(
      /^AKIA[A-Z0-9]{12,124}$/,
      'a long-term access key id starts with AKIA and is 16 characters or longer',
    ),
  secretAccessKey: z.string().min(16).max(128),
  status: z.enum(['Active', 'Inactive']).default('Active'),
});

// RFC 4226, section 4: a shared secret has 128 bits or more.
const mfaDevice = z.strictObject({
  name: z.string().regex(/^[\w+=,.@-]{1,128}$/),
  seed: z
    .string()
    .regex(/^[A-Z2-7]{26,128}$/, 'a seed is base32: 26 to 128 characters of A-Z and 2-7'),
});

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(hostname)
  );
}

const outboundUrl = z.url().refine(text => {
  const url = URL.parse(text);
  return (
    url !== null &&
    (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)))
  );
}, 'must be https, or http on a loopback host');

// IAM CreateOpenIDConnectProvider: https, no query, no port. A port is let through on loopback
// only.
export const issuerUrl = outboundUrl.refine(text => {
  const url = URL.parse(text);
  return (
    url !== null &&
    url.search === '' &&
    url.hash === '' &&
    url.username === '' &&
    text.length <= 255 &&
    (url.port === '' || isLoopback(url.hostname))
  );
}, 'an issuer has no query, no fragment and, except on loopback, no port');

const samlMetadata = z.union([
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ url: outboundUrl }),
  z.strictObject({ xml: z.string().min(1) }),
]);

const partitionOverrides = z.strictObject({
  recipients: z.array(z.string().min(1)).min(1).optional(),
  audiences: z.array(z.string().min(1)).min(1).optional(),
  samlAttributePrefix: z.string().min(1).optional(),
  consoleHosts: z
    .array(z.string().regex(/^[a-z0-9.-]+$/))
    .min(1)
    .optional(),
});

export const worldSchema = z.strictObject({
  accounts: z
    .array(
      z.strictObject({
        id: accountId,
        name: z.string().min(1).max(50),
        partition: z.enum(PARTITION_NAMES).default('aws'),
      }),
    )
    .min(1),
  samlProviders: z
    .array(
      z.strictObject({
        account: accountId,
        name: z.string().regex(/^[\w.-]{1,128}$/),
        metadata: samlMetadata,
        tags: iamTags,
      }),
    )
    .default([]),
  oidcProviders: z
    .array(
      z.strictObject({
        account: accountId,
        url: issuerUrl,
        clientIds: z.array(z.string().min(1).max(255)).min(1).max(100),
        thumbprints: z
          .array(z.string().regex(/^[0-9a-fA-F]{40}$/, 'a thumbprint has 40 hexadecimal digits'))
          .max(5)
          .default([]),
        tags: iamTags,
      }),
    )
    .default([]),
  roles: z
    .array(
      z.strictObject({
        account: accountId,
        name: iamName,
        path: iamPath,
        maxSessionDuration: z.number().int().min(3600).max(43200).default(3600),
        description: z.string().max(1000).optional(),
        trustPolicy,
        permissions: z.array(permission).default([]),
        attachedPolicies: z.array(policyArn).default([]),
        permissionsBoundary: policyArn.optional(),
        tags: iamTags,
      }),
    )
    .default([]),
  iamUsers: z
    .array(
      z.strictObject({
        account: accountId,
        name: iamName,
        path: iamPath,
        accessKeys: z.array(accessKey).max(2).default([]),
        mfaDevices: z.array(mfaDevice).max(8).default([]),
        permissions: z.array(permission).default([]),
        attachedPolicies: z.array(policyArn).default([]),
        tags: iamTags,
      }),
    )
    .default([]),
  managedPolicies: z
    .array(
      z.strictObject({
        account: accountId,
        name: z.string().regex(/^[\w+=,.@-]{1,128}$/),
        path: iamPath,
        description: z.string().max(1000).optional(),
        document: identityPolicy,
      }),
    )
    .default([]),
  buckets: z.array(z.strictObject({ account: accountId, ...bucketFields })).default([]),
  /** Regions in which signatures may be scoped; by default all of the partitions in use. */
  regions: z.array(z.string().min(1)).min(1).optional(),
  partitions: z.partialRecord(z.enum(PARTITION_NAMES), partitionOverrides).default({}),
  saml: z
    .strictObject({
      /**
       * `assertion`: a signature on the assertion itself is required; `either`: one on the response
       * does as well.
       */
      signature: z.enum(['assertion', 'either']).default('assertion'),
    })
    .default({ signature: 'assertion' }),
  webIdentity: z
    .strictObject({
      /** How old `iat` may be, in seconds. The limit of AWS is not published. */
      maxAgeSeconds: z.number().int().min(60).default(86_400),
    })
    .default({ maxAgeSeconds: 86_400 }),
  /** Quotas of IAM that AWS raises on request. */
  iam: z
    .strictObject({
      /** Characters of a trust policy, without white space; AWS allows 2,048 by default. */
      trustPolicyCharacters: z.number().int().min(2048).max(8192).default(2048),
    })
    .default({ trustPolicyCharacters: 2048 }),
  /** Moves the clock of the local AWS, to see what a wrong clock does. */
  clockOffsetSeconds: z.number().int().default(0),
  faults: faultPlan.optional(),
});
