/** Signed requests that never reach STS, and answers that are not those of STS. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, type TestContext, test } from 'node:test';
import { partitionTable } from '../../../src/core/partitions.ts';
import type { WorkloadProofs } from '../../../src/core/ports.ts';
import type { WorkloadEntryId } from '../../../src/core/workload.ts';
import { openSqliteStore } from '../../../src/store/sqlite.ts';
import {
  CALLER_IDENTITY_BODY,
  type CallerRequest,
  proofOf,
  type SigningOptions,
  signedCaller,
} from '../../support/caller-forge.ts';
import { clock, openProofs, refusal } from './fixture.ts';

const IAM_AUDIENCE = 'aws.example.com';
const CREDENTIALS = {
  accessKeyId: 'ASIA0000000000000001',
  secretAccessKey: 'secret',
  sessionToken: 'session-token-of-a-role',
};
const ROLE = 'arn:aws:sts::111122223333:assumed-role/builder/i-0abc';

interface Identity {
  readonly Arn: string;
  readonly Account: string;
  readonly UserId: string;
}

const IDENTITY: Identity = {
  Arn: ROLE,
  Account: '111122223333',
  UserId: 'AROA00000000000000001:i-0abc',
};

const jsonOf = (identity: unknown): string =>
  JSON.stringify({ GetCallerIdentityResponse: { GetCallerIdentityResult: identity } });

const xmlOf = ({ Arn, Account, UserId }: Identity): string =>
  `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult><Arn>${Arn}</Arn><UserId>${UserId}</UserId><Account>${Account}</Account></GetCallerIdentityResult>
  <ResponseMetadata><RequestId>0a9b8c7d-0000-4000-8000-000000000001</RequestId></ResponseMetadata>
</GetCallerIdentityResponse>`;

const answering =
  (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, headers).end(body);

/** An STS that answers as a test says, and keeps what it was sent. */
async function openWith(
  t: TestContext,
  answer: RequestListener = answering(200, jsonOf(IDENTITY)),
) {
  const received: { headers: IncomingMessage['headers']; body: string; url?: string }[] = [];
  const server = createServer(async (request, response) => {
    const { headers, url } = request;
    received.push({ headers, body: await text(request), ...(url !== undefined && { url }) });
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { oneTimeKeys, close } = await openSqliteStore({
    file: ':memory:',
    secret: new Uint8Array(32).fill(7),
  });
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await close();
  });
  const sts = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const proofs = openProofs(
    t,
    [{ id: 'aws' as WorkloadEntryId, kind: 'aws-iam', audience: IAM_AUDIENCE }],
    { partitions: partitionTable({ endpoints: { sts } }), oneTimeKeys },
  );
  return { proofs, received };
}

const signed = (changes: Partial<SigningOptions> = {}): CallerRequest =>
  signedCaller({ credentials: CREDENTIALS, audience: IAM_AUDIENCE, at: clock.now(), ...changes });

const changed = (changes: Partial<CallerRequest>): CallerRequest => ({ ...signed(), ...changes });
const headed = (headers: CallerRequest['headers']): CallerRequest => {
  const request = signed();
  return { ...request, headers: { ...request.headers, ...headers } };
};
/** Signed with these headers besides. */
const signing = (headers: Record<string, string>): CallerRequest => signed({ headers });
const authorized = (change: (header: string) => string): CallerRequest => {
  const request = signed();
  return headed({ authorization: change(String(request.headers.authorization)) });
};

const HOST = /its host is ".*", which is not an endpoint of STS/;
const URL_FORM = /its URL is not/;
const HEADER = /it has the header/;
const VALUE = /its header ".+" is empty, too long, or not plain ASCII/;
const BODY = /its body is not exactly/;
const FORM = /it is not the JSON object/;
const SIGNATURE = /its authorization header is not that of Signature Version 4/;
const UNSIGNED = /it does not sign host, x-amz-date and every other header of AWS/;

