/**
 * `npm run test:wire`: machines with unmodified AWS clients. A token in a file is all that a pod
 * needs.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { awsClients } from '../support/aws-clients.ts';
import { CLUSTER_CLAIMS, createPlatform, type Platform } from '../support/workload-platform.ts';
import { CLUSTER, clusterEntry, workloadsSection } from '../support/workloads.ts';
import { useWorld, type World } from '../support/world.ts';

const run = promisify(execFile);
const AUDIENCE = 'https://aws.example.com';
const clusterAt = await createPlatform({
  ...{ issuer: CLUSTER, audience: AUDIENCE, usual: CLUSTER_CLAIMS },
});
const WORKLOADS = workloadsSection(clusterEntry(AUDIENCE));

describe('a workload', () => {
  const world = useWorld({
    clock: 'running',
    configure: yaml => yaml + WORKLOADS,
    files: { 'cluster.json': clusterAt(() => 0).jwks },
  });
  let cluster: Platform;
  before(() => {
    cluster = clusterAt(() => Date.now());
  });

  describe('with a token in a file', () => {
    // The AWS CLI of bookworm does not know AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE yet.
    const clients = awsClients().filter(({ name }) => name !== 'AWS CLI of bookworm');
    for (const { name, missing, words } of clients) {
      it(`is known to ${name}`, { skip: missing }, async () => {
        const file = join(world.directory, 'token');
        writeFileSync(file, await cluster.token());
        const [program, ...rest] = words(world.urls.aws);
        const { stdout } = await run(program!, rest, {
          env: environment(world, {
            AWS_CONTAINER_CREDENTIALS_FULL_URI: `${world.urls.bridge}/api/v1/container-credentials/staging/Developer`,
            AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
          }),
        });
        assert.match(
          stdout.trim(),
          /^arn:aws:sts::222233334444:assumed-role\/Developer\/cluster-[a-z2-7]{16}@workload$/,
        );
        rmSync(file);
      });
    }
  });
});

function environment(world: World, own: Readonly<Record<string, string>>): Record<string, string> {
  return {
    ...{ PATH: process.env.PATH!, HOME: world.directory, AWS_REGION: 'eu-west-1' },
    ...{ AWS_DEFAULT_REGION: 'eu-west-1', AWS_EC2_METADATA_DISABLED: 'true' },
    ...{ AWS_ENDPOINT_URL_STS: world.urls.aws, AWS_MAX_ATTEMPTS: '1' },
    ...own,
  };
}
