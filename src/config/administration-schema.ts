/** The grammar of `administration`. */
import { z } from 'zod';
import { selector } from './access-schema.ts';
import { groupName, groupPattern } from './aws-values.ts';

/** Selects users as rules do; the name of a group gives nothing by itself here. */
const people = z.strictObject({
  groups: z
    .array(groupName())
    .optional()
    .describe('Groups of these users; names are compared exactly. Either this or `groupPattern`.'),
  groupPattern: groupPattern()
    .optional()
    .describe('A pattern without `{account}` and `{role}`; `{_}` is a part that is ignored.'),
  connectors: selector.connectors,
});

export const administration = z.strictObject({
  administrators: people
    .optional()
    .describe(
      'Users who administer the bridge. They can try a sign-in of another user at `/sign-in/test/{connector}` and see what the identity provider sends.',
    ),
  auditors: people.optional().describe('Users who read the audit trail.'),
});
