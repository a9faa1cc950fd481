/**
 * The roles that a user uses most, and the favourites that they choose.
 *
 * Owns: who can make what a favourite. Does not own: when a use is noted (use-notes), how pages
 * order by it (flows), what a user may use (access).
 */
import type { Entitlement } from '../core/access-rule.ts';
import { BridgeError } from '../core/errors.ts';
import type { Clock, RoleUses } from '../core/ports.ts';
import type { AuthenticatedRequester } from '../core/requester.ts';
import { type AccountId, isAccountId, isRoleName } from '../core/role.ts';
import { MOST_FAVOURITES, type RoleUse } from '../core/role-use.ts';
import { type Access, type AskedRole, attainable } from './access.ts';

export interface MyRoles {
  /** Favourites and used roles, the newest use first. Roles that the user has lost are in it. */
  uses(requester: AuthenticatedRequester): Promise<readonly RoleUse[]>;
  /**
   * Gives the id of the account. Throws `access_denied` for a role that the user does not have,
   * `limit_reached`.
   */
  addFavourite(requester: AuthenticatedRequester, asked: AskedRole): Promise<AccountId>;
  /**
   * Does nothing if the role is no favourite. Gives the id of the account; undefined if it is
   * unknown.
   */
  removeFavourite(
    requester: AuthenticatedRequester,
    asked: AskedRole,
  ): Promise<AccountId | undefined>;
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
      const found = await ownRole(access, requester, asked);
      if (found === undefined)
        throw new BridgeError('access_denied', 'a favourite must be a role of the user');
      const { account, role } = found;
      const favourite = { account: account.id, role, at: clock.now() };
      if (await roleUses.addFavourite(requester.subject.identity.person, favourite))
        return account.id;
      throw new BridgeError('limit_reached', `the user has ${MOST_FAVOURITES} favourites`, {
        hint: `You have ${MOST_FAVOURITES} favourites. Remove one, then try again.`,
        offers: 'roles',
      });
    },
    removeFavourite: async (requester, asked) => {
      const { account, role } = asked;
      // A role that the user has lost can be removed by the id of its account.
      const id = isAccountId(account)
        ? account
        : (await ownRole(access, requester, asked))?.account.id;
      if (id === undefined || !isRoleName(role)) return undefined;
      await roleUses.removeFavourite(requester.subject.identity.person, { account: id, role });
      return id;
    },
  };
}

async function ownRole(
  access: Pick<Access, 'rolesFor'>,
  requester: AuthenticatedRequester,
  asked: AskedRole,
): Promise<Entitlement | undefined> {
  const roles = attainable(await access.rolesFor(requester));
  return roles.find(
    ({ account, role }) =>
      role === asked.role && (account.id === asked.account || account.name === asked.account),
  );
}
