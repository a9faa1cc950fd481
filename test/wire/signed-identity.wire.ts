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
import { useWorld } from '../support/world.ts';

const run = promisify(execFile);
const AUDIENCE = 'aws.example.com';
const GITHUB = 'https://token.actions.githubusercontent.com';
const githubAt = await createPlatform({
  ...{ issuer: GITHUB, audience: AUDIENCE, usual: GITHUB_CLAIMS },
});

/** The role of production that the token of GitHub gives reaches another account by itself. */
const WORKLOADS = `
workloads:
  - id: github
    issuer: ${GITHUB}
    jwks: { file: github.json }
    audience: ${AUDIENCE}
    access:
      - claims: { repository_id: "5678", repository_owner_id: "1234", environment: production }
        accounts: [prod]
        roles: [Developer]
  - id: aws
    awsIam: { audience: ${AUDIENCE} }
    access:
      - roleArns: ["arn:aws:iam::111122223333:role/Developer"]
        accounts: [staging]
        roles: [Developer]
`;

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

  async function credentialsFor(proof: string, account: string): Promise<RoleCredentials> {
    const response = await fetch(`${world.urls.bridge}/api/v1/workload/credentials`, {
      method: 'POST',
      headers: { authorization: `Bearer ${proof}`, 'content-type': 'application/json' },
      body: JSON.stringify({ account, role: 'Developer' }),
    });
    const answer = await response.json();
    assert.equal(response.status, 200, JSON.stringify(answer));
    return {
      accessKeyId: answer.access_key_id,
      secretAccessKey: answer.secret_access_key,
      sessionToken: answer.session_token,
    };
  }

  const ofProduction = async (): Promise<RoleCredentials> =>
    credentialsFor(await githubAt(() => world.clock.now()).token(), 'prod');

  async function reachesStaging(request: CallerRequest): Promise<void> {
    const { sessionToken = '', ...key } = await credentialsFor(proofOf(request), 'staging');
    assert.match(
      await callerOf(world.urls.aws, { ...key, sessionToken }),
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
