/** Runs the engine once, in a process of its own, and reads what it prints. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { FuzzTarget } from '../target.ts';
import type { EngineRequest } from './process.ts';

export interface Child {
  readonly target: FuzzTarget;
  /** Exports the target. */
  readonly file: string;
  /** A directory that takes findings. */
  readonly findings: string;
  readonly isBlind?: boolean | undefined;
  /** Measures these files for a report in this directory, instead of guiding the engine. */
  readonly coverage?: { readonly of: readonly string[]; readonly into: string } | undefined;
  /** What the engine prints. */
  readonly onLine?: ((line: string) => void) | undefined;
}

export interface Ended {
  readonly code: number | string | null;
  readonly executions: number;
  readonly edges: number;
  readonly features: number;
  readonly lastLines: readonly string[];
}

/** Gives libFuzzer these options, inputs and directories of inputs. */
export function runEngine(child: Child, given: readonly string[]): Promise<Ended> {
  const { target, file, findings, coverage } = child;
  const request: EngineRequest = {
    instruments: coverage?.of ?? target.guidedBy,
    mostMilliseconds: target.mostMilliseconds,
    isBlind: child.isBlind ?? false,
    coverage: coverage?.into,
    engineOptions: [...given, `-max_len=${target.mostBytes}`, '-rss_limit_mb=3072'],
  };
  const engine = spawn(
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
  createInterface({ input: engine.stderr! }).on('line', line => {
    child.onLine?.(line);
    lastLines.push(line);
    if (lastLines.length > 40) lastLines.shift();
    read(line, seen);
  });
  return new Promise(resolve => {
    engine.once('close', (code, signal) => resolve({ ...seen, code: code ?? signal, lastLines }));
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
