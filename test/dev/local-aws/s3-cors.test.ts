import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PAGE, s3ErrorOf, s3World, sendS3, sessionOf } from './s3-client.ts';
import { useLocalAws } from './support.ts';

const LIST = '/photos?list-type=2&prefix=alice/';

describe('CORS of a bucket', () => {
  const running = useLocalAws(s3World());

  const preflight = (headers: Readonly<Record<string, string>>, bucket = 'photos') =>
    fetch(`${running.url}/s3/${bucket}?list-type=2`, { method: 'OPTIONS', headers });
  const wanted = {
    origin: PAGE,
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'authorization,x-amz-content-sha256,x-amz-date',
  };

  test('lets a page of a listed origin ask, and read the answer', async () => {
    const answer = await preflight(wanted);
    assert.equal(answer.status, 200);
    assert.deepEqual(
      ['origin', 'methods', 'headers', 'credentials'].map(name =>
        answer.headers.get(`access-control-allow-${name}`),
      ),
      [PAGE, 'GET', 'authorization, x-amz-content-sha256, x-amz-date', 'true'],
    );
    assert.equal(answer.headers.get('access-control-max-age'), '600');
    assert.match(answer.headers.get('vary')!, /Origin/);

    const credentials = await sessionOf(running, 'alice');
    for (const target of [LIST, '/photos/bob/1.txt']) {
      const read = await sendS3(running, credentials, target, { headers: { Origin: PAGE } });
      assert.equal(read.headers.get('access-control-allow-origin'), PAGE);
      assert.equal(read.headers.get('access-control-expose-headers'), 'ETag');
      await read.body?.cancel();
    }
  });

  const refused: readonly [string, Readonly<Record<string, string>>, string?][] = [
    ['another origin', { ...wanted, origin: 'https://evil.example.com' }],
    ['the origin with a port', { ...wanted, origin: `${PAGE}:8443` }],
    ['the origin without TLS', { ...wanted, origin: PAGE.replace('https', 'http') }],
    ['another method', { ...wanted, 'access-control-request-method': 'PUT' }],
    ['another header', { ...wanted, 'access-control-request-headers': 'authorization,x-amz-acl' }],
    ['a bucket without rules', wanted, 'partner-photos'],
    ['a bucket that does not exist', wanted, 'nowhere'],
  ];
  for (const [name, headers, bucket] of refused)
    test(`refuses ${name}`, async () => {
      const answer = await preflight(headers, bucket);
      assert.equal(answer.headers.get('access-control-allow-origin'), null);
      const { status, code } = await s3ErrorOf(answer);
      assert.deepEqual([status, code], [403, 'AccessForbidden']);
    });

  test('refuses a preflight without origin or method', async () => {
    assert.equal((await s3ErrorOf(await preflight({}))).code, 'BadRequest');
    assert.equal((await s3ErrorOf(await preflight({ origin: PAGE }))).code, 'BadRequest');
  });

  test('gives no page of another origin an answer to read', async () => {
    const answer = await sendS3(running, await sessionOf(running, 'alice'), LIST, {
      headers: { Origin: 'https://evil.example.com' },
    });
    assert.equal(answer.headers.get('access-control-allow-origin'), null);
    await answer.body?.cancel();
  });
});
