/** The portal: the user's roles by account, or the sign-in page, or how to ask for a role. */
import * as z from 'zod';
import type { Access } from '../bridge/access.ts';
import type { SignIn } from '../bridge/sign-in.ts';
import type { Identity } from '../core/identity.ts';
import type { Clock } from '../core/ports.ts';
import { view } from '../http/answer.ts';
import { logNoRole } from '../http/claims-log.ts';
import { choicesOf } from '../http/connector-choices.ts';
import type { HelpModel } from '../http/page-frame.ts';
import { text } from '../http/read.ts';
import { foldersOf, ownRoles } from '../http/role-rows.ts';
import { searchFor } from '../http/role-search.ts';
import { page } from '../http/route.ts';
import type { Logger } from '../log.ts';

export interface PortalParts {
  readonly access: Access;
  readonly signIn: Pick<SignIn, 'connectors'>;
  readonly help: HelpModel | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

export const portal = page({
  path: '/',
  who: 'signed-in user',
  reads: { query: z.object({ q: text(200).optional() }) },
  signedOut: (_input, _browser, { signIn }: PortalParts) =>
    view('sign-in', { connectors: choicesOf(signIn.connectors, '/') }),
  handle: async ({ q: query = '' }, user, { access, help, clock, log }: PortalParts) => {
    const { identity } = user.session;
    const roles = ownRoles(await access.rolesFor(user), () => 0);
    if (roles.length === 0) {
      logNoRole(log, user);
      return view('no-roles', { groups: identity.groups, help, request: requestFor(identity) });
    }
    const found = roles.filter(searchFor(query));
    const folders = foldersOf(found, clock.now());
    return view('roles', {
      folders,
      query,
      accountCount: folders.reduce((sum, { accounts }) => sum + accounts.length, 0),
      roleCount: found.length,
      totalRoleCount: roles.length,
    });
  },
});

function requestFor({ username, connector, person }: Identity): string {
  return `Please grant me a role in AWS. I am ${username} (signed in by ${connector}, person id ${person}). I need the account … and the role …, because …`;
}
