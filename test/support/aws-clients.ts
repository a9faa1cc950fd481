/** AWS clients in several versions, as programs that print their caller identity. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingPackage } from './missing-package.ts';

export interface AwsClient {
  /** Begins the ids of its rows in docs/interoperability.md. */
  readonly id: string;
  readonly name: string;
  /** Why it cannot run here; false if it can. */
  readonly missing: string | false;
  /**
   * Prints the ARN of its caller identity. It finds STS by AWS_ENDPOINT_URL_STS, or by `sts` where
   * it is too old for that.
   */
  readonly words: (sts: string, profile?: string) => readonly string[];
  /** Prints `renewed` when the credentials of one process became others. */
  readonly renewal?: readonly string[];
  readonly version: () => string;
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
deadline = time.time() + 60
while held.get_frozen_credentials().access_key == first and time.time() < deadline:
    time.sleep(0.25)
print('renewed' if held.get_frozen_credentials().access_key != first else 'not renewed')
`;

export function awsCli(suite: string, path: string, debianPackage: string): AwsClient {
  return {
    id: `aws-cli-${suite}`,
    name: `AWS CLI of ${suite}`,
    missing: missingPackage(path, debianPackage),
    words: (sts, profile) => [
      path,
      'sts',
      'get-caller-identity',
      ...['--endpoint-url', sts, '--output', 'text', '--query', 'Arn', '--no-cli-pager'],
      ...(profile === undefined ? [] : ['--profile', profile]),
    ],
    // aws-cli/2.38.1 Python/3.13.7 …
    version: () => said(path, '--version').split(/[/ ]/)[1]!,
  };
}

function boto3(source: string, path: string, missing: string | false): AwsClient {
  return {
    id: `boto3-${source.toLowerCase()}`,
    name: `boto3 of ${source}`,
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
      id: 'sdk-js',
      name: 'SDK for JavaScript',
      missing: false,
      words: () => JAVASCRIPT,
      renewal: [...JAVASCRIPT, 'renewal'],
      version: () => lineIn(STS_OF_JAVASCRIPT, /"version": "(.+)"/),
    },
    goClient('SDK for Go', 'go', /aws-sdk-go-v2 v(.+)/),
  ];
}

/** Clients that only the matrix of clients and dialects runs. */
export function moreAwsClients(): readonly AwsClient[] {
  return [
    boto3OfPypi(),
    goClient('Terraform library', 'go-base', /aws-sdk-go-base\/v2 v(.+)/),
    javaClient(),
  ];
}

/** Lists the objects of the user in S3 instead: it does not call STS. */
export function rclone(): AwsClient {
  const path = '/usr/bin/rclone';
  return {
    id: 'rclone',
    name: 'rclone',
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
    version: () => said(path, 'version').split(/[\s]/)[1]!.replace(/^v/, ''),
  };
}

function boto3OfDebian(suite: string, path: string): AwsClient {
  return boto3(suite, path, missingPackage(path, `python3-boto3 ${BY_SCRIPT(suite)}`));
}

function boto3OfPypi(): AwsClient {
  const { said: path, missing } = built('install-boto3.sh', []);
  return boto3('PyPI', path, missing);
}

const JAVASCRIPT = [process.execPath, here('./caller-identity.ts')];
const STS_OF_JAVASCRIPT = here('../../node_modules/@aws-sdk/client-sts/package.json');

function goClient(name: string, directory: string, version: RegExp): AwsClient {
  const { said: program, missing } = built('build-go-client.sh', [directory]);
  return {
    id: `sdk-${directory}`,
    name,
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
    id: 'sdk-java',
    name: 'SDK for Java',
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
  } catch {
    return { said: '', missing: `test/wire/${[script, ...args].join(' ')} has failed` };
  }
}

function said(program: string, ...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return (stdout || stderr).trim();
}

function lineIn(file: string, pattern: RegExp): string {
  return pattern.exec(readFileSync(file, 'utf8'))![1]!;
}
