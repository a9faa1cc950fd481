/**
 * Group names that say themselves what they grant: `aws-{account}-{role}`.
 *
 * Matching is linear in the length of the group: literal text is compared, and an account is looked
 * up, never guessed. Where two known account names fit (`prod` and `prod-eu` in
 * `aws-prod-eu-Admin`), the longest one wins.
 */
import { isRoleName, type RoleName } from './role.ts';

const MAX_GROUP_LENGTH = 256;

export interface GroupPattern {
  /** The literal text in front of the first placeholder; patterns are indexed by it. */
  readonly prefix: string;
  /**
   * What the group says: a part that the pattern does not hold is undefined. Undefined when it does
   * not match.
   */
  match(
    group: string,
    isAccount: (text: string) => boolean,
  ): { readonly account?: string | undefined; readonly role?: RoleName | undefined } | undefined;
  /** The group that would grant this role. */
  groupFor(account: string, role: string): string;
}

type Part = { readonly literal: string } | { readonly placeholder: 'account' | 'role' };

/** Why a pattern cannot be used, or undefined when it can. */
export function groupPatternProblem(pattern: string): string | undefined {
  const parts = partsOf(pattern);
  const names = parts.flatMap(part => ('placeholder' in part ? [part.placeholder] : []));
  if (parts.some(part => 'literal' in part && /[{}*?\\]/.test(part.literal)))
    return 'only {account} and {role} may stand in it, and no wildcards';
  if (names.length === 0) return 'it holds neither {account} nor {role}';
  if (new Set(names).size !== names.length) return 'a placeholder stands in it twice';
  if (
    parts.some(
      (part, index) =>
        'placeholder' in part && 'placeholder' in (parts[index + 1] ?? { literal: '' }),
    )
  )
    return 'literal text must stand between the placeholders';
  return undefined;
}

export function patternNames(pattern: string, placeholder: 'account' | 'role'): boolean {
  return partsOf(pattern).some(part => 'placeholder' in part && part.placeholder === placeholder);
}

/** Compiles a pattern that has no problem. */
export function compileGroupPattern(pattern: string): GroupPattern {
  const parts = partsOf(pattern);
  const literals = parts.map(part => ('literal' in part ? part.literal : ''));
  const first = parts.findIndex(part => 'placeholder' in part);
  const prefix = literals.slice(0, first).join('');
  const placeholders = parts.flatMap((part, index) =>
    'placeholder' in part ? [{ name: part.placeholder, index }] : [],
  );
  const between =
    placeholders.length === 2
      ? literals.slice(placeholders[0]!.index + 1, placeholders[1]!.index).join('')
      : '';
  const suffix = literals.slice(placeholders.at(-1)!.index + 1).join('');

  const accepts = {
    account: (text: string, isAccount: (text: string) => boolean) => isAccount(text),
    role: isRoleName,
  } as const;

  return {
    prefix,
    match: (group, isAccount) => {
      if (group.length > MAX_GROUP_LENGTH || group.length < prefix.length + suffix.length)
        return undefined;
      if (!group.startsWith(prefix) || !group.endsWith(suffix)) return undefined;
      const middle = group.slice(prefix.length, group.length - suffix.length);
      const [one, two] = placeholders;
      if (two === undefined)
        return accepts[one!.name](middle, isAccount) ? { [one!.name]: middle } : undefined;
      for (const cut of cutsOf(middle, between, one!.name === 'account')) {
        const values = {
          [one!.name]: middle.slice(0, cut),
          [two.name]: middle.slice(cut + between.length),
        } as {
          account: string;
          role: string;
        };
        if (isAccount(values.account) && isRoleName(values.role))
          return { account: values.account, role: values.role };
      }
      return undefined;
    },
    groupFor: (account, role) =>
      parts
        .map(part =>
          'literal' in part ? part.literal : part.placeholder === 'account' ? account : role,
        )
        .join(''),
  };
}

/** Every place where the separator stands, ordered so that the account comes out longest first. */
function cutsOf(text: string, separator: string, accountFirst: boolean): number[] {
  const cuts: number[] = [];
  for (let at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, at + 1))
    cuts.push(at);
  return accountFirst ? cuts.reverse() : cuts;
}

function partsOf(pattern: string): Part[] {
  return pattern
    .split(/(\{account\}|\{role\})/)
    .filter(text => text !== '')
    .map(text =>
      text === '{account}' || text === '{role}'
        ? { placeholder: text.slice(1, -1) as 'account' | 'role' }
        : { literal: text },
    );
}
