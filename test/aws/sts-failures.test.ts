import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AssumeRequest } from '../../src/core/assumed-role.ts';
import type { Trust } from '../../src/core/role.ts';
import { answering, refusalOf, trusting, withBroker } from './broker-world.ts';
import { type Answer, stsAnswer, stsError } from './recording-server.ts';

describe('STS that', () => {
  const SAML: Trust = { by: 'saml', provider: 'rolebridge' };

  const passing: readonly (readonly [string, Answer])[] = [
    ['throttles', stsError(400, 'Throttling', 'Rate exceeded')],
    ['throttles under another name', stsError(400, 'ThrottlingException', 'Rate exceeded')],
    ['is asked too often', stsError(429, 'TooManyRequestsException', 'Slow down')],
    ['fails', stsError(500, 'InternalFailure', 'Unknown')],
    [
      'is unavailable behind a page of HTML',
      {
        status: 503,
        body: '<html><head><title>x</head><p>unclosed',
        headers: { 'content-type': 'text/html' },
      },
    ],
    ['cannot fetch our keys', stsError(400, 'IDPCommunicationError', 'x')],
    ['closes the connection', 'hang-up'],
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

  for (const [what, answer] of passing.filter(([name]) => name !== 'cannot fetch our keys')) {
    it(`${what} every time is given up after three calls as unavailable`, async () => {
      await withBroker(
        () => answer,
        async ({ assume, requests }) => {
          const refusal = await refusalOf(assume(trusting(SAML)));
          assert.equal(refusal.code, 'aws_unavailable');
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
        assert.equal(refusal.code, 'aws_unavailable');
        assert.match(refusal.message, /larger than 65536 bytes/);
      },
    );
  });

  it('redirects is not followed', async () => {
    await withBroker(
      () => ({ status: 302, body: '', headers: { location: 'https://aws.amazon.com/iam' } }),
      async ({ assume, requests }) => {
        assert.equal((await refusalOf(assume(trusting(SAML)))).code, 'aws_unavailable');
        assert.equal(requests.length, 1);
      },
    );
  });

  const wrong: readonly (readonly [string, Answer])[] = [
    [
      'answers HTML',
      {
        status: 200,
        body: '<html><body>Welcome</body></html>',
        headers: { 'content-type': 'text/html' },
      },
    ],
    ['answers what is no XML', { status: 200, body: '{"a":1}', headers: {} }],
    ['answers nothing', { status: 200, body: '', headers: {} }],
    [
      'answers XML with entities',
      { status: 200, body: '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', headers: {} },
    ],
    ['answers HTML with a client error', { status: 400, body: '<html><p>no', headers: {} }],
    [
      'answers half the credentials',
      {
        ...(stsAnswer('AssumeRoleWithSAML') as Exclude<Answer, string>),
        body: (stsAnswer('AssumeRoleWithSAML') as Exclude<Answer, string>).body.replace(
          /<SessionToken>.*<\/SessionToken>/,
          '',
        ),
      },
    ],
    [
      'answers with a date that is none',
      stsAnswer('AssumeRoleWithSAML', { expiration: 'tomorrow' }),
    ],
    [
      'answers for another account',
      stsAnswer('AssumeRoleWithSAML', {
        arn: 'arn:aws:sts::999999999999:assumed-role/Admin/alice',
      }),
    ],
    [
      'answers for another partition',
      stsAnswer('AssumeRoleWithSAML', {
        arn: 'arn:aws-cn:sts::111122223333:assumed-role/Admin/alice',
      }),
    ],
  ];
  for (const [what, answer] of wrong) {
    it(`${what} is refused`, async () => {
      await withBroker(
        () => answer,
        async ({ assume, requests }) => {
          assert.equal((await refusalOf(assume(trusting(SAML)))).code, 'aws_refused');
          assert.equal(requests.length, 1);
        },
      );
    });
  }

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
