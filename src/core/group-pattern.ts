/**
 * Group names that contain what they grant: `aws-{account}-{role}`.
 *
 * All text outside of placeholders is compared letter by letter, including `\`, `*` and `?`. An
 * account is looked up, never guessed. Where two known account names match (`prod` and `prod-eu` in
 * `aws-prod-eu-Admin`), the longest one wins.
 */
import { type Account, type AccountId, isAccountId, isRoleName, type RoleName } from './role.ts';

const MAX_GROUP_LENGTH = 256;
/** In one pattern, so that matching stays short. */
const MAX_IGNORED = 4;
const ACCOUNT_ID_LENGTH = 12;

export interface GroupPattern {
  /** The literal text in front of the first placeholder; patterns are indexed by it. */
  readonly prefix: string;
  /** The pattern has ignored parts, so that many groups say the same. */
  readonly ignores: boolean;
  /**
   * The account and role in the group's name; each is undefined if the pattern does not contain it.
   * Undefined if the group does not match. At most one text comparison for each position of the
   * group and part of the pattern.
   */
  match(group: string, accountNamed: AccountFinder): Named | undefined;
  /** The groups that grant this role, by the account's name and its id; `*` for ignored parts. */
  groupsFor(account: Pick<Account, 'name' | 'id'>, role: string): readonly [string, string];
}

/** What a group's name says. */
interface Named {
  readonly account?: Account | undefined;
  readonly role?: RoleName | undefined;
}

/** Finds an account by its name or id. */
type AccountFinder = (text: string) => Account | undefined;

/**
 * `account`: name or id; `accountId`: id alone; `_`: a part that is ignored, of at least one
 * character and without the characters that stand directly before and after it in the pattern.
 */
type Placeholder = 'account' | 'accountId' | 'role' | '_';
type Part = { readonly literal: string } | { readonly placeholder: Placeholder };

/** Why a pattern is invalid, or undefined if it is valid. */
export function groupPatternProblem(pattern: string): string | undefined {
  const parts = partsOf(pattern);
  const names = parts.flatMap(part => ('placeholder' in part ? [part.placeholder] : []));
  const ignored = names.filter(name => name === '_').length;
  const named = names.filter(name => name !== '_');
  if (parts.some(part => 'literal' in part && /[{}]/.test(part.literal)))
    return 'it can contain only the placeholders {account}, {accountId}, {role} and {_}';
  if (names.length === 0) return 'it contains neither {account} nor {role}';
  if (new Set(named).size !== named.length) return 'it contains a placeholder twice';
  if (ignored > MAX_IGNORED) return `it contains {_} more than ${MAX_IGNORED} times`;
  if (
    parts.some(
      (part, index) =>
        'placeholder' in part && 'placeholder' in (parts[index + 1] ?? { literal: '' }),
    )
  )
    return 'the placeholders must be separated by text';
  return undefined;
}

/** Whether the groups of a pattern name the account, by any placeholder, or the role. */
export function patternNames(pattern: string, what: 'account' | 'role'): boolean {
  return partsOf(pattern).some(
    part =>
      'placeholder' in part &&
      (part.placeholder === what || (what === 'account' && part.placeholder === 'accountId')),
  );
}

/** Compiles a pattern that has no problem. */
export function compileGroupPattern(pattern: string): GroupPattern {
  const parts = partsOf(pattern);
  const [first] = parts;
  const fill = (values: Readonly<Record<Placeholder, string>>): string =>
    parts.map(part => ('literal' in part ? part.literal : values[part.placeholder])).join('');
  const steps = stepsOf(parts);
  return {
    prefix: first !== undefined && 'literal' in first ? first.literal : '',
    ignores: parts.some(part => 'placeholder' in part && part.placeholder === '_'),
    match: (group, accountNamed) => match(steps, group, accountNamed),
    groupsFor: ({ name, id }, role) => [
      fill({ account: name, accountId: id, role, _: '*' }),
      fill({ account: id, accountId: id, role, _: '*' }),
    ],
  };
}

function partsOf(pattern: string): Part[] {
  return pattern
    .split(/(\{(?:account|accountId|role|_)\})/)
    .filter(text => text !== '')
    .map(text =>
      /^\{(?:account|accountId|role|_)\}$/.test(text)
        ? { placeholder: text.slice(1, -1) as Placeholder }
        : { literal: text },
    );
}

// ---------------------------------------------------------------- matching

/** A placeholder with the texts around it. */
interface Step {
  readonly placeholder: Placeholder;
  readonly before: string;
  /** Empty at the end of the pattern. */
  readonly after: string;
  /** Values are tried from the longest to the shortest. */
  readonly longestFirst: boolean;
}

/**
 * The steps of a pattern. Only an account and a role can end at several places, so what follows the
 * last of them is read from the end of the group. Then one of them at most is tried at several
 * places, and the time is linear in the length of the group.
 */
interface Steps {
  readonly head: readonly Step[];
  /** The last one first. */
  readonly tail: readonly Step[];
}

