import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  STSClient,
  type STSClientConfig,
} from '@aws-sdk/client-sts';
import aws4 from 'aws4';
import { uniqueId } from '../../../src/dev/local-aws/identifiers.ts';
import { errorOf, PROD, samlWorld, type TrustPolicy, useLocalAws } from './support.ts';

const KEY = { accessKeyId: 'AKIALOCALLOCALLOCAL0', secretAccessKey: 'local-user-secret-key-0001' };
const USER_ARN = `arn:aws:iam::${PROD}:user/ci`;
const BUILDER = `arn:aws:iam::${PROD}:role/builder`;
const HOST = 'sts.eu-west-1.amazonaws.com';
const BODY = 'Action=GetCallerIdentity&Version=2011-06-15';
const JSON_ANSWER = { accept: 'application/json' };

type Headers = Readonly<Record<string, string | string[]>>;

interface Relayed {
  readonly headers: Headers;
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
}

/** What the signers of other SDKs made of the body above, with the key above, at 08:00 UTC. */
const SIGNED_AT = Date.UTC(2026, 10, 30, 8);
const SIGNED: Readonly<Record<string, Headers>> = {
  botocore: {
    host: HOST,
    'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    'x-bridge-audience': 'aws.example.com',
    'user-agent': 'Boto3/1.43',
    'x-amz-date': '20261130T080000Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIALOCALLOCALLOCAL0/20261130/eu-west-1/sts/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-bridge-audience, Signature=776a04431db8204d15fd83ba3feca32142be175e577515cdc301aaf309029ca7',
  },
  'aws-sdk-go-v2': {
    host: HOST,
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(BODY.length),
    'x-bridge-audience': 'aws.example.com',
    'amz-sdk-request': 'attempt=1; max=3',
    'x-amz-date': '20261130T080000Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIALOCALLOCALLOCAL0/20261130/eu-west-1/sts/aws4_request, SignedHeaders=amz-sdk-request;content-length;content-type;host;x-amz-date;x-bridge-audience, Signature=e16f83c77b100f3bf7e291d9a145b18cb2c11b60bafd1fab7e7729e2e0ff4f92',
  },
};

