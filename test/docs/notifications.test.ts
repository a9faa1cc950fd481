import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ElevationEventType } from '../../src/core/elevation.ts';
import { elevationMessage } from '../../src/core/elevation-message.ts';
import { webhookSignature } from '../../src/notify/webhook.ts';
import { ofEveryType } from '../notify/told-events.ts';
import { blocksOf, readPage } from './pages.ts';

const page = readPage('notifications.md');

test('the page lists every type of event that is told', () => {
  const listed = [...page.matchAll(/^\| `elevation\.([a-z-]+)` \|/gm)].map(([, type]) => type);
  const told: readonly ElevationEventType[] = ofEveryType()
    .filter(one => elevationMessage(one).title !== '')
    .map(({ event }) => event.type);
  assert.deepEqual(listed.sort(), [...new Set(told)].sort());
});

test('the example of the page verifies webhooks of the bridge, and rejects others', async () => {
  const code = blocksOf(page).find(({ info }) => info === 'js')!.text;
  const { isGenuine } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
    isGenuine(headers: Record<string, string>, body: string, secret: string): boolean;
  };
  const [secret, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const named = (key: Buffer): string => `whsec_${key.toString('base64')}`;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const body = '{"type":"elevation.requested"}';
  const signed = { id: 'e1_1', timestamp, body };
  const headers = {
    ...{ 'webhook-id': 'e1_1', 'webhook-timestamp': timestamp },
    'webhook-signature': [other, secret].map(key => webhookSignature(key, signed)).join(' '),
  };
  assert.equal(isGenuine(headers, body, named(secret)), true);
  assert.equal(isGenuine(headers, `${body} `, named(secret)), false);
  assert.equal(isGenuine({ ...headers, 'webhook-id': 'e1_2' }, body, named(secret)), false);
  assert.equal(isGenuine(headers, body, named(Buffer.alloc(32, 3))), false);
  const stale = String(Number(timestamp) - 301);
  const old = webhookSignature(secret, { ...signed, timestamp: stale });
  assert.equal(
    isGenuine(
      { ...headers, 'webhook-timestamp': stale, 'webhook-signature': old },
      body,
      named(secret),
    ),
    false,
  );
});
