/**
 * Whose groups count: group names or a pattern, and the connectors that may assert them.
 *
 * A group belongs to the connector that asserted it (threats R42): `aws-admins` of a second
 * identity provider is another group.
 * Owns: the type, and whether a user's groups match. Does not own: the index of many selectors
 * (rule-index.ts), requirements, reasons.
 */
import { compileGroupPattern, type GroupPattern } from './group-pattern.ts';
import type { ConnectorId, Identity } from './identity.ts';
import type { Account, RoleName } from './role.ts';

/** Selects users by their groups. It has `groups` or a `groupPattern`. */
export interface GroupSelector {
  readonly groups: readonly string[];
  /** `aws-{account}-{role}`: the group's own name contains what it grants. */
  readonly groupPattern?: string | undefined;
  /** Connectors whose groups count; a group that any other connector asserts never matches. */
  readonly connectors: readonly ConnectorId[];
}

/** A selector whose names are looked up instead of searched. */
export interface CompiledSelector {
  readonly groups: ReadonlySet<string>;
  readonly pattern: GroupPattern | undefined;
  readonly connectors: ReadonlySet<ConnectorId>;
}

/** The part of an identity that selectors look at. */
export type GroupHolder = Pick<Identity, 'connector' | 'groups'>;

/** A role in an account, which a pattern can name. */
interface Target {
  readonly account: Account;
  readonly role: RoleName;
}

export function compileSelector({
  groups,
  groupPattern,
  connectors,
}: GroupSelector): CompiledSelector {
  return {
    groups: new Set(groups),
    pattern: groupPattern === undefined ? undefined : compileGroupPattern(groupPattern),
    connectors: new Set(connectors),
  };
}

/** Whether the selector takes one of the groups; its pattern names no account and no role. */
export function selects({ groups, pattern, connectors }: CompiledSelector, holder: GroupHolder) {
  if (!connectors.has(holder.connector)) return false;
  return holder.groups.some(group =>
    pattern === undefined ? groups.has(group) : pattern.match(group, noAccount) !== undefined,
  );
}

function noAccount(): undefined {
  return undefined;
}

/**
 * The first of the user's groups that the selector takes for this role, or undefined.
 * `accountNamed` finds an account by its name or id.
 */
export function matchingGroup(
  { groups, pattern, connectors }: CompiledSelector,
  holder: GroupHolder,
  target: Target & { readonly accountNamed: (text: string) => Account | undefined },
): string | undefined {
  if (!connectors.has(holder.connector)) return undefined;
  if (pattern === undefined) return holder.groups.find(group => groups.has(group));
  const { account, role, accountNamed } = target;
  const candidates = pattern.ignores ? undefined : new Set(pattern.groupsFor(account, role));
  return holder.groups.find(group => {
    if (candidates !== undefined && !candidates.has(group)) return false;
    const said = pattern.match(group, accountNamed);
    // A group that can be read in several ways names one account and one role only.
    return (
      said !== undefined &&
      (said.account === undefined || said.account === account) &&
      (said.role === undefined || said.role === role)
    );
  });
}

/** The groups that the selector takes for this role. */
export function groupsTaken(
  { groups, pattern }: CompiledSelector,
  { account, role }: Target,
): readonly string[] {
  return pattern === undefined ? [...groups] : [pattern.groupsFor(account, role)[0]];
}
