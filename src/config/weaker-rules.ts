/**
 * Rules that give a role on weaker terms than another rule: the policy takes the first rule whose
 * group and requirements fit, so users who lack a proof or an approval get the role by the weaker
 * rule, in any order.
 *
 * Owns: requirements, and how many approvals `elevation` requires. Does not own: how far a session
 * is scoped down, because a narrow session for some and a wide one for others is what `session` is
 * for. Who is in which group is unknown here, so rules of different groups and connectors are
 * compared, too.
 */
import type { Requirements } from '../core/requirements.ts';
import type { ListedAccount } from './account-checks.ts';
import { areWithin } from './network-checks.ts';
import { type ProblemAt, quoted } from './problems.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';
import { compact } from './values.ts';

type ReadableRequirements = NonNullable<
  NonNullable<Readable<Document['access'][number]>>['require']
>;

/** What a user needs besides the group. */
type Demands = ReadableRequirements & {
  /** How many approvals `elevation` requires; 0 without it. */
  readonly approvals: number;
};

/** A rule as far as it matters here. */
export interface GivenRoles {
  readonly index: number;
  readonly name?: string | undefined;
  /** Undefined when groups name the role. */
  readonly roles: readonly string[] | undefined;
  /** Undefined for every account. */
  readonly accounts: readonly ListedAccount[] | undefined;
  readonly demands: Demands;
}

/** Stricter rules that are named for one weaker rule. */
const MAX_NAMED = 3;
/** Pairs of requirements that are compared; ordinary files have a handful of different ones. */
const MAX_COMPARISONS = 2_000_000;
/** Stands for every role in the index, and for roles that groups name. No role is called so. */
const [EVERY_ROLE, ROLE_OF_GROUP] = ['*', '{role}'];

/** Rules of equal requirements in one place of the index; a few of them are enough to name. */
type Slot = Map<Terms, GivenRoles[]>;

interface Shelf {
  readonly all: Slot;
  readonly everywhere: Slot;
  readonly byAccount: Map<ListedAccount, Slot>;
}

/** Demands; equal ones are one object. */
interface Terms {
  readonly demands: Demands;
  /** What is weaker here than in others, worked out once. */
  readonly weakerThan: Map<Terms, string>;
}

interface Stricter {
  readonly rule: GivenRoles;
  readonly weakness: string;
}

export function* weakerRuleProblems(rules: readonly GivenRoles[]): Generator<ProblemAt> {
  const termsOf = termsReader();
  const shelves = new Map<string, Shelf>();
  const known = new Map<string, readonly Stricter[]>();
  for (const rule of rules) shelve(rule, termsOf(rule.demands), shelves);
  const budget = { left: MAX_COMPARISONS };
  for (const rule of rules) {
    const key = shapeOf(rule);
    const stricter =
      known.get(key) ?? stricterThan(rule, termsOf(rule.demands), { shelves, budget });
    known.set(key, stricter);
    for (const [position, { rule: other, weakness }] of stricter.slice(0, MAX_NAMED).entries()) {
      const more =
        position === MAX_NAMED - 1 && stricter.length > MAX_NAMED
          ? ' There are more stricter rules.'
          : '';
      yield {
        path: ['access', rule.index],
        message: `${rule.name === undefined ? '' : `${quoted(rule.name)} `}gives ${sharedRole(rule, other)} on weaker terms than access[${other.index}]${other.name === undefined ? '' : ` ${quoted(other.name)}`}: ${weakness}.${more}`,
        fix: 'Require the same in both, or limit this rule to other roles or accounts. The order does not help: a user without the proof or approval gets the role from the weaker rule.',
        warning: true,
      };
    }
  }
  if (budget.left <= 0)
    yield {
      path: ['access'],
      message: 'has so many different requirements that not every pair of rules was compared.',
      fix: 'Use the same requirements in many rules, by an anchor (&name, *name).',
      warning: true,
    };
}

function stricterThan(
  rule: GivenRoles,
  terms: Terms,
  {
    shelves,
    budget,
  }: { readonly shelves: ReadonlyMap<string, Shelf>; readonly budget: { left: number } },
): readonly Stricter[] {
  const found = new Map<GivenRoles, string>();
  for (const slot of slotsOf(rule, shelves)) {
    for (const [others, members] of slot) {
      if (found.size > MAX_NAMED || budget.left <= 0) break;
      if (others === terms) continue;
      budget.left -= 1;
      const weakness = weaknessOf(terms, others);
      if (weakness !== '') for (const member of members) found.set(member, weakness);
    }
  }
  return [...found]
    .map(([other, weakness]) => ({ rule: other, weakness }))
    .sort((a, b) => a.rule.index - b.rule.index);
}

// ---------------------------------------------------------------- the index

