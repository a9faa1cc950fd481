/** Which role is meant: letter by letter for programs, by what a person would mean for a person. */
import fuzzysort from 'fuzzysort';
import { nameOf, type Role } from './list.ts';

export interface NamedRole {
  /** An account name or id. */
  readonly account: string;
  readonly role: string;
}

/** `prod/Admin`, `111122223333/team/Admin`; undefined when it is not of that form. */
export function readRoleName(text: string): NamedRole | undefined {
  const slash = text.indexOf('/');
  return slash > 0 && slash < text.length - 1
    ? { account: text.slice(0, slash), role: text.slice(slash + 1) }
    : undefined;
}

/** The role of that very name, or of that account id. */
export function exactly(roles: readonly Role[], text: string): Role | undefined {
  const named = readRoleName(text);
  return (
    named &&
    roles.find(
      ({ account, role }) =>
        role === named.role && (account.name === named.account || account.id === named.account),
    )
  );
}

const MOST_FOUND = 50;
/** Below it, letters stand in the name and nobody would have meant it. */
const LEAST_SCORE = 0.3;

/**
 * What a person may have meant, the best first: letters in their order (`padm`), parts of account,
 * id or role, several words.
 */
export function matching(roles: readonly Role[], typed: string): readonly Role[] {
  const targets = roles.map(role => ({ role, text: `${nameOf(role)} ${role.account.id}` }));
  return fuzzysort
    .go(typed, targets, { key: 'text', limit: MOST_FOUND, threshold: LEAST_SCORE })
    .map(({ obj }) => obj.role);
}

/** The names closest to one that is not there. */
export function nearestNames(roles: readonly Role[], text: string, count: number): string[] {
  const near = matching(roles, text.replace('/', ' '));
  const found = near.length > 0 ? near : matching(roles, text.slice(0, Math.ceil(text.length / 2)));
  return [...new Set(found.map(nameOf))].slice(0, count);
}

/** Every word must be in the account's name or id, or in the role. */
export function speaksOf({ account, role }: Role, words: readonly string[]): boolean {
  const haystack = `${account.name} ${account.id} ${role}`.toLowerCase();
  return words
    .flatMap(word => word.toLowerCase().split(/\s+/))
    .every(word => haystack.includes(word));
}
