/** The grammar of `accounts`: a list, or a file of AWS Organizations with what completes it. */
import { z } from 'zod';
import { defaultRegion } from '../core/partitions.ts';
import { PARTITIONS } from '../core/role.ts';
import { accountDetails, accountLabels, accountPath } from './account-details-schema.ts';
import { accountId, region, roleName } from './aws-values.ts';
import { atLeastOne } from './connector-schema.ts';
import { url } from './network-values.ts';
import { externalId, filePath } from './reference-values.ts';
import { choice, pattern, text, token } from './values.ts';

const providerName = () =>
  pattern(
    'IAM SAML provider name',
    /^[\w.-]{1,128}$/,
    '1 to 128 letters, digits, dots, underscores and dashes',
  );

const id = accountId().meta({
  description: 'Twelve digits, in quotes.',
  example: '"111122223333"',
});

const ACCOUNT_NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;

const name = pattern(
  'account name',
  ACCOUNT_NAME,
  '1 to 64 letters, digits, dots, underscores and dashes, beginning with a letter or a digit',
).meta({
  description: 'The name of the account in pages, rules and links.',
  example: 'prod',
});

export function isAccountName(value: string): boolean {
  return ACCOUNT_NAME.test(value);
}

const partition = choice(PARTITIONS);

/** What an account has besides its id and name; nothing has a default here. */
const settings = {
  partition: partition.optional().describe('The AWS partition.'),
  region: region()
    .optional()
    .meta({
      description: 'Region of the STS endpoint and of the console.',
      default: PARTITIONS.map(name => `\`${defaultRegion(name)}\` in \`${name}\``).join(', '),
    }),
  trust: choice(['saml', 'web-identity', 'corporate-web-identity', 'corporate-saml'])
    .optional()
    .describe(
      "How roles are assumed: `saml` and `web-identity` use a SAML assertion or a token of the bridge; `corporate-web-identity` and `corporate-saml` use the user's own id_token or SAML response. Either this or `via`.",
    ),
  provider: providerName()
    .optional()
    .describe(
      'Name of the IAM SAML provider in the account; required for `saml` and `corporate-saml`.',
    ),
  samlSignatures: choice(['both', 'assertion']).optional().meta({
    description:
      'What the bridge signs for `trust: saml`: `both` the assertion and the response around it, or the `assertion` alone, which saves about a third of the CPU time of a hand-out. AWS does not document which one it requires.',
    default: '`both`',
  }),
  via: z
    .strictObject({
      account: text(64).meta({
        description: 'Name or id of the account with the hub role.',
        example: 'prod',
      }),
      role: roleName().meta({
        description: 'The hub role, which may assume the roles of this account.',
        example: 'BridgeHub',
      }),
      externalId: externalId()
        .optional()
        .describe('The external id that the trust policies of this account require.'),
    })
    .optional()
    .describe(
      'Assume a hub role first, and from there the roles of this account. AWS limits such sessions to one hour.',
    ),
  endpoints: z
    .strictObject({
      sts: url()
        .optional()
        .describe(
          'The STS of the account. Such an account has no AWS console, and is not examined or set up with IAM.',
        ),
      audience: token(255).optional().meta({
        description:
          "The audience of the bridge's tokens for this STS: a client id of its OIDC provider. Never that of tokens for AWS, or of another STS: the operator of this one could use its tokens there.",
        default: 'the value of `sts`',
      }),
    })
    .optional()
    .meta({
      description:
        'Endpoints of an account outside AWS that has its own STS, such as a Ceph radosgw ([STS-compatible stores](sts-stores.md)). It requires `trust: web-identity` or `corporate-web-identity`.',
      default: 'AWS',
    }),
  ...accountDetails,
  path: accountPath,
  labels: accountLabels.optional().meta({ default: 'none' }),
};

export const account = z.strictObject({
  id,
  name,
  ...settings,
  partition: partition.prefault('aws').describe('The AWS partition.'),
  labels: accountLabels.prefault({}),
});

/** The accounts, one by one. */
export const accountList = atLeastOne(account, 'account').describe(
  'The AWS accounts: a list, or a map with the file that the AWS CLI writes ([accounts](accounts.md)).',
);

/** The accounts of an organization, by the file that the AWS CLI writes. */
export const accountFile = z
  .strictObject({
    file: filePath().meta({
      description:
        'The output of `aws organizations list-accounts`, as JSON. Only accounts whose `State` (or older `Status`) is `ACTIVE` are used. It is read again at each reload.',
      example: 'accounts.json',
    }),
    defaults: z.strictObject(settings).prefault({}).meta({
      keysOf: 'accounts[]',
      description:
        "What accounts have that say nothing else: the keys of an account, without `id` and `name`. The partition of an account's `Arn` counts where neither this nor an entry has one.",
      default: '`{ trust: saml, provider: rolebridge }`',
    }),
    entries: z
      .array(z.strictObject({ id: id.optional(), name: name.optional(), ...settings }))
      .prefault([])
      .meta({
        keysOf: 'accounts[]',
        description:
          'Accounts with what they have of their own. An entry completes the account with its `id`, or the one that has its `name`; an `id` that the file does not contain is a further account. `name` beside `id` renames the account.',
      }),
  })
  .describe('The AWS accounts.');
