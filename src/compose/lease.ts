/**
 * Things that several snapshots of the configuration use together: each is opened for the first
 * one that needs it and closed after the last.
 */
import { isDeepStrictEqual } from 'node:util';

/** A thing in use. Disposing gives it back; the last one to give it back closes it. */
export interface Lease<T> extends AsyncDisposable {
  readonly value: T;
}

/**
 * Leases the open thing of an equal key, or opens one. Rejects with what `open` rejects with, and
 * nothing is left open then. Calls must not overlap.
 */
export type Lend<Key, T> = (key: Key) => Promise<Lease<T>>;

export interface Lending<Key, T> {
  open(key: Key): Promise<T>;
  /** Whether a thing that is open may be lent once more. Without it, always. */
  isUsable?(value: T): Promise<boolean>;
}

interface Opened<Key, T> {
  readonly key: Key;
  readonly value: T;
  leases: number;
}

export function createLend<Key, T extends { close(): Promise<void> }>({
  open,
  isUsable = async () => true,
}: Lending<Key, T>): Lend<Key, T> {
  const opened = new Set<Opened<Key, T>>();

  const lease = (thing: Opened<Key, T>): Lease<T> => {
    thing.leases += 1;
    return {
      value: thing.value,
      [Symbol.asyncDispose]: async () => {
        thing.leases -= 1;
        if (thing.leases > 0) return;
        opened.delete(thing);
        await thing.value.close();
      },
    };
  };

  return async key => {
    const newest = [...opened].findLast(thing => isDeepStrictEqual(thing.key, key));
    if (newest !== undefined) {
      // Leased before it is tried: meanwhile its last user may give it back.
      const again = lease(newest);
      if (await isUsable(newest.value)) return again;
      await again[Symbol.asyncDispose]();
    }
    const thing = { key, value: await open(key), leases: 0 };
    opened.add(thing);
    return lease(thing);
  };
}