describe('GetCallerIdentity, relayed by another party', () => {
  const running = useLocalAws(
    samlWorld({
      roles: [
        {
          account: PROD,
          name: 'builder',
          trustPolicy: {
            Statement: { Effect: 'Allow', Principal: { AWS: USER_ARN }, Action: 'sts:AssumeRole' },
          } as TrustPolicy,
        },
      ],
      iamUsers: [{ account: PROD, name: 'ci', accessKeys: [KEY] }],
    }),
  );

  function turnTo(time: number): void {
    running.clock.turn((time - running.clock.now()) / 1000);
  }

  async function relay({ headers, method = 'POST', path = '/', body }: Relayed): Promise<Response> {
    const sent = httpRequest(`${running.url}${path}`, { method, headers });
    sent.end(method === 'GET' ? undefined : (body ?? BODY));
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    return new Response(await text(answer), {
      status: answer.statusCode ?? 0,
      headers: { 'content-type': answer.headers['content-type'] ?? '' },
    });
  }

  async function rejected(request: Relayed) {
    const { status, code, message } = await errorOf(await relay(request));
    return { status, code, message: message ?? '', reason: running.reason() ?? '' };
  }

  /** A session of the builder role, as an instance or a task has. */
  async function session() {
    const { Credentials } = await running
      .sts({ ...KEY })
      .send(new AssumeRoleCommand({ RoleArn: BUILDER, RoleSessionName: 'i-0abc' }));
    return {
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    };
  }

  /** Signed by the SDK for JavaScript for real STS, and kept instead of sent. */
  async function signedBySdk(
    credentials: NonNullable<STSClientConfig['credentials']>,
    region = 'eu-west-1',
  ): Promise<Headers> {
    const client = new STSClient({
      region,
      credentials,
      systemClockOffset: running.clock.now() - Date.now(),
    });
    let headers: Headers = {};
    client.middlewareStack.add(
      next => async args => {
        (args.request as { headers: Record<string, string> }).headers['x-bridge-audience'] =
          'aws.example.com';
        return next(args);
      },
      { step: 'build' },
    );
    client.middlewareStack.add(
      () => async args => {
        headers = (args.request as { headers: Record<string, string> }).headers;
        throw new Error('kept');
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    await assert.rejects(client.send(new GetCallerIdentityCommand({})), /kept/);
    client.destroy();
    return headers;
  }

  for (const [signer, headers] of Object.entries(SIGNED))
    test(`accepts what ${signer} signed for real STS`, async () => {
      turnTo(SIGNED_AT + 60_000);
      const answer = await relay({ headers });
      assert.equal(answer.status, 200);
      assert.match(await answer.text(), new RegExp(`<Arn>${USER_ARN}</Arn>`));
    });

  test('accepts what the SDK for JavaScript signed with a session, and answers JSON', async () => {
    const headers = await signedBySdk(await session());
    assert.equal(headers.host, HOST);
    const answer = await relay({ headers: { ...headers, ...JSON_ANSWER } });
    assert.equal(answer.headers.get('content-type'), 'application/json');
    const document = (await answer.json()) as {
      GetCallerIdentityResponse: { ResponseMetadata: { RequestId: string } };
    };
    const { RequestId } = document.GetCallerIdentityResponse.ResponseMetadata;
    assert.deepEqual(document, {
      GetCallerIdentityResponse: {
        GetCallerIdentityResult: {
          Arn: `arn:aws:sts::${PROD}:assumed-role/builder/i-0abc`,
          UserId: `${uniqueId('AROA', BUILDER)}:i-0abc`,
          Account: PROD,
        },
        ResponseMetadata: { RequestId },
      },
    });
    assert.match(RequestId, /^[0-9a-f-]{36}$/);
  });

  test('rejects in JSON too, without a reason', async () => {
    turnTo(SIGNED_AT);
    const headers = { ...SIGNED.botocore, ...JSON_ANSWER, 'x-amz-extra': '1' };
    const answer = await relay({ headers });
    const document = (await answer.json()) as { RequestId: string };
    assert.equal(answer.status, 403);
    assert.deepEqual(document, {
      Error: {
        Type: 'Sender',
        Code: 'SignatureDoesNotMatch',
        Message:
          'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
      },
      RequestId: document.RequestId,
    });
  });

  describe('rejects', () => {
    const changed = (headers: Headers): Relayed => ({
      headers: { ...SIGNED.botocore, ...headers },
    });
    const cases: readonly [string, Relayed, RegExp][] = [
      [
        'a signature for another host of the same Region',
        changed({ host: 'sts-fips.eu-west-1.amazonaws.com' }),
        /request was changed/,
      ],
      ['a signature for a host that is not of AWS', changed({ host: 'localhost' }), /changed/],
      [
        'a scope of another Region than that of the host',
        changed({ host: 'sts.us-east-1.amazonaws.com' }),
        /scoped to eu-west-1\/sts, expected is us-east-1/,
      ],
      [
        'a Region scope at the global host',
        changed({ host: 'sts.amazonaws.com' }),
        /expected is us-east-1/,
      ],
      ['another audience', changed({ 'x-bridge-audience': 'evil.example.com' }), /changed/],
      [
        'a second audience',
        changed({ 'x-bridge-audience': ['aws.example.com', 'evil.example.com'] }),
        /changed/,
      ],
      ['another action', { headers: SIGNED.botocore!, body: `${BODY}&A=1` }, /changed/],
      [
        'another method',
        { headers: SIGNED.botocore!, path: `/?${BODY}`, method: 'GET' },
        /changed/,
      ],
      ['another path', { headers: SIGNED.botocore!, path: '/?x=1' }, /changed/],
    ];
    for (const [name, request, reason] of cases)
      test(name, async () => {
        turnTo(SIGNED_AT);
        const error = await rejected(request);
        assert.deepEqual([error.status, error.code], [403, 'SignatureDoesNotMatch']);
        assert.match(error.reason, reason);
      });

    test('a request that lacks a signed header', async () => {
      turnTo(SIGNED_AT);
      const { 'x-bridge-audience': _, ...headers } = SIGNED.botocore!;
      const { code, reason } = await rejected({ headers });
      assert.equal(code, 'SignatureDoesNotMatch');
      assert.match(reason, /x-bridge-audience is missing/);
    });

    test('a request that is older than 15 minutes', async () => {
      turnTo(SIGNED_AT + 900_000);
      assert.equal((await relay({ headers: SIGNED.botocore! })).status, 200);
      turnTo(SIGNED_AT + 901_000);
      assert.match((await rejected({ headers: SIGNED.botocore! })).message, /^Signature expired/);
    });

    test('a session token that is missing or of another session', async () => {
      const [one, two] = [await session(), await session()];
      const headers = await signedBySdk(one);
      const { 'x-amz-security-token': _, ...without } = headers;
      for (const wrong of [without, { ...headers, 'x-amz-security-token': two.sessionToken }])
        assert.equal((await rejected({ headers: wrong })).code, 'InvalidClientTokenId');
      assert.equal((await relay({ headers })).status, 200);
    });
  });

  test('accepts a presigned GET for 15 minutes, whatever X-Amz-Expires says', async () => {
    const presigned = (expires: string): string => {
      const { path } = aws4.sign(
        {
          host: HOST,
          path: `/?${BODY}&X-Amz-Expires=${expires}&X-Amz-Date=${compact(running.clock.now())}`,
          headers: { 'x-bridge-audience': 'aws.example.com' },
          service: 'sts',
          region: 'eu-west-1',
          signQuery: true,
        },
        KEY,
      );
      return path!;
    };
    const headers = { host: HOST, 'x-bridge-audience': 'aws.example.com', ...JSON_ANSWER };
    for (const expires of ['1', '604801']) {
      const path = presigned(expires);
      running.clock.turn(899);
      const answer = await relay({ headers, method: 'GET', path });
      assert.equal(answer.status, 200);
      assert.match(await answer.text(), /"Arn":"arn:aws:iam::111122223333:user\/ci"/);
      running.clock.turn(2);
      assert.equal((await relay({ headers, method: 'GET', path })).status, 403);
    }
  });
});

function compact(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
