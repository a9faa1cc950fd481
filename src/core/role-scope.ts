/**
 * The roles that a caller can reach at most, whatever roles the user has: for a terminal that was
 * confirmed by a code, or a container with a token for one role. A scope never adds a role.
 */
import type { AccountId, RoleName } from './role.ts';

/** One line of `cli.deviceGrant.roles`; undefined means every account, or every role. */
export interface RolePattern {
  readonly account?: AccountId | undefined;
  readonly role?: RoleName | undefined;
}

export type RoleScope =
  /**
   * A terminal whose login was confirmed by a user code, under a configuration that limits such
   * logins.
   */
  | { readonly kind: 'device-login'; readonly roles: readonly RolePattern[] }
  /** The bearer of a container token. */
  | { readonly kind: 'one-role'; readonly account: AccountId; readonly role: RoleName };

/** Without a scope, every role is within it. */
export function isWithin(
  scope: RoleScope | undefined,
  asked: { readonly account: AccountId; readonly role: RoleName },
): boolean {
  if (scope === undefined) return true;
  if (scope.kind === 'one-role')
    return scope.account === asked.account && scope.role === asked.role;
  return scope.roles.some(
    ({ account, role }) =>
      (account === undefined || account === asked.account) &&
      (role === undefined || role === asked.role),
  );
}
