/**
 * Kinds of default profiles and environments that would win over `exec`, and the real clients that
 * must not follow them.
 */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type AwsClient, awsClients } from '../support/aws-clients.ts';
import { QUICK_POLLS, useComputer } from '../support/cli.ts';
import { useWorld } from '../support/world.ts';

const RUN_EACH = fileURLToPath(new URL('../support/run-each.ts', import.meta.url));
const ASKED = /^arn:aws:sts::111122223333:assumed-role\/Admin\/alice-[a-z2-7]{16}$/;

/** What the computer of the test has, for a kind to use. */
interface Around {
  /** Lines of real credentials of staging/Developer. */
  readonly keys: string;
  /** `credential_process` for staging/Developer. */
  readonly process: string;
  readonly file: (name: string) => string;
  readonly bridge: string;
}

interface Kind {
  readonly config?: string;
  readonly credentials?: string;
  /** Further files, by their place in the home. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Options of `exec`. */
  readonly options?: readonly string[];
}

const ROLE = 'role_arn = arn:aws:iam::222233334444:role/Developer';
const SSO = 'sso_account_id = 222233334444\nsso_role_name = Developer';

export const KINDS: Readonly<Record<string, (around: Around) => Kind>> = {
  'keys in the credentials file': ({ keys }) => ({ credentials: `[default]\n${keys}` }),
  'keys in the config file': ({ keys }) => ({ config: `[default]\n${keys}` }),
  'keys under [profile default]': ({ keys }) => ({ config: `[profile default]\n${keys}` }),
  credential_process: ({ process }) => ({ config: `[default]\ncredential_process = ${process}\n` }),
  'credential_process in the credentials file': ({ process }) => ({
    credentials: `[default]\ncredential_process = ${process}\n`,
  }),
  'an sso-session': ({ bridge }) => ({
    config: `[default]\nsso_session = s\n${SSO}\n[sso-session s]\nsso_start_url = ${bridge}/start\nsso_region = us-east-1\n`,
  }),
  'legacy sso': ({ bridge }) => ({
    config: `[default]\nsso_start_url = ${bridge}/start\nsso_region = us-east-1\n${SSO}\n`,
  }),
  'role_arn and source_profile': ({ keys }) => ({
    config: `[default]\n${ROLE}\nsource_profile = base\n`,
    credentials: `[base]\n${keys}`,
  }),
  'role_arn in [DEFAULT], which counts in every section': ({ keys }) => ({
    config: `[DEFAULT]\n${ROLE}\nsource_profile = base\n`,
    credentials: `[base]\n${keys}`,
  }),
  'role_arn and credential_source EcsContainer': () => ({
    config: `[default]\n${ROLE}\ncredential_source = EcsContainer\n`,
  }),
  'role_arn and credential_source Environment': () => ({
    config: `[default]\n${ROLE}\ncredential_source = Environment\n`,
  }),
  'a web identity': ({ file }) => ({
    config: `[default]\n${ROLE}\nweb_identity_token_file = ${file('token')}\n`,
    files: { token: 'header.payload.signature' },
  }),
  'a login session': () => ({
    config: '[default]\nlogin_session = arn:aws:iam::222233334444:user/alice\n',
  }),
  'AWS_PROFILE with keys': ({ keys }) => ({
    credentials: `[mine]\n${keys}`,
    env: { AWS_PROFILE: 'mine' },
  }),
  'AWS_DEFAULT_PROFILE with a process': ({ process }) => ({
    config: `[profile mine]\ncredential_process = ${process}\n`,
    env: { AWS_DEFAULT_PROFILE: 'mine' },
  }),
  'other files by AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE': ({ keys, process, file }) => ({
    files: {
      'other-config': `[default]\ncredential_process = ${process}\n`,
      'other-credentials': `[default]\n${keys}`,
    },
    env: {
      AWS_CONFIG_FILE: file('other-config'),
      AWS_SHARED_CREDENTIALS_FILE: file('other-credentials'),
    },
  }),
  'a web identity in the environment': ({ file }) => ({
    files: { token: 'header.payload.signature' },
    env: {
      AWS_ROLE_ARN: 'arn:aws:iam::222233334444:role/Developer',
      AWS_WEB_IDENTITY_TOKEN_FILE: file('token'),
      AWS_ROLE_SESSION_NAME: 'x',
    },
  }),
  'keys in the environment, and AWS_SDK_LOAD_CONFIG': ({ keys }) => ({
    credentials: `[default]\n${keys}`,
    env: {
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'x',
      AWS_SDK_LOAD_CONFIG: '1',
    },
  }),
  'keys of the first boto': ({ keys }) => ({
    files: { '.boto': `[Credentials]\n${keys.split('\n').slice(0, 2).join('\n')}\n` },
  }),
  'keys and role_arn, and --env': ({ keys }) => ({
    config: `[default]\n${ROLE}\nsource_profile = default\n`,
    credentials: `[default]\n${keys}`,
    env: { AWS_PROFILE: 'default' },
    options: ['--env'],
  }),
  'files that AWS tools cannot read': ({ keys }) => ({
    config: `\u00ef\u00bb\u00bf[default]\nregion = eu-north-1\nnonsense\n[default]\nregion = us-east-1\n`,
    credentials: `nonsense\n[default]\n${keys}[default]\n${keys}`,
  }),
};

