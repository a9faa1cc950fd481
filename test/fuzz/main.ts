/**
 * `npm run fuzz [-- [--seconds N] [--jobs N] [--seed N] [--json FILE] [--verbose] [TARGET...]]`
 *
 * Runs each target for the time, and prints what was executed, reached and found. Ends with 1 if
 * something was found, or a target failed or could not be measured.
 */
import { globSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { coverageOf } from './coverage.ts';
import { runTarget } from './engine/run.ts';
import { FindingsDirectory } from './findings.ts';
import { fuzzOpenApi, SKIP_OPENAPI } from './openapi/run.ts';
import { corpusOf, findingsOf, GROWN, wordsOf } from './places.ts';
import { type Report, table } from './report.ts';
import type { FuzzTarget } from './target.ts';

const DEFAULT_SECONDS = 60;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: String(DEFAULT_SECONDS) },
    jobs: { type: 'string', default: String(Math.max(1, availableParallelism() - 1)) },
    seed: { type: 'string' },
    json: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

/** Schemathesis is its engine. */
const OPENAPI = 'openapi';

const files = globSync('*.fuzz.ts', { cwd: import.meta.dirname }).sort();
const names = [...files.map(file => basename(file, '.fuzz.ts')), OPENAPI];
const unknown = positionals.filter(name => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(
    `npm run fuzz: unknown target ${unknown.join(', ')}. Targets: ${names.join(', ')}.\n`,
  );
  process.exit(2);
}

const waiting = positionals.length > 0 ? [...positionals] : [...names];
const reports: Report[] = [];
const failed: string[] = [];
const seconds = Number(values.seconds);
const seed = values.seed === undefined ? undefined : Number(values.seed);

async function work(): Promise<void> {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const before = foundIn(name);
    // One target that fails must not take the others with it.
    const done = await (name === OPENAPI ? openApiReport() : reportOf(name)).catch(
      (error: Error) => {
        failed.push(`${name}: ${error.message}`);
      },
    );
    if (done === undefined) continue;
    const findings = foundIn(name).filter(id => !before.includes(id));
    reports.push({ name, ...done, findings });
    process.stderr.write(`${table(reports.slice(-1))}\n`);
  }
}

type Done = Omit<Report, 'name' | 'findings'>;

async function reportOf(name: string): Promise<Done> {
  const file = join(import.meta.dirname, `${name}.fuzz.ts`);
  const { target } = (await import(file)) as { readonly target: FuzzTarget };
  const grown = join(GROWN, name);
  const result = await runTarget({
    ...{ target, file, corpus: [corpusOf(name)], grown, findings: findingsOf(name) },
    ...{ words: wordsOf(name), seconds, seed, onLine: lineWriter(name) },
  });
  const covered = await coverageOf({ target, file, inputs: [corpusOf(name), grown] }).then(
    ({ lines, branches }) => `${lines.toFixed(1)} % lines, ${branches.toFixed(1)} % branches`,
    (error: Error) => {
      failed.push(`${name}: ${error.message}`);
      return 'unknown';
    },
  );
  return { ...result, covered };
}

/** Undefined where Schemathesis is not installed. */
async function openApiReport(): Promise<Done | undefined> {
  if (SKIP_OPENAPI !== false) {
    failed.push(`${OPENAPI}: ${SKIP_OPENAPI}`);
    return undefined;
  }
  const run = await fuzzOpenApi({ seconds, seed, onText: lineWriter(OPENAPI) });
  const directory = new FindingsDirectory(findingsOf(OPENAPI));
  for (const { title, detail } of run.findings) directory.keep(Buffer.from(detail), title);
  const { answered, operations, requests } = run;
  return {
    seconds: run.seconds,
    executions: requests,
    covered: `${answered} of ${operations} operations`,
  };
}

function lineWriter(name: string): ((line: string) => void) | undefined {
  return values.verbose ? line => process.stderr.write(`${name}: ${line.trimEnd()}\n`) : undefined;
}

function foundIn(name: string): readonly string[] {
  return globSync('*.why', { cwd: findingsOf(name) });
}

await Promise.all(Array.from({ length: Number(values.jobs) }, work));
reports.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
process.stdout.write(`${table(reports)}\n`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(reports, null, 2)}\n`);
const found = reports.filter(({ findings }) => findings.length > 0);
for (const { name, findings } of found)
  process.stdout.write(
    `${name}: see ${findings.map(file => join(findingsOf(name), file)).join(', ')}\n`,
  );
for (const line of failed) process.stdout.write(`${line}\n`);
process.exitCode = found.length + failed.length > 0 ? 1 : 0;
