import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createConsoleFederation } from '../../src/aws/console.ts';
import type { ConsoleLinkRequest } from '../../src/core/assumed-role.ts';
import { BridgeError, type ErrorCode } from '../../src/core/errors.ts';
import { partitionTable } from '../../src/core/partitions.ts';
import type { ConsoleFederation } from '../../src/core/ports.ts';
import type { Partition } from '../../src/core/role.ts';
import { createOutbound } from '../../src/outbound.ts';
import { anAccount } from '../support/assertion-subject.ts';
import { handTurnedClock } from '../support/clock.ts';
import { type Answer, type Recorded, recordingServer } from './recording-server.ts';

const SECRETS = ['ASIAEXAMPLEEXAMPLE11', 'the/secret+key', 'the-session-token', 'sign-in-token'];

const linkRequest = (
  changes: Partial<ConsoleLinkRequest> & { readonly chained?: boolean } = {},
): ConsoleLinkRequest => ({
  account: anAccount(),
  assumed: {
    credentials: {
      accessKeyId: SECRETS[0]!,
      secretAccessKey: SECRETS[1]!,
      sessionToken: SECRETS[2]!,
      expiresAt: Date.UTC(2030, 0, 1),
    },
    assumedRoleArn: 'arn:aws:sts::111122223333:assumed-role/Admin/alice',
    chained: changes.chained ?? false,
    stsRequestId: 'r',
    durationSeconds: 3600,
    tagsLeftOut: [],
  },
  issuerUrl: 'https://aws.example.com/?a=b&c=d',
  ...changes,
});

const token: Answer = {
  status: 200,
  body: '{"SigninToken":"sign-in-token"}',
  headers: { 'content-type': 'application/json' },
};

async function withFederation(
  answer: (request: Recorded, index: number) => Answer,
  run: (world: {
    readonly federation: ConsoleFederation;
    readonly requests: readonly Recorded[];
    readonly url: string;
  }) => Promise<void>,
  timeoutSeconds = 5,
): Promise<void> {
  const server = await recordingServer(answer);
  const outbound = createOutbound({ timeoutSeconds, maxBytes: 65_536 });
  try {
    const federation = createConsoleFederation({
      clock: handTurnedClock(),
      partitions: partitionTable({ endpoints: { signin: server.url } }),
      outbound,
    });
    await run({ federation, requests: server.requests, url: server.url });
  } finally {
    await server.close();
    await outbound.close();
  }
}

async function refusalOf(promise: Promise<unknown>): Promise<BridgeError> {
  const thrown = await promise.then(
    () => assert.fail('it was not refused'),
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof BridgeError, String(thrown));
  return thrown;
}

