/**
 * The roles that a user uses most, and the favourites that they choose.
 *
 * Owns: who can make what a favourite. Does not own: when a use is noted (use-notes), how pages
 * order by it (flows), what a user may use (access).
 */
import { BridgeError } from '../core/errors.ts';
import type { Clock, RoleUses } from '../core/ports.ts';
import type { AuthenticatedRequester } from '../core/requester.ts';
import { isAccountId, isRoleName } from '../core/role.ts';
import { MOST_FAVOURITES, type RoleUse } from '../core/role-use.ts';
import { type Access, type AskedRole, attainable } from './access.ts';

export interface MyRoles {
  /** Favourites and used roles, the newest use first. Roles that the user has lost are in it. */
  uses(requester: AuthenticatedRequester): Promise<readonly RoleUse[]>;
  /** Throws `access_denied` for a role that the user does not have, `limit_reached`. */
  addFavourite(requester: AuthenticatedRequester, asked: AskedRole): Promise<void>;
  /** `account` is an id. Does nothing if the role is no favourite. */
  removeFavourite(requester: AuthenticatedRequester, asked: AskedRole): Promise<void>;
}

export interface MyRolesParts {
  readonly roleUses: RoleUses;
  readonly clock: Clock;
  readonly access: Access;
}

export function createMyRoles(parts: MyRolesParts): MyRoles {
  const { roleUses, clock, access } = parts;
  return {
    uses: ({ subject }) => roleUses.of(subject.identity.person),
    addFavourite: async (requester, asked) => {
      const roles = attainable(await access.rolesFor(requester));
      const found = roles.find(
        ({ account, role }) =>
          role === asked.role && (account.id === asked.account || account.name === asked.account),
      );
      if (found === undefined)
        throw new BridgeError('access_denied', 'a favourite must be a role of the user');
      const favourite = { account: found.account.id, role: found.role, at: clock.now() };
      if (await roleUses.addFavourite(requester.subject.identity.person, favourite)) return;
      throw new BridgeError('limit_reached', `the user has ${MOST_FAVOURITES} favourites`, {
        hint: `You have ${MOST_FAVOURITES} favourites. Remove one, then try again.`,
        offers: 'roles',
      });
    },
    removeFavourite: async ({ subject }, { account, role }) => {
      if (!isAccountId(account) || !isRoleName(role)) return;
      await roleUses.removeFavourite(subject.identity.person, { account, role });
    },
  };
}
