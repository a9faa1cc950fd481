import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { GOOD, said, written } from './written.ts';

const KEY_SET = JSON.stringify({
  keys: [{ kty: 'EC', crv: 'P-256', kid: '1', use: 'sig', x: 'AA', y: 'AA' }],
});

const FILE = `${GOOD}workloads:
  - id: github
    issuer: https://token.actions.githubusercontent.com
    audience: https://aws.example.com
    access:
      - name: deployment
        claims:
          repository_owner_id: 1234
          environment: [production, { pattern: "release-*" }]
          ref_protected: true
        accounts: [prod, "222233334444"]
        roles: [Deploy, team/Upload]
        session:
          duration: 30m
          sourceIdentity: "{sessionName}"
          tags: { Environment: "{claims.environment|none}", Ref: { value: "{claims.ref}", optional: true } }
          transitiveTags: [Environment]
          policyArns: [arn:aws:iam::aws:policy/ReadOnlyAccess]
          policy: { file: scope.json }
        require: { networks: [10.0.0.0/8] }
        once: true
  - id: cluster
    issuer: https://kubernetes.default.svc.cluster.local
    jwks: { file: keys/cluster.json }
    audience: [https://aws.example.com, aws]
    access:
      - { claims: { sub: "system:serviceaccount:shop:uploader" }, accounts: [staging], roles: [Upload] }
  - id: mesh
    spiffe: { trustDomain: prod.example.com }
    jwks: { url: https://spire.example.com/keys }
    audience: https://aws.example.com
    access:
      - { claims: { sub: "spiffe://prod.example.com/shop" }, accounts: ["*"], roles: [Upload] }
  - id: aws
    awsIam: { audience: aws.example.com }
    access:
      - roleArns: ["arn:aws:iam::111122223333:role/teams/build/builder", "arn:aws-cn:iam::111122223333:role/builder"]
        accounts: [partner]
        roles: [Upload]
`;

describe('workloads of the configuration', () => {
  it('are read with their rules', async () => {
    await written(async ({ check, put, directory }) => {
      put('scope.json', '{ "Statement": [] }');
      put('cluster.json', KEY_SET);
      const { configuration, problems } = await check(
        FILE.replace('keys/cluster.json', 'cluster.json'),
      );
      assert.deepEqual(said(problems), []);
      const { workloads, workloadRules } = configuration!;
      assert.deepEqual(workloads, [
        {
          id: 'github',
          kind: 'issuer',
          issuer: 'https://token.actions.githubusercontent.com',
          audiences: ['https://aws.example.com'],
          keys: { kind: 'discovery' },
        },
        {
          id: 'cluster',
          kind: 'issuer',
          issuer: 'https://kubernetes.default.svc.cluster.local',
          audiences: ['https://aws.example.com', 'aws'],
          keys: { kind: 'file', file: join(directory, 'cluster.json') },
        },
        {
          id: 'mesh',
          kind: 'spiffe',
          trustDomain: 'prod.example.com',
          audiences: ['https://aws.example.com'],
          keys: { kind: 'url', url: 'https://spire.example.com/keys' },
        },
        { id: 'aws', kind: 'aws-iam', audience: 'aws.example.com' },
      ]);
      assert.deepEqual(workloadRules[0], {
        name: 'deployment',
        entry: 'github',
        conditions: [
          { claim: 'repository_owner_id', values: ['1234'], patterns: [] },
          { claim: 'environment', values: ['production'], patterns: ['release-*'] },
          { claim: 'ref_protected', values: ['true'], patterns: [] },
        ],
        accounts: ['111122223333', '222233334444'],
        roles: ['Deploy', 'team/Upload'],
        session: {
          durationSeconds: 1800,
          consoleSeconds: undefined,
          sourceIdentity: [{ name: 'sessionName' }],
          tags: {
            Environment: [{ name: 'claims.environment', alternative: ['none'] }],
            Ref: [{ name: 'claims.ref' }],
          },
          optionalTags: ['Ref'],
          transitiveTags: ['Environment'],
          policyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
          policy: '{"Statement":[]}',
        },
        require: { mfa: false, networks: ['10.0.0.0/8'] },
        once: true,
      });
    });
  });

  it('have names by position, every account for *, and one hour', async () => {
    await written(async ({ check, put }) => {
      put('scope.json', '{ "Statement": [] }');
      put('cluster.json', KEY_SET);
      const { configuration } = await check(FILE.replace('keys/cluster.json', 'cluster.json'));
      const [, cluster, mesh, aws] = configuration!.workloadRules;
      assert.equal(cluster?.name, 'workloads[1].access[0]');
      assert.equal(cluster?.session.durationSeconds, 3600);
      assert.equal(cluster?.once, false);
      assert.equal(mesh?.accounts, undefined);
      assert.deepEqual(aws?.accounts, ['444455556666']);
    });
  });

  it('of AWS are compared without the path of the role', async () => {
    await written(async ({ check, put }) => {
      put('scope.json', '{ "Statement": [] }');
      put('cluster.json', KEY_SET);
      const { configuration } = await check(FILE.replace('keys/cluster.json', 'cluster.json'));
      assert.deepEqual(configuration!.workloadRules[3]?.conditions, [
        {
          claim: 'roleArn',
          values: [
            'arn:aws:iam::111122223333:role/builder',
            'arn:aws-cn:iam::111122223333:role/builder',
          ],
          patterns: [],
        },
      ]);
    });
  });
});
