/** Signed requests of AWS roles, with the local AWS as STS. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import type { IamEntry } from '../../../src/connectors/workloads/entry.ts';
import type { BridgeError } from '../../../src/core/errors.ts';
import { partitionTable } from '../../../src/core/partitions.ts';
import type { WorkloadProofs } from '../../../src/core/ports.ts';
import type { WorkloadEntryId } from '../../../src/core/workload.ts';
import { openSqliteStore } from '../../../src/store/sqlite.ts';
import {
  GOV,
  PROD,
  samlWorld,
  type TrustPolicy,
  useLocalAws,
} from '../../dev/local-aws/support.ts';
import {
  CALLER_IDENTITY_BODY,
  type CallerRequest,
  proofOf,
  type RoleCredentials,
  type SigningOptions,
  signedBySdk,
  signedCaller,
} from '../../support/caller-forge.ts';
import { openProofs, refusal } from './fixture.ts';

const IAM_AUDIENCE = 'aws.example.com';
const KEY = { accessKeyId: 'AKIALOCALLOCALLOCAL0', secretAccessKey: 'local-user-secret-key-0001' };
const GOV_KEY = { accessKeyId: 'AKIALOCALLOCALLOCAL1', secretAccessKey: 'local-user-secret-2' };

const trusting = (arn: string): TrustPolicy => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: arn }, Action: 'sts:AssumeRole' }],
});

const running = useLocalAws(
  samlWorld({
    roles: [
      {
        ...{ account: PROD, name: 'builder', path: '/ci/' },
        trustPolicy: trusting(`arn:aws:iam::${PROD}:user/ci`),
      },
      {
        ...{ account: GOV, name: 'builder' },
        trustPolicy: trusting(`arn:aws-us-gov:iam::${GOV}:user/ci`),
      },
    ],
    iamUsers: [
      { account: PROD, name: 'ci', accessKeys: [KEY] },
      { account: GOV, name: 'ci', accessKeys: [GOV_KEY] },
    ],
  }),
);

const entry = (id: string, audience: string): IamEntry => ({
  ...{ id: id as WorkloadEntryId, kind: 'aws-iam', audience },
});

async function open(
  t: TestContext,
  entries = [entry('aws', IAM_AUDIENCE)],
): Promise<WorkloadProofs> {
  const { oneTimeKeys, close } = await openSqliteStore({
    file: ':memory:',
    secret: new Uint8Array(32).fill(7),
  });
  t.after(close);
  const partitions = partitionTable({ endpoints: { sts: running.url } });
  return openProofs(t, entries, { partitions, oneTimeKeys, clock: running.clock });
}

/** As an instance, a task or a function has them. */
async function roleCredentials({
  key = KEY,
  role = `arn:aws:iam::${PROD}:role/ci/builder`,
  region = 'eu-west-1',
} = {}): Promise<RoleCredentials & { readonly sessionToken: string }> {
  const { Credentials } = await running
    .sts({ ...key }, region)
    .send(new AssumeRoleCommand({ RoleArn: role, RoleSessionName: 'i-0abc' }));
  return {
    accessKeyId: Credentials!.AccessKeyId!,
    secretAccessKey: Credentials!.SecretAccessKey!,
    sessionToken: Credentials!.SessionToken!,
  };
}

async function signed(changes: Partial<SigningOptions> = {}): Promise<CallerRequest> {
  const credentials = changes.credentials ?? (await roleCredentials());
  return signedCaller({ credentials, audience: IAM_AUDIENCE, at: running.clock.now(), ...changes });
}

const asked = (): number =>
  running.events.filter(({ action }) => action === 'GetCallerIdentity').length;

