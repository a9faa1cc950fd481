/** The grammar of `access`. */
import { z } from 'zod';
import { DEFAULT_DURATION, MAX_DURATION, MIN_DURATION } from '../core/session.ts';
import { HOUR, MINUTE } from '../core/time.ts';
import { accountSelector, SELECTORS } from './account-selector-schema.ts';
import { roleName } from './aws-values.ts';
import { elevation } from './elevation-schema.ts';
import { network } from './network-values.ts';
import { selector } from './selector-schema.ts';
import { sessionKeys } from './session-schema.ts';
import { OF_USERS } from './template-values.ts';
import { compact, duration, flag, text } from './values.ts';

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