/** Every kind at every client that is there: one `exec` for a kind, which runs all of them. */
export function describeMatrix(kinds: readonly string[]): void {
  describe('exec runs as the requested role, whatever ~/.aws contains', () => {
    const clients = awsClients();
    const world = useWorld(QUICK_POLLS);
    const computer = useComputer();
    let around: Around;
    before(async () => {
      await computer.logIn(world, 'alice');
      const staging = JSON.parse(
        await computer.done(['credential-process', 'staging/Developer']),
      ) as Record<string, string>;
      around = {
        keys: `aws_access_key_id = ${staging.AccessKeyId}\naws_secret_access_key = ${staging.SecretAccessKey}\naws_session_token = ${staging.SessionToken}\n`,
        process: `${process.execPath} ${computer.entry} credential-process staging/Developer`,
        file: computer.file.bind(computer),
        bridge: world.urls.bridge,
      };
    });

    for (const client of clients.filter(({ missing }) => missing !== false))
      it(client.name, { skip: client.missing as string }, () => {});

    for (const name of kinds) {
      it(`with ${name}`, async t => {
        const said = await inExec(KINDS[name]!(around), clients);
        for (const [client, answer] of Object.entries(said))
          await t.test(client, () => assert.match(answer, ASKED));
        assert.equal(
          Object.keys(said).length,
          clients.filter(({ missing }) => missing === false).length,
        );
      });
    }

    async function inExec(
      { config, credentials, files = {}, env = {}, options = [] }: Kind,
      run: readonly AwsClient[],
    ): Promise<Record<string, string>> {
      rmSync(computer.file('.aws'), { recursive: true, force: true });
      mkdirSync(computer.file('.aws'));
      if (config !== undefined) writeFileSync(computer.file('.aws/config'), config, 'latin1');
      if (credentials !== undefined)
        writeFileSync(computer.file('.aws/credentials'), credentials, 'latin1');
      for (const [place, text] of Object.entries(files)) writeFileSync(computer.file(place), text);
      try {
        const programs = Object.fromEntries(
          run
            .filter(({ missing }) => missing === false)
            .map(({ name, words }) => [name, words(world.urls.aws)]),
        );
        const { code, stdout, stderr } = await computer.run(
          ['exec', 'prod/Admin', ...options, '--', process.execPath, RUN_EACH],
          {
            env: {
              AWS_MAX_ATTEMPTS: '1',
              AWS_ENDPOINT_URL_STS: world.urls.aws,
              ...env,
              RUN_EACH: JSON.stringify(programs),
            },
          },
        );
        assert.equal(code, 0, stderr);
        return JSON.parse(stdout) as Record<string, string>;
      } finally {
        for (const place of Object.keys(files)) rmSync(computer.file(place));
      }
    }
  });
}
