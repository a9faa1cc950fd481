/** The bridge of a world as a process of its own, at the same address, which can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { World } from '../support/world.ts';
import type { Vitals } from './probe.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const PROBE = new URL('./probe.ts', import.meta.url).href;
/** A busy machine takes long; it fails at once if the process ends. */
const START_MILLISECONDS = 180_000;

export interface BridgeProcess {
  /** Sends SIGKILL, or SIGTERM, and waits until it is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  vitals(): Promise<Vitals>;
  /** Open files and sockets. */
  descriptors(): number;
}

/** Its log, of all its processes. */
export function logOf({ directory }: World): string {
  return join(directory, 'bridge.log');
}

/** Resolves when it is ready. Throws if it ends before. */
export async function startBridge(world: World): Promise<BridgeProcess> {
  const log = openSync(logOf(world), 'a', 0o600);
  const configuration = join(world.directory, 'rolebridge.yaml');
  const child = spawn(
    process.execPath,
    ['--import', PROBE, MAIN, 'serve', '--config', configuration],
    { stdio: ['ignore', log, log, 'ipc'] },
  );
  closeSync(log);
  await untilReady(world, child).catch((fault: unknown) => {
    child.kill('SIGKILL');
    throw fault;
  });
  return {
    end: async signal => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await once(child, 'exit');
    },
    vitals: async () => {
      child.send('vitals');
      const [vitals] = (await once(child, 'message')) as [Vitals];
      return vitals;
    },
    descriptors: () => readdirSync(`/proc/${child.pid}/fd`).length,
  };
}

async function untilReady({ urls }: World, child: ChildProcess): Promise<void> {
  const end = performance.now() + START_MILLISECONDS;
  while (performance.now() < end) {
    if (child.exitCode !== null) throw new Error(`the bridge ended with ${child.exitCode}`);
    const isReady = await fetch(`${urls.bridge}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await delay(25);
  }
  throw new Error('the bridge did not become ready');
}
