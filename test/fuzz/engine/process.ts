/** The process in which one target runs: `node process.ts REQUEST`, the request as JSON. */
import { createRequire, register } from 'node:module';
import { join } from 'node:path';
import { loadAddon } from './addon.ts';

/** What `run.ts` asks for. */
export interface EngineRequest {
  readonly guidedBy: readonly string[];
  readonly mostMilliseconds: number;
  /** Without the feedback of coverage: the self-test compares. */
  readonly isBlind: boolean;
  /** Of libFuzzer, with the directories of inputs; the first takes new ones. */
  readonly engineOptions: readonly string[];
}

const request: EngineRequest = JSON.parse(process.argv[2]!);
loadAddon();
register('./typescript-loader.ts', import.meta.url);
const { OptionSource, OptionsManager, startFuzzing } = createRequire(import.meta.url)(
  '@jazzer.js/core',
) as typeof import('@jazzer.js/core');

/** libFuzzer ends the process after this time; the target itself reports what is merely slow. */
const HANGS = 20;

const { returnCode } = await startFuzzing(
  new OptionsManager(OptionSource.DefaultCLIOptions).merge(
    {
      fuzzTarget: join(import.meta.dirname, 'fuzz-function.ts'),
      includes: [...request.guidedBy],
      excludes: [],
      dryRun: request.isBlind,
      disableBugDetectors: ['path-traversal'],
      timeout: request.mostMilliseconds * HANGS,
      fuzzerOptions: [...request.engineOptions],
    },
    OptionSource.CommandLineArguments,
  ),
);
process.exit(returnCode);
