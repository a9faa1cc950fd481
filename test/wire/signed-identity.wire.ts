/**
 * A role of AWS at the front door, with a GetCallerIdentity that the SDKs of three languages sign,
 * unmodified, for the STS of AWS.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { awsClients } from '../support/aws-clients.ts';
import {
  type CallerRequest,
  proofOf,
  type RoleCredentials,
  signedBySdk,
} from '../support/caller-forge.ts';
import { callerOf } from '../support/handout.ts';
import { createPlatform, GITHUB_CLAIMS } from '../support/workload-platform.ts';
import {
  askOneStep,
  credentialsIn,
  GITHUB,
  githubEntry,
  roleEntry,
  workloadsSection,
} from '../support/workloads.ts';
import { useWorld } from '../support/world.ts';

const run = promisify(execFile);
const AUDIENCE = 'aws.example.com';
const githubAt = await createPlatform({
  ...{ issuer: GITHUB, audience: AUDIENCE, usual: GITHUB_CLAIMS },
});
/** The role of production that the token of GitHub gives reaches another account by itself. */
const WORKLOADS = workloadsSection(githubEntry(AUDIENCE), roleEntry(AUDIENCE));

const BOTOCORE = `
import json, sys, boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
session = boto3.Session()
host = f'sts.{session.region_name}.amazonaws.com'
request = AWSRequest(
    'POST', f'https://{host}/', data='Action=GetCallerIdentity&Version=2011-06-15',
    headers={'Host': host, 'Content-Type': 'application/x-www-form-urlencoded', 'X-Rolebridge-Audience': sys.argv[1]},
)
SigV4Auth(session.get_credentials(), 'sts', session.region_name).add_auth(request)
print(json.dumps({'url': request.url, 'headers': dict(request.headers.items()), 'body': request.data}))
`;

const programNamed = (name: string, words: readonly string[]) => {
  const client = awsClients().find(each => each.name === name)!;
  return { missing: client.missing, words: [client.words('')[0]!, ...words] };
};
const PROGRAMS = {
  botocore: programNamed('boto3 of trixie', ['-c', BOTOCORE, AUDIENCE]),
  'SDK for Go': programNamed('SDK for Go', ['sign', AUDIENCE]),
};

async function signedByProgram(
  [program = '', ...words]: readonly string[],
  { accessKeyId, secretAccessKey, sessionToken = '' }: RoleCredentials,
): Promise<CallerRequest> {
  const { stdout } = await run(program, words, {
    env: {
      ...{ PATH: process.env.PATH, HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' },
      ...{ AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-1' },
      ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
      AWS_SESSION_TOKEN: sessionToken,
    },
  });
  return JSON.parse(stdout) as CallerRequest;
}

describe('a role of AWS gets credentials of another account', () => {
  const world = useWorld({
    configure: yaml => yaml + WORKLOADS,
    files: { 'github.json': githubAt(() => 0).jwks },
  });

  async function credentialsFor(proof: string, account: string) {
    const answer = await askOneStep(world, proof, { account });
    assert.equal(answer.status, 200, JSON.stringify(answer.json));
    return credentialsIn(answer);
  }

  const ofProduction = async (): Promise<RoleCredentials> =>
    credentialsFor(await githubAt(() => world.clock.now()).token(), 'prod');

  async function reachesStaging(request: CallerRequest): Promise<void> {
    assert.match(
      await callerOf(world.urls.aws, await credentialsFor(proofOf(request), 'staging')),
      /^arn:aws:sts::222233334444:assumed-role\/Developer\/aws-[a-z2-7]{16}@workload$/,
    );
  }

  it('with a request that the SDK for JavaScript has signed', async () => {
    const clockOffset = world.clock.now() - Date.now();
    const credentials = await ofProduction();
    await reachesStaging(await signedBySdk({ credentials, audience: AUDIENCE, clockOffset }));
  });

  for (const [name, { missing, words }] of Object.entries(PROGRAMS))
    it(`with a request that ${name} has signed`, { skip: missing }, async () => {
      await reachesStaging(await signedByProgram(words, await ofProduction()));
    });
});
