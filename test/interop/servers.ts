/**
 * Programs of others that a test starts on loopback, with one temporary directory. `stop` ends them
 * and removes it; so does the end of this process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** How long a program has to end before it is killed. */
const PATIENCE_MILLISECONDS = 5000;

/** Many programs refuse to work as root, or to share a file with a worker that is not. */
export const SERVICE_USER = process.getuid?.() === 0 ? 'www-data' : undefined;

export interface Program {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Servers {
  /** Readable for everyone, and empty. */
  readonly directory: string;
  /** Returns how to end the program and all that it has started. */
  start(program: Program): () => Promise<void>;
  /** Waits for HTTP status 200. Throws with the end of what the programs wrote. */
  untilReady(url: string, withinMilliseconds?: number): Promise<void>;
  stop(): Promise<void>;
}

/** `name` is that of the product. */
export function openServers(name: string): Servers {
  const directory = mkdtempSync(join(tmpdir(), `${name.toLowerCase().replaceAll(/\W/g, '')}-`));
  chmodSync(directory, 0o755);
  const running = new Set<ChildProcess>();
  const log: string[] = [];
  const removeAll = (): void => {
    for (const child of running) signal(child, 'SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };
  // The runner ends a file that takes too long by this signal.
  const terminate = (): never => process.exit(143);
  process.once('exit', removeAll);
  process.once('SIGTERM', terminate);

  return {
    directory,
    start: program => {
      const child = spawn(program.command, program.arguments, {
        cwd: directory,
        env: { PATH: process.env.PATH, ...program.environment },
        stdio: ['ignore', 'pipe', 'pipe'],
        // A group of its own, so that its workers end with it.
        detached: true,
      });
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => log.push(text));
      child.on('error', fault => log.push(String(fault)));
      running.add(child);
      return async () => {
        await end(child);
        running.delete(child);
      };
    },
    untilReady: async (url, withinMilliseconds = 30_000) => {
      const deadline = Date.now() + withinMilliseconds;
      for (;;) {
        const fault = await faultOf(url);
        if (fault === undefined) return;
        if (Date.now() > deadline || [...running].some(hasEnded))
          throw new Error(`${name} did not come up: ${fault}\n${log.join('').slice(-3000)}`);
        await pause(100);
      }
    },
    stop: async () => {
      await Promise.all([...running].map(end));
      process.off('exit', removeAll);
      process.off('SIGTERM', terminate);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (!hasEnded(child)) {
    const gone = once(child, 'exit');
    signal(child, 'SIGTERM');
    const last = setTimeout(() => signal(child, 'SIGKILL'), PATIENCE_MILLISECONDS);
    await gone;
    clearTimeout(last);
  }
  // Workers that outlive the program.
  signal(child, 'SIGKILL');
}

function hasEnded({ exitCode, signalCode, pid }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null || pid === undefined;
}

/** To the whole group; without effect once it is empty. */
function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch {
    // Gone already.
  }
}

async function faultOf(url: string): Promise<string | undefined> {
  try {
    const { status } = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    return status === 200 ? undefined : `HTTP status ${status}`;
  } catch (fault) {
    return String(fault);
  }
}
