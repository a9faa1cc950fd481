/** The portal: the user's roles by account, or the sign-in page, or how to ask for a role. */
import * as z from 'zod';
import type { SignIn } from '../bridge/sign-in.ts';
import { view } from '../http/answer.ts';
import { choicesOf } from '../http/connector-choices.ts';
import { text } from '../http/read.ts';
import { type RolePageParts, rolePage } from '../http/role-page.ts';
import { page } from '../http/route.ts';

export interface PortalParts extends RolePageParts {
  readonly signIn: Pick<SignIn, 'connectors'>;
}

const Search = z.object({
  q: text(200).optional(),
  // The role that a user asks about whose search found nothing.
  account: text(128).optional(),
  role: text(512).optional(),
});

export const portal = page({
  path: '/',
  who: 'signed-in user',
  reads: { query: Search },
  signedOut: (_input, _browser, { signIn }: PortalParts) =>
    view('sign-in', { connectors: choicesOf(signIn.connectors, '/') }),
  handle: ({ q: query = '', account, role }, user, parts: PortalParts) => {
    const asked = account && role ? { account, role } : undefined;
    return rolePage({ query, asked }, user, parts);
  },
});
