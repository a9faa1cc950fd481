/** AWS clients in several versions, as programs that print their caller identity. */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CLIENTS, type ClientId } from './compatibility.ts';
import { missingPackage } from './missing-package.ts';

const run = promisify(execFile);

export interface AwsClient {
  /** Begins the ids of its rows in docs/interoperability.md. */
  readonly id: ClientId;
  readonly name: string;
  /** Why it cannot run here; false if it can. */
  readonly missing: string | false;
  /**
   * Prints the ARN of its caller identity. It finds STS by AWS_ENDPOINT_URL_STS, or by `sts` where
   * it is too old for that.
   */
  readonly words: (sts: string, profile?: string) => readonly string[];
  /** Prints `renewed` when the credentials of one process became others; else it runs on. */
  readonly renewal?: readonly string[];
  /** Behind `words`: prints the signatures of its requests, for a client of short commands. */
  readonly traced?: readonly string[];
  readonly version: () => string | Promise<string>;
}

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'rolebridge');
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const BY_SCRIPT = (suite: string): string => `of ${suite}: test/wire/install-aws-cli.sh`;

const BOTO3 = `
import sys, boto3
print(boto3.Session(profile_name=sys.argv[1] if len(sys.argv) > 1 else None).client('sts').get_caller_identity()['Arn'])
`;

const BOTO3_RENEWAL = `
import time, boto3
held = boto3.Session().get_credentials()
first = held.get_frozen_credentials().access_key
while held.get_frozen_credentials().access_key == first:
    time.sleep(0.25)
print('renewed')
`;

type DebianSuite = 'bookworm' | 'trixie' | 'sid';

export function awsCli(suite: DebianSuite, path: string, debianPackage: string): AwsClient {
  return {
    ...named(`aws-cli-${suite}`),
    missing: missingPackage(path, debianPackage),
    words: (sts, profile) => [
      path,
      'sts',
      'get-caller-identity',
      ...['--endpoint-url', sts, '--output', 'text', '--query', 'Arn', '--no-cli-pager'],
      ...(profile === undefined ? [] : ['--profile', profile]),
    ],
    traced: ['--debug'],
    // aws-cli/2.38.1 Python/3.13.7 …
    version: async () => (await said(path, '--version')).split(/[/ ]/)[1]!,
  };
}

function boto3(
  source: 'trixie' | 'sid' | 'pypi',
  path: string,
  missing: string | false,
): AwsClient {
  return {
    ...named(`boto3-${source}`),
    missing,
    words: (_sts, profile) => [path, '-c', BOTO3, ...(profile === undefined ? [] : [profile])],
    renewal: [path, '-c', BOTO3_RENEWAL],
    version: () => said(path, '-c', 'import boto3; print(boto3.__version__)'),
  };
}

/** `profile` is for the AWS CLI and boto3 only; the others read AWS_PROFILE. */
export function awsClients(): readonly AwsClient[] {
  return [
    awsCli('bookworm', '/usr/bin/aws', 'awscli'),
    awsCli('trixie', join(CACHE, 'aws-cli/aws'), `awscli ${BY_SCRIPT('trixie')}`),
    awsCli('sid', join(CACHE, 'aws-cli-sid/aws'), `awscli ${BY_SCRIPT('sid')}`),
    boto3OfDebian('trixie', join(CACHE, 'aws-cli/python')),
    boto3OfDebian('sid', join(CACHE, 'aws-cli-sid/python')),
    {
      ...named('sdk-js'),
      missing: false,
      words: () => JAVASCRIPT,
      renewal: [...JAVASCRIPT, 'renewal'],
      version: () => lineIn(STS_OF_JAVASCRIPT, /"version": "(.+)"/),
    },
    goClient('go', /aws-sdk-go-v2 v(.+)/),
  ];
}

/** Clients that only the matrix of clients and dialects runs. */
export function moreAwsClients(): readonly AwsClient[] {
  return [boto3OfPypi(), javaClient(), goClient('go-base', /aws-sdk-go-base\/v2 v(.+)/)];
}

