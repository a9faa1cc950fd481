/**
 * Which lines and branches of its source files the inputs of a target reach.
 *
 * The engine replays the inputs in a process of its own, with the counters of istanbul. The
 * coverage of V8 does not serve: its number of branches depends on what ran, and `run` of node:test
 * keeps it in one place for the whole process, so that two measurements at once mix.
 */
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runEngine } from './engine/child.ts';
import { inputsIn } from './places.ts';
import type { FuzzTarget } from './target.ts';

export interface Coverage {
  /** Per cent of lines and branches. */
  readonly lines: number;
  readonly branches: number;
}

export interface Replay {
  readonly target: FuzzTarget;
  /** Exports the target. */
  readonly file: string;
  /** Directories of inputs. */
  readonly inputs: readonly string[];
}

interface Count {
  readonly total: number;
  readonly covered: number;
}

/** Of istanbul's reporter `json-summary`: each file by its path, and `total`. */
type Summary = Readonly<Record<string, { readonly lines: Count; readonly branches: Count }>>;

const ROOT = join(import.meta.dirname, '../..');

/**
 * Throws if the replay fails, or does not load one of the files that the target covers: nothing of
 * it would be counted, and the rest would look like the whole.
 */
export async function coverageOf({ target, file, inputs }: Replay): Promise<Coverage> {
  const files = filesOf(target);
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-coverage-'));
  const into = join(directory, 'report');
  try {
    for (const each of inputs) mkdirSync(each, { recursive: true });
    const { code, executions, lastLines } = await runEngine(
      { target, file, findings: join(directory, 'findings'), coverage: { of: files, into } },
      [...inputs, '-runs=0', `-artifact_prefix=${directory}/`],
    );
    if (code !== 0)
      throw new Error(`the replay ended with ${code}: ${lastLines.slice(-10).join('\n')}`);
    const { size } = inputsIn(...inputs);
    if (executions < size) throw new Error(`the replay ran ${executions} of ${size} inputs`);
    const loaded = readFileSync(join(into, 'loaded'), 'utf8').split('\n');
    const missing = files.filter(name => !loaded.includes(name));
    if (missing.length > 0) throw new Error(`the replay does not load ${missing.join(', ')}`);
    const summary: Summary = JSON.parse(readFileSync(join(into, 'coverage-summary.json'), 'utf8'));
    // A file of declarations has no counters.
    const counted = files.flatMap(name => summary[name] ?? []);
    return {
      lines: percent(counted.map(({ lines }) => lines)),
      branches: percent(counted.map(({ branches }) => branches)),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The paths of the files that the patterns name. */
function filesOf({ covers }: FuzzTarget): readonly string[] {
  if (covers.length === 0) throw new Error('the target covers no file');
  return covers.flatMap(pattern => {
    const files = globSync(pattern, { cwd: ROOT });
    if (files.length === 0) throw new Error(`the target covers ${pattern}, which is no file`);
    return files.map(name => join(ROOT, name));
  });
}

function percent(counts: readonly Count[]): number {
  const sum = (of: keyof Count): number => counts.reduce((total, count) => total + count[of], 0);
  if (sum('total') === 0) throw new Error('the target covers nothing that can be counted');
  return (100 * sum('covered')) / sum('total');
}
