/** The process in which one target runs: `node process.ts REQUEST`, the request as JSON. */
import { mkdirSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { join } from 'node:path';
import { loadAddon } from './addon.ts';

/** What `child.ts` asks for. */
export interface EngineRequest {
  /** Parts of paths: the files that are instrumented. */
  readonly instruments: readonly string[];
  readonly mostMilliseconds: number;
  /** Without the feedback of coverage: the self-test compares. */
  readonly isBlind: boolean;
  /**
   * A directory for `coverage-summary.json`, istanbul's counts for each instrumented file, and for
   * `loaded`, the paths of all modules.
   */
  readonly coverage?: string | undefined;
  /** Of libFuzzer, with the directories of inputs; the first takes new ones. */
  readonly engineOptions: readonly string[];
}

const request: EngineRequest = JSON.parse(process.argv[2]!);
loadAddon();
const { coverage } = request;
if (coverage !== undefined) mkdirSync(coverage, { recursive: true });
register('./typescript-loader.ts', import.meta.url, {
  data: { record: coverage && join(coverage, 'loaded') },
});
const { OptionSource, OptionsManager, startFuzzing } = createRequire(import.meta.url)(
  '@jazzer.js/core',
) as typeof import('@jazzer.js/core');

/** libFuzzer ends the process after this time; the target itself reports what is merely slow. */
const HANGS = 20;
/** Inputs of a replay have ended before, so a busy machine must not end it. */
const REPLAY_HANGS = 1000;

const { returnCode } = await startFuzzing(
  new OptionsManager(OptionSource.DefaultCLIOptions).merge(
    {
      fuzzTarget: join(import.meta.dirname, 'fuzz-function.ts'),
      includes: [...request.instruments],
      excludes: [],
      dryRun: request.isBlind,
      disableBugDetectors: ['path-traversal'],
      timeout: request.mostMilliseconds * (coverage === undefined ? HANGS : REPLAY_HANGS),
      fuzzerOptions: [...request.engineOptions],
      ...(coverage !== undefined && {
        ...{ coverage: true, coverageDirectory: coverage, coverageReporters: ['json-summary'] },
      }),
    },
    OptionSource.CommandLineArguments,
  ),
);
process.exit(returnCode);
