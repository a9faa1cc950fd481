import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AssumeRequest } from '../../src/core/assumed-role.ts';
import type { ErrorCode } from '../../src/core/errors.ts';
import type { Trust } from '../../src/core/role.ts';
import { anAccount, anAssertionSubject } from '../support/assertion-subject.ts';
import { answering, refusalOf, trusting, withBroker } from './broker-world.ts';
import { type Answer, recordingServer, stsAnswer, stsError } from './recording-server.ts';

describe('STS that', () => {
  const SAML: Trust = { by: 'saml', provider: 'rolebridge' };

  const passing: readonly (readonly [string, Answer, ErrorCode])[] = [
    ['throttles', stsError(400, 'Throttling', 'Rate exceeded'), 'aws_throttled'],
    [
      'throttles under another name',
      stsError(400, 'ThrottlingException', 'Rate exceeded'),
      'aws_throttled',
    ],
    ['throttles with 503', stsError(503, 'RequestLimitExceeded', 'x'), 'aws_throttled'],
    ['is asked too often', stsError(429, 'TooManyRequestsException', 'x'), 'aws_throttled'],
    ['is asked too often behind a gateway', { status: 429, body: '' }, 'aws_throttled'],
    ['fails', stsError(500, 'InternalFailure', 'Unknown'), 'aws_failed'],
    [
      'is unavailable behind a page of HTML',
      {
        status: 503,
        body: '<html><head><title>x</head><p>unclosed',
        headers: { 'content-type': 'text/html' },
      },
      'aws_failed',
    ],
    ['cannot fetch our keys', stsError(400, 'IDPCommunicationError', 'x'), 'aws_refused'],
    ['closes the connection', 'hang-up', 'aws_unavailable'],
  ];
  for (const [what, answer] of passing) {
    it(`${what} once is asked again, after a short pause of chance length`, async () => {
      await withBroker(
        (request, index) => (index === 0 ? answer : answering(request)),
        async ({ assume, requests, pauses }) => {
          assert.equal(
            (await assume(trusting(SAML))).credentials.accessKeyId,
            'ASIAEXAMPLEEXAMPLE11',
          );
          assert.equal(requests.length, 2);
          assert.equal(pauses.length, 1);
          assert.ok(pauses[0]! > 0 && pauses[0]! <= 200);
        },
      );
    });
  }

  for (const [what, answer, code] of passing) {
    it(`${what} every time is given up after three calls as ${code}`, async () => {
      await withBroker(
        () => answer,
        async ({ assume, requests }) => {
          const refusal = await refusalOf(assume(trusting(SAML)));
          assert.equal(refusal.code, code);
          assert.equal(refusal.retryAfterSeconds, code === 'aws_throttled' ? 5 : undefined);
          assert.match(
            refusal.message,
            /^STS AssumeRoleWithSAML for arn:aws:iam::111122223333:role\/Admin: /,
          );
          assert.equal(requests.length, 3);
        },
      );
    });
  }

  it('does not answer is given up at the time limit, and not asked again', async () => {
    await withBroker(
      () => 'silence',
      async ({ assume, requests }) => {
        const refusal = await refusalOf(assume(trusting(SAML)));
        assert.equal(refusal.code, 'aws_unavailable');
        assert.match(refusal.message, /no complete answer within 0\.2 s/);
        assert.equal(requests.length, 1);
      },
      { timeoutSeconds: 0.2 },
    );
  });

  it('does not answer is given up after three times the time limit, whatever a single call may take', async () => {
    await withBroker(
      () => 'silence',
      async ({ assume, requests }) => {
        assert.equal((await refusalOf(assume(trusting(SAML)))).code, 'aws_unavailable');
        assert.equal(requests.length, 1);
      },
      { timeoutSeconds: 0.05, outboundSeconds: 60 },
    );
  });

  it('answers without end is cut off', async () => {
    await withBroker(
      () => ({
        status: 200,
        body: `<a>${'x'.repeat(100_000)}</a>`,
        headers: { 'content-type': 'text/xml' },
      }),
      async ({ assume }) => {
        const refusal = await refusalOf(assume(trusting(SAML)));
        assert.equal(refusal.code, 'aws_response_invalid');
        assert.match(refusal.message, /larger than 65536 bytes/);
      },
    );
  });

  it('redirects is not followed', async () => {
    await withBroker(
      () => ({ status: 302, body: '', headers: { location: 'https://aws.amazon.com/iam' } }),
      async ({ assume, requests }) => {
        assert.equal((await refusalOf(assume(trusting(SAML)))).code, 'aws_response_invalid');
        assert.equal(requests.length, 1);
      },
    );
  });

  const waits = [
    ['2', 2],
    ['0', 5],
    ['999999999', 300],
    ['soon', 5],
    ['-1', 5],
  ] as const;
  for (const [header, seconds] of waits)
    it(`throttles with Retry-After: ${header} makes callers wait ${seconds} s`, async () => {
      await withBroker(
        () => {
          const throttled = stsError(400, 'Throttling', 'Rate exceeded') as Exclude<Answer, string>;
          return { ...throttled, headers: { ...throttled.headers, 'retry-after': header } };
        },
        async ({ assume, requests }) => {
          const refusal = await refusalOf(assume(trusting(SAML)));
          assert.equal(refusal.code, 'aws_throttled');
          assert.equal(refusal.retryAfterSeconds, seconds);
          assert.match(refusal.hint, /^Wait /);
          // A wait that STS names is kept, so no retry comes before its end.
          assert.equal(requests.length, seconds === 5 ? 3 : 1);
        },
      );
    });

  it('refuses connections, or whose name is unknown, is called unreachable and not late', async () => {
    const closed = await recordingServer(answering);
    await closed.close();
    await withBroker(answering, async ({ assume }) => {
      for (const stsEndpoint of [closed.url, 'https://sts.invalid']) {
        const account = anAccount({ trust: { by: 'web-identity' }, stsEndpoint });
        const refusal = await refusalOf(assume(anAssertionSubject({ account })));
        assert.equal(refusal.code, 'sts_unavailable');
        assert.match(refusal.hint, /^The STS of the account could not be reached/);
      }
    });
  });

  const UNREADABLE = ['aws_response_invalid', 2] as const;
  const whole = stsAnswer('AssumeRoleWithSAML') as Exclude<Answer, string>;
  const wrong: readonly (readonly [string, Answer, ErrorCode, number])[] = [
    [
      'answers HTML',
      {
        status: 200,
        body: '<html><body>Welcome</body></html>',
        headers: { 'content-type': 'text/html' },
      },
      ...UNREADABLE,
    ],
    ['answers what is no XML', { status: 200, body: '{"a":1}' }, ...UNREADABLE],
    ['answers nothing', { status: 200, body: '' }, ...UNREADABLE],
    ['answers without content', { status: 204, body: '' }, ...UNREADABLE],
    [
      'answers XML with entities',
      { status: 200, body: '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>' },
      ...UNREADABLE,
    ],
    [
      'answers half of its XML',
      { status: 200, body: whole.body.slice(0, whole.body.length / 2) },
      ...UNREADABLE,
    ],
    ['answers HTML with a client error', { status: 400, body: '<html><p>no' }, 'aws_refused', 1],
    [
      'answers half the credentials',
      {
        ...whole,
        body: whole.body.replace(/<SessionToken>.*<\/SessionToken>/, ''),
      },
      ...UNREADABLE,
    ],
    [
      'answers with a date that is none',
      stsAnswer('AssumeRoleWithSAML', { expiration: 'tomorrow' }),
      ...UNREADABLE,
    ],
    [
      'answers for another account',
      stsAnswer('AssumeRoleWithSAML', {
        arn: 'arn:aws:sts::999999999999:assumed-role/Admin/alice',
      }),
      'aws_response_invalid',
      1,
    ],
    [
      'answers for another partition',
      stsAnswer('AssumeRoleWithSAML', {
        arn: 'arn:aws-cn:sts::111122223333:assumed-role/Admin/alice',
      }),
      'aws_response_invalid',
      1,
    ],
  ];
  for (const [what, answer, code, calls] of wrong) {
    it(`${what} is refused as ${code} after ${calls} calls`, async () => {
      await withBroker(
        () => answer,
        async ({ assume, requests }) => {
          assert.equal((await refusalOf(assume(trusting(SAML)))).code, code);
          assert.equal(requests.length, calls);
        },
      );
    });
  }

  it('answers HTML once is asked once more, and its second answer counts', async () => {
    await withBroker(
      (request, index) => (index === 0 ? { status: 200, body: '<html>' } : answering(request)),
      async ({ assume, requests }) => {
        await assume(trusting(SAML));
        assert.equal(requests.length, 2);
      },
    );
  });

  it('keeps several people apart who ask at the same time', async () => {
    await withBroker(
      request =>
        stsAnswer('AssumeRoleWithWebIdentity', {
          keyId: `ASIA${request.form.get('RoleSessionName')}`,
        }),
      async ({ assume }) => {
        const names = Array.from({ length: 20 }, (_, index) => `person-${index}`);
        const got = await Promise.all(
          names.map(sessionName =>
            assume({
              ...trusting({ by: 'web-identity' }),
              sessionName: sessionName as AssumeRequest['sessionName'],
            }),
          ),
        );
        assert.deepEqual(
          got.map(({ credentials }) => credentials.accessKeyId),
          names.map(name => `ASIA${name}`),
        );
      },
    );
  });
});

