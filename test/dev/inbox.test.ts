import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { createInbox } from '../../src/dev/inbox.ts';
import { useFixture } from '../support/fixture.ts';

/** The vector of Standard Webhooks that docs and receivers use. */
const SECRET = `whsec_${Buffer.from('rolebridge-test-secret-01').toString('base64')}`;
const AT = 1_767_225_600;
const SIGNATURE = '526dc626bf757fd8d3398ed5afce4feefe9c98aca7ffea1afe76e087621013b4';
const VECTOR = `v1,${Buffer.from(SIGNATURE, 'hex').toString('base64')}`;
const BODY = '{"a":1}';

interface Change {
  readonly id?: string;
  readonly at?: string;
  readonly signature?: string | undefined;
  readonly body?: string;
}

function signatureOf(id: string, body: string, at = String(AT)): string {
  const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')}`;
}

describe('the inbox of the demo', () => {
  const inbox = useFixture(
    async () => {
      const { handler, messages } = createInbox({ secret: SECRET, now: () => AT * 1000 });
      const server = createServer(handler);
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/inbox`;
      return { url, messages, server };
    },
    ({ server }) => new Promise(resolve => server.close(() => resolve(undefined))),
  );

  async function post(change: Change = {}): Promise<number> {
    const { id = 'msg_1', at = String(AT), body = BODY } = change;
    const signature = 'signature' in change ? change.signature : signatureOf(id, body, at);
    const response = await fetch(inbox.url, {
      method: 'POST',
      body,
      headers: {
        'webhook-id': id,
        'webhook-timestamp': at,
        connection: 'close',
        ...(signature !== undefined && { 'webhook-signature': signature }),
      },
    });
    await response.text();
    return response.status;
  }

  const page = async (): Promise<string> =>
    (await fetch(inbox.url, { headers: { connection: 'close' } })).text();

  it('says that it is empty', async () => {
    assert.match(await page(), /No message has arrived/);
  });

  it('takes a signed message, and keeps it once however often it arrives', async () => {
    assert.equal(await post({ signature: VECTOR }), 204);
    assert.equal(await post({ signature: `v1,AAAA v1a,AAAA ${VECTOR}` }), 204);
    assert.deepEqual(inbox.messages(), [{ id: 'msg_1', at: AT * 1000, body: { a: 1 } }]);
  });

  it('shows messages with their text escaped', async () => {
    assert.equal(await post({ id: 'msg_2', body: '{"type":"elevation.<b>"}' }), 204);
    const text = await page();
    assert.match(text, /elevation\.&lt;b&gt;/);
    assert.doesNotMatch(text, /<b>/);
  });

  const REJECTED: readonly (readonly [title: string, change: Change, status: number])[] = [
    ['without a signature', { signature: undefined }, 401],
    ['of another message', { id: 'msg_9', signature: VECTOR }, 401],
    ['of another body', { body: '{"a":2}', signature: VECTOR }, 401],
    ['with a signature of another kind', { signature: VECTOR.replace('v1,', 'v1a,') }, 401],
    ['that is too old', { at: String(AT - 301) }, 401],
    ['of the future', { at: String(AT + 301) }, 401],
    ['with a time that is none', { at: '1e9' }, 401],
    ['that is no JSON', { body: 'hello' }, 400],
    ['that is too large', { body: JSON.stringify('x'.repeat(70_000)) }, 413],
  ];
  for (const [title, change, status] of REJECTED) {
    it(`rejects a message ${title}`, async () => {
      const before = inbox.messages();
      assert.equal(await post(change), status);
      assert.deepEqual(inbox.messages(), before);
    });
  }

  it('keeps the newest hundred', async () => {
    for (let number = 0; number < 101; number += 1)
      assert.equal(await post({ id: `more_${number}` }), 204);
    assert.equal(inbox.messages().length, 100);
    assert.equal(inbox.messages()[0]?.id, 'more_100');
    assert.equal(inbox.messages().at(-1)?.id, 'more_1');
  });
});
