/** Work on many things, a few at once. */

/** Yields the results in the order of the items; runs at most `atOnce` at the same time. */
export async function* bounded<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  atOnce: number,
): AsyncGenerator<Result> {
  const running: Promise<Result>[] = [];
  let started = 0;
  const start = (): void => {
    const item = items[started++]!;
    const result = work(item);
    // A later one can fail while the first is awaited; it is thrown in its turn.
    result.catch(() => undefined);
    running.push(result);
  };
  while (started < Math.min(atOnce, items.length)) start();
  while (running.length > 0) {
    const result = await running.shift()!;
    if (started < items.length) start();
    yield result;
  }
}