function shelve(rule: GivenRoles, terms: Terms, shelves: Map<string, Shelf>): void {
  for (const role of [EVERY_ROLE!, ...(rule.roles ?? [ROLE_OF_GROUP!])]) {
    const shelf = shelves.get(role) ?? {
      all: new Map(),
      everywhere: new Map(),
      byAccount: new Map(),
    };
    shelves.set(role, shelf);
    put(shelf.all, terms, rule);
    if (rule.accounts === undefined) put(shelf.everywhere, terms, rule);
    for (const account of rule.accounts ?? []) {
      const slot = shelf.byAccount.get(account) ?? new Map();
      shelf.byAccount.set(account, slot);
      put(slot, terms, rule);
    }
  }
}

function put(slot: Slot, terms: Terms, rule: GivenRoles): void {
  const members = slot.get(terms);
  if (members === undefined) slot.set(terms, [rule]);
  else if (members.length <= MAX_NAMED) members.push(rule);
}

/** Yields the slots of rules that give one of the same roles in one of the same accounts. */
function* slotsOf(
  { roles, accounts }: GivenRoles,
  shelves: ReadonlyMap<string, Shelf>,
): Generator<Slot> {
  for (const role of roles === undefined ? [EVERY_ROLE!] : [...roles, ROLE_OF_GROUP!]) {
    const shelf = shelves.get(role);
    if (shelf === undefined) continue;
    if (accounts === undefined) {
      yield shelf.all;
      continue;
    }
    yield shelf.everywhere;
    for (const account of accounts) {
      const slot = shelf.byAccount.get(account);
      if (slot !== undefined) yield slot;
    }
  }
}

/** Rules of one shape are weaker than the same rules. */
function shapeOf({ roles, accounts, demands }: GivenRoles): string {
  return JSON.stringify([roles, accounts?.map(({ index }) => index), demands]);
}

function sharedRole(one: GivenRoles, other: GivenRoles): string {
  const roles =
    one.roles === undefined
      ? other.roles
      : one.roles.filter(role => other.roles?.includes(role) ?? true);
  const accounts =
    one.accounts === undefined
      ? other.accounts
      : one.accounts.filter(account => other.accounts?.includes(account) ?? true);
  const account = accounts?.[0]?.account;
  return `${roles?.[0] ?? 'the same roles'} in ${accounts === undefined ? 'every account' : (account?.name ?? account?.id ?? 'the same accounts')}`;
}

// ---------------------------------------------------------------- requirements

function termsReader(): (demands: Demands) => Terms {
  const known = new Map<string, Terms>();
  return demands => {
    const networks = [...(demands.networks ?? [])].sort();
    const text = JSON.stringify({ ...demands, networks });
    const terms = known.get(text) ?? { demands, weakerThan: new Map() };
    known.set(text, terms);
    return terms;
  };
}

/** What is weaker in words; empty when nothing is. */
function weaknessOf(weak: Terms, strict: Terms): string {
  const before = weak.weakerThan.get(strict);
  if (before !== undefined) return before;
  const weakness = WEAKNESSES.flatMap(of => of(weak.demands, strict.demands) ?? []).join(', ');
  weak.weakerThan.set(strict, weakness);
  return weakness;
}

type Weakness = (weak: Demands, strict: Demands) => string | undefined;

/** How one rule requires less than another, by the key of the requirement. */
const WEAKNESS: { readonly [K in keyof Requirements | 'approvals']-?: Weakness } = {
  approvals: (weak, strict) => {
    if (weak.approvals >= strict.approvals) return undefined;
    if (weak.approvals === 0) return `no elevation (there ${approvals(strict)})`;
    return `${approvals(weak)} (there ${strict.approvals})`;
  },
  mfa: (weak, strict) => (strict.mfa === true && weak.mfa === false ? 'no mfa' : undefined),
  authenticatedWithin: (weak, strict) => {
    const [within, limit] = [weak.authenticatedWithin, strict.authenticatedWithin];
    if (limit === undefined) return undefined;
    if (within === undefined) return `no authenticatedWithin (there ${compact(limit)})`;
    return within > limit
      ? `authenticatedWithin ${compact(within)} (there ${compact(limit)})`
      : undefined;
  },
  networks: (weak, strict) => {
    const [networks, bounds] = [written(weak.networks), written(strict.networks)];
    if (bounds.length === 0) return undefined;
    if (networks.length === 0) return `any network (there ${listed(bounds)})`;
    return areWithin(networks, bounds)
      ? undefined
      : `networks ${listed(networks)} (there ${listed(bounds)})`;
  },
};
const WEAKNESSES = Object.values(WEAKNESS);

function approvals({ approvals: count }: Demands): string {
  return count === 1 ? '1 approval' : `${count} approvals`;
}

function written(networks: ReadableRequirements['networks']): readonly string[] {
  return (networks ?? []).filter(network => network !== undefined);
}

function listed(networks: readonly string[]): string {
  return networks.length > 3
    ? `${networks.slice(0, 3).join(', ')} and ${networks.length - 3} more`
    : networks.join(', ');
}
