/** `rolebridge workload` with the role of an instance, a task or a function, and in a pod. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { before, beforeEach, describe, it } from 'node:test';
import { startAwsMetadata } from '../../support/aws-metadata.ts';
import type { RoleCredentials } from '../../support/caller-forge.ts';
import { type CliResult, useComputer } from '../../support/cli.ts';
import { useFixture } from '../../support/fixture.ts';
import { callerOfPrinted } from '../../support/handout.ts';
import { CLUSTER_CLAIMS, createPlatform, GITHUB_CLAIMS } from '../../support/workload-platform.ts';
import {
  askOneStep,
  CLUSTER,
  clusterEntry,
  credentialsIn,
  GITHUB,
  githubEntry,
  roleEntry,
  workloadsSection,
} from '../../support/workloads.ts';
import { useWorld } from '../../support/world.ts';

const AUDIENCE = 'https://aws.example.com';
const [github, cluster] = await Promise.all(
  [
    { issuer: GITHUB, audience: AUDIENCE, usual: GITHUB_CLAIMS },
    { issuer: CLUSTER, audience: AUDIENCE, usual: CLUSTER_CLAIMS },
  ].map(async options => (await createPlatform(options))(() => Date.now())),
);

/** The role that the token of GitHub gives is the role of the instance, and reaches staging. */
const WORKLOADS = workloadsSection(
  githubEntry(AUDIENCE),
  clusterEntry(AUDIENCE),
  roleEntry(AUDIENCE),
);
const PROCESS = ['workload', 'credential-process', 'staging/Developer', '--audience', AUDIENCE];
const AUTHORIZATION = 'authorization of the task';

type Environment = Readonly<Record<string, string | undefined>>;

