/** What a reload changed of accounts, and of where rules give roles: for the log. */

import type { AccessRule } from './access-rule.ts';
import { counted } from './listed.ts';
import type { Account, AccountId } from './role.ts';
import type { WorkloadRule } from './workload-rule.ts';

/** What a configuration says of accounts. */
export interface AccountState {
  readonly accounts: readonly Account[];
  readonly access: readonly AccessRule[];
  readonly workloadRules: readonly WorkloadRule[];
}

/** Lists of at most 20 texts each; empty lists are left out. */
export interface AccountChanges {
  /** `prod (111122223333)`. */
  readonly added?: readonly string[];
  readonly removed?: readonly string[];
  /** `prod (111122223333): region, trust`. */
  readonly changed?: readonly string[];
  /** `developers: 2 more, 1 less (dev-3, dev-4, lab)`. */
  readonly rules?: readonly string[];
}

/** The most texts of a list in the log. */
const MAX_LISTED = 20;
/** The most accounts that are named for one rule. */
const MAX_NAMED = 5;

/** Undefined if nothing of it changed. */
export function accountChanges(old: AccountState, next: AccountState): AccountChanges | undefined {
  const [before, after] = [byId(old.accounts), byId(next.accounts)];
  const lists = {
    added: next.accounts.filter(({ id }) => !before.has(id)).map(labelOf),
    removed: old.accounts.filter(({ id }) => !after.has(id)).map(labelOf),
    changed: next.accounts.flatMap(account => changeOf(before.get(account.id), account)),
    rules: ruleChanges(old, next, { before, after }),
  };
  const found = Object.entries(lists).filter(([, texts]) => texts.length > 0);
  if (found.length === 0) return undefined;
  return Object.fromEntries(found.map(([key, texts]) => [key, bounded(texts)]));
}

type ById = ReadonlyMap<AccountId, Account>;

function byId(accounts: readonly Account[]): ById {
  return new Map(accounts.map(account => [account.id, account]));
}

function labelOf({ id, name }: Account): string {
  return name === id ? id : `${name} (${id})`;
}

function bounded(texts: readonly string[]): readonly string[] {
  const more = texts.length - MAX_LISTED;
  return more > 0 ? [...texts.slice(0, MAX_LISTED), `and ${more} more`] : texts;
}

// ---------------------------------------------------------------- accounts

type Aspect = (account: Account) => unknown;

/** What can change of an account, by its key in the configuration. */
const ASPECTS: Readonly<Record<string, Aspect>> = {
  partition: ({ partition }) => partition,
  region: ({ region }) => region,
  trust: ({ trust }) => (trust.by === 'hub' ? { ...trust, hub: trust.hub.id } : trust),
  endpoints: ({ stsEndpoint, stsAudience }) => [stsEndpoint, stsAudience],
  environment: ({ details }) => details?.environment,
  color: ({ details }) => details?.color,
  description: ({ details }) => details?.description,
  owner: ({ details }) => details?.owner,
  link: ({ details }) => details?.link,
  path: ({ details }) => details?.folder,
};

/** No value is shown: a trust can contain an external id. */
function changeOf(before: Account | undefined, after: Account): readonly string[] {
  if (before === undefined) return [];
  const aspects = Object.keys(ASPECTS).filter(key => {
    const of = ASPECTS[key]!;
    return JSON.stringify(of(before)) !== JSON.stringify(of(after));
  });
  const name = before.name === after.name ? [] : [`name (was ${before.name})`];
  const changes = [...name, ...aspects];
  return changes.length === 0 ? [] : [`${labelOf(after)}: ${changes.join(', ')}`];
}

// ---------------------------------------------------------------- rules

type Accounts = readonly AccountId[] | undefined;

interface Sides {
  readonly before: ById;
  readonly after: ById;
}

/** Rules of the same name that give roles in other accounts than before. */
function ruleChanges(old: AccountState, next: AccountState, sides: Sides): readonly string[] {
  const known = new Map(rulesOf(old).map(rule => [rule.name, rule]));
  const compare = comparison(sides);
  return rulesOf(next).flatMap(rule => {
    const before = known.get(rule.name);
    if (before === undefined) return [];
    const difference = compare(before.accounts, rule.accounts);
    return difference === '' ? [] : [`${rule.name}: ${difference}`];
  });
}

function rulesOf({ access, workloadRules }: AccountState): readonly (AccessRule | WorkloadRule)[] {
  return [...access, ...workloadRules];
}

/** Compares two lists of accounts once: rules that select alike have the same lists. */
function comparison({ before, after }: Sides): (old: Accounts, next: Accounts) => string {
  const known = new Map<Accounts, Map<Accounts, string>>();
  const nameOf = (id: AccountId): string => (after.get(id) ?? before.get(id))?.name ?? id;
  return (old, next) => {
    const results = known.get(old) ?? new Map<Accounts, string>();
    known.set(old, results);
    const result = results.get(next) ?? differenceOf(old, next, nameOf);
    results.set(next, result);
    return result;
  };
}

function differenceOf(old: Accounts, next: Accounts, nameOf: (id: AccountId) => string): string {
  if (old === undefined && next === undefined) return '';
  if (next === undefined) return 'now every account';
  if (old === undefined) return `now ${counted(next.length, 'account')} instead of every one`;
  const [before, after] = [new Set(old), new Set(next)];
  const more = next.filter(id => !before.has(id));
  const less = old.filter(id => !after.has(id));
  if (more.length + less.length === 0) return '';
  const counts = [
    ...(more.length > 0 ? [`${more.length} more`] : []),
    ...(less.length > 0 ? [`${less.length} less`] : []),
  ];
  const named = [...more, ...less].slice(0, MAX_NAMED).map(nameOf);
  const others = more.length + less.length > MAX_NAMED ? ', ...' : '';
  return `${counts.join(', ')} (${named.join(', ')}${others})`;
}
