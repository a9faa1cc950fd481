/** The page of roles, for the routes that show it. */
import type { Access, AskedRole } from '../bridge/access.ts';
import type { Destinations } from '../bridge/destinations.ts';
import type { MyRoles } from '../bridge/my-roles.ts';
import type { Clock } from '../core/ports.ts';
import type { Viewer } from '../core/requester.ts';
import type { Logger } from '../log.ts';
import { accessRequest } from './access-request.ts';
import { type Answer, view } from './answer.ts';
import { logNoRole } from './claims-log.ts';
import type { Help } from './help.ts';
import { quickRoles } from './quick-roles.ts';
import { foldersOf, ownRoles, unfiledTitle } from './role-rows.ts';
import { searchFor } from './role-search.ts';
import { unseenModel } from './unseen-role.ts';

export interface RolePageParts {
  readonly access: Access;
  readonly myRoles: MyRoles;
  readonly destinations: Pick<Destinations, 'addressOf'>;
  readonly help: Help | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface AskedRoles {
  /** The search text, as typed; empty for every role. */
  readonly query: string;
  /** A role that the user does not find; undefined to read it from the search text. */
  readonly asked?: AskedRole | undefined;
  /** Why the user sees the page again. */
  readonly notice?: string | undefined;
}

export async function rolePage(
  { query, asked, notice }: AskedRoles,
  user: Viewer,
  parts: RolePageParts,
): Promise<Answer> {
  const { access, myRoles, help, clock, log } = parts;
  const { identity } = user.session;
  const [evaluation, uses] = await Promise.all([access.rolesFor(user), myRoles.uses(user)]);
  const now = clock.now();
  const roles = ownRoles(evaluation, uses, now);
  if (roles.length === 0) {
    logNoRole(log, user);
    const { groups, username } = identity;
    return view('no-roles', {
      ...{ groups, help: help?.about({ username }) },
      request: accessRequest(identity),
    });
  }
  const found = roles.filter(searchFor(query));
  const folders = foldersOf(found, {
    now,
    isSearch: query !== '',
    unfiled: unfiledTitle(roles),
  });
  return view('roles', {
    folders,
    query,
    notice,
    quick: query === '' ? quickRoles(roles, { now, ...parts }) : undefined,
    accountCount: folders.reduce((sum, { accounts }) => sum + accounts.length, 0),
    roleCount: found.length,
    totalRoleCount: roles.length,
    unseen: found.length > 0 ? undefined : await unseenModel({ query, asked, roles }, user, access),
  });
}
