import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Credentials,
  type Sending,
  s3ErrorOf,
  s3World,
  sendS3,
  sessionOf,
} from './s3-client.ts';
import { useLocalAws } from './support.ts';

const LIST = '/photos?list-type=2&prefix=alice/';
const OBJECT = '/photos/alice/2.txt';

describe('a signature for S3', () => {
  const running = useLocalAws(s3World());

  async function outcome(sending: Sending, credentials?: Credentials, target = LIST) {
    const keys = credentials ?? (await sessionOf(running, 'alice'));
    return s3ErrorOf(await sendS3(running, keys, target, sending));
  }

  test('covers the body, or says that it does not', async () => {
    const unsigned = { headers: { 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD' } };
    assert.equal((await outcome(unsigned)).status, 200);
    const wrong = { headers: { 'X-Amz-Content-Sha256': 'a'.repeat(64) } };
    assert.equal((await outcome(wrong)).code, 'XAmzContentSHA256Mismatch');
  });

  test('is valid in the query until it expires', async () => {
    assert.equal((await outcome({ presigned: 60 })).status, 200);
    const late = await outcome({ presigned: 60, date: running.clock.now() - 61_000 });
    assert.deepEqual(
      [late.status, late.code, late.message],
      [403, 'AccessDenied', 'Request has expired'],
    );
    assert.equal((await outcome({ presigned: 604_801 })).code, 'AuthorizationQueryParametersError');
  });

  const cases: readonly [string, () => Sending, number, string][] = [
    ['of another service', () => ({ service: 'sts' }), 400, 'AuthorizationHeaderMalformed'],
    ['of another Region', () => ({ region: 'eu-central-1' }), 400, 'AuthorizationHeaderMalformed'],
    [
      'more than 15 minutes old',
      () => ({ date: running.clock.now() - 901_000 }),
      403,
      'RequestTimeTooSkewed',
    ],
    [
      'more than 15 minutes early',
      () => ({ date: running.clock.now() + 902_000 }),
      403,
      'RequestTimeTooSkewed',
    ],
    [
      'of another date',
      () => ({ change: headers => (headers['x-amz-date'] = '20200101T000000Z') }),
      400,
      'AuthorizationHeaderMalformed',
    ],
    ['of another method', () => ({ as: { method: 'HEAD' } }), 403, 'SignatureDoesNotMatch'],
    ['of another object', () => ({ as: { target: OBJECT } }), 403, 'SignatureDoesNotMatch'],
    [
      'of another prefix',
      () => ({ as: { target: LIST.replace('alice', 'bob') } }),
      403,
      'SignatureDoesNotMatch',
    ],
    [
      'of a path that is not percent-encoded',
      () => ({ as: { target: '/photos/alice/%zz' } }),
      403,
      'SignatureDoesNotMatch',
    ],
    [
      'of a query that is not percent-encoded',
      () => ({ as: { target: `${LIST}%zz` } }),
      403,
      'SignatureDoesNotMatch',
    ],
    [
      'with a changed header',
      () => ({
        headers: { 'x-amz-user-agent': 'a' },
        change: headers => (headers['x-amz-user-agent'] = 'b'),
      }),
      403,
      'SignatureDoesNotMatch',
    ],
    [
      'that leaves out an x-amz header',
      () => ({ change: headers => (headers['x-amz-acl'] = 'b') }),
      403,
      'AccessDenied',
    ],
    [
      'without the hash of the body',
      () => ({
        change: headers => {
          delete headers['x-amz-content-sha256'];
          headers.authorization = headers.authorization!.replace('x-amz-content-sha256;', '');
        },
      }),
      400,
      'InvalidRequest',
    ],
    [
      'of another form',
      () => ({ change: headers => (headers.authorization = 'AWS4-HMAC-SHA256 Credential=x') }),
      400,
      'AuthorizationHeaderMalformed',
    ],
    [
      'that is not there',
      () => ({ change: headers => delete headers.authorization }),
      403,
      'AccessDenied',
    ],
  ];
  for (const [name, sending, status, code] of cases)
    test(`is rejected ${name}`, async () => {
      const error = await outcome(sending());
      assert.equal(error.status, status, error.text);
      // An answer to HEAD has no body.
      if (error.text !== '') assert.equal(error.code, code);
    });

  test('is rejected with an unknown key, another secret or the token of another session', async () => {
    const [one, two] = [await sessionOf(running, 'alice'), await sessionOf(running, 'alice')];
    const codes: readonly [Credentials, number, string][] = [
      [{ ...one, accessKeyId: 'ASIAAAAAAAAAAAAAAAAA' }, 403, 'InvalidAccessKeyId'],
      [{ ...one, secretAccessKey: two.secretAccessKey }, 403, 'SignatureDoesNotMatch'],
      [{ ...one, sessionToken: two.sessionToken! }, 400, 'InvalidToken'],
      [
        { accessKeyId: one.accessKeyId, secretAccessKey: one.secretAccessKey },
        403,
        'InvalidAccessKeyId',
      ],
    ];
    for (const [credentials, status, code] of codes) {
      const error = await outcome({}, credentials);
      assert.deepEqual([error.status, error.code], [status, code], error.text);
    }
  });

  test('is rejected after the session has expired', async () => {
    const keys = await sessionOf(running, 'alice');
    running.clock.turn(3600);
    const error = await outcome({}, keys);
    assert.deepEqual([error.status, error.code], [400, 'ExpiredToken']);
  });
});
