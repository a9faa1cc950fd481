/**
 * What the client costs an AWS command: whole processes, in turn with the least that a process
 * costs.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Computer, otherNode, QUICK_POLLS } from '../support/cli.ts';
import { startWorld } from '../support/world.ts';
import { type Comparison, compare } from './stopwatch.ts';

const AWS = '/usr/bin/aws';
const COLD_STARTS = 50;

export async function measureClient(): Promise<Comparison[]> {
  const world = await startWorld(QUICK_POLLS);
  const computer = new Computer();
  const results: Comparison[] = [];
  try {
    await computer.logIn(world, 'alice');
    await computer.done(['credential-process', 'prod/Admin']);
    const env = computer.env as NodeJS.ProcessEnv;
    const run = (program: string, args: readonly string[], environment = env): void => {
      const { status, stderr } = spawnSync(program, args, { env: environment });
      if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
    };
    for (const node of [process.execPath, otherNode()].filter(path => path !== undefined)) {
      results.push(
        await compare({
          name: `client: credential-process with a warm cache, on ${nodeVersion(node)}`,
          run: () => run(node, [computer.entry, 'credential-process', 'prod/Admin']),
          floorName: 'node -e 0 of the same Node',
          floor: () => run(node, ['-e', '0']),
          calls: 5,
        }),
      );
    }
    if (existsSync(AWS)) {
      const keys = {
        ...env,
        AWS_ACCESS_KEY_ID: 'a',
        AWS_SECRET_ACCESS_KEY: 'b',
        AWS_SESSION_TOKEN: 'c',
      };
      results.push(
        await compare({
          name: 'client: credential-process with a warm cache, beside the AWS CLI',
          run: () => run(process.execPath, [computer.entry, 'credential-process', 'prod/Admin']),
          floorName:
            'aws configure export-credentials (not a floor: what people would run instead)',
          floor: () => run(AWS, ['configure', 'export-credentials', '--format', 'process'], keys),
          calls: 2,
        }),
      );
    }
    const before = world.toAws.length;
    const started = performance.now();
    await Promise.all(
      Array.from({ length: COLD_STARTS }, () =>
        computer.done(['credential-process', 'staging/Admin']),
      ),
    );
    const cold = performance.now() - started;
    const floorStarted = performance.now();
    await Promise.all(Array.from({ length: COLD_STARTS }, () => computer.run(['--version'])));
    const floor = performance.now() - floorStarted;
    const calls = world.toAws.length - before;
    results.push({
      name: `client: ${COLD_STARTS} cold credential-process at once, ${calls} STS ${calls === 1 ? 'call' : 'calls'}`,
      milliseconds: cold / COLD_STARTS,
      floorMilliseconds: floor / COLD_STARTS,
      floorName: `${COLD_STARTS} rolebridge --version at once`,
      ratio: cold / floor,
    });
  } finally {
    computer.close();
    await world.close();
  }
  return results;
}

function nodeVersion(node: string): string {
  return `Node ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`;
}
