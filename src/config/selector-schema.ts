/** The grammar of what selects users by their groups, the same in every section. */
import { z } from 'zod';
import { groupName, groupPattern } from './aws-values.ts';
import { text } from './values.ts';

/** Whose groups get something: the name of a group can contain what it gives. */
export const selector = {
  groups: z
    .array(groupName())
    .optional()
    .describe(
      'Groups that get the roles; names are compared exactly, and `*` is no wildcard. Either this or `groupPattern`.',
    ),
  groupPattern: groupPattern()
    .optional()
    .describe(
      'A pattern with `{account}` and `{role}`: the name of the group contains what it gives. `{account}` is a name or an id of this file, and the longest match wins; `{accountId}` is an id, and must be that of `{account}` if the pattern contains both. `{_}` is a part that is ignored: at least one character, without those directly before and after it in the pattern. All other text, including `\\` and `*`, is compared exactly.',
    ),
  connectors: z.array(text(64)).optional().meta({
    description:
      'Ids of the connectors whose groups count. A group that any other connector asserts gives nothing.',
    default:
      'the only connector; **required** as soon as there are several, unless `trustGroupsOf` is `all`',
  }),
};

/** Selects users as rules do; the name of a group gives nothing by itself here. */
export const people = {
  groups: z
    .array(groupName())
    .optional()
    .describe('Groups of these users; names are compared exactly. Either this or `groupPattern`.'),
  groupPattern: groupPattern()
    .optional()
    .describe('A pattern without `{account}` and `{role}`; `{_}` is a part that is ignored.'),
  connectors: selector.connectors,
};
