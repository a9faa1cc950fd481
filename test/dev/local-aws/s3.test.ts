import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { load } from 'cheerio';
import {
  type Credentials,
  KEY,
  PHOTO_USER,
  type Sending,
  s3ErrorOf,
  s3World,
  sendS3,
  sessionOf,
} from './s3-client.ts';
import { PROD, useLocalAws } from './support.ts';

const LIST = '/photos?list-type=2&prefix=alice/';
const OBJECT = '/photos/alice/2.txt';
const EVERYTHING = { RoleArn: `arn:aws:iam::${PROD}:role/Everything` };

describe('S3', () => {
  const running = useLocalAws(s3World());
  const alice = () => sessionOf(running, 'alice');
  const everything = () => sessionOf(running, 'root', EVERYTHING);
  const send = (credentials: Credentials, target: string, sending?: Sending) =>
    sendS3(running, credentials, target, sending);

  async function rejected(credentials: Credentials, target: string, sending?: Sending) {
    const answer = await s3ErrorOf(await send(credentials, target, sending));
    return { ...answer, reason: running.reason() ?? '' };
  }

  async function listed(credentials: Credentials, target: string) {
    const answer = await send(credentials, target);
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    const $ = load(text, { xml: true });
    const texts = (selector: string): string[] =>
      $(selector)
        .toArray()
        .map(element => $(element).text());
    return {
      keys: texts('Contents > Key'),
      prefixes: texts('CommonPrefixes > Prefix'),
      value: (name: string) => texts(`ListBucketResult > ${name}`)[0],
      text,
    };
  }

  describe('ListObjectsV2', () => {
    test('lists keys in the order of their bytes, with what a browser shows', async () => {
      const list = await listed(await alice(), LIST);
      assert.deepEqual(list.keys, [
        'alice/10.txt',
        'alice/2.txt',
        'alice/pixel',
        'alice/secret.txt',
        'alice/trips/oslo/1.txt',
        'alice/trips/rome & (more)/é+1.txt',
      ]);
      assert.match(
        list.text,
        /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<ListBucketResult xmlns/,
      );
      assert.match(list.text, /<Size>4<\/Size>/);
      assert.deepEqual(['Name', 'Prefix', 'KeyCount', 'MaxKeys', 'IsTruncated'].map(list.value), [
        'photos',
        'alice/',
        '6',
        '1000',
        'false',
      ]);
    });

    test('groups keys by a delimiter', async () => {
      const list = await listed(await alice(), `${LIST}&delimiter=/`);
      assert.equal(list.keys.length, 4);
      assert.deepEqual(list.prefixes, ['alice/trips/']);
      const below = await listed(
        await alice(),
        '/photos?list-type=2&prefix=alice/trips/&delimiter=/&encoding-type=url',
      );
      assert.deepEqual(below.prefixes, ['alice/trips/oslo/', 'alice/trips/rome%20%26%20(more)/']);
    });

    test('gives pages by a continuation token, also between common prefixes', async () => {
      const root = await everything();
      const seen: string[] = [];
      let token = '';
      do {
        const page = await listed(
          root,
          `/photos?list-type=2&delimiter=/&max-keys=1${token && `&continuation-token=${encodeURIComponent(token)}`}`,
        );
        assert.equal(page.value('KeyCount'), '1');
        seen.push(...page.keys, ...page.prefixes);
        token = page.value('NextContinuationToken') ?? '';
        assert.equal(page.value('IsTruncated'), String(token !== ''));
      } while (token !== '');
      assert.deepEqual(seen, ['alice/', 'bob/', 'readme.txt', 'secret/']);
    });

    test('starts after a key', async () => {
      const list = await listed(await alice(), `${LIST}&start-after=alice/pixel`);
      assert.equal(list.keys[0], 'alice/secret.txt');
    });

    test('gives nothing for max-keys 0', async () => {
      const list = await listed(await alice(), `${LIST}&max-keys=0`);
      assert.deepEqual([list.keys.length, list.value('IsTruncated')], [0, 'false']);
    });

    for (const parameter of ['max-keys=many', 'continuation-token=abc', 'encoding-type=gzip'])
      test(`rejects ${parameter}`, async () => {
        const { status, code } = await rejected(await alice(), `${LIST}&${parameter}`);
        assert.deepEqual([status, code], [400, 'InvalidArgument']);
      });
  });

  describe('GetObject', () => {
    test('gives an object, of any bytes and with any name', async () => {
      const credentials = await alice();
      const answer = await send(credentials, OBJECT);
      assert.equal(await answer.text(), 'alice/2.txt');
      assert.equal(answer.headers.get('content-type'), 'text/plain');
      assert.match(answer.headers.get('etag')!, /^"[0-9a-f]{32}"$/);
      const pixel = await (await send(credentials, '/photos/alice/pixel')).bytes();
      assert.deepEqual([...pixel], [0, 255, 254, 128]);
      const odd = await send(
        credentials,
        '/photos/alice/trips/rome%20%26%20%28more%29/%C3%A9%2B1.txt?x-id=GetObject',
      );
      assert.equal(await odd.text(), 'alice/trips/rome & (more)/é+1.txt');
    });

    test('gives the headers alone for HEAD', async () => {
      const answer = await send(await alice(), OBJECT, { method: 'HEAD' });
      assert.deepEqual([answer.status, answer.headers.get('content-length')], [200, '11']);
      assert.equal(await answer.text(), '');
    });

    test('tells that an object is missing only to a caller that can list', async () => {
      const missing = await rejected(await everything(), '/photos/none');
      assert.deepEqual([missing.status, missing.code], [404, 'NoSuchKey']);
      const reader = await sessionOf(running, 'reader', {
        RoleArn: `arn:aws:iam::${PROD}:role/Reader`,
      });
      assert.equal((await send(reader, '/photos/readme.txt')).status, 200);
      assert.equal((await rejected(reader, '/photos/none')).code, 'AccessDenied');
    });
  });

  describe('denies', () => {
    const arn = (user: string): string => `arn:aws:sts::${PROD}:assumed-role/PhotoUser/${user}`;
    const byDefault: readonly [string, string, string, string][] = [
      ['the list of another user', 's3:ListBucket', '', '/photos?list-type=2&prefix=bob/'],
      ['the whole list', 's3:ListBucket', '', '/photos?list-type=2'],
      ['a prefix that only starts alike', 's3:ListBucket', '', '/photos?list-type=2&prefix=alice'],
      ['the object of another user', 's3:GetObject', '/bob/1.txt', '/photos/bob/1.txt'],
      ['an object whose name only starts alike', 's3:GetObject', '/alice2', '/photos/alice2'],
    ];
    for (const [name, action, key, target] of byDefault)
      test(name, async () => {
        const error = await rejected(await alice(), target);
        assert.deepEqual(
          [error.status, error.code, error.message],
          [
            403,
            'AccessDenied',
            `User: ${arn('alice')} is not authorized to perform: ${action} on resource: "arn:aws:s3:::photos${key}" because no identity-based policy allows the ${action} action`,
          ],
        );
      });

    test('by an explicit Deny', async () => {
      const { message } = await rejected(await alice(), '/photos/alice/secret.txt');
      assert.match(message, /with an explicit deny in an identity-based policy$/);
    });

    test('everything to a session without the tag', async () => {
      const { reason } = await rejected(await sessionOf(running, 'alice', { Tags: [] }), LIST);
      assert.match(reason, /uses a policy variable that this request has no single value for/);
    });

    test('what a session policy does not allow, and what it denies', async () => {
      const policy = (statements: object[]): Promise<Credentials> =>
        sessionOf(running, 'alice', {
          Policy: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
        });
      const allow = { Effect: 'Allow', Action: 's3:*', Resource: '*' };
      const narrow = await policy([{ ...allow, Resource: 'arn:aws:s3:::photos/*/2.txt' }]);
      assert.equal((await send(narrow, OBJECT)).status, 200);
      assert.match(
        (await rejected(narrow, LIST)).message,
        /because no session policy allows the s3:ListBucket action$/,
      );
      const wide = await policy([allow]);
      assert.match((await rejected(wide, '/photos/bob/1.txt')).message, /no identity-based policy/);
      const deny = await policy([allow, { ...allow, Effect: 'Deny', Action: 's3:Get*' }]);
      assert.match((await rejected(deny, OBJECT)).message, /an explicit deny in a session policy$/);
    });

    test('a session that is limited by managed policies, whose content is unknown', async () => {
      const credentials = await sessionOf(running, 'alice', {
        PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/AmazonS3FullAccess' }],
      });
      assert.equal((await rejected(credentials, LIST)).code, 'AccessDenied');
    });

    test('a bucket of another account', async () => {
      const { message } = await rejected(await everything(), '/partner-photos?list-type=2');
      assert.match(message, /because no resource-based policy allows the s3:ListBucket action$/);
    });

    test('a role whose permissions were taken away, at once', async () => {
      const credentials = await alice();
      assert.equal((await send(credentials, LIST)).status, 200);
      running.aws.roles.change(PHOTO_USER, { permissions: [] });
      assert.equal((await rejected(credentials, LIST)).code, 'AccessDenied');
    });
  });

  test('takes the keys of an IAM user, with and without GetSessionToken', async () => {
    assert.equal((await send(KEY, LIST)).status, 200);
    const { Credentials: keys } = await running
      .sts({ ...KEY })
      .send(new GetSessionTokenCommand({}));
    const credentials = {
      accessKeyId: keys!.AccessKeyId!,
      secretAccessKey: keys!.SecretAccessKey!,
      sessionToken: keys!.SessionToken!,
    };
    assert.equal((await send(credentials, LIST)).status, 200);
  });

  test('has no other operations and no other buckets', async () => {
    const root = await everything();
    assert.deepEqual(
      await Promise.all([
        rejected(root, '/nowhere?list-type=2'),
        rejected(root, '/photos/new', { method: 'PUT', body: 'x' }),
        rejected(root, '/photos?acl'),
        rejected(root, '/photos'),
      ]).then(errors => errors.map(({ status, code }) => [status, code])),
      [
        [404, 'NoSuchBucket'],
        [501, 'NotImplemented'],
        [501, 'NotImplemented'],
        [501, 'NotImplemented'],
      ],
    );
  });
});