describe('a refusal of STS', () => {
  const SECRET = 'secret.web.token';
  const cases: readonly {
    readonly trust: Trust;
    readonly status?: number;
    readonly code: string;
    readonly says: string;
    readonly message: RegExp;
    readonly hint: RegExp;
  }[] = [
    {
      trust: { by: 'saml', provider: 'rolebridge' },
      status: 403,
      code: 'AccessDenied',
      says: 'Not authorized to perform sts:AssumeRoleWithSAML',
      message: /AccessDenied: Not authorized to perform sts:AssumeRoleWithSAML \(request 1111/,
      hint: /allows sts:AssumeRoleWithSAML to arn:aws:iam::111122223333:saml-provider\/rolebridge/,
    },
    {
      trust: { by: 'web-identity' },
      status: 403,
      code: 'AccessDenied',
      says: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
      message: /AccessDenied/,
      hint: /sts:AssumeRoleWithWebIdentity to the IAM OpenID Connect provider of the bridge/,
    },
    {
      trust: { by: 'saml', provider: 'rolebridge' },
      code: 'InvalidIdentityToken',
      says: 'Response signature invalid (Service: x)',
      message: /InvalidIdentityToken: Response signature invalid \(request/,
      hint: /Upload the current SAML metadata/,
    },
    {
      trust: { by: 'saml', provider: 'rolebridge' },
      code: 'InvalidIdentityToken',
      says: "Specified provider doesn't exist",
      message: /Specified provider doesn't exist/,
      hint: /Account prod has no IAM SAML provider/,
    },
    {
      trust: { by: 'web-identity' },
      code: 'InvalidIdentityToken',
      says: 'No OpenIDConnect provider found in your account for https://aws.example.com',
      message: /No OpenIDConnect provider found in your account \(/,
      hint: /whose URL is exactly the issuer/,
    },
    {
      trust: { by: 'web-identity' },
      code: 'InvalidIdentityToken',
      says: 'Incorrect token audience',
      message: /Incorrect token audience/,
      hint: /client ids/,
    },
    {
      trust: { by: 'web-identity' },
      code: 'InvalidIdentityToken',
      says: "Couldn't retrieve verification key from your identity provider,  please reference",
      message: /Couldn't retrieve verification key/,
      hint: /public https/,
    },
    {
      trust: { by: 'web-identity' },
      code: 'InvalidIdentityToken',
      says: `something new about ${SECRET}`,
      message: /Admin: InvalidIdentityToken \(request/,
      hint: /check the URL and the client ids/,
    },
    {
      trust: { by: 'web-identity' },
      code: 'IDPCommunicationError',
      says: 'x',
      message: /IDPCommunicationError/,
      hint: /cannot reach the issuer/,
    },
    {
      trust: { by: 'web-identity' },
      status: 403,
      code: 'IDPRejectedClaim',
      says: SECRET,
      message: /IDPRejectedClaim/,
      hint: /rejects the token/,
    },
    {
      trust: { by: 'web-identity' },
      code: 'ExpiredTokenException',
      says: 'Token expired: current date/time 1626000000 must be before the expiration date/time1625990000',
      message: /ExpiredToken: Token expired: current date\/time 1626000000/,
      hint: /clock/,
    },
    {
      trust: { by: 'saml', provider: 'rolebridge' },
      code: 'ExpiredTokenException',
      says: 'Token must be redeemed within 5 minutes of issuance',
      message: /redeemed within 5 minutes/,
      hint: /clock/,
    },
    {
      trust: { by: 'web-identity' },
      status: 403,
      code: 'RegionDisabledException',
      says: 'STS is not activated',
      message: /RegionDisabled/,
      hint: /region eu-west-1 for account prod/,
    },
    {
      trust: { by: 'web-identity' },
      code: 'PackedPolicyTooLarge',
      says: 'Packed policy consumes 157% of allotted space, please use smaller policy.',
      message: /Packed policy consumes 157% of allotted space/,
      hint: /shorter tags/,
    },
    {
      trust: { by: 'web-identity' },
      code: 'MalformedPolicyDocument',
      says: SECRET,
      message: /MalformedPolicyDocument/,
      hint: /session policy/,
    },
    {
      trust: { by: 'web-identity' },
      code: 'ValidationError',
      says: `1 validation error detected: Value '${SECRET}' at 'webIdentityToken' failed to satisfy constraint: x`,
      message: /Admin: ValidationError \(request/,
      hint: /a value that the rule sets/,
    },
    {
      trust: { by: 'web-identity' },
      code: 'SomethingNew',
      says: SECRET,
      message: /Admin: SomethingNew \(request/,
      hint: /give them the reference/,
    },
    {
      trust: { by: 'web-identity' },
      code: `Bad ${SECRET} <b>`,
      says: 'x',
      message: /Admin: none \(request/,
      hint: /give them the reference/,
    },
    {
      trust: { by: 'web-identity' },
      code: 'constructor',
      says: 'x',
      message: /Admin: constructor \(request/,
      hint: /give them the reference/,
    },
  ];
  for (const { trust, status = 400, code, says, message, hint } of cases) {
    it(`with ${code} (${says.slice(0, 40)}) tells the operator what, and everybody what to do`, async () => {
      await withBroker(
        () => stsError(status, code, says),
        async ({ assume }) => {
          const refusal = await refusalOf(assume(trusting(trust)));
          assert.equal(refusal.code, 'aws_refused');
          assert.match(refusal.message, message);
          assert.match(refusal.hint, hint);
          const everything = JSON.stringify([
            refusal.message,
            refusal.hint,
            refusal.stack,
            refusal.cause,
            String(refusal.cause),
          ]);
          assert.ok(!everything.includes(SECRET), everything);
        },
      );
    });
  }
});
