/** The grammar of `accounts` and `access`, the two long sections of the configuration file. */
import { z } from 'zod';
import { defaultRegion } from '../core/partitions.ts';
import { PARTITIONS } from '../core/role.ts';
import {
  DEFAULT_DURATION,
  MAX_DURATION,
  MAX_POLICY_ARNS,
  MAX_TAGS,
  MIN_DURATION,
} from '../core/session.ts';
import { HOUR, MINUTE } from '../core/time.ts';
import {
  accountId,
  choice,
  compact,
  duration,
  externalId,
  filePath,
  flag,
  groupName,
  groupPattern,
  network,
  pattern,
  policyArn,
  region,
  roleName,
  sourceIdentityTemplate,
  tagTemplate,
  text,
} from './values.ts';

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
    description: 'What people, rules and links call the account.',
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
      "How roles are assumed: with our SAML assertion, our token, the person's own id_token, or the person's own SAML response. Either this or `via`.",
    ),
  provider: providerName()
    .optional()
    .describe(
      'Name of the IAM SAML provider in the account; for `saml` and `corporate-saml`, which need it.',
    ),
  via: z
    .strictObject({
      account: text(64).meta({
        description: 'Name or id of the account that holds the hub role.',
        example: 'prod',
      }),
      role: roleName().meta({
        description: 'The hub role, which may assume the roles of this account.',
        example: 'BridgeHub',
      }),
      externalId: externalId()
        .optional()
        .describe('The external id that the trust policies of this account ask for.'),
    })
    .optional()
    .describe(
      'Assume a hub role first, and from there the roles of this account. AWS gives such sessions one hour at most.',
    ),
});

const session = z.strictObject({
  duration: duration({
    min: MIN_DURATION,
    max: MAX_DURATION,
    because: `STS gives at most ${compact(MAX_DURATION)}`,
  })
    .prefault(compact(DEFAULT_DURATION))
    .describe(
      'Length of credentials. STS may give less: the limit of the role, or one hour behind a hub.',
    ),
  console: duration({
    min: MIN_DURATION,
    max: MAX_DURATION,
    because: `AWS gives at most ${compact(MAX_DURATION)}`,
  })
    .optional()
    .meta({ description: 'Length of console sessions.', default: 'as the credentials' }),
  sourceIdentity: sourceIdentityTemplate()
    .optional()
    .describe(
      'Template of the SourceIdentity, which stays with every session that follows; best `"{sessionName}"`. The role must allow `sts:SetSourceIdentity`.',
    ),
  tags: z
    .record(z.string(), tagTemplate())
    .prefault({})
    .meta({
      description: `Session tags, at most ${MAX_TAGS}; values are templates. The role must allow \`sts:TagSession\`.`,
      kind: 'map of templates',
    }),
  transitiveTags: z
    .array(text(128))
    .prefault([])
    .describe('Keys of `tags` that are kept when the session assumes another role.'),
  policyArns: z
    .array(policyArn())
    .prefault([])
    .describe(
      `Managed policies that bound the session, at most ${MAX_POLICY_ARNS}, of the same account as the role.`,
    ),
  policy: z
    .strictObject({
      file: filePath().meta({
        description: 'A file with the JSON of the policy.',
        example: 'policies/scope.json',
      }),
    })
    .optional()
    .describe('An inline policy that bounds the session.'),
});

const requirements = z.strictObject({
  mfa: flag().prefault(false).describe('The person must have signed in with more than one factor.'),
  authenticatedWithin: duration({ min: MINUTE, max: 7 * 24 * HOUR })
    .optional()
    .meta({
      description: 'The person must have proven who they are within this time.',
      default: 'no limit',
    }),
  networks: z
    .array(network())
    .prefault([])
    .describe('The request must come from one of these networks; an empty list means anywhere.'),
});

/** Whose groups count; the same wherever the file selects users by their groups. */
const selector = {
  groups: z
    .array(groupName())
    .optional()
    .describe('Groups that are given the roles, letter by letter. Either this or `groupPattern`.'),
  groupPattern: groupPattern()
    .optional()
    .describe(
      'A pattern with `{account}` and `{role}`: the name of the group says what it gives. Accounts are known names or ids; the longest one wins.',
    ),
  connectors: z.array(text(64)).optional().meta({
    description:
      'Ids of the connectors whose groups count. A group that any other connector asserts gives nothing.',
    default:
      'the only connector; **required** as soon as there are several, unless `trustGroupsOf` is `all`',
  }),
};

export const rule = z.strictObject({
  name: text(64).optional().meta({
    description: 'What people and the audit trail call the rule.',
    default: '`access[0]`, `access[1]`, ...',
  }),
  ...selector,
  accounts: z
    .array(text(64))
    .optional()
    .describe(
      'Names or ids, or `["*"]` for every account. Needed unless the pattern holds `{account}`, which it then bounds.',
    ),
  roles: z
    .array(roleName())
    .prefault([])
    .describe(
      'Roles that are given. Needed unless the pattern holds `{role}`, which it then bounds.',
    ),
  session: session
    .prefault({})
    .describe(
      'What the sessions of these roles are like. Templates may hold `{sessionName}`, `{username}`, `{email}`, `{displayName}`, `{subject}`, `{connector}`, `{person}` and `{attributes.NAME}`; `{email|none}` gives `none` to users whose email is missing or not allowed by AWS.',
    ),
  require: requirements.prefault({}).describe('What people must prove beyond their group.'),
});