describe('a console link', () => {
  it('is made of a sign-in token that was asked for in a body, never in an address', async () => {
    await withFederation(
      () => token,
      async ({ federation, requests, url }) => {
        const destination =
          'https://eu-west-1.console.aws.amazon.com/s3/buckets/a?region=eu-west-1&x=%26#frag/ment';
        const link = await federation.linkFor(linkRequest({ destination, consoleSeconds: 28_800 }));
        assert.equal(requests.length, 1);
        assert.equal(requests[0]!.method, 'POST');
        assert.equal(requests[0]!.url, '/federation');
        assert.equal(requests[0]!.headers['content-type'], 'application/x-www-form-urlencoded');
        const { Session, ...rest } = Object.fromEntries(requests[0]!.form);
        assert.deepEqual(rest, { Action: 'getSigninToken', SessionDuration: '28800' });
        assert.deepEqual(JSON.parse(Session!), {
          sessionId: SECRETS[0],
          sessionKey: SECRETS[1],
          sessionToken: SECRETS[2],
        });

        const made = new URL(link.url);
        assert.equal(made.origin + made.pathname, `${url}/federation`);
        assert.deepEqual(Object.fromEntries(made.searchParams), {
          Action: 'login',
          Issuer: 'https://aws.example.com/?a=b&c=d',
          Destination: destination,
          SigninToken: 'sign-in-token',
        });
        assert.equal(link.destination, destination);
        assert.equal(link.consoleSeconds, 28_800);
      },
    );
  });

  const lengths: readonly (readonly [string, Parameters<typeof linkRequest>[0], string | null])[] =
    [
      ['none when the rule sets none', {}, null],
      ['none for role-chained credentials', { chained: true, consoleSeconds: 3600 }, null],
      ['at least a quarter of an hour', { consoleSeconds: 60 }, '900'],
      ['twelve hours at most', { consoleSeconds: 100_000 }, '43200'],
    ];
  for (const [what, changes, asked] of lengths) {
    it(`asks for a length of ${what}`, async () => {
      await withFederation(
        () => token,
        async ({ federation, requests }) => {
          const link = await federation.linkFor(linkRequest(changes));
          assert.equal(requests[0]!.form.get('SessionDuration'), asked);
          assert.equal(link.consoleSeconds, asked === null ? undefined : Number(asked));
        },
      );
    });
  }

  it('does without a length when AWS refuses the one asked for, and says so', async () => {
    await withFederation(
      request => (request.form.has('SessionDuration') ? { status: 400, body: '<html>no' } : token),
      async ({ federation, requests }) => {
        const link = await federation.linkFor(linkRequest({ consoleSeconds: 3600 }));
        assert.equal(requests.length, 2);
        assert.equal(link.consoleSeconds, undefined);
      },
    );
  });

  const failures: readonly (readonly [string, Answer, ErrorCode, number])[] = [
    ['a refusal', { status: 400, body: `<html>${SECRETS.join(' ')}` }, 'aws_refused', 2],
    ['a prohibition', { status: 403, body: SECRETS.join(' ') }, 'aws_refused', 1],
    ['too many requests', { status: 429, body: SECRETS.join(' ') }, 'aws_throttled', 1],
    ['a failure', { status: 500, body: SECRETS.join(' ') }, 'aws_failed', 1],
    ['a gateway without a backend', { status: 502, body: '<html>' }, 'aws_failed', 1],
    [
      'a redirect',
      { status: 302, body: '', headers: { location: 'https://evil.example/' } },
      'aws_response_invalid',
      1,
    ],
    [
      'HTML',
      { status: 200, body: '<html>hello', headers: { 'content-type': 'text/html' } },
      'aws_response_invalid',
      2,
    ],
    ['an empty answer', { status: 200, body: '' }, 'aws_response_invalid', 2],
    ['success of another kind', { status: 202, body: '{}' }, 'aws_response_invalid', 1],
    ['JSON without a token', { status: 200, body: '{"Other":"x"}' }, 'aws_response_invalid', 2],
    [
      'a token that is no text',
      { status: 200, body: '{"SigninToken":{"a":1}}' },
      'aws_response_invalid',
      2,
    ],
    ['an empty token', { status: 200, body: '{"SigninToken":""}' }, 'aws_response_invalid', 2],
    [
      'a huge token',
      { status: 200, body: `{"SigninToken":"${'x'.repeat(20_000)}"}` },
      'aws_response_invalid',
      2,
    ],
    ['a huge answer', { status: 200, body: 'x'.repeat(100_000) }, 'aws_response_invalid', 1],
    ['a closed connection', 'hang-up', 'aws_unavailable', 1],
  ];
  for (const [what, answer, code, calls] of failures) {
    it(`is not made of ${what}, and nothing that was sent is told`, async () => {
      await withFederation(
        () => answer,
        async ({ federation, requests }) => {
          const refusal = await refusalOf(
            federation.linkFor(linkRequest({ consoleSeconds: 3600 })),
          );
          assert.equal(refusal.code, code);
          assert.equal(requests.length, calls);
          const chain = [refusal, refusal.cause, (refusal.cause as Error | undefined)?.cause].map(
            error =>
              `${String(error)} ${JSON.stringify(error)} ${(error as Error | undefined)?.stack}`,
          );
          for (const secret of SECRETS)
            assert.ok(![refusal.hint, ...chain].join().includes(secret));
        },
      );
    });
  }

  it('is made of the second answer if the first was unreadable', async () => {
    await withFederation(
      (_request, index) => (index === 0 ? { status: 200, body: '<html>' } : token),
      async ({ federation, requests }) => {
        const link = await federation.linkFor(linkRequest({ consoleSeconds: 3600 }));
        assert.equal(link.consoleSeconds, 3600);
        assert.deepEqual(
          requests.map(({ form }) => form.get('SessionDuration')),
          ['3600', '3600'],
        );
      },
    );
  });

  for (const [status, named, seconds] of [
    [429, '', 5],
    [429, '12', 12],
    [503, '12', 12],
    [503, '', undefined],
    [403, '12', undefined],
  ] as const)
    it(`tells callers to wait ${seconds} s after ${status} with Retry-After: ${named}`, async () => {
      await withFederation(
        () => ({ status, body: '', headers: { 'retry-after': named } }),
        async ({ federation }) => {
          const refusal = await refusalOf(federation.linkFor(linkRequest()));
          assert.equal(refusal.retryAfterSeconds, seconds);
        },
      );
    });

  it('is given up at the time limit', async () => {
    await withFederation(
      () => 'silence',
      async ({ federation }) =>
        assert.equal((await refusalOf(federation.linkFor(linkRequest()))).code, 'aws_unavailable'),
      0.2,
    );
  });

  it('to a place that is no console is refused before anything is sent', async () => {
    await withFederation(
      () => token,
      async ({ federation, requests }) => {
        assert.equal(
          (
            await refusalOf(
              federation.linkFor(linkRequest({ destination: 'https://evil.example/' })),
            )
          ).code,
          'destination_refused',
        );
        assert.equal(requests.length, 0);
      },
    );
  });
});

