import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';

/** Resolves once it holds: for what a server does after its answer. Fails after ten seconds. */
export async function eventually(holds: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!holds()) {
    assert.ok(performance.now() < end, 'it did not come true in ten seconds');
    await turn();
  }
}