const WRONG_REQUESTS: Readonly<Record<string, readonly [() => unknown, RegExp]>> = {
  // Where it leads.
  'for another host': [() => signed({ host: 'sts.evil.example' }), HOST],
  'for a host that begins like STS': [
    () => signed({ host: 'sts.eu-west-1.amazonaws.com.evil.example' }),
    HOST,
  ],
  'for a host that ends like STS': [
    () => signed({ host: 'evil.example/sts.eu-west-1.amazonaws.com' }),
    HOST,
  ],
  'for a host with one more label': [
    () => signed({ host: 'evil.sts.eu-west-1.amazonaws.com' }),
    HOST,
  ],
  'for a region that is none': [() => signed({ host: 'sts.evil.amazonaws.com' }), HOST],
  'for the bucket of an attacker': [() => signed({ host: 'sts.s3.amazonaws.com' }), HOST],
  'for another service of AWS': [() => signed({ host: 'iam.eu-west-1.amazonaws.com' }), HOST],
  'for the instance metadata': [() => signed({ host: '169.254.169.254' }), HOST],
  'for this machine': [() => signed({ host: '127.0.0.1' }), HOST],
  'for the region of another partition': [
    () => signed({ host: 'sts.cn-north-1.amazonaws.com' }),
    HOST,
  ],
  'for the global host of a partition without one': [
    () => signed({ host: 'sts.amazonaws.com.cn', region: 'cn-north-1' }),
    HOST,
  ],
  'for a FIPS host where there is none': [
    () => signed({ host: 'sts-fips.us-gov-west-1.amazonaws.com', region: 'us-gov-west-1' }),
    HOST,
  ],
  'for a host in capitals': [() => signed({ host: 'STS.eu-west-1.amazonaws.com' }), HOST],
  'for a host with a port': [() => signed({ host: 'sts.eu-west-1.amazonaws.com:443' }), HOST],
  'for a host with a final dot': [() => signed({ host: 'sts.eu-west-1.amazonaws.com.' }), HOST],
  'for two hosts': [() => headed({ host: 'sts.eu-west-1.amazonaws.com,evil.example' }), HOST],
  'without a host': [() => headed({ host: undefined }), HOST],
  'whose URL has another host': [() => changed({ url: 'https://evil.example/' }), URL_FORM],
  'whose URL has a user': [
    () => changed({ url: 'https://sts.eu-west-1.amazonaws.com@evil.example/' }),
    URL_FORM,
  ],
  'whose URL is of another region': [
    () => changed({ url: 'https://sts.us-east-1.amazonaws.com/' }),
    URL_FORM,
  ],
  'whose URL has a port': [
    () => changed({ url: 'https://sts.eu-west-1.amazonaws.com:8443/' }),
    URL_FORM,
  ],
  'whose URL is http': [() => changed({ url: 'http://sts.eu-west-1.amazonaws.com/' }), URL_FORM],
  'whose URL has a path': [() => signed({ path: '/evil' }), URL_FORM],
  'whose URL has a query': [() => signed({ path: '/?Action=AssumeRole' }), URL_FORM],
  'whose URL has an empty query': [
    () => changed({ url: 'https://sts.eu-west-1.amazonaws.com/?' }),
    URL_FORM,
  ],
  'whose URL has a fragment': [
    () => changed({ url: 'https://sts.eu-west-1.amazonaws.com/#a' }),
    URL_FORM,
  ],
  'whose URL has dot segments': [
    () => changed({ url: 'https://sts.eu-west-1.amazonaws.com/a/..' }),
    URL_FORM,
  ],
  'that is presigned': [
    () =>
      changed({
        url: 'https://sts.eu-west-1.amazonaws.com/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=aa',
      }),
    URL_FORM,
  ],
  'that is presigned, without an authorization header': [
    () => headed({ authorization: undefined }),
    SIGNATURE,
  ],

  // What it asks.
  'of another action': [() => signed({ body: 'Action=GetSessionToken&Version=2011-06-15' }), BODY],
  'with a second action': [
    () => signed({ body: `${CALLER_IDENTITY_BODY}&Action=AssumeRole` }),
    BODY,
  ],
  'with a further parameter': [() => signed({ body: `${CALLER_IDENTITY_BODY}&A=b` }), BODY],
  'with an encoded action': [
    () => signed({ body: CALLER_IDENTITY_BODY.replace('Get', '%47et') }),
    BODY,
  ],
  'with its parameters in another order': [
    () => signed({ body: 'Version=2011-06-15&Action=GetCallerIdentity' }),
    BODY,
  ],
  'with a line break behind its body': [() => signed({ body: `${CALLER_IDENTITY_BODY}\n` }), BODY],
  'with an empty body': [() => signed({ body: '' }), BODY],
  'with a body in base64': [
    () => changed({ body: Buffer.from(CALLER_IDENTITY_BODY).toString('base64') }),
    BODY,
  ],
  'with a method': [() => ({ ...signed(), method: 'GET' }), FORM],
  'that overrides its method': [() => signing({ 'x-http-method-override': 'GET' }), HEADER],
  'of another content type': [
    () => signing({ 'content-type': 'application/json' }),
    /content type/,
  ],
  'of another charset': [
    () => signing({ 'content-type': 'application/x-www-form-urlencoded; charset=utf-7' }),
    /content type/,
  ],
  'with another content length': [() => signing({ 'content-length': '44' }), /content-length/],
  'whose payload is not signed': [
    () => signing({ 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }),
    /x-amz-content-sha256/,
  ],

  // Headers.
  'with a target of AWS': [() => signing({ 'x-amz-target': 'AWSSecurityTokenService' }), HEADER],
  'with a header of AWS that is unknown': [() => signing({ 'x-amz-extra': '1' }), HEADER],
  'with a forwarded host': [() => signing({ 'x-forwarded-host': 'evil.example' }), HEADER],
  'with a cookie': [() => signing({ cookie: 'a=b' }), HEADER],
  'with a transfer encoding': [() => signing({ 'transfer-encoding': 'chunked' }), HEADER],
  'with a connection header': [() => signing({ connection: 'x-amz-date' }), HEADER],
  'with a proxy authorization': [() => headed({ 'proxy-authorization': 'Basic YTpi' }), HEADER],
  'with a header of HTTP/2': [() => headed({ ':authority': 'evil.example' }), HEADER],
  'with a header of the prototype': [
    () =>
      JSON.stringify(signed()).replace('"headers":{', '"headers":{"constructor":"evil.example",'),
    HEADER,
  ],
  'with a header of no name': [() => headed({ '': 'a' }), HEADER],
  'with a header twice, in another case': [
    () => headed({ Host: 'sts.eu-west-1.amazonaws.com' }),
    /a header is in it twice/,
  ],
  'with a line break in a header': [() => headed({ 'user-agent': 'a\r\nX-Amz-Target: b' }), VALUE],
  'with a line feed in a header': [() => headed({ accept: 'a\nb: c' }), VALUE],
  'with a null byte in a header': [() => headed({ accept: 'a\u0000b' }), VALUE],
  'with a letter that is not ASCII': [() => headed({ accept: 'ä' }), VALUE],
  'with an empty header': [() => headed({ accept: '' }), VALUE],
  'with a blank around a header': [() => headed({ accept: ' a' }), VALUE],
  'with a header of 8,193 characters': [() => headed({ accept: 'a'.repeat(8193) }), VALUE],
  'with a list as a header': [() => headed({ host: ['sts.eu-west-1.amazonaws.com'] }), FORM],
  'with a number as a header': [() => headed({ accept: 1 }), FORM],

  // The signature.
  'for another audience': [
    () => signed({ audience: 'aws.evil.example' }),
    /its audience is "aws.evil.example", which is not that of this bridge/,
  ],
  'for the audience in capitals': [
    () => signed({ audience: IAM_AUDIENCE.toUpperCase() }),
    /its audience is/,
  ],
  'for two audiences': [
    () => signed({ audience: `${IAM_AUDIENCE},aws.evil.example` }),
    /its audience is/,
  ],
  'without an audience': [
    () => signing({ 'x-rolebridge-audience': undefined as never }),
    /it does not sign the header X-Rolebridge-Audience/,
  ],
  'whose audience is not signed': [
    () => {
      const { headers, ...request } = signing({ 'x-rolebridge-audience': undefined as never });
      return { ...request, headers: { ...headers, 'x-rolebridge-audience': IAM_AUDIENCE } };
    },
    /it does not sign the header X-Rolebridge-Audience/,
  ],
  'with the header of another product': [
    () => signing({ 'x-vault-aws-iam-server-id': IAM_AUDIENCE }),
    HEADER,
  ],
  'for another service': [() => signed({ service: 'iam' }), SIGNATURE],
  'for another region than that of its host': [
    () => signed({ region: 'us-east-1' }),
    /its signature is for the region "us-east-1"/,
  ],
  'for the global host and another region': [
    () => signed({ host: 'sts.amazonaws.com', region: 'eu-west-1' }),
    /its signature is for the region "eu-west-1"/,
  ],
  'of Signature Version 4A': [
    () => authorized(header => header.replace('AWS4-HMAC', 'AWS4-ECDSA-P256')),
    SIGNATURE,
  ],
  'with a bearer token': [() => authorized(() => 'Bearer token'), SIGNATURE],
  'with two signatures': [
    () => authorized(header => `${header}, Signature=${'a'.repeat(64)}`),
    SIGNATURE,
  ],
  'with a signature in capitals': [
    () => authorized(header => header.replace(/[0-9a-f]{64}$/, 'A'.repeat(64))),
    SIGNATURE,
  ],
  'with a short signature': [() => authorized(header => header.slice(0, -1)), SIGNATURE],
  'whose host is not signed': [() => authorized(header => header.replace(';host;', ';')), UNSIGNED],
  'whose date is not signed': [
    () => authorized(header => header.replace('x-amz-date;', '')),
    UNSIGNED,
  ],
  'whose session token is not signed': [
    () => authorized(header => header.replace('x-amz-security-token;', '')),
    UNSIGNED,
  ],
  'that signs a header that is missing': [
    () => authorized(header => header.replace(';host;', ';expect;host;')),
    /a header that it signs is missing/,
  ],
  'without a session token': [
    () => signed({ credentials: { ...CREDENTIALS, sessionToken: undefined } }),
    /signed with the key of a user, not of a role/,
  ],

  // Time.
  'of five minutes ago': [
    () => signed({ at: clock.now() - 301_000 }),
    /it was signed more than 5 minutes ago/,
  ],
  'of two minutes from now': [
    () => signed({ at: clock.now() + 120_000 }),
    /it was signed in the future/,
  ],
  'whose date is not that of its scope': [
    () => headed({ 'x-amz-date': '20200101T000000Z' }),
    /not a time on the day/,
  ],
  'whose date is none': [
    () => {
      const day = new Date(clock.now()).toISOString().slice(0, 10).replaceAll('-', '');
      return headed({ 'x-amz-date': `${day}T990000Z` });
    },
    /not a time on the day/,
  ],
  'whose date is in another form': [
    () => headed({ 'x-amz-date': new Date(clock.now()).toISOString() }),
    /not a time on the day/,
  ],

  // The form of the proof.
  'that is a list': [() => [signed()], FORM],
  'that is text': [() => JSON.stringify('request'), FORM],
  'that is not JSON': [() => '{"url":', FORM],
  'that is empty': [() => '', FORM],
  'without headers': [() => changed({ headers: undefined as never }), FORM],
  'that is nested deep': [() => `${'['.repeat(200)}${']'.repeat(200)}`, FORM],
  'of 20,000 characters': [() => changed({ body: 'x'.repeat(16_000) }), FORM],
};

