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
import type { ListedAccount } from './account-list.ts';
import { areWithin } from './network-checks.ts';
import { type ProblemAt, quoted } from './problems.ts';
import { isAmong } from './rule-context.ts';
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

type Selection = readonly ListedAccount[];

/** A rule as far as it matters here. */
export interface GivenRoles {
  readonly index: number;
  readonly name?: string | undefined;
  /** Undefined when groups name the role. */
  readonly roles: readonly string[] | undefined;
  /** Undefined for every account. Rules that select the same accounts share the array. */
  readonly accounts: Selection | undefined;
  readonly demands: Demands;
}

/** Stricter rules that are named for one weaker rule. */
const MAX_NAMED = 3;
/** Pairs of requirements that are compared; ordinary files have a handful of different ones. */
const MAX_COMPARISONS = 2_000_000;
/** Stands for every role in the index, and for roles that groups name. No role is called so. */
const [EVERY_ROLE, ROLE_OF_GROUP] = ['*', '{role}'] as const;

/** Every account, in the index. */
const EVERYWHERE = Symbol('every account');
type Place = Selection | typeof EVERYWHERE;

/** The rules of one role and of equal requirements, by their accounts; a few are enough to name. */
type Slot = Map<Place, GivenRoles[]>;
type Shelf = Map<Terms, Slot>;

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

/** What rules are compared in. */
interface Tables {
  readonly shelves: ReadonlyMap<string, Shelf>;
  /** The places that have an account in common with this one. */
  readonly overlapping: (place: Place) => ReadonlySet<Place>;
  readonly budget: { left: number };
}

export function* weakerRuleProblems(rules: readonly GivenRoles[]): Generator<ProblemAt> {
  const termsOf = termsReader();
  const shapeOf = shapeReader();
  const tables: Tables = {
    shelves: shelvesOf(rules, termsOf),
    overlapping: overlaps(rules),
    budget: { left: MAX_COMPARISONS },
  };
  const known = new Map<string, readonly Stricter[]>();
  for (const rule of rules) {
    const key = shapeOf(rule);
    const stricter = known.get(key) ?? stricterThan(rule, termsOf(rule.demands), tables);
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
  if (tables.budget.left <= 0)
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
  { shelves, overlapping, budget }: Tables,
): readonly Stricter[] {
  const found = new Map<GivenRoles, string>();
  const places = overlapping(placeOf(rule));
  for (const role of rule.roles === undefined ? [EVERY_ROLE] : [...rule.roles, ROLE_OF_GROUP])
    for (const [others, slot] of shelves.get(role) ?? []) {
      if (found.size > MAX_NAMED || budget.left <= 0) break;
      if (others === terms) continue;
      budget.left -= 1;
      const weakness = weaknessOf(terms, others);
      if (weakness === '') continue;
      for (const member of membersAt(slot, places, budget)) {
        found.set(member, weakness);
        if (found.size > MAX_NAMED) break;
      }
    }
  return [...found]
    .map(([other, weakness]) => ({ rule: other, weakness }))
    .sort((a, b) => a.rule.index - b.rule.index);
}

// ---------------------------------------------------------------- the index

function shelvesOf(
  rules: readonly GivenRoles[],
  termsOf: (demands: Demands) => Terms,
): ReadonlyMap<string, Shelf> {
  const shelves = new Map<string, Shelf>();
  for (const rule of rules)
    for (const role of [EVERY_ROLE, ...(rule.roles ?? [ROLE_OF_GROUP])]) {
      const shelf = made(shelves, role, (): Shelf => new Map());
      const slot = made(shelf, termsOf(rule.demands), (): Slot => new Map());
      const members = made(slot, placeOf(rule), (): GivenRoles[] => []);
      if (members.length <= MAX_NAMED) members.push(rule);
    }
  return shelves;
}

function made<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const value = make();
  map.set(key, value);
  return value;
}

function placeOf({ accounts }: GivenRoles): Place {
  return accounts ?? EVERYWHERE;
}

/** Yields the members of a slot in these places; looks through the shorter list of both. */
function* membersAt(
  slot: Slot,
  places: ReadonlySet<Place>,
  budget: Tables['budget'],
): Generator<GivenRoles> {
  const candidates = slot.size < places.size ? slot.keys() : places;
  for (const place of candidates) {
    if (budget.left <= 0) return;
    budget.left -= 1;
    if (places.has(place)) yield* slot.get(place) ?? [];
  }
}

/** Which places overlap: found by the accounts that they have, when a rule needs it. */
function overlaps(rules: readonly GivenRoles[]): Tables['overlapping'] {
  const places = new Set(rules.map(placeOf));
  const byAccount = new Map<ListedAccount, Place[]>();
  for (const place of places)
    for (const account of place === EVERYWHERE ? [] : place)
      made(byAccount, account, (): Place[] => []).push(place);
  const known = new Map<Place, ReadonlySet<Place>>([[EVERYWHERE, places]]);
  return place => {
    const before = known.get(place);
    if (before !== undefined || place === EVERYWHERE) return before ?? places;
    const found = new Set<Place>([EVERYWHERE]);
    for (const account of place) for (const other of byAccount.get(account)!) found.add(other);
    known.set(place, found);
    return found;
  };
}

/** Rules of one shape are weaker than the same rules. */
function shapeReader(): (rule: GivenRoles) => string {
  const numbers = new Map<Place, number>();
  return rule => {
    const number = made(numbers, placeOf(rule), () => numbers.size);
    return JSON.stringify([rule.roles, number, rule.demands]);
  };
}

function sharedRole(one: GivenRoles, other: GivenRoles): string {
  const roles =
    one.roles === undefined
      ? other.roles
      : one.roles.filter(role => other.roles?.includes(role) ?? true);
  return `${roles?.[0] ?? 'the same roles'} in ${sharedAccount(one.accounts, other.accounts)}`;
}

function sharedAccount(one: Selection | undefined, other: Selection | undefined): string {
  if (one === undefined && other === undefined) return 'every account';
  const [list = [], bounds] = one === undefined ? [other] : [one, other];
  const shared = list.find(listed => bounds === undefined || isAmong(listed, bounds))?.account;
  return shared?.name ?? shared?.id ?? 'the same accounts';
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
