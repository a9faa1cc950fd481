/** Runs one target in processes of its own until its time is up. */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { FindingsDirectory } from '../findings.ts';
import type { FuzzTarget } from '../target.ts';
import type { EngineRequest } from './process.ts';

export interface RunOptions {
  readonly target: FuzzTarget;
  readonly file: string;
  /** A dictionary of libFuzzer. */
  readonly words?: string | undefined;
  /** Directories of inputs to begin with. */
  readonly corpus: readonly string[];
  /** Takes the inputs that reach something new. */
  readonly grown: string;
  readonly findings: string;
  readonly seconds: number;
  readonly seed?: number | undefined;
  readonly isBlind?: boolean | undefined;
  readonly mostExecutions?: number | undefined;
  /** What the engine prints. */
  readonly onLine?: ((line: string) => void) | undefined;
}

export interface RunResult {
  readonly executions: number;
  readonly seconds: number;
  /** Edges of the instrumented code that some input reached. */
  readonly edges: number;
  /** Edges, with how often an input passes them. */
  readonly features: number;
  readonly corpusFiles: number;
}

export async function runTarget(options: RunOptions): Promise<RunResult> {
  const begun = performance.now();
  const elapsed = (): number => (performance.now() - begun) / 1000;
  for (const directory of [options.grown, ...options.corpus])
    mkdirSync(directory, { recursive: true });
  const total = { executions: 0, edges: 0, features: 0 };
  const artifacts = join(options.grown, '../artifacts', options.target.name);
  mkdirSync(artifacts, { recursive: true });
  for (;;) {
    const left = Math.ceil(options.seconds - elapsed());
    const leftExecutions = (options.mostExecutions ?? Number.POSITIVE_INFINITY) - total.executions;
    if (left <= 0 || leftExecutions <= 0) break;
    const ended = await runProcess(options, [
      ...[options.grown, ...options.corpus, `-max_total_time=${left}`, '-print_final_stats=1'],
      ...['-reload=0', `-max_len=${options.target.mostBytes}`, `-artifact_prefix=${artifacts}/`],
      ...(options.seed === undefined ? [] : [`-seed=${options.seed}`]),
      ...(Number.isFinite(leftExecutions) ? [`-runs=${leftExecutions}`] : []),
      ...(options.words === undefined ? [] : [`-dict=${options.words}`]),
    ]);
    total.executions += ended.executions;
    total.edges = Math.max(total.edges, ended.edges);
    total.features = Math.max(total.features, ended.features);
    const crashes = await keepCrashes(artifacts, options, ended.lastLines);
    if (ended.code !== 0 && crashes === 0)
      throw new Error(`the engine ended with ${ended.code}:\n${ended.lastLines.join('\n')}`);
  }
  return { ...total, seconds: elapsed(), corpusFiles: readdirSync(options.grown).length };
}

interface Ended {
  readonly code: number | string | null;
  readonly executions: number;
  readonly edges: number;
  readonly features: number;
  readonly lastLines: readonly string[];
}

function runProcess(options: RunOptions, given: readonly string[]): Promise<Ended> {
  const { target, file, findings } = options;
  const request: EngineRequest = {
    guidedBy: target.guidedBy,
    mostMilliseconds: target.mostMilliseconds,
    isBlind: options.isBlind ?? false,
    engineOptions: [...given, '-rss_limit_mb=3072'],
  };
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, 'process.ts'),
      JSON.stringify(request),
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...process.env,
        ROLEBRIDGE_FUZZ_TARGET: file,
        ROLEBRIDGE_FUZZ_FINDINGS: findings,
      },
    },
  );
  const seen = { executions: 0, edges: 0, features: 0 };
  const lastLines: string[] = [];
  createInterface({ input: child.stderr! }).on('line', line => {
    options.onLine?.(line);
    lastLines.push(line);
    if (lastLines.length > 40) lastLines.shift();
    read(line, seen);
  });
  return new Promise(resolve => {
    child.once('close', (code, signal) => resolve({ ...seen, code: code ?? signal, lastLines }));
  });
}

/** Lines of libFuzzer: `#4096 NEW cov: 812 ft: 2011 corp: 40/9Kb ...`, and its statistics. */
function read(line: string, seen: { executions: number; edges: number; features: number }): void {
  const [, count, edges, features] = /^#(\d+)\s.* cov: (\d+) ft: (\d+)/.exec(line) ?? [];
  const executed = count ?? /^stat::number_of_executed_units:\s*(\d+)/.exec(line)?.[1];
  if (executed !== undefined) seen.executions = Math.max(seen.executions, Number(executed));
  if (edges !== undefined) seen.edges = Number(edges);
  if (features !== undefined) seen.features = Number(features);
}

/**
 * Inputs that ended the process: it hung, took all memory, or set off a detector. One that does not
 * do so again was only interrupted by a busy machine. Returns how many there were.
 */
async function keepCrashes(
  artifacts: string,
  options: RunOptions,
  lastLines: readonly string[],
): Promise<number> {
  const names = readdirSync(artifacts).filter(name => /^(?:crash|timeout|oom|leak)-/.test(name));
  for (const name of names) {
    const input = join(artifacts, name);
    const again = await runProcess(options, [input]);
    if (again.code !== 0) {
      const why = lastLines.find(line => line.startsWith('==')) ?? '';
      const thrown = new Error(`${name.split('-')[0]}: ${why.replace(/^==\d+== ?/, '')}`);
      thrown.stack = lastLines.join('\n');
      new FindingsDirectory(options.findings).keep(readFileSync(input), thrown);
    }
    rmSync(input);
  }
  return names.length;
}