/** Lists the objects of the user in S3 instead: it does not call STS. */
export function rclone(): AwsClient {
  const path = '/usr/bin/rclone';
  return {
    ...named('rclone'),
    missing: missingPackage(path, 'rclone'),
    words: aws => [
      ...[path, 'lsf', `:s3:photos-demo/alice`, '--config', '/dev/null', '--retries', '1'],
      ...[
        '--s3-provider',
        'Other',
        '--s3-env-auth',
        '--s3-region',
        'eu-west-1',
        '--s3-endpoint',
        `${aws}/s3`,
      ],
      ...['--s3-force-path-style', '--s3-list-version', '2', '--low-level-retries', '1'],
    ],
    traced: ['-vv', '--dump', 'auth'],
    version: async () => (await said(path, 'version')).split(/\s/)[1]!.replace(/^v/, ''),
  };
}

/** An output of the state that `openTofu` reads. */
export const STATE = {
  key: 'alice/state/terraform.tfstate',
  content: { text: state('bird', 'kingfisher') },
};

/** Reads a state in S3 instead, and prints its output. */
export function openTofu(): AwsClient {
  const { said: program, missing } = built('build-opentofu.sh', []);
  return {
    ...named('opentofu'),
    missing,
    words: aws => ['bash', '-c', OPENTOFU, 'opentofu', program, aws],
    traced: ['DEBUG'],
    version: async () => /v([\d.]+)/.exec(await said(program, 'version'))![1]!,
  };
}

const OPENTOFU = `
set -eu
export AWS_ENDPOINT_URL_S3=$2/s3 TF_IN_AUTOMATION=1 TF_LOG=\${3:-}
cd "$(mktemp -d "$HOME/opentofu.XXXXXX")"
cat >main.tf <<'END'
terraform {
  backend "s3" {
    bucket               = "photos-demo"
    key                  = "${STATE.key}"
    workspace_key_prefix = "alice/workspaces"
    region               = "eu-west-1"
    use_path_style       = true
    max_retries          = 1
  }
}
END
"$1" init -input=false -no-color
"$1" output -raw bird
`;

function state(output: string, value: string): string {
  return JSON.stringify({
    ...{ version: 4, terraform_version: '1.12.0', serial: 1, lineage: 'matrix', resources: [] },
    outputs: { [output]: { value, type: 'string' } },
  });
}

function named<I extends ClientId>(id: I): { readonly id: I; readonly name: string } {
  return { id, name: CLIENTS[id] };
}

function boto3OfDebian(suite: 'trixie' | 'sid', path: string): AwsClient {
  return boto3(suite, path, missingPackage(path, `python3-boto3 ${BY_SCRIPT(suite)}`));
}

function boto3OfPypi(): AwsClient {
  const { said: path, missing } = built('install-boto3.sh', []);
  return boto3('pypi', path, missing);
}

const JAVASCRIPT = [process.execPath, here('./caller-identity.ts')];
const STS_OF_JAVASCRIPT = here('../../node_modules/@aws-sdk/client-sts/package.json');

function goClient(directory: 'go' | 'go-base', version: RegExp): AwsClient {
  const { said: program, missing } = built('build-go-client.sh', [directory]);
  return {
    ...named(`sdk-${directory}`),
    missing,
    words: () => [program],
    renewal: [program, 'renewal'],
    version: () => lineIn(here(`../wire/${directory}/go.mod`), version),
  };
}

function javaClient(): AwsClient {
  const { said: classPath, missing } = built('build-java-client.sh', []);
  const words = ['java', '-XX:TieredStopAtLevel=1', '-cp', classPath, 'CallerIdentity'];
  return {
    ...named('sdk-java'),
    missing,
    words: () => words,
    renewal: [...words, 'renewal'],
    version: () => lineIn(here('../wire/java/jars.sha256'), /\/sts-(.+)\.jar/),
  };
}

/**
 * What a script of test/wire prints: where the client is that it builds or installs, once, and then
 * finds. It needs a compiler and a registry, so without them its client is missing.
 */
function built(script: string, args: readonly string[]): { said: string; missing: string | false } {
  try {
    const said = execFileSync(here(`../wire/${script}`), args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { said: said.trim(), missing: false };
  } catch (thrown) {
    const why = String((thrown as { stderr?: string }).stderr)
      .trim()
      .split('\n')
      .at(-1);
    return { said: '', missing: `test/wire/${[script, ...args].join(' ')} has failed: ${why}` };
  }
}

async function said(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run(program, args);
  return (stdout || stderr).trim();
}

function lineIn(file: string, pattern: RegExp): string {
  return pattern.exec(readFileSync(file, 'utf8'))![1]!;
}
