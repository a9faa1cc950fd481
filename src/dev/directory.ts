/**
 * The people of a corporate identity provider, as its administrator changes them while it runs.
 */
import { type Person, personWithPassword } from './people.ts';

export type Changes = Partial<Omit<Person, 'username'>>;

export interface Directory {
  /** All of them as they are now, disabled ones included. */
  people(): readonly Person[];
  /** Undefined for an unknown name. */
  person(username: string): Person | undefined;
  /** The person whose name and password these are; undefined for wrong ones. */
  authenticated(username: unknown, password: unknown): Person | undefined;
  isDisabled(username: string): boolean;

  /** For example `change('alice', { groups: [] })`. */
  change(username: string, changes: Changes): void;
  disable(username: string): void;
  enable(username: string): void;
}

/** Begins with `people`, which it does not change. Throws an Error for an unknown name. */
export function createDirectory(people: readonly Person[]): Directory {
  const byName = new Map(people.map(person => [person.username, person]));
  const disabled = new Set<string>();
  const known = (username: string): Person => {
    const person = byName.get(username);
    if (person === undefined) throw new Error(`the directory does not know ${username}`);
    return person;
  };
  return {
    people: () => [...byName.values()],
    person: username => byName.get(username),
    authenticated: (username, password) =>
      personWithPassword([...byName.values()], username, password),
    isDisabled: username => disabled.has(username),
    change: (username, changes) => {
      byName.set(username, { ...known(username), ...changes });
    },
    disable: username => void disabled.add(known(username).username),
    enable: username => void disabled.delete(known(username).username),
  };
}
