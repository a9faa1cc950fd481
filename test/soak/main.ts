/**
 * `npm run soak -- [--minutes N]`: mixed traffic against a real server, and what its process is
 * like at the start and at the end.
 *
 * `npm run soak -- --kills N [--minutes M]`: kills the server N times under that traffic, at most M
 * minutes long, and checks after each start that nothing was lost and nothing was used twice.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startWorld, type World } from '../support/world.ts';
import { type BridgeProcess, startBridge } from './bridge-process.ts';
import { faultsOf } from './invariants.ts';
import { emptyLedger, type Ledger, VISITS } from './traffic.ts';

const MIB = 1024 * 1024;
const DEFAULT_MINUTES = 30;
const SAMPLE_MILLISECONDS = 60_000;
/** Between two visits of one kind: the limits of one address are not what this is about. */
const PAUSE_MILLISECONDS = 150;
/** How long the server works before it is killed, at least and at most. */
const LIFE_MILLISECONDS = [300, 1_500] as const;

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, kills: { type: 'string' } },
});
const [minutes, kills] = [numberIn('minutes') ?? DEFAULT_MINUTES, numberIn('kills')];

function numberIn(name: 'minutes' | 'kills'): number | undefined {
  const value = values[name];
  if (value === undefined) return undefined;
  if (!/^\d{1,4}(?:\.\d+)?$/.test(value) || Number(value) === 0)
    throw new Error(`--${name} "${value}" is not a number above 0.`);
  return Number(value);
}

const world = await startWorld({
  clock: 'running',
  configure: yaml => `${yaml.replace(/^log: .*$/m, '')}\nlog: { level: warn }\n`,
});
// The bridge of the world gives up its address, and the process takes it.
world.servers.bridge.closeAllConnections();
await new Promise(resolve => world.servers.bridge.close(resolve));
const end = performance.now() + minutes * 60_000;
try {
  process.exitCode = (await (kills === undefined ? soak(world) : kill(world, kills))) ? 0 : 1;
} finally {
  await world.close();
}

// ---------------------------------------------------------------- traffic

interface Traffic {
  readonly ledger: Ledger;
  readonly done: Record<string, number>;
  /** What was answered otherwise than expected, before the traffic was stopped. */
  readonly faults: string[];
  stop(): Promise<void>;
}

/** One worker for each kind of visit. */
function send(to: World, makeLedger: () => Ledger = emptyLedger): Traffic {
  const ledger = makeLedger();
  const done: Record<string, number> = {};
  const faults: string[] = [];
  let isStopped = false;
  const workers = Object.entries(VISITS).map(async ([name, visit]) => {
    while (!isStopped) {
      try {
        await visit({ world: to, ledger });
        done[name] = (done[name] ?? 0) + 1;
      } catch (fault) {
        // The process is gone, or going.
        if (!isStopped) faults.push(`${name}: ${String(fault)}`);
      }
      if (!isStopped) await delay(PAUSE_MILLISECONDS);
    }
  });
  return {
    ...{ ledger, done, faults },
    stop: async () => {
      isStopped = true;
      await Promise.all(workers);
    },
  };
}

// ---------------------------------------------------------------- soak

async function soak(of: World): Promise<boolean> {
  const bridge = await startBridge(of);
  try {
    await print('start', of, bridge);
    const faults: string[] = [];
    const done: Record<string, number> = {};
    while (performance.now() < end) {
      const traffic = send(of);
      await delay(Math.min(SAMPLE_MILLISECONDS, Math.max(0, end - performance.now())));
      await traffic.stop();
      for (const [name, count] of Object.entries(traffic.done))
        done[name] = (done[name] ?? 0) + count;
      faults.push(...traffic.faults, ...(await faultsOf(of, traffic.ledger)));
      const left = Math.max(0, Math.round((end - performance.now()) / 60_000));
      await print(performance.now() < end ? `${left} min left` : 'end', of, bridge);
    }
    console.log(`visits: ${JSON.stringify(done)}`);
    return report(faults);
  } finally {
    await bridge.end('SIGTERM');
  }
}

async function print(when: string, { directory }: World, bridge: BridgeProcess): Promise<void> {
  const { rss, heapUsed, delayP99, delayMax } = await bridge.vitals();
  const size = ['', '-wal'].reduce((sum, suffix) => {
    const file = join(directory, `rolebridge.db${suffix}`);
    return sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0);
  }, 0);
  const figures = [
    `RSS ${(rss / MIB).toFixed(0)} MB`,
    `heap ${(heapUsed / MIB).toFixed(0)} MB`,
    `descriptors ${bridge.descriptors()}`,
    `event-loop delay p99 ${delayP99.toFixed(0)} ms, longest ${delayMax.toFixed(0)} ms`,
    `database ${(size / MIB).toFixed(1)} MB`,
  ];
  console.log(`${when}: ${figures.join(', ')}`);
}

// ---------------------------------------------------------------- kills

async function kill(of: World, times: number): Promise<boolean> {
  const faults: string[] = [];
  let [killed, answered] = [0, 0];
  let before: Ledger | undefined;
  while (killed < times && performance.now() < end && faults.length === 0) {
    const bridge = await startBridge(of);
    try {
      if (before !== undefined) faults.push(...(await faultsOf(of, before)));
      const traffic = send(of);
      const [least, most] = LIFE_MILLISECONDS;
      await delay(least + Math.random() * (most - least));
      const stopped = traffic.stop();
      await bridge.end('SIGKILL');
      await stopped;
      faults.push(...traffic.faults);
      before = traffic.ledger;
      answered += Object.values(before).reduce((sum, list) => sum + [...list].length, 0);
      killed += 1;
    } finally {
      await bridge.end('SIGKILL');
    }
  }
  const last = await startBridge(of);
  try {
    if (before !== undefined) faults.push(...(await faultsOf(of, before)));
  } finally {
    await last.end('SIGTERM');
  }
  console.log(`${killed} SIGKILLs, ${answered} answers that said yes`);
  return report(faults);
}

function report(faults: readonly string[]): boolean {
  for (const fault of faults.slice(0, 50)) console.error(fault);
  console.log(faults.length === 0 ? 'nothing lost, nothing twice' : `${faults.length} faults`);
  return faults.length === 0;
}