describe('a signed GetCallerIdentity', () => {
  test('names the role without its path, and what STS says of its session', async t => {
    const proofs = await open(t);
    const verified = await proofs.verify(proofOf(await signed()));

    const { workload, assertedAt, expiresAt } = verified;
    assert.match(workload.id, /^aws-[a-z2-7]{16}@workload$/);
    const { roleId, ...claims } = workload.claims;
    assert.match(String(roleId), /^AROA[A-Z0-9]{17}$/);
    assert.deepEqual(claims, {
      roleArn: `arn:aws:iam::${PROD}:role/builder`,
      ...{ account: PROD, role: 'builder', session: 'i-0abc' },
    });
    assert.equal(workload.subject, claims.roleArn);
    const second = Math.floor(running.clock.now() / 1000) * 1000;
    assert.equal(assertedAt, second);
    assert.equal(expiresAt, second + 300_000);
    assert.equal(verified.tokenId, undefined);
  });

  test('is of the entry whose audience it signs', async t => {
    const proofs = await open(t, [entry('first', 'first.example'), entry('second', IAM_AUDIENCE)]);
    const { workload } = await proofs.verify(proofOf(await signed()));
    assert.equal(workload.entry, 'second');
  });

  const hosts: Readonly<Record<string, Partial<SigningOptions>>> = {
    'of the global endpoint': { host: 'sts.amazonaws.com', region: 'us-east-1' },
    'of a FIPS endpoint': { host: 'sts-fips.us-east-2.amazonaws.com', region: 'us-east-2' },
    'of a dual-stack endpoint': { host: 'sts.eu-west-1.api.aws' },
  };
  for (const [title, changes] of Object.entries(hosts))
    test(`for the host ${title} is accepted`, async t => {
      const proofs = await open(t);
      await proofs.verify(proofOf(await signed(changes)));
    });

  test('of another partition is accepted at its own endpoint', async t => {
    const proofs = await open(t);
    const region = 'us-gov-west-1';
    const role = `arn:aws-us-gov:iam::${GOV}:role/builder`;
    const credentials = await roleCredentials({ key: GOV_KEY, role, region });
    const host = `sts.${region}.amazonaws.com`;
    const { workload } = await proofs.verify(proofOf(await signed({ credentials, host, region })));
    assert.equal(workload.subject, role);
  });

  const accepted: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'with what the SDK for Java signs': {
      'amz-sdk-invocation-id': '0a9b8c7d-0000-4000-8000-000000000001',
      'amz-sdk-request': 'attempt=1; max=3',
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'content-length': String(CALLER_IDENTITY_BODY.length),
      'user-agent': 'aws-sdk-java/2',
    },
    'with the hash of the body': {
      'x-amz-content-sha256': 'ab821ae955788b0e33ebd34c208442ccfc2d406e2edc5e7a39bd6458fbb4f843',
    },
    'that accepts JSON alone': { accept: 'application/json' },
    'that accepts XML': { accept: 'text/xml' },
  };
  for (const [title, headers] of Object.entries(accepted))
    test(`${title} is accepted`, async t => {
      const proofs = await open(t);
      const { workload } = await proofs.verify(proofOf(await signed({ headers })));
      assert.equal(workload.claims.role, 'builder');
    });

  test('with headers that are not signed reaches STS without them', async t => {
    const proofs = await open(t);
    const { headers, ...request } = await signed();
    const unsigned = { 'user-agent': 'rolebridge', 'amz-sdk-request': 'attempt=1' };
    await proofs.verify(proofOf({ ...request, headers: { ...headers, ...unsigned } }));
  });

  test('with names of headers in any case is accepted', async t => {
    const proofs = await open(t);
    const { headers, ...request } = await signed();
    const capitals = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]),
    );
    await proofs.verify(proofOf({ ...request, headers: capitals }));
  });

  test('is what the client for JavaScript would send, kept instead of sent', async t => {
    const proofs = await open(t);
    const credentials = await roleCredentials();
    const clockOffset = running.clock.now() - Date.now();
    const request = await signedBySdk({ credentials, audience: IAM_AUDIENCE, clockOffset });
    await proofs.verify(proofOf(request));
  });
});

describe('STS rejects', () => {
  const hints: Readonly<Record<string, readonly [() => Promise<CallerRequest>, RegExp]>> = {
    'a request that was signed with another secret key': [
      async () =>
        signed({ credentials: { ...(await roleCredentials()), secretAccessKey: 'another' } }),
      /^AWS rejects the signature/,
    ],
    'a key that it does not know': [
      async () =>
        signed({
          credentials: { ...(await roleCredentials()), accessKeyId: 'ASIA0000000000000000' },
        }),
      /^AWS does not know the credentials/,
    ],
    'the session token of another key': [
      async () => signed({ credentials: { ...(await roleCredentials()), sessionToken: 'token' } }),
      /^AWS does not know the credentials/,
    ],
    'an audience that was changed after signing': [
      async () => {
        const { headers, ...request } = await signed({ audience: 'other.example' });
        return { ...request, headers: { ...headers, 'x-rolebridge-audience': IAM_AUDIENCE } };
      },
      /^AWS rejects the signature/,
    ],
    'a date that was changed after signing': [
      async () => {
        const { headers, ...request } = await signed({ at: running.clock.now() - 10_000 });
        const date = new Date(running.clock.now()).toISOString().replace(/[-:]|\.\d{3}/g, '');
        return { ...request, headers: { ...headers, 'x-amz-date': date } };
      },
      /^AWS rejects the signature/,
    ],
  };
  for (const [title, [request, hint]] of Object.entries(hints))
    test(title, async t => {
      const proofs = await open(t);
      const error = await refusal(proofs, proofOf(await request()));
      assert.match(error.hint, hint);
      assert.match(error.message, /workloads\.aws .+ STS answered/);
    });

  test('credentials that have expired', async t => {
    const proofs = await open(t);
    const credentials = await roleCredentials();
    running.clock.turn(3601);
    const error = await refusal(proofs, proofOf(await signed({ credentials })));
    assert.match(error.hint, /^The credentials of the role have expired/);
  });
});

