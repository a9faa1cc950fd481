/** Runs one target in processes of its own until its time is up. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FindingsDirectory } from '../findings.ts';
import { type Child, runEngine } from './child.ts';

export interface RunOptions extends Omit<Child, 'coverage'> {
  /** Directories of inputs to begin with. */
  readonly corpus: readonly string[];
  /** Takes the inputs that reach something new. */
  readonly grown: string;
  /** A dictionary of libFuzzer. */
  readonly words?: string | undefined;
  readonly seconds: number;
  readonly seed?: number | undefined;
  readonly mostExecutions?: number | undefined;
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
    const ended = await runEngine(options, [
      ...[options.grown, ...options.corpus, `-max_total_time=${left}`, '-print_final_stats=1'],
      ...['-reload=0', `-artifact_prefix=${artifacts}/`],
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
    const again = await runEngine(options, [input]);
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
