/** The grammar of what users are shown of an account. */
import { z } from 'zod';
import { ACCOUNT_COLORS, ENVIRONMENTS } from '../core/account-details.ts';
import { url } from './network-values.ts';
import { choice, pattern, text } from './values.ts';

const label = () => text(256);

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

export const accountLabels = z.record(label(), label()).prefault({}).meta({
  kind: 'texts by name',
  description: 'Labels, as the tags of AWS Organizations are.',
  example: '{ team: payments }',
});

export const accountPath = pattern(
  'path of organizational units',
  /^[^/]{1,128}(?:\/[^/]{1,128}){0,9}$/,
  'up to ten names with a slash between them',
)
  .optional()
  .meta({
    description: 'The organizational units above the account: folders on the portal.',
    example: 'Workloads/Production',
  });