describe('a caller that is not a session of a role is refused', () => {
  test('an IAM user, before STS is asked', async t => {
    const proofs = await open(t);
    const before = asked();
    const error = await refusal(proofs, proofOf(await signed({ credentials: KEY })));
    assert.match(error.hint, /no x-amz-security-token/);
    assert.equal(asked(), before);
  });

  test('of another partition than the host it signs for', async t => {
    const proofs = await open(t);
    const role = `arn:aws-us-gov:iam::${GOV}:role/builder`;
    const credentials = await roleCredentials({ key: GOV_KEY, role, region: 'us-gov-west-1' });
    await refusal(proofs, proofOf(await signed({ credentials })));
  });
});

describe('a signed request works once', () => {
  test('also when two callers race', async t => {
    const proofs = await open(t);
    const proof = proofOf(await signed());
    const before = asked();
    const outcomes = await Promise.allSettled([proofs.verify(proof), proofs.verify(proof)]);
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.equal(asked(), before + 1);
    assert.match((await refusal(proofs, proof)).hint, /was used before/);
  });

  test('in any other text of the same request', async t => {
    const proofs = await open(t);
    const { headers, ...request } = await signed();
    await proofs.verify(proofOf({ headers, ...request }));
    const capitals = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]),
    );
    const authorization = String(headers.authorization).replaceAll(', ', ',');
    for (const other of [capitals, { ...headers, authorization }, { ...headers, accept: 'a/b' }])
      assert.match(
        (await refusal(proofs, proofOf({ ...request, headers: other }))).hint,
        /was used before/,
      );
  });

  test('and is used up if STS rejects it', async t => {
    const proofs = await open(t);
    const credentials = { ...(await roleCredentials()), secretAccessKey: 'another' };
    const proof = proofOf(await signed({ credentials }));
    await refusal(proofs, proof);
    assert.match((await refusal(proofs, proof)).hint, /was used before/);
  });
});

describe('a flood of requests that only STS can refuse', () => {
  const forged = async (number: number): Promise<string> => {
    const accessKeyId = `ASIAFORGED${String(number).padStart(10, '0')}`;
    const credentials = { accessKeyId, secretAccessKey: 'forged', sessionToken: 'forged' };
    return proofOf(await signed({ credentials }));
  };

  test('does not reach STS without end, and stops no signer that STS has accepted', async t => {
    const proofs = await open(t);
    const credentials = await roleCredentials();
    const own = async (second: number): Promise<string> =>
      proofOf(await signed({ credentials, at: running.clock.now() - second * 1000 }));
    await proofs.verify(await own(1));
    const codes: string[] = [];
    for (let hundreds = 0; hundreds < 11; hundreds += 1) {
      const numbers = Array.from({ length: 100 }, (_, place) => 100 * hundreds + place);
      codes.push(...(await Promise.all(numbers.map(async n => codeOf(proofs, await forged(n))))));
    }
    // The first request of the accepted signer was one of the 1,000, too.
    const expected = { workload_refused: 999, workload_unavailable: 101 };
    assert.deepEqual(Object.fromEntries(countsOf(codes)), expected);

    const stranger = proofOf(await signed());
    await refusal(proofs, stranger, 'workload_unavailable');
    await proofs.verify(await own(2));
    running.clock.turn(60);
    await proofs.verify(stranger);
  });
});

async function codeOf(proofs: WorkloadProofs, proof: string): Promise<string> {
  return proofs.verify(proof).then(
    () => 'accepted',
    ({ code }: BridgeError) => code,
  );
}

function countsOf(codes: readonly string[]): ReadonlyMap<string, number> {
  const grouped = Map.groupBy(codes, code => code);
  return new Map([...grouped].map(([code, all]) => [code, all.length]));
}