describe('a signed request is refused before STS is asked', () => {
  for (const [title, [request, hint]] of Object.entries(WRONG_REQUESTS))
    test(title, async t => {
      const { proofs, received } = await openWith(t);
      const error = await refusal(proofs, proofOf(request()));
      assert.match(error.hint, hint);
      assert.ok(
        !error.hint.includes(IAM_AUDIENCE) || JSON.stringify(request()).includes(IAM_AUDIENCE),
      );
      assert.deepEqual(received, []);
    });

  test('in another encoding than base64url', async t => {
    const { proofs, received } = await openWith(t);
    for (const change of [' ', '=', '+', '.', '\n'])
      assert.match((await refusal(proofs, `${proofOf(signed())}${change}`)).hint, FORM);
    assert.deepEqual(received, []);
  });

  test('while no entry is for roles of AWS', async t => {
    assert.match((await refusal(openProofs(t, []), proofOf(signed()))).hint, /its audience is/);
  });
});

describe('STS is sent', () => {
  test('the signed headers as they are, the host included, and the body alone', async t => {
    const { proofs, received } = await openWith(t);
    const request = signing({ 'amz-sdk-request': 'attempt=1; max=3', accept: 'application/json' });
    await proofs.verify(proofOf(request));
    const [{ headers, body, url } = { headers: {}, body: '' }] = received;
    assert.deepEqual([received.length, url, body], [1, '/', CALLER_IDENTITY_BODY]);
    for (const [name, value] of Object.entries(request.headers))
      assert.equal(headers[name], value, name);
    assert.equal(headers['content-length'], String(CALLER_IDENTITY_BODY.length));
  });

  test('no header that is not signed', async t => {
    const { proofs, received } = await openWith(t);
    await proofs.verify(
      proofOf(
        headed({ 'user-agent': 'of-the-caller', 'amz-sdk-request': 'a', accept: 'text/xml' }),
      ),
    );
    const { headers } = received[0]!;
    assert.equal(headers['amz-sdk-request'], undefined);
    assert.notEqual(headers['user-agent'], 'of-the-caller');
    assert.equal(headers.accept, 'application/json');
  });
});

