/**
 * Schemathesis against a running bridge, as every kind of caller: requests made of the document
 * that the bridge publishes, good and bad, and what the document says of the answers.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWorld } from '../../support/world.ts';
import { CALLERS, type Caller, WITH_CALLERS } from './callers.ts';
import { type ApiDocument, markOf, type Operation, openGate, operationsIn } from './gate.ts';

const VERSION = '4.32.5';
const CACHE = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const PROGRAM = join(CACHE, `rolebridge/schemathesis-${VERSION}/bin/schemathesis`);

/** Why it cannot run here; false if it can. */
export const SKIP_OPENAPI = existsSync(PROGRAM)
  ? false
  : 'there is no Schemathesis (test/fuzz/openapi/install.sh)';

/** What a failure of any of these means is in its documentation. */
const CHECKS = [
  ...['not_a_server_error', 'status_code_conformance', 'content_type_conformance'],
  ...['response_schema_conformance', 'response_headers_conformance', 'ignored_auth'],
  'unsupported_method',
];

/** Real names among the invented ones, so that requests also succeed. */
const CONFIGURATION = `
[dictionaries]
accounts = { values = ["prod", "staging", "gov"] }
roles = { values = ["Developer", "Admin", "ReadOnly", "Operator", "PhotoUser"] }

[parameters]
${['path', 'query', 'body', 'body.roles[*]']
  .flatMap(place => [
    `"${place}.account" = { dictionary = "accounts", probability = 0.5 }`,
    `"${place}.role" = { dictionary = "roles", probability = 0.5 }`,
  ])
  .join('\n')}
`;

/** Statuses that tell nothing of an operation: its caller was not known, or came too often. */
const REFUSED: readonly number[] = [401, 429];

export interface OpenApiFinding {
  /** Names the fault. */
  readonly title: string;
  readonly detail: string;
}

export interface OpenApiRun {
  readonly seconds: number;
  readonly requests: number;
  readonly operations: number;
  /** Operations of which a caller got another answer than that it is unknown. */
  readonly answered: number;
  readonly findings: readonly OpenApiFinding[];
}

export async function fuzzOpenApi({
  seconds,
  seed = 1,
  onText,
}: {
  readonly seconds: number;
  readonly seed?: number | undefined;
  /** What Schemathesis prints. */
  readonly onText?: ((text: string) => void) | undefined;
}): Promise<OpenApiRun> {
  const begun = performance.now();
  const world = await startWorld(WITH_CALLERS);
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-fuzz-'));
  try {
    writeFileSync(join(directory, 'schemathesis.toml'), CONFIGURATION);
    const address = `${world.urls.bridge}/api/v1/openapi.json`;
    const operations = operationsIn((await (await fetch(address)).json()) as ApiDocument);
    const gate = openGate(world, { callers: CALLERS, operations });
    const findings: OpenApiFinding[] = [];
    const shares = CALLERS.reduce((sum, { share }) => sum + share, 0);
    for (const caller of CALLERS) {
      const { failures, output } = await generate(directory, {
        ...{ address, caller, operations, seed, onText },
        seconds: Math.max(2, Math.round((seconds * caller.share) / shares)),
      }).finally(() => gate.check());
      findings.push(...failures.map(failure => findingOf(caller, failure, output)));
    }
    const unanswered = operations.filter(
      ({ id }) => ![...(gate.answers.get(id)?.keys() ?? [])].some(is => !REFUSED.includes(is)),
    );
    return {
      seconds: (performance.now() - begun) / 1000,
      requests: gate.requests(),
      operations: operations.length,
      answered: operations.length - unanswered.length,
      findings: [...findings, ...unanswered.map(({ id }) => unansweredFinding(id))],
    };
  } finally {
    await world.close();
    rmSync(directory, { recursive: true });
  }
}

const unansweredFinding = (id: string): OpenApiFinding => ({
  title: `${id} answers no caller`,
  detail: `No caller of test/fuzz/openapi/callers.ts got another answer than ${REFUSED.join(' or ')}.`,
});

/** One kind of failure, in the report of Schemathesis. */
interface Failure {
  readonly title: string;
  readonly operations: readonly string[];
}

const findingOf = (
  { name }: Caller,
  { title, operations }: Failure,
  output: string,
): OpenApiFinding => ({
  title: `${title}: ${operations.join(', ')}`,
  detail: `As ${name}.\n\n${output}`,
});

interface Generation {
  readonly address: string;
  readonly caller: Caller;
  readonly operations: readonly Operation[];
  readonly seconds: number;
  readonly seed: number;
  readonly onText?: ((text: string) => void) | undefined;
}

/** Throws if Schemathesis itself fails. */
async function generate(
  directory: string,
  { address, caller, operations, seconds, seed, onText }: Generation,
): Promise<{ readonly failures: readonly Failure[]; readonly output: string }> {
  const report = join(directory, 'report.json');
  rmSync(report, { force: true });
  const own = operations.filter(({ schemes }) => schemes.includes(caller.scheme));
  const output = await run(
    directory,
    [
      ...['run', address, '--checks', CHECKS.join(','), '--max-time', String(seconds)],
      ...['--header', `Authorization: ${markOf(caller)}`, '--seed', String(seed), '--no-color'],
      ...own.flatMap(({ id }) => ['--include-operation-id', id]),
      ...['--continue-on-failure', '--warnings', 'off', '--wait-for-schema', '60'],
      ...['--report', 'json', '--report-json-path', report],
    ],
    onText,
  );
  if (!existsSync(report)) throw new Error(`Schemathesis ended early:\n${output}`);
  const { failures, errors } = JSON.parse(readFileSync(report, 'utf8')) as {
    readonly failures: readonly Failure[];
    readonly errors: readonly { readonly title: string }[];
  };
  if (errors.length > 0)
    throw new Error(`${errors.map(({ title }) => title).join(', ')}:\n${output}`);
  return { failures, output };
}

function run(
  directory: string,
  given: readonly string[],
  onText?: (text: string) => void,
): Promise<string> {
  // It reads its configuration and keeps a cache there.
  const child = spawn(PROGRAM, given, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      onText?.(text);
    });
  return new Promise(resolve => {
    child.once('close', () => resolve(output));
  });
}
