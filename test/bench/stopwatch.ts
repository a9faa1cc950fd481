/**
 * Times two ways of doing a thing in turn, so that a machine whose speed drifts drifts for both.
 */
import { measured } from './profile.ts';

export interface Comparison {
  readonly name: string;
  /** Median milliseconds of one call. */
  readonly milliseconds: number;
  readonly floorMilliseconds: number;
  readonly floorName: string;
  /** Median of the ratios, round by round. */
  readonly ratio: number;
  /** What else is worth knowing. */
  readonly note?: string | undefined;
}

export interface Contest {
  readonly name: string;
  readonly run: () => unknown;
  /** The least that the task costs, done without us. */
  readonly floorName: string;
  readonly floor: () => unknown;
  /** Calls of each side in a round. */
  readonly calls: number;
  /**
   * Calls before the first round, until the compilers have done their work; `calls` when undefined.
   */
  readonly warmUp?: number | undefined;
}

const ROUNDS = 11;

export async function compare({
  name,
  run,
  floorName,
  floor,
  calls,
  warmUp = calls,
}: Contest): Promise<Comparison> {
  const rounds: { ours: number; theirs: number }[] = [];
  await time(run, warmUp);
  await time(floor, calls);
  for (let round = 0; round < ROUNDS; round++)
    rounds.push({
      ours: await measured(() => time(run, calls)),
      theirs: await time(floor, calls),
    });
  return {
    name,
    floorName,
    milliseconds: median(rounds.map(({ ours }) => ours)),
    floorMilliseconds: median(rounds.map(({ theirs }) => theirs)),
    ratio: median(rounds.map(({ ours, theirs }) => ours / theirs)),
  };
}

async function time(run: () => unknown, calls: number): Promise<number> {
  const start = process.hrtime.bigint();
  for (let call = 0; call < calls; call++) await run();
  return Number(process.hrtime.bigint() - start) / 1e6 / calls;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
