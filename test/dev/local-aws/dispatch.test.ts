import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { call, errorOf, samlWorld, useLocalAws } from './support.ts';

describe('the query API', () => {
  const running = useLocalAws(samlWorld());

  test('sends a request without Action to the product page', async () => {
    const answers = await Promise.all([
      fetch(`${running.url}/`, { redirect: 'manual' }),
      fetch(`${running.url}/?Version=2011-06-15`, { redirect: 'manual' }),
      fetch(`${running.url}/`, {
        method: 'POST',
        body: 'Action=GetCallerIdentity&Version=2011-06-15',
        headers: { 'content-type': 'text/plain' },
        redirect: 'manual',
      }),
      fetch(`${running.url}/`, { method: 'DELETE', redirect: 'manual' }),
    ]);

    assert.deepEqual(
      answers.map(answer => [answer.status, answer.headers.get('location')]),
      [
        [302, 'https://aws.amazon.com/iam'],
        [302, 'https://aws.amazon.com/iam?Version=2011-06-15'],
        [302, 'https://aws.amazon.com/iam'],
        [302, 'https://aws.amazon.com/iam'],
      ],
    );
    assert.equal(await answers[0]!.text(), '');
  });

  const unknown: readonly [string, Record<string, string>, string][] = [
    [
      'an unknown action',
      { Action: 'GetLost' },
      'Could not find operation GetLost for version 2011-06-15',
    ],
    [
      'another version',
      { Action: 'AssumeRole', Version: '2010-05-08' },
      'Could not find operation AssumeRole for version 2010-05-08',
    ],
    [
      'an action named like a property of objects',
      { Action: 'constructor' },
      'Could not find operation constructor for version 2011-06-15',
    ],
    [
      'markup in the name of the action',
      { Action: '<b>&' },
      'Could not find operation &lt;b&gt;&amp; for version 2011-06-15',
    ],
  ];
  for (const [name, parameters, message] of unknown) {
    test(`does not find ${name}`, async () => {
      assert.deepEqual(await errorOf(await call(running.url, parameters)), {
        status: 400,
        code: 'InvalidAction',
        message,
      });
    });
  }

  test('reports a missing version in its own namespace', async () => {
    const answer = await fetch(`${running.url}/?Action=AssumeRole`);
    const text = await answer.text();
    assert.match(
      text,
      /^<ErrorResponse xmlns="http:\/\/webservices\.amazon\.com\/AWSFault\/2005-15-09">\n {2}<Error>\n/,
    );
    assert.match(text, /for version NO_VERSION_SPECIFIED</);
  });

  test('knows no other path', async () => {
    const answer = await fetch(`${running.url}/other`);
    assert.equal(answer.status, 404);
    assert.equal(await answer.text(), '<UnknownOperationException/>');
  });

  test('rejects a body over 10,000,000 bytes', async () => {
    const answer = await fetch(`${running.url}/`, { method: 'POST', body: 'a'.repeat(10_000_001) });
    assert.equal(answer.status, 413);
    assert.equal(await answer.text(), '');
  });

  test('rejects too many parameters and a body that is not UTF-8', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const flood = await fetch(`${running.url}/`, {
      method: 'POST',
      headers,
      body: `Action=AssumeRole&Version=2011-06-15${'&a=1'.repeat(5000)}`,
    });
    assert.equal((await errorOf(flood)).code, 'MalformedInput');

    const binary = await fetch(`${running.url}/`, {
      method: 'POST',
      headers,
      body: new Uint8Array([0x41, 0xff, 0xfe]),
    });
    assert.equal((await errorOf(binary)).code, 'MalformedInput');
  });

  test('treats a GET with a query like a POST', async () => {
    const answer = await errorOf(
      await fetch(`${running.url}/?Action=AssumeRoleWithSAML&Version=2011-06-15`),
    );
    assert.equal(answer.code, 'ValidationError');
    assert.match(answer.message ?? '', /^3 validation errors detected/);
  });

  test('sends the request id in header and body, as text/xml', async () => {
    const answer = await call(running.url, { Action: 'AssumeRoleWithSAML' });
    const id = answer.headers.get('x-amzn-requestid')!;
    const text = await answer.text();

    assert.equal(answer.headers.get('content-type'), 'text/xml');
    assert.ok(answer.headers.get('x-amz-sts-extended-request-id'));
    assert.equal(text.includes(`  <RequestId>${id}</RequestId>\n</ErrorResponse>\n`), true);
    assert.ok(
      text.startsWith(
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n  <Error>\n    <Type>Sender</Type>\n',
      ),
    );
    assert.equal(running.events.at(-1)?.requestId, id);
  });
});
