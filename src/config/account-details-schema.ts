/** The grammar of what users are shown of accounts, of one or of many at once. */
import { z } from 'zod';
import { ACCOUNT_COLORS, ENVIRONMENTS } from '../core/account-details.ts';
import {
  accountSelector,
  MAX_LABEL,
  SELECTORS,
  UNITS,
  UNITS_RULE,
} from './account-selector-schema.ts';
import { url } from './network-values.ts';
import { choice, pattern, text } from './values.ts';

const label = () => text(MAX_LABEL);

export const accountDetails = {
  environment: choice(ENVIRONMENTS)
    .optional()
    .describe(
      'What the account is for. `production` is marked on every page and in the client, and a link from another site asks before it opens a console there.',
    ),
  color: choice(ACCOUNT_COLORS)
    .optional()
    .meta({ description: 'A colour at the edge of the account.', default: '`red` in production' }),
  description: text(300).optional().describe('What the account contains, in a sentence.'),
  owner: text(100).optional().describe('The team or user to ask about the account.'),
  link: url().optional().describe('A page about the account.'),
};

export const accountLabels = z.record(label(), label()).meta({
  kind: 'texts by name',
  description:
    'Labels, such as its tags in AWS Organizations. Rules and `accountDetails` select by them.',
  example: '{ team: payments }',
});

export const accountPath = pattern('path of organizational units', UNITS, UNITS_RULE)
  .optional()
  .meta({
    description: 'The organizational units above the account: folders on the portal.',
    example: 'Workloads/Production',
  });

/** What is shown of every account that an entry selects. */
export const sharedDetails = z.strictObject({
  accounts: z.array(accountSelector).meta({
    description: `The accounts: ${SELECTORS}.`,
    example: '["prod-*", { label: { env: prod } }, { path: Workloads/Production }]',
  }),
  ...accountDetails,
});
