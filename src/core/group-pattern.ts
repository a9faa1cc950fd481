/**
 * Group names that contain what they grant: `aws-{account}-{role}`.
 *
 * Matching is linear in the length of the group: literal text is compared, and an account is looked
 * up, never guessed. Where two known account names match (`prod` and `prod-eu` in
 * `aws-prod-eu-Admin`), the longest one wins.
 */
import { isRoleName, type RoleName } from './role.ts';

const MAX_GROUP_LENGTH = 256;

export interface GroupPattern {
  /** The literal text in front of the first placeholder; patterns are indexed by it. */
  readonly prefix: string;
  /**
   * The account and role in the group's name; each is undefined if the pattern does not contain it.
   * Undefined if the group does not match.
   */
  match(
    group: string,
    isAccount: (text: string) => boolean,
  ): { readonly account?: string | undefined; readonly role?: RoleName | undefined } | undefined;
  /** The group that grants this role. */
  groupFor(account: string, role: string): string;
}

type Placeholder = 'account' | 'role';
type Part = { readonly literal: string } | { readonly placeholder: Placeholder };

/** Why a pattern is invalid, or undefined if it is valid. */
export function groupPatternProblem(pattern: string): string | undefined {
  const parts = partsOf(pattern);
  const names = parts.flatMap(part => ('placeholder' in part ? [part.placeholder] : []));
  if (parts.some(part => 'literal' in part && /[{}*?\\]/.test(part.literal)))
    return 'it can contain only the placeholders {account} and {role}, and no wildcards';
  if (names.length === 0) return 'it contains neither {account} nor {role}';
  if (new Set(names).size !== names.length) return 'it contains a placeholder twice';
  if (
    parts.some(
      (part, index) =>
        'placeholder' in part && 'placeholder' in (parts[index + 1] ?? { literal: '' }),
    )
  )
    return 'the placeholders must be separated by text';
  return undefined;
}

export function patternNames(pattern: string, placeholder: Placeholder): boolean {
  return partsOf(pattern).some(part => 'placeholder' in part && part.placeholder === placeholder);
}

/** A pattern cut into the text before, between and after its placeholders. */
interface Cut {
  readonly prefix: string;
  readonly between: string;
  readonly suffix: string;
  readonly first: Placeholder;
  /** Undefined for a pattern with one placeholder. */
  readonly second: Placeholder | undefined;
}

/** Compiles a pattern that has no problem. */
export function compileGroupPattern(pattern: string): GroupPattern {
  const parts = partsOf(pattern);
  const cut = cutOf(parts);
  return {
    prefix: cut.prefix,
    match: (group, isAccount) => match(cut, group, isAccount),
    groupFor: (account, role) => {
      const values = { account, role };
      return parts
        .map(part => ('literal' in part ? part.literal : values[part.placeholder]))
        .join('');
    },
  };
}

function cutOf(parts: readonly Part[]): Cut {
  const texts = ['', '', ''];
  const placeholders: Placeholder[] = [];
  for (const part of parts)
    if ('literal' in part) texts[placeholders.length] += part.literal;
    else placeholders.push(part.placeholder);
  const [first, second] = placeholders;
  const [prefix, middle, last] = texts as [string, string, string];
  return {
    prefix,
    first: first!,
    second,
    ...(second === undefined ? { between: '', suffix: middle } : { between: middle, suffix: last }),
  };
}

function match(
  { prefix, between, suffix, first, second }: Cut,
  group: string,
  isAccount: (text: string) => boolean,
): ReturnType<GroupPattern['match']> {
  if (group.length > MAX_GROUP_LENGTH || group.length < prefix.length + suffix.length)
    return undefined;
  if (!group.startsWith(prefix) || !group.endsWith(suffix)) return undefined;
  const middle = group.slice(prefix.length, group.length - suffix.length);
  if (second === undefined) {
    const isValue = first === 'account' ? isAccount(middle) : isRoleName(middle);
    return isValue ? { [first]: middle } : undefined;
  }
  const positions = positionsOf(between, middle);
  // The longest account comes first.
  for (const position of first === 'account' ? positions.reverse() : positions) {
    const values = [middle.slice(0, position), middle.slice(position + between.length)];
    const [account, role] = (first === 'account' ? values : values.reverse()) as [string, string];
    if (isAccount(account) && isRoleName(role)) return { account, role };
  }
  return undefined;
}

function positionsOf(separator: string, text: string): number[] {
  const positions: number[] = [];
  for (let at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, at + 1))
    positions.push(at);
  return positions;
}

function partsOf(pattern: string): Part[] {
  return pattern
    .split(/(\{account\}|\{role\})/)
    .filter(text => text !== '')
    .map(text =>
      text === '{account}' || text === '{role}'
        ? { placeholder: text.slice(1, -1) as Placeholder }
        : { literal: text },
    );
}