describe('an answer of STS', () => {
  const verifies = async (proofs: WorkloadProofs): Promise<unknown> =>
    (await proofs.verify(proofOf(signed()))).workload.subject;

  for (const [form, body] of Object.entries({ json: jsonOf(IDENTITY), xml: xmlOf(IDENTITY) }))
    test(`in ${form} names the role`, async t => {
      const { proofs } = await openWith(t, answering(200, body));
      assert.equal(await verifies(proofs), 'arn:aws:iam::111122223333:role/builder');
    });

  const callers: Readonly<Record<string, Partial<Identity>>> = {
    'of the root user': { Arn: 'arn:aws:iam::111122223333:root', UserId: '111122223333' },
    'of an IAM user': { Arn: 'arn:aws:iam::111122223333:user/builder', UserId: 'AIDA' },
    'of a federated user': { Arn: 'arn:aws:sts::111122223333:federated-user/builder' },
    'of an IAM role, which is not a session': { Arn: 'arn:aws:iam::111122223333:role/builder' },
    'of a session with a path': { Arn: 'arn:aws:sts::111122223333:assumed-role/a/builder/i-0abc' },
    'of another account than its ARN': { Account: '444455556666' },
    'of another partition': { Arn: ROLE.replace('arn:aws:', 'arn:aws-cn:') },
    'of another session than its id': { UserId: 'AROA00000000000000001:i-0def' },
    'of an id that is not a role': { UserId: 'AIDA00000000000000001:i-0abc' },
    'of a role with a line break': { Arn: ROLE.replace('builder', 'build\ner') },
    'with text behind its ARN': { Arn: `${ROLE}\n` },
  };
  for (const [title, changes] of Object.entries(callers))
    for (const [form, write] of Object.entries({ json: jsonOf, xml: xmlOf }))
      test(`${title} is refused (${form})`, async t => {
        const identity = { ...IDENTITY, ...changes };
        const { proofs } = await openWith(t, answering(200, write(identity)));
        await refusal(proofs, proofOf(signed()));
      });

  const xml = xmlOf(IDENTITY);
  const answers: Readonly<Record<string, RequestListener>> = {
    'that redirects': answering(302, '', { location: 'https://evil.example/' }),
    'that redirects with 307': answering(307, '', { location: 'https://evil.example/' }),
    'of 65 KiB': answering(200, jsonOf({ ...IDENTITY, filler: 'x'.repeat(65 * 1024) })),
    'of 2 MB': answering(200, jsonOf({ ...IDENTITY, filler: 'x'.repeat(2_000_000) })),
    'that never comes': () => {},
    'that never ends': (_request, response) => void response.writeHead(200).write('{'),
    'that is cut': (_request, response) => void response.destroy(),
    'that is a page': answering(200, '<html><body>maintenance</body></html>'),
    'that is empty': answering(200, ''),
    'that is half': answering(200, jsonOf(IDENTITY).slice(0, -1)),
    'with a DTD': answering(200, `<!DOCTYPE a [<!ENTITY b "c">]>${xml}`),
    'with an entity': answering(200, xml.replace('builder', '&builder;')),
    'with a comment': answering(200, xml.replace('<Arn>', '<Arn><!-- -->')),
    'with two ARNs': answering(200, xml.replace('<Arn>', `<Arn>${ROLE}</Arn><Arn>`)),
    'in another namespace': answering(200, xml.replace('sts.amazonaws.com', 'evil.example')),
    'with an element of another namespace': answering(
      200,
      xml.replace('<Arn>', '<Arn xmlns="https://evil.example/">'),
    ),
    'nested deep': answering(200, `${'<a>'.repeat(100)}${'</a>'.repeat(100)}`),
    'without an ARN': answering(200, jsonOf({ ...IDENTITY, Arn: undefined })),
    'with a list of ARNs': answering(200, jsonOf({ ...IDENTITY, Arn: [ROLE] })),
    'with status 201': answering(201, jsonOf(IDENTITY)),
    'that fails': answering(500, '{"Error": {"Code": "InternalFailure"}}'),
    'that throttles': answering(400, '{"Error": {"Code": "Throttling"}}'),
    'with an error that is not one of STS': answering(403, '<html>Forbidden by a proxy</html>'),
  };
  for (const [title, answer] of Object.entries(answers))
    test(`${title} is none`, async t => {
      const { proofs } = await openWith(t, answer);
      const error = await refusal(proofs, proofOf(signed()), 'workload_unavailable');
      assert.match(error.hint, /^STS does not respond to the bridge\. Sign a new request/);
    });

  const codes: Readonly<Record<string, RegExp>> = {
    ExpiredToken: /^The credentials of the role have expired/,
    ExpiredTokenException: /^The credentials of the role have expired/,
    RegionDisabledException: /^The region of the signed host is not enabled/,
    AccessDenied: /^AWS rejects the signed request/,
    constructor: /^AWS rejects the signed request/,
  };
  for (const [code, hint] of Object.entries(codes))
    for (const [form, body] of Object.entries({
      json: JSON.stringify({ Error: { Code: code, Message: 'session-token-of-a-role' } }),
      xml: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>session-token-of-a-role</Message></Error></ErrorResponse>`,
    }))
      test(`with the error ${code} is a refusal with a hint (${form})`, async t => {
        const { proofs } = await openWith(t, answering(403, body));
        const error = await refusal(proofs, proofOf(signed()));
        assert.match(error.hint, hint);
        assert.ok(!`${error.message} ${error.hint}`.includes('session-token-of-a-role'));
      });
});
