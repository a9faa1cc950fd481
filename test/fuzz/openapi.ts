/**
 * Schemathesis against a running bridge, with the token of a user: requests made of the document
 * that the bridge publishes, good and bad, and what the document says of the answers.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loginByDevice } from '../support/cli-login.ts';
import { startWorld } from '../support/world.ts';

const VERSION = '4.32.5';
const CACHE = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const PROGRAM = join(CACHE, `rolebridge/schemathesis-${VERSION}/bin/schemathesis`);

/** Why it cannot run here; false if it can. */
export const SKIP_OPENAPI = existsSync(PROGRAM)
  ? false
  : 'there is no Schemathesis (test/fuzz/install-schemathesis.sh)';

/** What a failure of any of these means is in its documentation. */
const CHECKS = [
  ...['not_a_server_error', 'status_code_conformance', 'content_type_conformance'],
  ...['response_schema_conformance', 'response_headers_conformance', 'ignored_auth'],
  'unsupported_method',
];

export interface OpenApiRun {
  readonly isGood: boolean;
  /** What Schemathesis prints, without the token. */
  readonly output: string;
  readonly executions: number;
}

export async function fuzzOpenApi({
  seconds,
  seed = 1,
}: {
  readonly seconds: number;
  readonly seed?: number | undefined;
}): Promise<OpenApiRun> {
  const world = await startWorld();
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-fuzz-'));
  try {
    const { accessToken } = await loginByDevice(world, 'alice');
    // It keeps a cache in its working directory.
    const { code, output } = await run(directory, [
      ...['run', `${world.urls.bridge}/api/v1/openapi.json`, '--checks', CHECKS.join(',')],
      ...['--header', `Authorization: Bearer ${accessToken}`, '--max-time', String(seconds)],
      ...['--seed', String(seed), '--max-examples', '200', '--no-color', '--continue-on-failure'],
      ...['--report', 'ndjson', '--report-ndjson-path', join(directory, 'events')],
    ]);
    const events = readFileSync(join(directory, 'events'), 'utf8');
    return {
      isGood: code === 0,
      output: output.replaceAll(accessToken, '[token]'),
      executions: events.split('"status_code"').length - 1,
    };
  } finally {
    await world.close();
    rmSync(directory, { recursive: true });
  }
}

function run(
  directory: string,
  given: readonly string[],
): Promise<{ code: number | null; output: string }> {
  const child = spawn(PROGRAM, given, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  return new Promise(resolve => {
    child.once('close', code => resolve({ code, output }));
  });
}
