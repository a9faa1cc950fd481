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
    ignores: steps.some(({ placeholder }) => placeholder === '_'),
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
  readonly isLast: boolean;
  /** Values are tried from the longest to the shortest. */
  readonly longestFirst: boolean;
}

/** A role in front of the account is tried from the shortest: the account is the longest then. */
function stepsOf(parts: readonly Part[]): readonly Step[] {
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
      isLast: !parts.slice(index + 1).some(later => 'placeholder' in later),
      longestFirst: index >= accountAt,
    });
  }
  return steps;
}

/** One comparison of a group with a pattern. */
interface Attempt {
  readonly steps: readonly Step[];
  readonly group: string;
  readonly accountNamed: AccountFinder;
  /** Steps that cannot be completed from a position; two steps meet none of them twice. */
  readonly dead: Set<string> | undefined;
}

function match(
  steps: readonly Step[],
  group: string,
  accountNamed: AccountFinder,
): Named | undefined {
  const prefix = steps[0]?.before ?? '';
  if (group.length > MAX_GROUP_LENGTH || !group.startsWith(prefix)) return undefined;
  const suffix = steps.at(-1)?.after ?? '';
  if (!group.endsWith(suffix)) return undefined;
  const attempt = {
    steps,
    group,
    accountNamed,
    dead: steps.length > 2 ? new Set<string>() : undefined,
  };
  return matchFrom(attempt, { step: 0, at: prefix.length, said: {} });
}

/** What was read so far. */
interface Reading {
  readonly step: number;
  /** Where the value of the step begins. */
  readonly at: number;
  readonly said: Named;
}

function matchFrom(attempt: Attempt, { step: index, at, said }: Reading): Named | undefined {
  const step = attempt.steps[index];
  if (step === undefined) return said;
  // What was said matters only to a second name of the account.
  const key = attempt.dead && `${index} ${at} ${said.account?.id ?? ''}`;
  if (key !== undefined && attempt.dead?.has(key)) return undefined;
  const ends = endsOf(step, attempt.group, at);
  for (const end of step.longestFirst ? ends.reverse() : ends) {
    const value = attempt.group.slice(at, end);
    const now = read(step, value, { said, accountNamed: attempt.accountNamed });
    const next = { step: index + 1, at: end + step.after.length };
    const found = now && matchFrom(attempt, { ...next, said: now });
    if (found !== undefined) return found;
  }
  if (key !== undefined) attempt.dead?.add(key);
  return undefined;
}

/** Where a value that begins at a position can end, in ascending order. */
function endsOf({ after, isLast }: Step, group: string, from: number): number[] {
  if (isLast) {
    const end = group.length - after.length;
    return end < from ? [] : [end];
  }
  const ends: number[] = [];
  for (let at = group.indexOf(after, from); at >= 0; at = group.indexOf(after, at + 1))
    ends.push(at);
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
