/** Opened rows that a process keeps in memory: the newest ones, limited in number and size. */

/** A session with 5,000 groups has a megabyte, so a number alone is no limit. Objects take more. */
const MOST = { entries: 10_000, bytes: 32 * 1024 * 1024 } as const;

export interface Memory<T> {
  get(name: string): T | undefined;
  /** Makes it the newest one. `bytes`: the size of its rows. */
  keep(name: string, value: T, bytes: number): void;
  forget(name: string): void;
}

export function createMemory<T>(): Memory<T> {
  const kept = new Map<string, { readonly value: T; readonly bytes: number }>();
  let total = 0;
  const forget = (name: string): void => {
    total -= kept.get(name)?.bytes ?? 0;
    kept.delete(name);
  };
  return {
    get: name => kept.get(name)?.value,
    keep: (name, value, bytes) => {
      forget(name);
      kept.set(name, { value, bytes });
      total += bytes;
      while (kept.size > MOST.entries || (total > MOST.bytes && kept.size > 1))
        forget(kept.keys().next().value!);
    },
    forget,
  };
}
