/** Finds a role by its name: exact for programs, by parts of it for users. */
import fuzzysort from 'fuzzysort';
import { type Named, nameOf } from './list.ts';

export interface NamedRole {
  /** An account name or id. */
  readonly account: string;
  readonly role: string;
}

/** `prod/Admin`, `111122223333/team/Admin`; undefined for another form. */
export function readRoleName(text: string): NamedRole | undefined {
  const slash = text.indexOf('/');
  return slash > 0 && slash < text.length - 1
    ? { account: text.slice(0, slash), role: text.slice(slash + 1) }
    : undefined;
}

/** The role of exactly that name or account id. */
export function exactly<R extends Named>(roles: readonly R[], text: string): R | undefined {
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
/** Below it, the letters are in the name but too scattered to be meant. */
const LEAST_SCORE = 0.3;

/**
 * The roles that a search in a list finds: by their names, and then those whose names, environment
 * and owner contain every word.
 */
export function searching<R extends Named>(roles: readonly R[], typed: string): readonly R[] {
  const named = matching(roles, typed);
  const others = roles.filter(role => !named.includes(role) && speaksOf(role, [typed]));
  return [...named, ...others].slice(0, MOST_FOUND);
}

/** The best match first: letters in order (`padm`), parts of account, id or role, several words. */
export function matching<R extends Named>(roles: readonly R[], typed: string): readonly R[] {
  const targets = roles.map(role => ({ role, text: `${nameOf(role)} ${role.account.id}` }));
  return fuzzysort
    .go(typed, targets, { key: 'text', limit: MOST_FOUND, threshold: LEAST_SCORE })
    .map(({ obj }) => obj.role);
}

/** The names closest to an unknown one. */
export function nearestNames(roles: readonly Named[], text: string, count: number): string[] {
  const near = matching(roles, text.replace('/', ' '));
  const found = near.length > 0 ? near : matching(roles, text.slice(0, Math.ceil(text.length / 2)));
  return [...new Set(found.map(nameOf))].slice(0, count);
}

/**
 * Whether the names of account and role, the account's id, its environment and its owner contain
 * every word; `prod/Admin` is one.
 */
export function speaksOf(role: Named, words: readonly string[]): boolean {
  const { id, environment, owner } = role.account;
  const haystack = [nameOf(role), id, environment, owner].join(' ').toLowerCase();
  return words
    .flatMap(word => word.toLowerCase().split(/\s+/))
    .every(word => haystack.includes(word));
}
