/** "Did you mean": the role of a user that is nearest to the one that they asked for. */
import { nearest } from './nearest.ts';
import type { Account } from './role.ts';

/** A role as users name it: the account by name or id. */
export interface NamedRole {
  readonly account: string;
  readonly role: string;
}

interface OwnRole {
  readonly account: Pick<Account, 'name' | 'id'>;
  readonly role: string;
}

/**
 * In the account that was named, the nearest role; otherwise the same role in the nearest account,
 * or the nearest role there. Undefined if none is near. Nothing but the user's own roles is
 * compared.
 */
export function nearestRole(asked: NamedRole, own: Iterable<OwnRole>): NamedRole | undefined {
  const roles = rolesByAccount(own);
  const account = roles.named(asked.account);
  if (account !== undefined) return nearIn(account, roles.of(account), asked.role);
  const isSame = (role: string): boolean => role.toLowerCase() === asked.role.toLowerCase();
  const withRole = roles.accounts.filter(name => [...roles.of(name)].some(isSame));
  const near = nearest(asked.account, withRole) ?? nearest(asked.account, roles.accounts);
  return near === undefined ? undefined : nearIn(near, roles.of(near), asked.role);
}

function nearIn(account: string, roles: Iterable<string>, asked: string): NamedRole | undefined {
  const role = nearest(asked, roles);
  return role === undefined ? undefined : { account, role };
}

function rolesByAccount(own: Iterable<OwnRole>) {
  const roles = new Map<string, Set<string>>();
  const names = new Map<string, string>();
  for (const { account, role } of own) {
    const { name, id } = account;
    const known = roles.get(name);
    if (known === undefined) roles.set(name, new Set([role]));
    else known.add(role);
    names.set(name, name).set(id, name);
  }
  return {
    accounts: [...roles.keys()],
    /** The account of this name or id, as users name it. */
    named: (text: string): string | undefined => names.get(text),
    of: (account: string): ReadonlySet<string> => roles.get(account)!,
  };
}