/** A role in front of the account is tried from the shortest: the account is the longest then. */
function stepsOf(parts: readonly Part[]): Steps {
  const steps: Step[] = [];
  const accountAt = parts.findIndex(
    part => 'placeholder' in part && part.placeholder === 'account',
  );
  for (const [index, part] of parts.entries()) {
    if ('literal' in part) continue;
    const textAt = (at: number): string => {
      const neighbour = parts[at];
      return neighbour !== undefined && 'literal' in neighbour ? neighbour.literal : '';
    };
    steps.push({
      placeholder: part.placeholder,
      before: textAt(index - 1),
      after: textAt(index + 1),
      longestFirst: index >= accountAt,
    });
  }
  const last = steps.findLastIndex(
    ({ placeholder }) => placeholder === 'account' || placeholder === 'role',
  );
  const tailAt = Math.max(1, last + 1);
  return { head: steps.slice(0, tailAt), tail: steps.slice(tailAt).reverse() };
}

/** One comparison of a group, without what the tail has read, with the head of a pattern. */
interface Attempt {
  readonly head: readonly Step[];
  readonly text: string;
  readonly accountNamed: AccountFinder;
}

/** What was read so far, and where the next value begins or, from the end, the last one ended. */
interface Reading {
  readonly at: number;
  readonly said: Named;
}

function match(
  { head, tail }: Steps,
  group: string,
  accountNamed: AccountFinder,
): Named | undefined {
  const prefix = head[0]?.before ?? '';
  if (group.length > MAX_GROUP_LENGTH || !group.startsWith(prefix)) return undefined;
  let reading: Reading | undefined = { at: group.length, said: {} };
  for (const step of tail) {
    reading = readFromEnd(step, group, { reading, accountNamed });
    if (reading === undefined) return undefined;
  }
  const { at, said } = reading;
  const text = group.slice(0, at);
  if (!text.endsWith(head.at(-1)?.after ?? '')) return undefined;
  return matchFrom({ head, text, accountNamed }, 0, { at: prefix.length, said });
}

/** The step in front of a position, whose value has one place there at most. */
function readFromEnd(
  step: Step,
  group: string,
  { reading, accountNamed }: { readonly reading: Reading; readonly accountNamed: AccountFinder },
): Reading | undefined {
  const { placeholder, before, after } = step;
  const end = reading.at - after.length;
  if (end < 0 || !group.startsWith(after, end)) return undefined;
  const start =
    placeholder === 'accountId'
      ? end - ACCOUNT_ID_LENGTH
      : group.lastIndexOf(before.at(-1)!, end - 1) + 1;
  if (start < before.length) return undefined;
  const said = read(step, group.slice(start, end), { said: reading.said, accountNamed });
  return said && { at: start, said };
}

function matchFrom(attempt: Attempt, index: number, { at, said }: Reading): Named | undefined {
  const { head, text, accountNamed } = attempt;
  const step = head[index];
  if (step === undefined) return said;
  const ends = index === head.length - 1 ? lastEndOf(step, text, at) : endsOf(step, text, at);
  for (const end of step.longestFirst ? ends.reverse() : ends) {
    const now = read(step, text.slice(at, end), { said, accountNamed });
    const next = { at: end + step.after.length, said: now! };
    const found = now && matchFrom(attempt, index + 1, next);
    if (found !== undefined) return found;
  }
  return undefined;
}

function lastEndOf({ after }: Step, text: string, from: number): number[] {
  const end = text.length - after.length;
  return end < from ? [] : [end];
}

/** Where a value that begins at a position can end, in ascending order. */
function endsOf({ placeholder, after }: Step, text: string, from: number): number[] {
  if (placeholder === 'accountId' || placeholder === '_') {
    const end = placeholder === '_' ? text.indexOf(after[0]!, from) : from + ACCOUNT_ID_LENGTH;
    return end >= from && text.startsWith(after, end) ? [end] : [];
  }
  const ends: number[] = [];
  for (let at = text.indexOf(after, from); at >= 0; at = text.indexOf(after, at + 1)) ends.push(at);
  return ends;
}

/** What is said with this value in addition; undefined if it is no such value. */
function read(
  { placeholder, before, after }: Step,
  value: string,
  { said, accountNamed }: { readonly said: Named; readonly accountNamed: AccountFinder },
): Named | undefined {
  if (placeholder === 'role') return isRoleName(value) ? { ...said, role: value } : undefined;
  if (placeholder === '_') {
    const isAround = (neighbour: string | undefined): boolean =>
      neighbour !== undefined && value.includes(neighbour);
    return value === '' || isAround(before.at(-1)) || isAround(after[0]) ? undefined : said;
  }
  if (placeholder === 'accountId' && !isAccountId(value)) return undefined;
  const account = accountNamed(value);
  if (account === undefined) return undefined;
  if (placeholder === 'accountId' && account.id !== (value as AccountId)) return undefined;
  // Name and id together must be those of one account.
  return said.account === undefined || said.account === account ? { ...said, account } : undefined;
}
