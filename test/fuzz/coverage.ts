/** Which lines and branches of its source files the inputs of a target reach. */
import { join } from 'node:path';
import { run } from 'node:test';
import type { FuzzTarget } from './target.ts';

export interface Coverage {
  /** Per cent of lines and branches. */
  readonly lines: number;
  readonly branches: number;
}

const ROOT = join(import.meta.dirname, '../..');

/** Replays all inputs of this machine once, in a process of its own. */
export async function coverageOf({ name, covers }: FuzzTarget): Promise<Coverage> {
  const events = run({
    files: [join(import.meta.dirname, 'replay-grown.ts')],
    cwd: ROOT,
    coverage: true,
    coverageIncludeGlobs: [...covers],
    env: { ...process.env, ROLEBRIDGE_FUZZ_REPLAY: name },
  });
  let coverage: Coverage | undefined;
  for await (const { type, data } of events) {
    if (type !== 'test:coverage') continue;
    const { coveredLinePercent, coveredBranchPercent } = data.summary.totals;
    coverage = { lines: coveredLinePercent, branches: coveredBranchPercent };
  }
  if (coverage === undefined) throw new Error(`${name}: no coverage was measured`);
  return coverage;
}
