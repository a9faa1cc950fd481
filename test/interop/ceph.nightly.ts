/**
 * A user gets credentials of a Ceph radosgw, as an STS outside AWS, and uses them in S3. The set-up
 * is that of docs/sts-stores.md, by the SDK.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { parse, stringify } from 'yaml';
import { button, type Credentials, credentialsOn } from '../support/handout.ts';
import type { Visitor } from '../support/visitor.ts';
import { startWorld, type World } from '../support/world.ts';
import { type Ceph, cephMissing, startCeph } from './ceph.ts';

const skip = cephMissing();
const STORE = '555566667777';

describe('a Ceph radosgw as the STS of an account', { skip }, () => {
  let ceph: Ceph;
  let world: World;
  let visitor: Visitor;

  before(async () => {
    ceph = await startCeph(STORE);
    world = await startWorld({ configure: yaml => withStore(yaml, ceph.url) });
    await setUp(ceph, world.urls.bridge);
    ({ visitor } = await world.signIn('alice', 'oidc'));
  });
  after(async () => {
    await world?.close();
    await ceph?.stop();
  });

  test('gives credentials with which S3 stores and reads an object', async () => {
    const s3 = s3Client(ceph.url, await credentialsFor('Dev'));
    try {
      await s3.send(new CreateBucketCommand({ Bucket: 'notes' }));
      await s3.send(new PutObjectCommand({ Bucket: 'notes', Key: 'a/ü', Body: 'hello' }));
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'notes', Key: 'a/ü' }));
      assert.equal(await Body!.transformToString(), 'hello');
    } finally {
      s3.destroy();
    }
  });

  test('gives no more than the role has', async () => {
    const s3 = s3Client(ceph.url, await credentialsFor('Reader'));
    try {
      await s3.send(new ListBucketsCommand({}));
      await assert.rejects(s3.send(new CreateBucketCommand({ Bucket: 'more' })), {
        name: 'AccessDenied',
      });
    } finally {
      s3.destroy();
    }
  });

  test('names the user in the session', async () => {
    const page = await credentialsPage('Dev');
    assert.match(page.text, /arn:aws:sts::555566667777:assumed-role\/Dev\/alice-[a-z2-7]{16}/);
  });

  for (const [role, why] of [
    ['Closed', 'trusts another provider'],
    ['Gone', 'does not exist'],
  ] as const)
    test(`refuses a role that ${why}, with its code`, async () => {
      const page = await credentialsPage(role);
      assert.equal(page.status, 502);
      assert.match(page.text, /The STS of the account rejected the request/);
      assert.match(page.text, /rejects role \w+ \(AccessDenied\)/);
      assert.doesNotMatch(page.text, /AWS denies/);
    });

  test('has credentials and no console in the portal', async () => {
    const { $ } = await visitor.get(`${world.urls.bridge}/`);
    assert.equal($(button('Credentials', 'store', 'Dev')).length, 1);
    assert.equal($(button('Console', 'store', 'Dev')).length, 0);
  });

  async function credentialsPage(role: string) {
    const page = await visitor.get(`${world.urls.bridge}/`);
    return visitor.submit(page, button('Credentials', 'store', role));
  }

  async function credentialsFor(role: string): Promise<Credentials> {
    return credentialsOn(await credentialsPage(role));
  }
});

function withStore(yaml: string, url: string): string {
  const file = parse(yaml);
  file.accounts.push({
    ...{ id: STORE, name: 'store', trust: 'web-identity', endpoints: { sts: url } },
  });
  file.access.push({
    ...{ name: 'store', groups: ['developers', 'aws-admins'], accounts: ['store'] },
    connectors: file.access[0].connectors,
    roles: ['Dev', 'Reader', 'Closed', 'Gone'],
    session: { duration: '1h' },
  });
  return stringify(file);
}

/** What an administrator of the tenant does once. */
async function setUp({ url, administrator }: Ceph, issuer: string): Promise<void> {
  const iam = new IAMClient({
    ...{ endpoint: url, region: 'us-east-1', credentials: administrator, maxAttempts: 1 },
  });
  try {
    await iam.send(
      new CreateOpenIDConnectProviderCommand({
        Url: issuer,
        ClientIDList: [url],
        ThumbprintList: await thumbprintsOf(issuer),
      }),
    );
    const name = issuer.replace('http://', '');
    for (const [role, provider, actions] of [
      ['Dev', name, ['s3:*']],
      ['Reader', name, ['s3:Get*', 's3:List*']],
      ['Closed', 'elsewhere.example.com', ['s3:*']],
    ] as const) {
      const trustPolicy = {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Federated: [`arn:aws:iam::${STORE}:oidc-provider/${provider}`] },
            Action: ['sts:AssumeRoleWithWebIdentity'],
            Condition: { StringEquals: { [`${provider}:app_id`]: url } },
          },
        ],
      };
      const AssumeRolePolicyDocument = JSON.stringify(trustPolicy);
      await iam.send(new CreateRoleCommand({ RoleName: role, AssumeRolePolicyDocument }));
      const permission = { Effect: 'Allow', Action: actions, Resource: 'arn:aws:s3:::*' };
      const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [permission] });
      await iam.send(
        new PutRolePolicyCommand({ RoleName: role, PolicyName: 's3', PolicyDocument }),
      );
    }
  } finally {
    iam.destroy();
  }
}

/** SHA-1 of the certificates that the bridge publishes with its keys. */
async function thumbprintsOf(issuer: string): Promise<string[]> {
  const answer = await fetch(`${issuer}/.well-known/jwks.json`);
  const { keys } = (await answer.json()) as {
    keys: readonly { readonly x5c: readonly string[] }[];
  };
  return keys.map(({ x5c: [certificate] }) =>
    createHash('sha1').update(Buffer.from(certificate!, 'base64')).digest('hex').toUpperCase(),
  );
}

function s3Client(endpoint: string, credentials: Credentials): S3Client {
  return new S3Client({
    ...{ endpoint, region: 'us-east-1', credentials, forcePathStyle: true, maxAttempts: 1 },
    // Older gateways do not know the checksums that newer SDKs add by default.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}
