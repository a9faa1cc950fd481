/**
 * CPU profiles of what is measured: of this process, and of the servers that it starts, workers
 * included.
 *
 * V8 writes a profile of each thread from start to end (`node --cpu-prof`). Its times are those of
 * `process.hrtime`, so only samples that were taken during `measured` are counted.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Names the directory of the profiles, in a run that is profiled. */
const VARIABLE = 'BENCH_PROFILES';
const WINDOWS = 'measured.txt';
const FUNCTIONS = 40;
const PACKAGES = 20;
/** What V8 calls the time in which a thread does nothing. */
const IDLE = new Set(['(idle)', '(root)']);

/** Arguments of Node.js for a process that is measured. */
export function profileFlags(directory = process.env[VARIABLE]): readonly string[] {
  if (directory === undefined) return [];
  const preload = new URL('profile-workers.ts', import.meta.url).href;
  return ['--cpu-prof', `--cpu-prof-dir=${directory}`, `--import=${preload}`];
}

/** Does the work, and counts its samples if this run is profiled. */
export async function measured<T>(work: () => Promise<T>): Promise<T> {
  const directory = process.env[VARIABLE];
  const from = microseconds();
  const result = await work();
  if (directory !== undefined)
    appendFileSync(join(directory, WINDOWS), `${from} ${microseconds()}\n`);
  return result;
}

function microseconds(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** Runs a script with its arguments, then prints where it and its servers spent their time. */
export async function runProfiled(args: readonly string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-profiles-'));
  try {
    const run = spawn(process.execPath, [...profileFlags(directory), ...args], {
      stdio: 'inherit',
      env: { ...process.env, [VARIABLE]: directory },
    });
    const [status] = (await once(run, 'exit')) as [number | null];
    if (status !== 0) throw new Error(`the profiled run has ended with ${status}`);
    const windows = readFileSync(join(directory, WINDOWS), 'utf8')
      .trim()
      .split('\n')
      .map(line => line.split(' ').map(Number) as [number, number]);
    for (const file of readdirSync(directory).filter(name => name.endsWith('.cpuprofile'))) {
      const profile = JSON.parse(readFileSync(join(directory, file), 'utf8')) as Profile;
      print(threadOf(file, run.pid), selfTimes(profile, windows));
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What `node --cpu-prof` writes. Times are in microseconds. */
interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** Microseconds of each function itself, without what it calls, within the windows. */
function selfTimes(
  { nodes, startTime, samples, timeDeltas }: Profile,
  windows: readonly (readonly [number, number])[],
): ReadonlyMap<string, number> {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const times = new Map<string, number>();
  let at = startTime;
  samples.forEach((id, index) => {
    // A delta leads to its sample, whose function runs until the next one.
    at += timeDeltas[index]!;
    const frame = frames.get(id)!;
    if (IDLE.has(frame.functionName) || !windows.some(([from, to]) => at >= from && at < to))
      return;
    const name = `${frame.functionName || '(anonymous)'}:${frame.lineNumber + 1}`;
    const place = [packageOf(frame.url), fileOf(frame), name].join('\t');
    times.set(place, (times.get(place) ?? 0) + (timeDeltas[index + 1] ?? 0));
  });
  return times;
}

function print(thread: string, times: ReadonlyMap<string, number>): void {
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  if (total === 0) return;
  const share = (time: number): string => `${((100 * time) / total).toFixed(1)} %`.padStart(8);
  console.log(`\n${thread}: ${(total / 1000).toFixed(0)} ms of CPU while it was measured`);
  console.log('\nby package');
  for (const [name, time] of grouped(times, 1).slice(0, PACKAGES))
    console.log(`${share(time)}  ${name}`);
  console.log('\nby file');
  for (const [name, time] of grouped(times, 2).slice(0, PACKAGES))
    console.log(`${share(time)}  ${name.replace('\t', '  ')}`);
  console.log('\nby function');
  for (const [name, time] of grouped(times, 3).slice(0, FUNCTIONS))
    console.log(`${share(time)}  ${name.replaceAll('\t', '  ')}`);
}

/** By the first words of their place, the longest time first. */
function grouped(times: ReadonlyMap<string, number>, words: number): [string, number][] {
  const sums = new Map<string, number>();
  for (const [place, time] of times) {
    const group = place.split('\t').slice(0, words).join('\t');
    sums.set(group, (sums.get(group) ?? 0) + time);
  }
  return [...sums].sort(([, one], [, other]) => other - one);
}

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

function packageOf(url: string): string {
  if (url === '') return 'V8 and native code';
  if (url.startsWith('node:')) return 'Node.js';
  const inside = url.split('/node_modules/').at(-1)!;
  if (inside === url) return 'rolebridge';
  return /^(?:@[^/]+\/)?[^/]+/.exec(inside)![0];
}

function fileOf({ url }: CallFrame): string {
  if (!url.startsWith('file:')) return url;
  const path = fileURLToPath(url);
  return path.includes('/node_modules/') ? basename(path) : path.slice(PROJECT.length);
}

/** The name of a profile is `CPU.DATE.TIME.PID.THREAD.NUMBER.cpuprofile`. */
function threadOf(file: string, bench: number | undefined): string {
  const [, , , pid, thread] = file.split('.');
  return `${Number(pid) === bench ? 'the bench itself' : `server ${pid}`}, thread ${thread}`;
}