describe('a destination', () => {
  const outbound = { request: () => assert.fail('nothing is sent') };
  const federation = createConsoleFederation({
    ...{ partitions: partitionTable(), outbound },
    clock: handTurnedClock(),
  });
  const account = (partition: Partition) =>
    anAccount({ partition, region: partition === 'aws-eusc' ? 'eusc-de-east-1' : 'eu-west-1' });

  const taken: readonly (readonly [Partition, string | undefined, string])[] = [
    ['aws', undefined, 'https://console.aws.amazon.com/console/home?region=eu-west-1'],
    ['aws-eusc', undefined, 'https://console.amazonaws-eusc.eu/console/home?region=eusc-de-east-1'],
    ['aws', 'https://console.aws.amazon.com', 'https://console.aws.amazon.com/'],
    ['aws', 'HTTPS://CONSOLE.aws.amazon.com/ec2/../s3', 'https://console.aws.amazon.com/s3'],
    [
      'aws',
      'https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:x',
      'https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:x',
    ],
    [
      'aws',
      'https://111122223333-abcdefgh.us-east-1.console.aws.amazon.com/s3?a=%2525#%2F',
      'https://us-east-1.console.aws.amazon.com/s3?a=%2525#%2F',
    ],
    ['aws', 'https://111122223333-ab12.console.aws.amazon.com/', 'https://console.aws.amazon.com/'],
    [
      'aws',
      'https://111122223333-ab12.eu-west-1.quicksight.aws.amazon.com/sn',
      'https://eu-west-1.quicksight.aws.amazon.com/sn',
    ],
    [
      'aws-us-gov',
      'https://111122223333-ab12.us-gov-west-1.console.amazonaws-us-gov.com/s3',
      'https://us-gov-west-1.console.amazonaws-us-gov.com/s3',
    ],
    [
      'aws',
      'https://health.aws.amazon.com/health/home#/account',
      'https://health.aws.amazon.com/health/home#/account',
    ],
    ['aws', 'https://phd.aws.amazon.com/phd/home', 'https://phd.aws.amazon.com/phd/home'],
    ['aws', 'https://quicksight.aws.amazon.com/', 'https://quicksight.aws.amazon.com/'],
    [
      'aws',
      'https://eu-west-1.quicksight.aws.amazon.com/sn/start',
      'https://eu-west-1.quicksight.aws.amazon.com/sn/start',
    ],
    [
      'aws',
      'https://lightsail.aws.amazon.com/ls/webapp',
      'https://lightsail.aws.amazon.com/ls/webapp',
    ],
    ['aws-cn', 'https://health.amazonaws.cn/', 'https://health.amazonaws.cn/'],
    ['aws-us-gov', 'https://phd.amazonaws-us-gov.com/', 'https://phd.amazonaws-us-gov.com/'],
    [
      'aws-eusc',
      'https://eusc-de-east-1.quicksight.amazonaws-eusc.eu/',
      'https://eusc-de-east-1.quicksight.amazonaws-eusc.eu/',
    ],
    [
      'aws',
      'https://console.aws.amazon.com/?next=https://evil.example/',
      'https://console.aws.amazon.com/?next=https://evil.example/',
    ],
    ['aws-cn', 'https://console.amazonaws.cn/s3', 'https://console.amazonaws.cn/s3'],
    [
      'aws-us-gov',
      'https://us-gov-west-1.console.amazonaws-us-gov.com/s3',
      'https://us-gov-west-1.console.amazonaws-us-gov.com/s3',
    ],
    [
      'aws-eusc',
      'https://eusc-de-east-1.console.amazonaws-eusc.eu/s3',
      'https://eusc-de-east-1.console.amazonaws-eusc.eu/s3',
    ],
  ];
  for (const [partition, asked, given] of taken) {
    it(`in ${partition} may be ${asked ?? 'left out'}`, () =>
      assert.equal(federation.destinationFor(account(partition), asked), given));
  }

  const refused: readonly (readonly [Partition, string])[] = [
    ['aws', ''],
    ['aws', '/console/home'],
    ['aws', '//console.aws.amazon.com/'],
    ['aws', 'console.aws.amazon.com'],
    ['aws', 'http://console.aws.amazon.com/'],
    ['aws', 'javascript:alert(1)//console.aws.amazon.com'],
    ['aws', 'data:text/html,console.aws.amazon.com'],
    ['aws', 'https:console.aws.amazon.com'],
    ['aws', 'https:///console.aws.amazon.com'],
    ['aws', 'https:\\\\console.aws.amazon.com'],
    ['aws', 'https://evil.example\\@console.aws.amazon.com/'],
    ['aws', 'https://console.aws.amazon.com\\.evil.example/'],
    ['aws', 'https://console.aws.amazon.com.evil.example/'],
    ['aws', 'https://evilconsole.aws.amazon.com/'],
    ['aws', 'https://console.aws.amazon.com./'],
    ['aws', 'https://signin.aws.amazon.com/oauth?Action=logout'],
    ['aws', 'https://aws.amazon.com/'],
    ['aws', 'https://console.aws.amazon.com@evil.example/'],
    ['aws', 'https://user:pass@console.aws.amazon.com/'],
    ['aws', 'https://user@console.aws.amazon.com/'],
    ['aws', 'https://@console.aws.amazon.com/'],
    ['aws', 'https://:@console.aws.amazon.com/'],
    ['aws', 'https://health.aws.amazon.com.evil.example/'],
    ['aws', 'https://evilhealth.aws.amazon.com/'],
    ['aws', 'https://health.aws.amazon.com./'],
    ['aws', 'https://111122223333-ab12.evil.example/'],
    ['aws', 'https://111122223333-ab12.signin.aws.amazon.com/'],
    ['aws', 'https://111122223333-ab12.console.aws.amazon.com.evil.example/'],
    ['aws', 'https://health.amazonaws.cn/'],
    ['aws-cn', 'https://health.aws.amazon.com/'],
    ['aws', 'https://console.aws.amazon.com%2eevil.example/'],
    ['aws', 'https://console.aws.amazon.com%252eevil.example/'],
    ['aws', 'https://console.aws.amazon.com%2f.evil.example/'],
    ['aws', 'https://xn--cnsole-mgf.aws.amazon.com/'],
    ['aws', 'https%3A%2F%2Fconsole.aws.amazon.com/'],
    ['aws', 'ftp://console.aws.amazon.com/'],
    ['aws', 'blob:https://console.aws.amazon.com/'],
    ['aws', 'view-source:https://console.aws.amazon.com/'],
    ['aws', 'https://console.aws.amazon.com:8443/'],
    ['aws', 'https://console.aws.amazon.com:80/'],
    ['aws', 'https://evil.example/#@console.aws.amazon.com/'],
    ['aws', 'https://evil.example/?console.aws.amazon.com'],
    ['aws', 'https://evil.example%2f.console.aws.amazon.com/'],
    ['aws', 'https://console.aws.amazon.com%00.evil.example/'],
    ['aws', 'https://cоnsole.aws.amazon.com/'],
    ['aws', 'https://console.aws.amazon.com/\r\nset-cookie: a=b'],
    ['aws', 'https://console.aws.\tamazon.com/'],
    ['aws', ' https://console.aws.amazon.com/'],
    ['aws', 'https://console.aws.amazon.com/a b'],
    ['aws', 'https://console.aws.amazon.com/\u202e'],
    ['aws', 'https://[::1]/'],
    ['aws', 'https://127.0.0.1/'],
    ['aws', `https://console.aws.amazon.com/${'a'.repeat(4096)}`],
    ['aws', `https://console.aws.amazon.com/${'é'.repeat(1000)}`],
    ['aws', 'https://console.amazonaws.cn/'],
    ['aws', 'https://console.amazonaws-us-gov.com/'],
    ['aws-cn', 'https://console.aws.amazon.com/'],
    ['aws-us-gov', 'https://console.aws.amazon.com/'],
    ['aws-eusc', 'https://console.aws.amazon.com/'],
  ];
  for (const [partition, asked] of refused) {
    it(`in ${partition} cannot be ${JSON.stringify(asked).slice(0, 70)}`, () => {
      assert.throws(() => federation.destinationFor(account(partition), asked), {
        code: 'destination_refused',
      });
    });
  }

  it('of a session in another account is refused with the account that it belongs to', () => {
    const asked = 'https://999988887777-abcd1234.eu-west-1.console.aws.amazon.com/s3';
    assert.throws(() => federation.destinationFor(account('aws'), asked), {
      code: 'destination_refused',
      hint: /belongs to a session in account 999988887777, but the role is in account 111122223333/,
    });
  });

  it('beyond 4,096 characters is refused with its length, as it came and as it would be sent', () => {
    const start = 'https://console.aws.amazon.com/';
    const fits = start + 'a'.repeat(4096 - start.length);
    assert.equal(federation.destinationFor(account('aws'), fits), fits);

    for (const [asked, length] of [
      [`${fits}a`, '4,097'],
      [start + 'é'.repeat(1000), '6,031'],
    ] as const) {
      assert.throws(() => federation.destinationFor(account('aws'), asked), {
        code: 'destination_refused',
        hint: new RegExp(`has ${length} characters; the limit is 4,096`),
      });
    }
  });

  it('may be on a host that the operator added, and on no other', () => {
    const further = createConsoleFederation({
      clock: handTurnedClock(),
      partitions: partitionTable({ consoleHosts: ['tool.example.com', '*.consoles.example.com'] }),
      outbound,
    });
    for (const asked of [
      'https://tool.example.com/a',
      'https://eu.consoles.example.com/b',
      'https://console.aws.amazon.com/c',
    ])
      assert.equal(further.destinationFor(account('aws'), asked), asked);

    for (const asked of [
      'https://a.tool.example.com/',
      'https://consoles.example.com/',
      'https://.consoles.example.com/',
      'https://evilconsoles.example.com/',
      'https://tool.example.com.evil.example/',
      'http://tool.example.com/',
      'https://tool.example.com:444/',
    ])
      assert.throws(
        () => further.destinationFor(account('aws'), asked),
        { code: 'destination_refused' },
        asked,
      );
  });

  it('may be on the origin of a console that the operator put elsewhere, and on no other', () => {
    const local = createConsoleFederation({
      clock: handTurnedClock(),
      partitions: partitionTable({ endpoints: { console: 'http://127.0.0.1:3003/console' } }),
      outbound,
    });
    assert.equal(local.destinationFor(account('aws'), undefined), 'http://127.0.0.1:3003/console');
    assert.equal(
      local.destinationFor(account('aws'), 'http://127.0.0.1:3003/console?a=b'),
      'http://127.0.0.1:3003/console?a=b',
    );

    for (const asked of [
      'http://127.0.0.1:3004/console',
      'https://127.0.0.1:3003/console',
      'http://a:b@127.0.0.1:3003/console',
      'http://console.aws.amazon.com/',
    ]) {
      assert.throws(() => local.destinationFor(account('aws'), asked), {
        code: 'destination_refused',
      });
    }
  });
});
