/** What a request costs the bridge and its floor in CPU, each a process of its own. */
import type { ServerProcess } from './load.ts';
import { measured } from './profile.ts';
import { type Comparison, median } from './stopwatch.ts';

const ROUNDS = 5;
/** For the compilers. */
const WARM_UPS = 3;

/** A server, and what it is measured at. */
export interface Measured {
  readonly server: ServerProcess;
  readonly work: () => Promise<void>;
}

export interface CpuContest {
  readonly name: string;
  readonly bridge: Measured;
  /** The least that the task costs, done without us. */
  readonly floor: Measured;
  readonly floorName: string;
  /** Requests of each side in a round. */
  readonly requests: number;
}

export async function compareCpu(contest: CpuContest): Promise<Comparison> {
  const { name, bridge, floor, floorName, requests } = contest;
  const cost = async ({ server, work }: Measured): Promise<number> => {
    const before = server.cpuSeconds();
    await work();
    return ((server.cpuSeconds() - before) * 1000) / requests;
  };
  for (let round = 0; round < WARM_UPS; round++) {
    await bridge.work();
    await floor.work();
  }
  const rounds: { ours: number; least: number }[] = [];
  for (let round = 0; round < ROUNDS; round++)
    rounds.push({ ours: await measured(() => cost(bridge)), least: await cost(floor) });
  const ratio = median(rounds.map(({ ours, least }) => ours / least));
  return {
    name,
    milliseconds: median(rounds.map(({ ours }) => ours)),
    floorName,
    floorMilliseconds: median(rounds.map(({ least }) => least)),
    ratio,
    note: `${(1 / ratio).toFixed(2)} of its throughput per CPU second`,
  };
}
