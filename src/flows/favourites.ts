/** Adds a role to the favourites of a user, or removes it, and shows the roles again. */

import * as z from 'zod';
import { withQuery } from '../core/local-path.ts';
import type { AccountId } from '../core/role.ts';
import { redirect } from '../http/answer.ts';
import { outdatedNotice } from '../http/outdated-form.ts';
import { text } from '../http/read.ts';
import { type RolePageParts, rolePage } from '../http/role-page.ts';
import { form } from '../http/route.ts';

/** The form is that of an account, so what its star does is in the address. */
const Star = z.object({
  action: z.enum(['add', 'remove']).default('add'),
  /** The star is one of those above the accounts. */
  quick: z.literal('').optional(),
});

const Favourite = z.object({
  account: text(128).min(1),
  role: text(512).min(1),
  /** The search whose results are on the page. */
  q: text(200).optional(),
});

const METHODS = { add: 'addFavourite', remove: 'removeFavourite' } as const;

export const favourites = form({
  path: '/favourites',
  reads: { query: Star, form: Favourite },
  returnTo: ({ q }) => withQuery('/', { q }),
  outdated: ({ q: query = '' }, user, parts: RolePageParts) =>
    rolePage({ query, notice: outdatedNotice(user) }, user, parts),
  handle: async ({ action, account, role, quick, q }, user, { myRoles }: RolePageParts) => {
    const id = await myRoles[METHODS[action]](user, { account, role });
    return redirect(withQuery('/', { q }) + placeOf(quick === undefined ? id : undefined));
  },
});

/** The place on the page where the star is. */
function placeOf(account: AccountId | undefined): string {
  return account === undefined ? '' : `#a${account}`;
}
