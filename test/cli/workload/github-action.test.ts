/** The script of examples/github-action, as a step of a job runs it, against the bridge. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { useFixture } from '../../support/fixture.ts';
import { startGithubActions } from '../../support/github-actions.ts';
import { callerOf } from '../../support/handout.ts';
import { startTlsProxy } from '../../support/tls-proxy.ts';
import { createPlatform, GITHUB_CLAIMS } from '../../support/workload-platform.ts';
import { useWorld } from '../../support/world.ts';

const SCRIPT = fileURLToPath(
  new URL('../../../examples/github-action/credentials.sh', import.meta.url),
);
const ISSUER = 'https://token.actions.githubusercontent.com';
const platform = (await createPlatform({ issuer: ISSUER, audience: 'none', usual: GITHUB_CLAIMS }))(
  () => Date.now(),
);

const WORKLOADS = `
workloads:
  - id: github
    issuer: ${ISSUER}
    jwks: { file: github.json }
    audience: https://aws.example.com
    access:
      - claims: { repository_owner_id: "1234", repository_id: "5678", environment: production }
        accounts: [prod]
        roles: [Developer]
        session: { duration: 1h }
`;
const isMissing = (program: string): boolean => spawnSync(program, ['--version']).status !== 0;
const skip = isMissing('curl') || isMissing('jq') ? 'curl and jq are not installed' : false;

describe('the action for GitHub', { skip }, () => {
  const world = useWorld({
    clock: 'running',
    configure: yaml => yaml + WORKLOADS,
    files: { 'github.json': platform.jwks },
  });
  const bridge = useFixture(
    () => startTlsProxy(world.urls.bridge),
    tls => tls.close(),
  );
  let answer: { status: number; body: string } | undefined;
  const github = useFixture(
    () =>
      startGithubActions({
        token: audience => platform.token({ aud: audience }),
        answer: () => answer,
      }),
    actions => actions.close(),
  );
  const directory = useFixture(
    () => ({ path: mkdtempSync(join(tmpdir(), 'rolebridge-action-')) }),
    ({ path }) => rmSync(path, { recursive: true, force: true }),
  );
  const file = (name: string): string => join(directory.path, name);
  before(() => {
    writeFileSync(file('authorities.pem'), bridge.certificatePem + github.certificatePem);
    // Programs that note their arguments, and then run.
    for (const program of ['curl', 'jq']) {
      const { stdout } = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' });
      const note = `#!/bin/sh\nprintf '%s\\n' "$@" >> "${file('arguments')}"\nexec ${stdout.trim()} "$@"\n`;
      writeFileSync(file(program), note);
      chmodSync(file(program), 0o755);
    }
  });
  beforeEach(() => {
    answer = undefined;
    for (const name of ['github-env', 'github-output', 'arguments']) writeFileSync(file(name), '');
  });

  type Environment = Readonly<Record<string, string | undefined>>;
  interface Step {
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }
  const step = async (inputs: Environment = {}): Promise<Step> => {
    const child = spawn('bash', [SCRIPT], {
      env: {
        ...{ PATH: `${directory.path}:${process.env.PATH}`, HOME: directory.path, LANG: 'C.UTF-8' },
        ...{ GITHUB_ENV: file('github-env'), GITHUB_OUTPUT: file('github-output') },
        ...{ CURL_CA_BUNDLE: file('authorities.pem'), ...github.env },
        ...{ ROLEBRIDGE_SERVER: bridge.url, ROLEBRIDGE_ROLE: 'prod/Developer' },
        ...{ ROLEBRIDGE_AUDIENCE: 'https://aws.example.com', ROLEBRIDGE_REGION: '', ...inputs },
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [code, stdout, stderr] = await Promise.all([
      new Promise<number | null>(resolve => child.once('close', resolve)),
      text(child.stdout),
      text(child.stderr),
    ]);
    return { code, stdout, stderr };
  };
  const variablesIn = (name: string): Record<string, string> =>
    Object.fromEntries(
      readFileSync(file(name), 'utf8')
        .split('\n')
        .filter(line => line !== '')
        .map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
  /** The step ends with an annotation whose text matches, and exports nothing. */
  const fails = async (run: Promise<Step>, said: RegExp): Promise<void> => {
    const { code, stdout, stderr } = await run;
    assert.equal(code, 1, stdout + stderr);
    assert.match(stdout, /^::error title=rolebridge::.+\n$/m);
    assert.match(stdout, said);
    assert.equal(readFileSync(file('github-env'), 'utf8'), '');
    assert.doesNotMatch(stdout.replace(/^::add-mask::.*$/gm, '') + stderr, /eyJ|request-token/);
  };

  it('exports credentials of the role to the next steps', async () => {
    const { code, stdout, stderr } = await step();
    assert.equal(code, 0, stdout + stderr);
    const variables = variablesIn('github-env');
    assert.match(
      await callerOf(world.urls.aws, {
        accessKeyId: variables.AWS_ACCESS_KEY_ID!,
        secretAccessKey: variables.AWS_SECRET_ACCESS_KEY!,
        sessionToken: variables.AWS_SESSION_TOKEN!,
      }),
      /assumed-role\/Developer\/github-[a-z2-7]{16}@workload$/,
    );
    const { AWS_REGION, AWS_DEFAULT_REGION } = variables;
    assert.deepEqual([AWS_REGION, AWS_DEFAULT_REGION], ['eu-west-1', 'eu-west-1']);
    const outputs = variablesIn('github-output');
    assert.equal(outputs['account-id'], '111122223333');
    assert.match(
      outputs['assumed-role-arn']!,
      /^arn:aws:sts::111122223333:assumed-role\/Developer\//,
    );
    assert.ok(Date.parse(outputs['expires-at']!) > Date.now());
  });

  it('masks every secret, and passes none as an argument', async () => {
    const { stdout, stderr } = await step();
    const masked = [...stdout.matchAll(/^::add-mask::(.+)$/gm)].map(([, value]) => value!);
    const variables = variablesIn('github-env');
    const secrets = [
      variables.AWS_ACCESS_KEY_ID!,
      variables.AWS_SECRET_ACCESS_KEY!,
      variables.AWS_SESSION_TOKEN!,
    ];
    assert.deepEqual(masked.slice(1), secrets);
    assert.match(masked[0]!, /^eyJ/, 'the token of GitHub');
    const passed = readFileSync(file('arguments'), 'utf8');
    assert.match(passed, /--header/);
    const log = stdout.replace(/^::add-mask::.*\n/gm, '') + stderr;
    for (const secret of [...masked, github.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN])
      for (const [where, content] of Object.entries({ passed, log }))
        assert.ok(!content.includes(secret), where);
  });

  it('takes audience and region of its inputs', async () => {
    const { code, stdout } = await step({ ROLEBRIDGE_REGION: 'us-east-2' });
    assert.equal(code, 0, stdout);
    assert.equal(github.audiences.at(-1), 'https://aws.example.com');
    assert.equal(variablesIn('github-env').AWS_REGION, 'us-east-2');
  });

  it('requests a token for the address of the server without an audience', async () => {
    await fails(step({ ROLEBRIDGE_AUDIENCE: '' }), /The proof of the workload was rejected%0A/);
    assert.equal(github.audiences.at(-1), bridge.url);
  });

  it('says what the bridge answered', async () => {
    await fails(step({ ROLEBRIDGE_ROLE: 'prod/Owner' }), /No rule gives this role.*Reference /);
  });

  it('says that GitHub gave no token', async () => {
    answer = { status: 500, body: '{"message":"later"}' };
    await fails(step(), /gave no identity token \(status 500\)/);
    answer = { status: 200, body: '{"value":"one\\nAWS_PROFILE=two"}' };
    await fails(step(), /gave no identity token/);
    answer = { status: 302, body: '' };
    await fails(step(), /gave no identity token \(status 302\)/);
  });

  it('says which permission is missing', async () => {
    await fails(step({ ACTIONS_ID_TOKEN_REQUEST_URL: undefined }), /%0A {2}permissions:%0A/);
  });

  for (const [what, inputs, said] of [
    ['an address without TLS', { ROLEBRIDGE_SERVER: 'http://aws.example.com' }, /must be an https/],
    ['an address with a path', { ROLEBRIDGE_SERVER: 'https://a.example/b' }, /must be an https/],
    ['a user in the address', { ROLEBRIDGE_SERVER: 'https://a@b.example' }, /must be an https/],
    ['a role without an account', { ROLEBRIDGE_ROLE: 'Developer' }, /must be ACCOUNT\/ROLE/],
    ['a region with a line break', { ROLEBRIDGE_REGION: 'x\nPATH=/tmp' }, /is not a region/],
  ] as const)
    it(`rejects ${what}`, async () => {
      await fails(step(inputs), said);
    });

  it('sends no token to a server whose certificate is not trusted', async () => {
    writeFileSync(file('one.pem'), github.certificatePem);
    await fails(step({ CURL_CA_BUNDLE: file('one.pem') }), /cannot be reached/);
  });
});