describe('rolebridge workload', () => {
  const world = useWorld({
    clock: 'running',
    configure: yaml => yaml + WORKLOADS,
    files: { 'github.json': github!.jwks, 'cluster.json': cluster!.jwks },
  });
  let role: RoleCredentials;
  before(async () => {
    role = credentialsIn(await askOneStep(world, await github!.token()));
  });
  let fault: { status: number; body: string } | undefined;
  beforeEach(() => {
    fault = undefined;
  });
  const metadata = useFixture(
    () =>
      startAwsMetadata({
        ...{ credentials: () => role, authorization: AUTHORIZATION, fault: () => fault },
      }),
    service => service.close(),
  );
  // Each run has a home of its own, so that none is answered from the cache.
  let homes = 0;
  const machine = useComputer(() => ({ ROLEBRIDGE_SERVER: world.urls.bridge }));
  const process = (env: Environment, node?: string): Promise<CliResult> =>
    machine.run(PROCESS, {
      env: { ROLEBRIDGE_CONFIG_DIR: machine.file(`home-${homes++}`), ...env },
      ...(node !== undefined && { node }),
    });
  const callerIn = ({ code, stdout, stderr }: CliResult): Promise<string> => {
    assert.equal(code, 0, stderr);
    return callerOfPrinted(world.urls.aws, stdout);
  };
  const BY_ROLE = /^arn:aws:sts::222233334444:assumed-role\/Developer\/aws-[a-z2-7]{16}@workload$/;
  const BY_POD = /assumed-role\/Developer\/cluster-[a-z2-7]{16}@workload$/;
  const fails = async (run: Promise<CliResult>, ...said: RegExp[]): Promise<void> => {
    const { code, stdout, stderr } = await run;
    assert.deepEqual([code, stdout], [6, ''], stderr);
    for (const pattern of said) assert.match(stderr, pattern);
    assert.ok(!stderr.includes(role.secretAccessKey) && !stderr.includes(role.sessionToken!));
    assert.doesNotMatch(stderr, /unexpected error|eyJ|authorization of the task/);
  };
  const keysOf = ({ accessKeyId, secretAccessKey }: RoleCredentials): Environment => ({
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });

  describe('on an instance', () => {
    const instance = (): Environment => ({
      AWS_EC2_METADATA_DISABLED: undefined,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.instance,
    });

    it('signs with its role, which it gets by IMDSv2, and reaches another account', async () => {
      assert.match(await callerIn(await process(instance())), BY_ROLE);
      assert.deepEqual(metadata.refused, []);
    });

    it('signs a request of its own for each of several processes at once', async () => {
      const results = await Promise.all([1, 2, 3, 4, 5, 6].map(() => process(instance())));
      for (const result of results) assert.match(await callerIn(result), BY_ROLE);
    });

    it('takes the role of the instance and no keys of the environment', async () => {
      const keys = { ...keysOf(role), AWS_SECRET_ACCESS_KEY: 'of-a-user' };
      assert.match(await callerIn(await process({ ...instance(), ...keys })), BY_ROLE);
    });

    it('asks the metadata service through no proxy', async () => {
      const proxies = {
        ...{ HTTP_PROXY: 'http://127.0.0.1:1', NODE_USE_ENV_PROXY: '1' },
        NO_PROXY: new URL(world.urls.bridge).host,
      };
      assert.match(await callerIn(await process({ ...instance(), ...proxies })), BY_ROLE);
    });

    it('rejects an address of the metadata service elsewhere', async () => {
      for (const address of ['http://metadata.example.com', 'https://169.254.169.254', 'here']) {
        const env = { ...instance(), AWS_EC2_METADATA_SERVICE_ENDPOINT: address };
        const run = machine.run([...PROCESS, '--platform', 'aws'], { env });
        await fails(run, /AWS_EC2_METADATA_SERVICE_ENDPOINT is not an address/);
      }
    });

    for (const [what, given, said] of [
      ['no role', { status: 404, body: '' }, /status 404.*\n.*Attach an instance profile/],
      ['a redirect', { status: 302, body: '' }, /status 302/],
      ['no keys', { status: 200, body: '{"Code":"Failed"}' }, /gave no credentials of a role/],
      ['too much', { status: 200, body: 'x'.repeat(100_000) }, /cannot be used/],
    ] as const)
      it(`says that the metadata service answers with ${what}`, async () => {
        fault = given;
        await fails(process(instance()), said);
      });
  });

  describe('in a task', () => {
    const task = (): Environment => ({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: metadata.container,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: AUTHORIZATION,
      AWS_REGION: 'eu-west-1',
    });

    it('signs with its role', async () => {
      assert.match(await callerIn(await process(task())), BY_ROLE);
    });

    it('reads the authorization from a file', async () => {
      const file = machine.file('authorization');
      writeFileSync(file, `${AUTHORIZATION}\n`);
      const env = { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file };
      assert.match(
        await callerIn(
          await process({ ...task(), AWS_CONTAINER_AUTHORIZATION_TOKEN: undefined, ...env }),
        ),
        BY_ROLE,
      );
    });

    for (const [what, env, said] of [
      [
        'an address elsewhere without TLS',
        { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://credentials.example.com/' },
        /is not an address of container credentials/,
      ],
      [
        'an authorization with a line break',
        { AWS_CONTAINER_AUTHORIZATION_TOKEN: 'a\nx: b' },
        /authorization token of the container credentials cannot be used/,
      ],
      ['an environment without a region', { AWS_REGION: undefined }, /region is unknown/],
      [
        'a region that is a host',
        { AWS_REGION: 'evil.example.com/' },
        /AWS_REGION is not a region/,
      ],
      [
        'another authorization',
        { AWS_CONTAINER_AUTHORIZATION_TOKEN: 'another' },
        /answered with the status 401/,
      ],
    ] as const)
      it(`rejects ${what}`, async () => {
        await fails(process({ ...task(), ...env }), said);
      });
  });

  describe('in a function', () => {
    const lambda = { AWS_LAMBDA_FUNCTION_NAME: 'orders', AWS_REGION: 'eu-west-1' };

    it('signs with its role', async () => {
      const env = { ...lambda, ...keysOf(role), AWS_SESSION_TOKEN: role.sessionToken };
      assert.match(await callerIn(await process(env)), BY_ROLE);
    });

    it('rejects long-term keys', async () => {
      const keys = keysOf({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'of-a-user' });
      await fails(process({ ...lambda, ...keys }), /Long-term keys are not used/);
    });
  });

  describe('in a pod', () => {
    const pod = { KUBERNETES_SERVICE_HOST: '10.0.0.1' };
    const canMount = spawnSync('unshare', ['--mount', 'true']).status === 0;
    const skip = canMount ? false : 'unshare is not available';
    /** Runs Node where `/run/secrets` contains these files. */
    const nodeWith = (files: Readonly<Record<string, string>>): string => {
      const secrets = machine.file('secrets');
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(`${secrets}/${path}`.replace(/\/[^/]+$/, ''), { recursive: true });
        writeFileSync(`${secrets}/${path}`, content);
      }
      const node = machine.file('node');
      const inside = `mount -t tmpfs none /run && mkdir /run/secrets && cp -r ${secrets}/. /run/secrets/ && exec ${globalThis.process.execPath} "$@"`;
      writeFileSync(node, `#!/bin/sh\nexec unshare --mount sh -c '${inside}' node "$@"\n`);
      chmodSync(node, 0o755);
      return node;
    };

    it('finds the projected token at its place', { skip }, async () => {
      const node = nodeWith({ 'rolebridge/token': await cluster!.token() });
      assert.match(await callerIn(await process({}, node)), BY_POD);
    });

    it('shows the projected volume that is missing, and never asks the node', async () => {
      const node = {
        AWS_EC2_METADATA_DISABLED: undefined,
        AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.instance,
      };
      await fails(
        process({ ...pod, ...node }),
        /this pod has no token for the bridge/,
        /serviceAccountToken: \{ path: token, audience: "https:\/\/aws\.example\.com"/,
        /mountPath: \/var\/run\/secrets\/rolebridge/,
      );
    });

    it('does not send the default token of its service account', { skip }, async () => {
      const place = 'kubernetes.io/serviceaccount/token';
      const node = nodeWith({ [place]: await cluster!.token() });
      const direct = { ...pod, ROLEBRIDGE_WORKLOAD_TOKEN_FILE: `/var/run/secrets/${place}` };
      await fails(process(direct, node), /for the API server of its cluster/);
      const link = machine.file('linked');
      symlinkSync(`/run/secrets/${place}`, link);
      await fails(
        process({ ...pod, ROLEBRIDGE_WORKLOAD_TOKEN_FILE: link }, node),
        /for the API server of its cluster/,
        /serviceAccountToken/,
      );
    });

    it('does not send a legacy token of a service account', async () => {
      const token = await cluster!.token({ iss: 'kubernetes/serviceaccount' });
      await fails(process({ ...pod, ROLEBRIDGE_ID_TOKEN: token }), /for the API server/);
    });
  });

  it('says which platforms it looked for', async () => {
    const keys = { ...keysOf(role), AWS_SESSION_TOKEN: role.sessionToken };
    await fails(
      process(keys),
      /no platform was found/,
      /GitHub Actions; GitLab CI; Buildkite; CircleCI; HCP Terraform; Kubernetes; EC2, ECS and Lambda/,
      /Keys in ~\/\.aws and in the environment are not used/,
    );
  });
});
