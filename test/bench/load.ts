/** Servers as processes of their own, what they cost in CPU, and requests to them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { World } from '../support/world.ts';
import { profileFlags } from './profile.ts';

export interface ServerProcess {
  /** What it has said until it was ready. */
  readonly said: string;
  /** CPU seconds that it has used, its part in the kernel included. */
  cpuSeconds(): number;
  /** Sends it a message and waits for its answer. For servers that know the message. */
  told(message: object): Promise<void>;
  /**
   * The longest stall of its event loop since this was asked last, in milliseconds of CPU. For
   * servers that run with stall-monitor.ts.
   */
  longestStall(): Promise<number>;
  end(): Promise<void>;
}

/** Linux counts in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/** Runs a script until it says what `isReady` knows. `npm run bench -- --profile` profiles it. */
export async function startServer(
  args: readonly string[],
  isReady: RegExp,
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [...profileFlags(), ...args], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on('data', (chunk: Buffer) => {
      if (isReady.test(said)) return;
      said += chunk.toString();
      if (isReady.test(said)) resolve();
    });
    child.once('exit', () => reject(new Error(`the server ended: ${said}`)));
  });
  return {
    said,
    cpuSeconds: () => {
      // The name in brackets may hold anything; behind it, user and system time are the 12th and
      // 13th field.
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
    told: async message => {
      child.send(message);
      await once(child, 'message');
    },
    longestStall: async () => {
      child.send('how long');
      const [milliseconds] = (await once(child, 'message')) as [number];
      return milliseconds;
    },
    end: async () => {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** The bridge of the world moves out of this process, and keeps its address. */
export async function moveOut(world: World): Promise<ServerProcess> {
  world.servers.bridge.closeAllConnections();
  await new Promise(resolve => world.servers.bridge.close(resolve));
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
  const configuration = join(world.directory, 'rolebridge.yaml');
  return startServer([main, 'serve', '--config', configuration], /"listening"/);
}

/** The same request, over and over, on connections that are kept. */
export interface Load {
  readonly url: string;
  /** Sent by POST; undefined for a GET. */
  readonly body?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly requests: number;
}

/**
 * Throws when one of them is not answered with 200. Each connection comes from an address of
 * loopback of its own.
 */
export async function sendMany({ url, body, headers, connections, requests }: Load): Promise<void> {
  let left = requests;
  await Promise.all(
    Array.from({ length: connections }, async (_, connection) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const localAddress = `127.2.0.${1 + connection}`;
      while (left-- > 0) await send();
      agent.destroy();

      function send(): Promise<void> {
        return new Promise((resolve, reject) => {
          const method = body === undefined ? 'GET' : 'POST';
          const sent = request(url, { method, headers, agent, localAddress }, response => {
            if (response.statusCode !== 200) reject(new Error(`HTTP ${response.statusCode}`));
            response.resume();
            response.once('end', resolve);
          });
          sent.once('error', reject);
          sent.end(body);
        });
      }
    }),
  );
}
