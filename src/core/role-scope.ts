/**
 * The roles that a caller can reach at most, whatever roles the user has: for a terminal that was
 * confirmed by a code, an application, or a container with a token for one role. A scope never adds
 * a role.
 */
import type { ApplicationRole } from './application.ts';
import type { Application } from './oauth-client.ts';
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
  /** An application, by its client id. */
  | {
      readonly kind: 'application';
      readonly id: string;
      readonly roles: readonly ApplicationRole[];
    }
  /** The bearer of a container token. */
  | { readonly kind: 'one-role'; readonly account: AccountId; readonly role: RoleName };

/** The roles of an application. */
export function scopeOf({ id, application }: Application): RoleScope {
  return { kind: 'application', id, roles: application.roles };
}

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

/**
 * Whether an application names a role that is not on its list: the account by name or id, as it
 * asks. It is told the same of every such role, whether the user has it or not.
 */
export function isUnlisted(
  scope: RoleScope | undefined,
  asked: { readonly account: string; readonly role: string },
): boolean {
  if (scope?.kind !== 'application') return false;
  return !scope.roles.some(
    ({ account, accountName, role }) =>
      role === asked.role && (account === asked.account || accountName === asked.account),
  );
}
