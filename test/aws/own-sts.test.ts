/** Accounts with their own STS: where it is called, and what its answers mean. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCredentialBroker } from '../../src/aws/sts.ts';
import type { BridgeError } from '../../src/core/errors.ts';
import { partitionTable } from '../../src/core/partitions.ts';
import { createOutbound } from '../../src/outbound.ts';
import { anAccount, anAssertionSubject } from '../support/assertion-subject.ts';
import { handTurnedClock } from '../support/clock.ts';
import { answering, refusalOf, trusting, withBroker } from './broker-world.ts';
import { type Answer, recordingServer, stsAnswer, stsError } from './recording-server.ts';

const WEB_IDENTITY = { by: 'web-identity' } as const;

function answer(status: number, body: string, type = 'application/xml'): Answer {
  return { status, body, headers: { 'content-type': type, 'x-amz-request-id': 'tx-1' } };
}

/** As radosgw writes it. */
function bare(code: string, message = ''): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message><RequestId>tx-1</RequestId><HostId>a</HostId></Error>`;
}

/** The error of an account whose own STS gives this answer. */
async function refusalFor(given: Answer): Promise<{ refusal: BridgeError; calls: number }> {
  let found: { refusal: BridgeError; calls: number } | undefined;
  await withBroker(
    () => given,
    async ({ assume, url, requests }) => {
      const account = anAccount({ name: 'store', trust: WEB_IDENTITY, stsEndpoint: url });
      const refusal = await refusalOf(assume(anAssertionSubject({ account })));
      found = { refusal, calls: requests.length };
    },
  );
  return found!;
}

describe('an account with its own STS', () => {
  it('is called at its URL, and AWS accounts at theirs', async () => {
    const own = await recordingServer(answering);
    const ofAws = await recordingServer(answering);
    const outbound = createOutbound({ timeoutSeconds: 5, maxBytes: 65_536 });
    const broker = createCredentialBroker({
      issuer: { samlResponse: async () => 'assertion', webIdentityToken: async () => 'token' },
      partitions: partitionTable({ endpoints: { sts: ofAws.url } }),
      ...{ outbound, timeoutSeconds: 5, clock: handTurnedClock() },
    });
    try {
      const stsEndpoint = `${own.url}/sts`;
      const account = anAccount({ trust: WEB_IDENTITY, stsEndpoint });
      await broker.assume(anAssertionSubject({ account }));
      await broker.assume(trusting(WEB_IDENTITY));
      assert.deepEqual(
        [own.requests.map(({ url }) => url), ofAws.requests.map(({ url }) => url)],
        [['/sts/'], ['/']],
      );
      const form = own.requests[0]!.form;
      assert.equal(form.get('Action'), 'AssumeRoleWithWebIdentity');
      assert.equal(form.get('RoleArn'), 'arn:aws:iam::111122223333:role/Admin');
    } finally {
      await Promise.all([own.close(), ofAws.close(), outbound.close()]);
    }
  });

  const coded: readonly (readonly [string, Answer, string])[] = [
    ['a bare error', answer(403, bare('AccessDenied', 'no')), 'AccessDenied'],
    ['a bare error without a text', answer(403, bare('AccessDenied')), 'AccessDenied'],
    ['a bare error with a code alone', answer(400, '<Error><Code>X1</Code></Error>'), 'X1'],
    [
      'a bare error with a namespace',
      answer(
        400,
        '<Error xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Code>X1</Code></Error>',
      ),
      'X1',
    ],
    [
      'a bare error between line breaks',
      answer(400, `\n${bare('MethodNotAllowed').replace('?>', '?>\n')}\n`),
      'MethodNotAllowed',
    ],
    ['a bare error as text/plain', answer(403, bare('AccessDenied'), 'text/plain'), 'AccessDenied'],
    [
      'the error of AWS',
      stsError(400, 'InvalidIdentityTokenException', 'no'),
      'InvalidIdentityToken',
    ],
  ];
  for (const [what, given, code] of coded)
    it(`refuses with the code of ${what}`, async () => {
      const { refusal, calls } = await refusalFor(given);
      assert.equal(refusal.code, 'sts_refused');
      assert.equal(calls, 1);
      assert.match(refusal.message, new RegExp(`AssumeRoleWithWebIdentity for .*: ${code} \\(`));
      assert.match(refusal.hint, new RegExp(`account store \\(http://127.*rejects.*\\(${code}\\)`));
      assert.doesNotMatch(refusal.hint, /\bAWS\b/);
    });

  const uncoded: readonly (readonly [string, Answer])[] = [
    ['an empty body', answer(403, '')],
    ['HTML', answer(403, '<html><head><title>x</head><p>unclosed', 'text/html')],
    ['HTML that is XML', answer(404, '<html><body>Not found</body></html>', 'text/html')],
    ['JSON', answer(403, '{"__type":"AccessDenied","message":"no"}', 'application/json')],
    ['text', answer(401, 'Unauthorized', 'text/plain')],
    ['a bare error without a code', answer(400, '<Error><Message>x</Message></Error>')],
    ['an empty error', answer(400, '<Error/>')],
    ['a code with elements', answer(400, '<Error><Code><x>AccessDenied</x></Code></Error>')],
    ['two codes', answer(400, '<Error><Code>A</Code><Code>B</Code></Error>')],
    ['an error that is not closed', answer(400, '<Error><Code>AccessDenied</Code>')],
    ['a DOCTYPE', answer(400, `<!DOCTYPE a [<!ENTITY b "c">]>${bare('&b;')}`)],
    ['bytes that are no text', answer(400, '\u0000\uFFFF<Error>')],
    ['an error of 20 kB', answer(400, bare('AccessDenied', 'x'.repeat(20_000)))],
  ];
  for (const [what, given] of uncoded)
    it(`is refused, and not an internal error, with ${what}`, async () => {
      const { refusal, calls } = await refusalFor(given);
      assert.equal(refusal.code, 'sts_refused');
      assert.equal(calls, 1);
      assert.doesNotMatch(refusal.hint, /unclosed|Unauthorized|xxx/);
    });

  for (const [what, given] of [
    ['success in HTML', answer(200, '<html/>', 'text/html')],
    ['success without content', answer(200, '')],
    ['success that is a bare error', answer(200, bare('AccessDenied'))],
    ['success in JSON', answer(200, '{"Credentials":{}}', 'application/json')],
  ] as const)
    it(`is asked once more after ${what}, and its answer is then called unreadable`, async () => {
      const { refusal, calls } = await refusalFor(given);
      assert.equal(refusal.code, 'sts_response_invalid');
      assert.equal(calls, 2);
      assert.match(refusal.hint, /does not answer as an STS does/);
    });

  for (const [what, given, code] of [
    ['a bare error of the server', answer(503, bare('ServiceUnavailable')), 'sts_failed'],
    ['a bare SlowDown', answer(400, bare('SlowDown')), 'sts_throttled'],
    ['a SlowDown with 503', answer(503, bare('SlowDown')), 'sts_throttled'],
    ['a gateway without a backend', answer(502, '<html>Bad', 'text/html'), 'sts_failed'],
  ] as const)
    it(`is given up after three calls as ${code} with ${what}`, async () => {
      const { refusal, calls } = await refusalFor(given);
      assert.equal(refusal.code, code);
      assert.equal(calls, 3);
    });

  it('that closes the connection is unavailable', async () => {
    assert.equal((await refusalFor('hang-up')).refusal.code, 'sts_unavailable');
  });

  for (const [what, session] of [
    ['controls of a terminal', 'Admin/&#x9b;2J'],
    ['elements of a page', 'Admin/&lt;b&gt;alice'],
    ['a line break', 'Admin/alice\nprod'],
    ['no session', ''],
    ['a very long one', `Admin/${'a'.repeat(2000)}`],
  ] as const)
    it(`is refused, if the ARN of its session has ${what}`, async () => {
      const arn = `arn:aws:sts::111122223333:assumed-role/${session}`;
      const { refusal } = await refusalFor(stsAnswer('AssumeRoleWithWebIdentity', { arn }));
      assert.equal(refusal.code, 'sts_response_invalid');
      assert.match(refusal.message, /an ARN that is not one of a session$/);
    });

  it('that answers for another account is refused', async () => {
    await withBroker(answering, async ({ assume, url }) => {
      const id = '999999999999' as ReturnType<typeof anAccount>['id'];
      const account = anAccount({ id, trust: WEB_IDENTITY, stsEndpoint: url });
      const refusal = await refusalOf(assume(anAssertionSubject({ account })));
      assert.equal(refusal.code, 'sts_response_invalid');
      assert.match(refusal.message, /another account/);
    });
  });
});
