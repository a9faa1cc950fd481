/** The grammar of `administration`. */
import { z } from 'zod';
import { people } from './selector-schema.ts';

const users = z.strictObject(people);

export const administration = z.strictObject({
  administrators: users
    .optional()
    .describe(
      'Users who administer the bridge. They can try a sign-in of another user at `/sign-in/test/{connector}` and see what the identity provider sends.',
    ),
  auditors: users.optional().describe('Users who read the audit trail.'),
});
