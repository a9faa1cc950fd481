/**
 * `npm test` runs every `*.test.ts`; `npm test -- [OPTION...] [FILE or DIRECTORY...]` runs these
 * alone. Options are those of `node --test`. The other suites are patterns of such files.
 */
import { spawn } from 'node:child_process';
import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';

const DEFAULT_SUITE = 'test/**/*.test.ts';
/** Two on two processors: with more, tests of fifty users or processes at once miss time limits. */
const LIMITS = ['--test-concurrency=2', '--test-timeout=120000'];
/** Code that Node.js has compiled: each test file is a process and loads the same modules. */
const COMPILE_CACHE = join(import.meta.dirname, '../node_modules/.cache/rolebridge-test-code');
const TEST_FILE = /\.(?:test|browser|slow|interop|wire)\.ts$/;
/** Options of the test runner that take no value; all others of its options take one. */
const SWITCHES: ReadonlySet<string> = new Set([
  '--test-force-exit',
  '--test-only',
  '--test-randomize',
  '--test-update-snapshots',
]);

class UsageError extends Error {}

interface Arguments {
  readonly options: readonly string[];
  readonly paths: readonly string[];
}

function parse(argv: readonly string[]): Arguments {
  const options: string[] = [];
  const paths: string[] = [];
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith('-')) paths.push(word);
    else if (!takesNext(word)) options.push(word);
    else {
      const value = rest.shift();
      if (value === undefined) throw new UsageError(`${word} requires a value.`);
      options.push(`${word}=${value}`);
    }
  }
  return { options, paths };
}

function takesNext(option: string): boolean {
  return option.startsWith('--test-') && !option.includes('=') && !SWITCHES.has(option);
}

/** The test files that a file, a directory or a pattern names. */
function testFiles(path: string): readonly string[] {
  const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const named = globSync(isDirectory ? `${path}/**/*.test.ts` : path);
  const files = named.filter(name => TEST_FILE.test(name));
  if (files.length > 0) return files;
  if (isDirectory) throw new UsageError(`${path} contains no test file.`);
  throw new UsageError(
    named.length > 0 ? `${path} is not a test file (*.test.ts).` : `${path} does not exist.`,
  );
}

try {
  const { options, paths } = parse(process.argv.slice(2));
  const files = paths.length > 0 ? paths.flatMap(testFiles) : [DEFAULT_SUITE];
  const runner = spawn(process.execPath, ['--test', ...LIMITS, ...options, ...files], {
    stdio: 'inherit',
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env },
  });
  runner.once('exit', code => {
    process.exitCode = code ?? 1;
  });
} catch (thrown) {
  if (!(thrown instanceof UsageError)) throw thrown;
  process.stderr.write(`npm test: ${thrown.message}\n`);
  process.exitCode = 2;
}
