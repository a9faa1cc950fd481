import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { AssumeRoleWithSAMLCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import aws4 from 'aws4';
import { samlResponse } from './saml.ts';
import {
  ADMIN,
  call,
  errorOf,
  PROD,
  ROLE_PAIR,
  SAML_PROVIDER,
  samlWorld,
  startLocalAws,
  useLocalAws,
} from './support.ts';

const USER = { accessKeyId: 'AKIAIOSFODNN7LOCAL00', secretAccessKey: 'local-user-secret-key-0001' };
const BODY = 'Action=GetCallerIdentity&Version=2011-06-15';
const MISMATCH = /^The request signature we calculated does not match/;

interface Signing {
  readonly credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  readonly region?: string;
  readonly service?: string;
  readonly date?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Changes the headers after signing. */
  readonly change?: (headers: Record<string, string>) => void;
  readonly body?: string;
}

describe('Signature Version 4', () => {
  const running = useLocalAws(
    samlWorld({ iamUsers: [{ account: PROD, name: 'ci', accessKeys: [USER] }] }),
  );
  let session: { accessKeyId: string; secretAccessKey: string; sessionToken: string };
  before(async () => {
    const SAMLAssertion = samlResponse({ roles: [ROLE_PAIR], now: running.clock.now() });
    const { Credentials } = await running.sts().send(
      new AssumeRoleWithSAMLCommand({
        RoleArn: ADMIN,
        PrincipalArn: SAML_PROVIDER,
        SAMLAssertion,
      }),
    );
    session = {
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    };
  });

  function timestamp(time: number): string {
    return new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '');
  }

  async function send({
    credentials = session,
    region = 'eu-west-1',
    service = 'sts',
    date = running.clock.now(),
    headers = {},
    change,
    body = BODY,
  }: Signing) {
    const signed = aws4.sign(
      {
        host: new URL(running.url).host,
        path: '/',
        method: 'POST',
        service,
        region,
        body: BODY,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'x-amz-date': timestamp(date),
          ...headers,
        },
      },
      credentials,
    );
    const sent = Object.fromEntries(
      Object.entries(signed.headers as Record<string, string>).map(([name, value]) => [
        name.toLowerCase(),
        String(value),
      ]),
    );
    change?.(sent);
    delete sent['content-length'];
    delete sent.host;
    return fetch(`${running.url}/`, { method: 'POST', body, headers: sent });
  }

  test('gives the caller identity to a request signed with a session, whatever else is signed', async () => {
    assert.equal((await send({})).status, 200);
    assert.equal((await send({ headers: { 'x-amz-meta': 'a  b', range: 'x' } })).status, 200);
    assert.equal((await send({ credentials: USER, region: 'us-east-1' })).status, 200);
  });

  test('accepts the SDK in another region of the partition', async () => {
    const who = await running.sts(session, 'ap-southeast-2').send(new GetCallerIdentityCommand({}));
    assert.equal(who.Account, PROD);
  });

  test('accepts a presigned URL for 15 minutes', async () => {
    const presign = (seconds: number, credentials = session) => {
      const query = new URLSearchParams({
        Action: 'GetCallerIdentity',
        Version: '2011-06-15',
        'X-Amz-Date': timestamp(running.clock.now()),
        'X-Amz-Expires': String(seconds),
      });
      const { path } = aws4.sign(
        {
          host: new URL(running.url).host,
          path: `/?${query}`,
          service: 'sts',
          region: 'eu-west-1',
          signQuery: true,
        },
        credentials,
      );
      return running.url + path;
    };
    assert.equal((await fetch(presign(60))).status, 200);

    const old = presign(60);
    running.clock.turn(901);
    assert.match((await errorOf(await fetch(old))).message ?? '', /^Signature expired/);
    assert.match(
      (
        await errorOf(
          await fetch(
            presign(60).replace(
              'GetCallerIdentity',
              'AssumeRole&RoleArn=arn:aws:iam::111122223333:role/A&RoleSessionName=ab',
            ),
          ),
        )
      ).message ?? '',
      MISMATCH,
    );
  });

  describe('is rejected', () => {
    const other = { ...USER, secretAccessKey: 'local-user-secret-key-0002' };
    const cases: readonly [string, () => Signing, number, string, RegExp][] = [
      [
        'for a region that does not exist',
        () => ({ region: 'eu-nowhere-1' }),
        403,
        'SignatureDoesNotMatch',
        /^Credential should be scoped to a valid region\. $/,
      ],
      [
        'for another service',
        () => ({ service: 'iam' }),
        403,
        'SignatureDoesNotMatch',
        /^Credential should be scoped to correct service: 'sts'\. $/,
      ],
      [
        'with both texts when both are wrong',
        () => ({ region: 'x-1', service: 'iam' }),
        403,
        'SignatureDoesNotMatch',
        /^Credential should be scoped to a valid region\. Credential should be scoped to correct service: 'sts'\. $/,
      ],
      [
        'for a region of another partition',
        () => ({ region: 'us-gov-west-1' }),
        403,
        'InvalidClientTokenId',
        /^The security token included in the request is invalid\.$/,
      ],
      [
        'with an unknown key',
        () => ({ credentials: { ...session, accessKeyId: 'ASIAAAAAAAAAAAAAAAAA' } }),
        403,
        'InvalidClientTokenId',
        /invalid\.$/,
      ],
      [
        'without the session token',
        () => ({
          credentials: {
            accessKeyId: session.accessKeyId,
            secretAccessKey: session.secretAccessKey,
          },
        }),
        403,
        'InvalidClientTokenId',
        /invalid\.$/,
      ],
      [
        'with the token of another session',
        () => ({ credentials: { ...session, sessionToken: 'x'.repeat(384) } }),
        403,
        'InvalidClientTokenId',
        /invalid\.$/,
      ],
      [
        'with a session token beside a long-term key',
        () => ({ credentials: { ...USER, sessionToken: session.sessionToken } }),
        403,
        'InvalidClientTokenId',
        /invalid\.$/,
      ],
      [
        'with another secret key',
        () => ({ credentials: other }),
        403,
        'SignatureDoesNotMatch',
        MISMATCH,
      ],
      [
        'with another body',
        () => ({ body: `${BODY}&Extra=1` }),
        403,
        'SignatureDoesNotMatch',
        MISMATCH,
      ],
      [
        'with a changed header',
        () => ({
          headers: { 'x-amz-meta': 'a' },
          change: headers => (headers['x-amz-meta'] = 'b'),
        }),
        403,
        'SignatureDoesNotMatch',
        MISMATCH,
      ],
      [
        'with an x-amz header that is not signed',
        () => ({ change: headers => (headers['x-amz-meta'] = 'b') }),
        403,
        'SignatureDoesNotMatch',
        MISMATCH,
      ],
      [
        'with a signed header that is missing',
        () => ({ headers: { 'x-amz-meta': 'a' }, change: headers => delete headers['x-amz-meta'] }),
        403,
        'SignatureDoesNotMatch',
        MISMATCH,
      ],
      [
        'with the hash of another body',
        () => ({ headers: { 'x-amz-content-sha256': 'e'.repeat(64) } }),
        403,
        'SignatureDoesNotMatch',
        MISMATCH,
      ],
      [
        'with a date of its scope that is not that of the request',
        () => ({ change: headers => (headers['x-amz-date'] = '20200101T000000Z') }),
        403,
        'SignatureDoesNotMatch',
        /^Date in Credential scope/,
      ],
      [
        'more than 15 minutes late',
        () => ({ date: running.clock.now() - 901_000 }),
        403,
        'SignatureDoesNotMatch',
        /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 15 min\.\)$/,
      ],
      [
        'more than 15 minutes early',
        () => ({ date: running.clock.now() + 902_000 }),
        403,
        'SignatureDoesNotMatch',
        /^Signature not yet current: /,
      ],
      [
        'with another algorithm',
        () => ({
          change: headers =>
            (headers.authorization = headers.authorization!.replace('AWS4-HMAC', 'AWS4-HMAX')),
        }),
        400,
        'IncompleteSignature',
        /AWS4-HMAC-SHA256/,
      ],
      [
        'without Signature',
        () => ({
          change: headers =>
            (headers.authorization = headers.authorization!.replace(', Signature=', ', Sig=')),
        }),
        400,
        'IncompleteSignature',
        /'Signature'/,
      ],
      [
        'without host among the signed headers',
        () => ({
          change: headers => (headers.authorization = headers.authorization!.replace('host;', '')),
        }),
        403,
        'SignatureDoesNotMatch',
        MISMATCH,
      ],
      [
        'with a scope of another form',
        () => ({
          change: headers =>
            (headers.authorization = headers.authorization!.replace('aws4_request', 'aws5')),
        }),
        400,
        'IncompleteSignature',
        /Credential/,
      ],
      [
        'without date',
        () => ({ change: headers => delete headers['x-amz-date'] }),
        400,
        'IncompleteSignature',
        /X-Amz-Date/,
      ],
    ];
    for (const [name, signing, status, code, message] of cases) {
      test(name, async () => {
        const error = await errorOf(await send(signing()));
        assert.deepEqual([error.status, error.code], [status, code], error.message);
        assert.match(error.message!.replaceAll('&quot;', '"'), message);
      });
    }

    test('without any authentication', async () => {
      assert.deepEqual(await errorOf(await call(running.url, { Action: 'GetCallerIdentity' })), {
        status: 403,
        code: 'MissingAuthenticationToken',
        message: 'Request is missing Authentication Token',
      });
    });

    test('with an expired session, even if the signature is valid', async () => {
      running.clock.turn(3600);
      const expired = {
        status: 403,
        code: 'ExpiredToken',
        message: 'The security token included in the request is expired',
      };

      assert.deepEqual(await errorOf(await send({})), expired);
      assert.deepEqual(
        await errorOf(await send({ body: 'Action=GetCallerIdentity&Version=2011-06-15&x=1' })),
        expired,
      );
    });
  });

  test('the configured regions replace the known ones', async () => {
    const small = await startLocalAws(
      samlWorld({
        regions: ['eu-nowhere-1'],
        iamUsers: [{ account: PROD, name: 'ci', accessKeys: [USER] }],
      }),
    );
    try {
      await small.sts(USER, 'eu-nowhere-1').send(new GetCallerIdentityCommand({}));
      await assert.rejects(small.sts(USER, 'eu-west-1').send(new GetCallerIdentityCommand({})), {
        name: 'SignatureDoesNotMatch',
      });
    } finally {
      await small.close();
    }
  });
});
