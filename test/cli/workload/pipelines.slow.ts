/** `rolebridge workload` in the jobs of pipelines, against the bridge. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { before, beforeEach, describe, it } from 'node:test';
import { type CliResult, useComputer } from '../../support/cli.ts';
import { useFixture } from '../../support/fixture.ts';
import { startGithubActions } from '../../support/github-actions.ts';
import { callerOfPrinted } from '../../support/handout.ts';
import {
  createPlatform,
  GITHUB_CLAIMS,
  type PlatformClaims,
} from '../../support/workload-platform.ts';
import { useWorld } from '../../support/world.ts';

const PIPELINES = 'https://pipelines.example.com';
const OWN_AUDIENCE = 'aws.example.com';
const platform = (
  await createPlatform({ issuer: PIPELINES, audience: 'none', usual: GITHUB_CLAIMS })
)(() => Date.now());

const workloads = (audience: string): string => `
workloads:
  - id: pipelines
    issuer: ${PIPELINES}
    jwks: { file: pipelines.json }
    audience: ["${audience}", ${OWN_AUDIENCE}, 3f2c-organization]
    access:
      - name: deploy
        claims: { repository_owner_id: "1234", repository_id: "5678", environment: production }
        accounts: [prod]
        roles: [Developer]
        session: { duration: 1h }
      - name: once
        claims: { repository_owner_id: "1234", repository_id: "5678", environment: once }
        accounts: [prod]
        roles: [Developer]
        once: true
      - name: release
        claims: { repository_owner_id: "1234", repository_id: "5678", environment: release }
        accounts: [prod]
        roles: [ReadOnly]
`;

describe('rolebridge workload', () => {
  const world = useWorld({
    clock: 'running',
    configure: (yaml, urls) => yaml + workloads(urls.bridge),
    files: { 'pipelines.json': platform.jwks },
  });
  let bridge: string;
  before(() => {
    bridge = world.urls.bridge;
  });
  const tokenFor = (audience: string, claims: PlatformClaims = {}): Promise<string> =>
    platform.token({ aud: audience, ...claims });

  let answer: { status: number; body: string } | undefined;
  const github = useFixture(
    () => startGithubActions({ token: audience => tokenFor(audience), answer: () => answer }),
    actions => actions.close(),
  );
  const runner = useComputer(() => ({ ROLEBRIDGE_SERVER: bridge }));
  let authority: string;
  before(() => {
    authority = runner.file('github.pem');
    writeFileSync(authority, github.certificatePem);
  });
  beforeEach(() => {
    answer = undefined;
  });

  type Environment = Readonly<Record<string, string | undefined>>;
  const workload = (env: Environment, ...args: string[]): Promise<CliResult> =>
    runner.run(['workload', ...args], { env: { NODE_EXTRA_CA_CERTS: authority, ...env } });
  const inGithub = (): Environment => github.env;

  /** Whose credentials were printed in the format of credential_process. */
  const callerIn = ({ code, stdout, stderr }: CliResult): Promise<string> => {
    assert.equal(code, 0, stderr);
    return callerOfPrinted(world.urls.aws, stdout);
  };
  const DEVELOPER =
    /^arn:aws:sts::111122223333:assumed-role\/Developer\/pipelines-[a-z2-7]{16}@workload$/;
  /** The command ends with an error whose text matches, and that contains no token. */
  const fails = async (run: Promise<CliResult>, exit: number, ...said: RegExp[]): Promise<void> => {
    const { code, stdout, stderr } = await run;
    assert.equal(code, exit, stderr);
    assert.equal(stdout, '');
    for (const pattern of said) assert.match(stderr, pattern);
    assert.doesNotMatch(stderr, /eyJ|request-token-of-the-job|unexpected error/);
  };
  /** A program of a platform, which notes its arguments. */
  const program = (name: string, token: string): string => {
    const directory = runner.file('bin');
    mkdirSync(directory, { recursive: true });
    const path = `${directory}/${name}`;
    writeFileSync(path, `#!/bin/sh\necho "$@" > "${directory}/${name}.args"\necho "${token}"\n`);
    chmodSync(path, 0o755);
    return directory;
  };
  const withPrograms = (directory: string): Environment => ({
    PATH: `${directory}:${process.env.PATH}`,
  });
  const argumentsOf = (name: string): string =>
    readFileSync(runner.file('bin', `${name}.args`), 'utf8').trim();

  describe('in GitHub Actions', () => {
    it('requests a token for the address of the bridge and gets credentials', async () => {
      const result = await workload(inGithub(), 'prod/Developer', '--format', 'process');
      assert.match(await callerIn(result), DEVELOPER);
      assert.equal(github.audiences.at(-1), bridge);
    });

    it('requests a token for another audience', async () => {
      const process = ['credential-process', 'prod/Developer', '--audience', OWN_AUDIENCE];
      assert.match(await callerIn(await workload(inGithub(), ...process)), DEVELOPER);
      assert.equal(github.audiences.at(-1), OWN_AUDIENCE);
    });

    it('says which permission is missing', async () => {
      const run = workload({ GITHUB_ACTIONS: 'true' }, 'prod/Developer');
      await fails(run, 6, /no identity token to this job/, / {2}permissions:\n {4}id-token: write/);
    });

    it('rejects an address of the token that is not https', async () => {
      const url = github.env.ACTIONS_ID_TOKEN_REQUEST_URL.replace('https:', 'http:');
      const run = workload({ ...inGithub(), ACTIONS_ID_TOKEN_REQUEST_URL: url }, 'prod/Developer');
      await fails(run, 6, /ACTIONS_ID_TOKEN_REQUEST_TOKEN of this job cannot be used/);
    });

    for (const [what, given, exit, said] of [
      ['an error', { status: 500, body: '{}' }, 5, /gave no token \(status 500\)/],
      ['a redirect', { status: 302, body: '' }, 5, /gave no token \(status 302\)/],
      ['no JSON', { status: 200, body: '<html>' }, 6, /does not contain a token/],
      ['another value', { status: 200, body: '{"value":[1]}' }, 6, /does not contain a token/],
    ] as const)
      it(`says that GitHub Actions answered with ${what}`, async () => {
        answer = given;
        const env = { ...inGithub(), ROLEBRIDGE_CONFIG_DIR: runner.file('empty') };
        await fails(workload(env, 'prod/Developer'), exit, said);
      });

    it('sends no token that GitHub made for another audience', async () => {
      answer = { status: 200, body: JSON.stringify({ value: await tokenFor('elsewhere') }) };
      const env = { ...inGithub(), ROLEBRIDGE_CONFIG_DIR: runner.file('empty') };
      await fails(workload(env, 'prod/Developer'), 6, /is not for the audience .*\n.*not sent/);
    });

    it('sets the variables of the next steps, and masks the secrets', async () => {
      const file = runner.file('github-env');
      writeFileSync(file, 'BEFORE=1\n');
      const env = { ...inGithub(), GITHUB_ENV: file };
      const { code, stdout, stderr } = await workload(env, 'prod/Developer', '--github-env');
      assert.equal(code, 0, stderr);
      const variables = Object.fromEntries(
        readFileSync(file, 'utf8')
          .trim()
          .split('\n')
          .map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      ) as Record<string, string>;
      assert.deepEqual(Object.keys(variables), [
        ...['BEFORE', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'],
        ...['AWS_REGION', 'AWS_DEFAULT_REGION'],
      ]);
      const secrets = [
        variables.AWS_ACCESS_KEY_ID,
        variables.AWS_SECRET_ACCESS_KEY,
        variables.AWS_SESSION_TOKEN,
      ];
      assert.equal(stdout, secrets.map(secret => `::add-mask::${secret}\n`).join(''));
    });

    it('sets no variable for a region that would be a line of its own', async () => {
      const file = runner.file('github-env');
      writeFileSync(file, 'BEFORE=1\n');
      const AWS_REGION = 'eu-west-1\nNODE_OPTIONS=--require=./evil.cjs';
      const env = { ...inGithub(), GITHUB_ENV: file, AWS_REGION };
      await fails(workload(env, 'prod/Developer', '--github-env'), 6, /is not an AWS region/);
      assert.equal(readFileSync(file, 'utf8'), 'BEFORE=1\n');
    });

    it('sets no variables outside of a step', async () => {
      await fails(
        workload(inGithub(), 'prod/Developer', '--github-env'),
        6,
        /GITHUB_ENV is not set/,
      );
    });
  });

  describe('with the token of a platform', () => {
    const process = ['credential-process', 'prod/Developer'];

    it('finds it in ROLEBRIDGE_ID_TOKEN, in GitLab CI and elsewhere', async () => {
      for (const here of [{ GITLAB_CI: 'true' }, {}]) {
        const env = { ...here, ROLEBRIDGE_ID_TOKEN: await tokenFor(bridge) };
        assert.match(await callerIn(await workload(env, ...process)), DEVELOPER);
      }
    });

    it('shows the YAML that GitLab CI needs', async () => {
      const yaml = new RegExp(`id_tokens:\\n {4}ROLEBRIDGE_ID_TOKEN:\\n {6}aud: ${bridge}\\n`);
      await fails(workload({ GITLAB_CI: 'true' }, 'prod/Developer'), 6, yaml, /--token-env NAME/);
    });

    it('finds it in a variable that the command line names', async () => {
      const env = { GITLAB_CI: 'true', DEPLOY_TOKEN: await tokenFor(bridge) };
      const result = await workload(env, ...process, '--token-env', 'DEPLOY_TOKEN');
      assert.match(await callerIn(result), DEVELOPER);
      await fails(workload({}, ...process, '--token-env', 'OTHER'), 6, /OTHER .*is not set/);
    });

    it('finds it in a file, which options and environment name', async () => {
      const file = runner.file('token');
      writeFileSync(file, `${await tokenFor(bridge)}\n`);
      const byOption = await workload({ GITLAB_CI: 'true' }, ...process, '--token-file', file);
      assert.match(await callerIn(byOption), DEVELOPER);
      const env = { ...inGithub(), ROLEBRIDGE_WORKLOAD_TOKEN_FILE: file };
      assert.match(await callerIn(await workload(env, ...process)), DEVELOPER);
    });

    it('gets it from the agent of Buildkite, with no secret in its arguments', async () => {
      const bin = program('buildkite-agent', await tokenFor(bridge));
      const env = {
        BUILDKITE: 'true',
        BUILDKITE_AGENT_ACCESS_TOKEN: 'agent',
        ...withPrograms(bin),
      };
      assert.match(await callerIn(await workload(env, ...process)), DEVELOPER);
      assert.equal(argumentsOf('buildkite-agent'), `oidc request-token --audience ${bridge}`);
    });

    it('says that the agent of Buildkite is missing', async () => {
      await fails(
        workload({ BUILDKITE: 'true' }, ...process),
        6,
        /buildkite-agent gave no identity/,
      );
    });

    it('finds it in CircleCI, for its organization or for another audience', async () => {
      const bin = program('circleci', await tokenFor(OWN_AUDIENCE));
      const env = {
        ...{ CIRCLECI: 'true', CIRCLE_OIDC_TOKEN_V2: await tokenFor('3f2c-organization') },
        ...withPrograms(bin),
      };
      assert.match(await callerIn(await workload(env, ...process)), DEVELOPER);
      const other = await workload(env, ...process, '--audience', OWN_AUDIENCE);
      assert.match(await callerIn(other), DEVELOPER);
      assert.equal(argumentsOf('circleci'), `run oidc get --claims {"aud":"${OWN_AUDIENCE}"}`);
      await fails(
        workload({ CIRCLECI: 'true' }, ...process),
        6,
        /CircleCI gives no identity token/,
      );
    });

    it('finds it in HCP Terraform, and says how to get it', async () => {
      const env = { TFC_RUN_ID: 'run-1', TFC_WORKLOAD_IDENTITY_TOKEN: await tokenFor(bridge) };
      assert.match(await callerIn(await workload(env, ...process)), DEVELOPER);
      await fails(
        workload({ TFC_RUN_ID: 'run-1' }, ...process),
        6,
        /TFC_WORKLOAD_IDENTITY_AUDIENCE/,
      );
    });

    for (const [what, token, said] of [
      ['no token', 'hunter2hunter2', /does not contain a token/],
      ['three words', 'a.b.c', /does not contain a token/],
      ['several lines', 'a.e30.c\nx: y', /does not contain a token/],
    ] as const)
      it(`rejects ${what} in its place`, async () => {
        await fails(workload({ ROLEBRIDGE_ID_TOKEN: token }, ...process), 6, said);
      });

    it('says that it has expired, and sends none', async () => {
      const token = await tokenFor(bridge, { exp: Math.floor(Date.now() / 1000) - 120 });
      await fails(workload({ ROLEBRIDGE_ID_TOKEN: token }, ...process), 6, /has expired/);
    });

    it('sends no token that is not for the audience of the command line', async () => {
      const env = { ROLEBRIDGE_ID_TOKEN: await tokenFor(bridge) };
      const run = workload(env, ...process, '--audience', OWN_AUDIENCE);
      await fails(run, 6, /not for the audience aws\.example\.com/);
    });

    it('sends none to a server that is not its audience, unless that was named', async () => {
      const other = 'https://aws.example.org';
      const env = { ROLEBRIDGE_ID_TOKEN: await tokenFor(other) };
      await fails(workload(env, ...process), 6, /is for "https:\/\/aws\.example\.org", not for/);
      await fails(workload(env, ...process, '--audience', other), 4, /was rejected/);
    });

    it('passes on that the bridge rejects it', async () => {
      const env = { ROLEBRIDGE_ID_TOKEN: await tokenFor('elsewhere') };
      await fails(workload(env, ...process), 4, /proof of the workload was rejected/, /Reference /);
    });

    it('says that a role is not given', async () => {
      const env = { ROLEBRIDGE_ID_TOKEN: await tokenFor(bridge, { environment: 'test' }) };
      await fails(workload(env, ...process), 4, /No rule gives this role/);
    });
  });

  describe('keeps credentials', () => {
    const process = ['credential-process', 'prod/Developer'];

    it('for the commands of one job, so that a token that works once is enough', async () => {
      const env = { ROLEBRIDGE_ID_TOKEN: await tokenFor(bridge, { environment: 'once' }) };
      const results = await Promise.all([1, 2, 3].map(() => workload(env, ...process)));
      const printed = new Set(results.map(({ stdout }) => stdout));
      assert.deepEqual([...results.map(({ code }) => code), printed.size], [0, 0, 0, 1]);
    });

    it('sealed for that job: the next one in the same home gets none of them', async () => {
      const home = { ROLEBRIDGE_CONFIG_DIR: runner.file('shared') };
      const first = await workload(
        { ...home, ROLEBRIDGE_ID_TOKEN: await tokenFor(bridge) },
        ...process,
      );
      assert.equal(first.code, 0, first.stderr);
      const { AccessKeyId, SecretAccessKey } = JSON.parse(first.stdout) as Record<string, string>;
      const directory = runner.file('shared', 'workload');
      for (const name of readdirSync(directory)) {
        const content = readFileSync(`${directory}/${name}`, 'latin1');
        assert.ok(!content.includes(AccessKeyId!) && !content.includes(SecretAccessKey!));
        assert.equal(statSync(`${directory}/${name}`).mode & 0o777, 0o600);
      }
      const other = await tokenFor(bridge, { environment: 'test' });
      await fails(
        workload({ ...home, ROLEBRIDGE_ID_TOKEN: other }, ...process),
        4,
        /No rule gives/,
      );
    });

    it('nowhere if the directory cannot be written, and works', async () => {
      mkdirSync(runner.file('no-cache'));
      writeFileSync(runner.file('no-cache', 'workload'), 'a file is where a directory should be');
      const env = {
        ...{ ROLEBRIDGE_CONFIG_DIR: runner.file('no-cache') },
        ROLEBRIDGE_ID_TOKEN: await tokenFor(bridge),
      };
      assert.match(await callerIn(await workload(env, ...process)), DEVELOPER);
    });
  });

  it('runs a command with credentials from a local address', async () => {
    const script =
      'fetch(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI, { headers: { authorization: process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN } }).then(r => r.json()).then(({ AccessKeyId, SecretAccessKey, Token }) => console.log(JSON.stringify({ AccessKeyId, SecretAccessKey, SessionToken: Token })))';
    const args = ['exec', 'prod/Developer', '--', process.execPath, '-e', script];
    assert.match(await callerIn(await workload(inGithub(), ...args)), DEVELOPER);
  });

  it('runs a command with fixed credentials', async () => {
    const script =
      'console.log(JSON.stringify({ AccessKeyId: process.env.AWS_ACCESS_KEY_ID, SecretAccessKey: process.env.AWS_SECRET_ACCESS_KEY, SessionToken: process.env.AWS_SESSION_TOKEN }))';
    const args = ['exec', 'prod/Developer', '--env', '--', process.execPath, '-e', script];
    assert.match(await callerIn(await workload(inGithub(), ...args)), DEVELOPER);
  });

  it('lists the roles of the workload', async () => {
    const { code, stdout, stderr } = await workload(inGithub(), 'roles');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ACCOUNT +ID +ROLE\nprod +111122223333 +Developer\n$/);
    assert.match(stderr, /pipelines-[a-z2-7]{16}@workload \(repo:acme@1234\/api@5678/);
    const json = await workload(inGithub(), 'roles', '--json');
    const { roles } = JSON.parse(json.stdout) as { roles: { role: string }[] };
    assert.deepEqual(
      roles.map(({ role }) => role),
      ['Developer'],
    );
  });

  it('explains why the workload has a role or not, by the exit code, too', async () => {
    const granted = await workload(inGithub(), 'explain', 'prod/Developer');
    assert.deepEqual([granted.code, granted.stderr], [0, '']);
    assert.match(
      granted.stdout,
      /^prod\/Developer: granted, for pipelines-.*\n {2}Gives the role\.\n$/,
    );
    const refused = await workload(inGithub(), 'explain', 'prod/ReadOnly');
    assert.deepEqual([refused.code, refused.stderr], [4, '']);
    assert.match(refused.stdout, /refused.*\n {2}Does not accept environment "production"\.\n$/);
    assert.doesNotMatch(refused.stdout, /release/);
    const json = await workload(inGithub(), 'explain', 'prod/Admin', '--json');
    const { outcome, steps } = JSON.parse(json.stdout) as { outcome: string; steps: unknown[] };
    assert.deepEqual([json.code, outcome, steps], [4, 'refused', []]);
    const unknown = await workload(inGithub(), 'explain', 'prod/Admin');
    assert.match(unknown.stdout, /No rule gives the role to this workload\.\n$/);
  });

  describe('rejects a command line', () => {
    for (const [what, args, said] of [
      ['without a role', [], /no role was given/],
      [
        'with a word that is not an action',
        ['credential-processes'],
        /Did you mean credential-process\?/,
      ],
      ['with a role behind a role', ['a/b', 'c/d'], /unexpected argument "c\/d"/],
      ['with a role for the list', ['roles', 'a/b'], /unexpected argument "a\/b"/],
      [
        'with two places of a token',
        ['a/b', '--token-env', 'A', '--token-file', 'b'],
        /only one of/,
      ],
      ['with an unknown platform', ['a/b', '--platform', 'jenkins'], /Platforms: github, gitlab/],
      ['with an empty audience', ['a/b', '--audience', ''], /--audience is empty/],
      ['without a command to run', ['exec', 'a/b'], /no command was given/],
      ['with a file format', ['a/b', '--format', 'credentials-file'], /unknown format/],
    ] as const)
      it(what, async () => {
        await fails(workload(inGithub(), ...args), 2, said);
      });

    it('without a server, also where a login is remembered', async () => {
      const directory = runner.file('remembered');
      mkdirSync(directory, { mode: 0o700 });
      writeFileSync(`${directory}/config.json`, JSON.stringify({ server: bridge }));
      const env = { ROLEBRIDGE_SERVER: undefined, ROLEBRIDGE_CONFIG_DIR: directory };
      await fails(workload(env, 'prod/Developer'), 2, /no server was given/);
    });
  });
});
