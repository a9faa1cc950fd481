/**
 * The accounts that a selector of a rule or of `accountDetails` matches. An index is built once, so
 * that hundreds of selectors find theirs among thousands of accounts; only patterns look at every
 * name.
 */
import { quoted } from './problems.ts';

/** A name, an id or a pattern of names; or what every selected account has. */
export type AccountSelector = string | AccountTraits;

export interface AccountTraits {
  /** All of these labels, with exactly these values. */
  readonly label?: Readonly<Record<string, string>> | undefined;
  /** The account is in this organizational unit or below it. */
  readonly path?: string | undefined;
}

/** Whether the selector is a name or an id, and so means one account. */
export function isExact<S>(selector: S): selector is S & string {
  return typeof selector === 'string' && !selector.includes('*');
}

/** A selector in words, for messages: `"dev-*"`, `label env=dev`, `path Workloads/Production`. */
export function selectorText(selector: AccountSelector): string {
  if (typeof selector === 'string') return quoted(selector);
  const { label = {}, path } = selector;
  const labels = Object.entries(label).map(([name, value]) => `label ${name}=${value}`);
  return [...labels, ...(path === undefined ? [] : [`path ${path}`])].join(' and ');
}

export interface SelectableAccount {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly labels?: Readonly<Record<string, string | undefined>> | undefined;
  readonly path?: string | undefined;
  /** The same place by the ids of the units: `o-.../r-.../ou-...`. */
  readonly unitIds?: readonly (string | undefined)[] | undefined;
}

/** Positions of the selected accounts. */
export type AccountSelection = (selector: AccountSelector) => readonly number[];

export function accountSelection(
  accounts: readonly (SelectableAccount | undefined)[],
): AccountSelection {
  const index = indexOf(accounts);
  return selector =>
    typeof selector === 'string'
      ? named(selector, accounts, index.byName)
      : withTraits(selector, index);
}

type Positions = Map<string, number[]>;

interface AccountIndex {
  /** Names and ids. */
  readonly byName: Positions;
  readonly byLabel: Positions;
  /** Each unit, with all that is below it. */
  readonly byPath: Positions;
}

function indexOf(accounts: readonly (SelectableAccount | undefined)[]): AccountIndex {
  const index: AccountIndex = { byName: new Map(), byLabel: new Map(), byPath: new Map() };
  for (const [position, account] of accounts.entries()) {
    const { id, name, labels = {}, path, unitIds = [] } = account ?? {};
    for (const text of new Set([id, name])) put(index.byName, text, position);
    for (const [key, value] of Object.entries(labels))
      put(index.byLabel, value && labelKey(key, value), position);
    const units = [path, ...unitIds].flatMap(unitsAbove);
    // The id of a unit alone says where it is.
    const ids = unitIds.flatMap(of => of?.split('/') ?? []);
    for (const unit of new Set([...units, ...ids])) put(index.byPath, unit, position);
  }
  return index;
}

function put(into: Positions, key: string | undefined, position: number): void {
  if (key === undefined) return;
  const positions = into.get(key);
  if (positions === undefined) into.set(key, [position]);
  else positions.push(position);
}

function labelKey(name: string, value: string): string {
  return JSON.stringify([name, value]);
}

/** `a`, `a/b` and `a/b/c` of `a/b/c`. */
function unitsAbove(path: string | undefined): readonly string[] {
  const units = path?.split('/') ?? [];
  return units.map((_, index) => units.slice(0, index + 1).join('/'));
}

function named(
  text: string,
  accounts: readonly (SelectableAccount | undefined)[],
  byName: Positions,
): readonly number[] {
  if (!text.includes('*')) return byName.get(text) ?? [];
  const matches = namePattern(text);
  return accounts.flatMap((account, position) =>
    account?.name !== undefined && matches(account.name) ? [position] : [],
  );
}

/**
 * `*` stands for any characters, also for none. Each part is looked for once, from left to right:
 * where an earlier place for it exists, no later one can do better.
 */
function namePattern(pattern: string): (name: string) => boolean {
  const [head = '', ...parts] = pattern.split('*');
  const tail = parts.pop() ?? '';
  return name => {
    const end = name.length - tail.length;
    if (end < head.length || !name.startsWith(head) || !name.endsWith(tail)) return false;
    let at = head.length;
    for (const part of parts) {
      const found = name.indexOf(part, at);
      if (found < 0 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}

function withTraits(
  { label = {}, path }: AccountTraits,
  { byLabel, byPath }: AccountIndex,
): readonly number[] {
  const lists = Object.entries(label).map(([name, value]) => byLabel.get(labelKey(name, value)));
  if (path !== undefined) lists.push(byPath.get(path));
  const [first = [], ...others] = lists.sort((a = [], b = []) => a.length - b.length);
  const sets = others.map(positions => new Set(positions));
  return first.filter(position => sets.every(set => set.has(position)));
}
