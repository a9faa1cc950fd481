/** AWS clients in several versions, as programs that print their caller identity. */
import { execFileSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingPackage } from './missing-package.ts';

export interface AwsClient {
  readonly name: string;
  /** Why it cannot run here; false if it can. */
  readonly missing: string | false;
  /**
   * Prints the ARN of its caller identity. It finds STS by AWS_ENDPOINT_URL_STS, or by `sts` where
   * it is too old for that.
   */
  readonly words: (sts: string, profile?: string) => readonly string[];
}

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'rolebridge');
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const BY_SCRIPT = (suite: string): string => `of ${suite}: test/wire/install-aws-cli.sh`;

const BOTO3 = `
import sys, boto3
print(boto3.Session(profile_name=sys.argv[1] if len(sys.argv) > 1 else None).client('sts').get_caller_identity()['Arn'])
`;

export function awsCli(name: string, path: string, debianPackage: string): AwsClient {
  return {
    name,
    missing: missingPackage(path, debianPackage),
    words: (sts, profile) => [
      path,
      'sts',
      'get-caller-identity',
      ...['--endpoint-url', sts, '--output', 'text', '--query', 'Arn', '--no-cli-pager'],
      ...(profile === undefined ? [] : ['--profile', profile]),
    ],
  };
}

function boto3(name: string, path: string, debianPackage: string): AwsClient {
  return {
    name,
    missing: missingPackage(path, debianPackage),
    words: (_sts, profile) => [path, '-c', BOTO3, ...(profile === undefined ? [] : [profile])],
  };
}

/** `profile` is for the AWS CLI and boto3 only; the other two read AWS_PROFILE. */
export function awsClients(): readonly AwsClient[] {
  return [
    awsCli('AWS CLI of bookworm', '/usr/bin/aws', 'awscli'),
    awsCli('AWS CLI of trixie', join(CACHE, 'aws-cli/aws'), `awscli ${BY_SCRIPT('trixie')}`),
    awsCli('AWS CLI of sid', join(CACHE, 'aws-cli-sid/aws'), `awscli ${BY_SCRIPT('sid')}`),
    boto3('boto3 of trixie', join(CACHE, 'aws-cli/python'), `python3-boto3 ${BY_SCRIPT('trixie')}`),
    boto3('boto3 of sid', join(CACHE, 'aws-cli-sid/python'), `python3-boto3 ${BY_SCRIPT('sid')}`),
    {
      name: 'SDK for JavaScript',
      missing: false,
      words: () => [process.execPath, here('./caller-identity.ts')],
    },
    goClient(),
  ];
}

/** Compiled by the first test that needs it, then cached. */
function goClient(): AwsClient {
  let program = '';
  let missing: string | false = false;
  try {
    program = execFileSync(here('../wire/build-go-client.sh'), {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  } catch (cause) {
    if (process.env.CI === 'true')
      throw new Error('test/wire/build-go-client.sh failed', { cause });
    missing = 'there is no Go to compile test/wire/go with, or its modules cannot be had';
  }
  return { name: 'SDK for Go', missing, words: () => [program] };
}
