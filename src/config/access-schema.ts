/** The grammar of `accounts` and `access`, the two long sections of the configuration file. */
import { z } from 'zod';
import { defaultRegion } from '../core/partitions.ts';
import { PARTITIONS } from '../core/role.ts';
import { DEFAULT_DURATION, MAX_DURATION, MIN_DURATION } from '../core/session.ts';
import { HOUR, MINUTE } from '../core/time.ts';
import { accountDetails, accountLabels, accountPath } from './account-details-schema.ts';
import { accountSelector, SELECTORS } from './account-selector-schema.ts';
import { accountId, region, roleName } from './aws-values.ts';
import { elevation } from './elevation-schema.ts';
import { network } from './network-values.ts';
import { externalId } from './reference-values.ts';
import { selector } from './selector-schema.ts';
import { sessionKeys } from './session-schema.ts';
import { OF_USERS } from './template-values.ts';
import { choice, compact, duration, flag, pattern, text } from './values.ts';

const providerName = () =>
  pattern(
    'IAM SAML provider name',
    /^[\w.-]{1,128}$/,
    '1 to 128 letters, digits, dots, underscores and dashes',
  );

export const account = z.strictObject({
  id: accountId().meta({ description: 'Twelve digits, in quotes.', example: '"111122223333"' }),
  name: pattern(
    'account name',
    /^[A-Za-z0-9][\w.-]{0,63}$/,
    '1 to 64 letters, digits, dots, underscores and dashes, beginning with a letter or a digit',
  ).meta({
    description: 'The name of the account in pages, rules and links.',
    example: 'prod',
  }),
  partition: choice(PARTITIONS).prefault('aws').describe('The AWS partition.'),
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
  ...accountDetails,
  path: accountPath,
  labels: accountLabels,
});

const { duration: length, ...settings } = sessionKeys(OF_USERS);

const session = z.strictObject({
  duration: length.meta({
    default: `\`${compact(DEFAULT_DURATION)}\`; with \`elevation\`, its \`longest\``,
  }),
  console: duration({
    min: MIN_DURATION,
    max: MAX_DURATION,
    because: `AWS gives at most ${compact(MAX_DURATION)}`,
  })
    .optional()
    .meta({ description: 'Length of console sessions.', default: 'as the credentials' }),
  ...settings,
});

const requirements = z.strictObject({
  mfa: flag().prefault(false).describe('The user must have signed in with more than one factor.'),
  authenticatedWithin: duration({ min: MINUTE, max: 7 * 24 * HOUR })
    .optional()
    .meta({
      description: 'The user must have authenticated within this time.',
      default: 'no limit',
    }),
  networks: z
    .array(network())
    .prefault([])
    .describe('The request must come from one of these networks; an empty list means anywhere.'),
});

export const rule = z.strictObject({
  name: text(64).optional().meta({
    description: 'The name of the rule in pages and in the audit trail.',
    default: '`access[0]`, `access[1]`, ...',
  }),
  ...selector,
  accounts: z
    .array(accountSelector)
    .optional()
    .meta({
      description: `The accounts: ${SELECTORS}. \`["*"]\` means every account. Required unless the pattern contains \`{account}\`, which it then limits.`,
      example: '[prod, "dev-*", { label: { env: test } }, { path: Workloads/Sandbox }]',
    }),
  roles: z
    .array(roleName())
    .prefault([])
    .describe(
      'Roles that the rule gives. Required unless the pattern contains `{role}`, which it then limits.',
    ),
  session: session
    .prefault({})
    .describe(
      'Settings of the sessions of these roles. Templates can contain `{sessionName}`, `{username}`, `{email}`, `{displayName}`, `{subject}`, `{connector}`, `{person}` and `{attributes.NAME}`; `{email|none}` gives `none` to users whose email is missing or not allowed by AWS.',
    ),
  require: requirements.prefault({}).describe('Requirements in addition to the group.'),
  preferred: flag()
    .prefault(false)
    .describe(
      'Its roles open by links without a role, in accounts where the user has used none yet.',
    ),
  elevation: elevation.optional().meta({
    description:
      'The rule gives its roles for a time, after an approval. Without one, it makes its users eligible: they can request these roles. A rule with it requires a `name`.',
    default: 'none: the roles are given at all times',
  }),
});
