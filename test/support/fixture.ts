import { after, before } from 'node:test';

/** Fixtures that are open, the newest last. */
const opened: (() => unknown)[] = [];

/**
 * The value of `open`, for the tests of the surrounding suite: opened before them, closed after
 * them.
 *
 * It can be passed on before it is open; using it then throws. Fixtures of one suite open in order
 * and close in reverse order, so each may depend on those above it. Outside of every suite they
 * open at the same time, and must not depend on each other.
 */
export function useFixture<T extends object>(
  open: () => T | Promise<T>,
  close: (value: T) => unknown = () => {},
): T {
  let value: T | undefined;
  const end = async (): Promise<void> => {
    const ended = value!;
    value = undefined;
    await close(ended);
  };
  before(async () => {
    value = await open();
    opened.push(end);
  });
  after(async () => {
    while (opened.includes(end)) await opened.pop()!();
  });

  const current = (): T => {
    if (value === undefined) throw new Error('A fixture is open only while its suite runs.');
    return value;
  };
  return new Proxy({} as T, {
    get: (_, name) => {
      const member: unknown = Reflect.get(current(), name);
      return typeof member === 'function' ? member.bind(current()) : member;
    },
    set: (_, name, member) => Reflect.set(current(), name, member),
  });
}
