import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { createSlackTarget } from '../../src/notify/slack.ts';
import { createWebhookTarget, webhookSignature } from '../../src/notify/webhook.ts';
import { createOutbound } from '../../src/outbound.ts';
import { grantedOf, waitingOf } from '../contracts/elevation-samples.ts';
import { handTurnedClock } from '../support/clock.ts';
import { useFixture } from '../support/fixture.ts';
import {
  type Answer,
  startSlackReceiver,
  startWebhookReceiver,
} from '../support/webhook-receivers.ts';
import { eventsOf, HOSTILE, hostileEvent, ofEveryType, tellEach, urlOf } from './told-events.ts';

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;
const [OLD, NEW] = [newSecret(), newSecret()];

describe('a webhook', () => {
  const outbound = useFixture(
    () => createOutbound({ timeoutSeconds: 0.5, maxBytes: 1000, named: 'origin' }),
    made => made.close(),
  );
  const receiver = useFixture(
    () => startWebhookReceiver([OLD]),
    started => started.close(),
  );
  const target = (secrets = [OLD], clock = handTurnedClock()) =>
    createWebhookTarget({
      ...{ id: 'siem', url: receiver.url, secrets, urlOf, outbound, clock },
    });

  it('is signed as the vector of Standard Webhooks says', () => {
    const key = Buffer.from('cm9sZWJyaWRnZS10ZXN0LXNlY3JldC0wMQ==', 'base64');
    const signed = { id: 'msg_1', timestamp: '1767225600', body: '{"a":1}' };
    assert.equal(webhookSignature(key, signed), 'v1,Um3GJr91f9jTOY7Vr85P7v6cmKyn/+oa/nbgh2IQE7Q=');
  });

  it('tells every type of event in a form that the receiver verifies', async () => {
    const events = ofEveryType();
    const before = receiver.taken.length;
    const outcomes = await tellEach(target(), events);
    assert.ok(outcomes.every(({ kind }) => kind === 'told'));
    assert.deepEqual(
      receiver.taken.slice(before).map(({ body }) => body.type),
      events.map(({ event }) => `elevation.${event.type}`),
    );
  });

  it('has the id, the link and what was asked for, and nothing that changes later', async () => {
    const granted = grantedOf({ ticket: 'OPS-1' });
    await tellEach(target(), eventsOf(granted).slice(0, 1));
    await tellEach(
      target(),
      eventsOf({ ...granted, votes: [], events: granted.events }).slice(0, 1),
    );
    const [first, second] = receiver.taken.slice(-2);

    assert.deepEqual(first, second);
    assert.equal(first!.id, `${granted.id}_1`);
    const { data } = first!.body;
    assert.equal(data.url, urlOf(granted.id));
    assert.deepEqual(Object.keys(data).sort(), [
      ...['account', 'address', 'break_glass', 'by', 'decide_by', 'event', 'id', 'reason'],
      ...['requested_at', 'requested_seconds', 'requester', 'role', 'rule', 'ticket', 'url'],
    ]);
  });

  it('carries two signatures while the secret rotates, either of which is enough', async () => {
    const [telling] = await tellEach(target([NEW, OLD]), eventsOf(waitingOf()));
    assert.deepEqual(telling, { kind: 'told' });
    const [rejected] = await tellEach(target([NEW]), eventsOf(waitingOf()));
    assert.deepEqual(rejected, {
      ...{ kind: 'failed', why: 'answered with status 400: invalid', pauseSeconds: undefined },
    });
  });

  it('repeats nothing of its address that an answer contains', async () => {
    receiver.manner = () => ({
      status: 404,
      body: `Cannot POST ${new URL(receiver.url).pathname}`,
    });
    const [telling] = await tellEach(target(), eventsOf(waitingOf()));
    receiver.manner = () => ({ status: 200 });
    assert.ok(telling?.kind === 'failed');
    assert.match(telling.why, /^answered with status 404: Cannot POST /);
    assert.doesNotMatch(telling.why, /path-secret/);
  });

  it('is signed for the time of each attempt, so that late ones are not stale', async () => {
    const clock = handTurnedClock(Date.now() - 600_000);
    const late = target([OLD], clock);
    const [stale] = await tellEach(late, eventsOf(waitingOf()));
    assert.equal(stale!.kind, 'failed');
    clock.turn(600);
    const [fresh] = await tellEach(late, eventsOf(waitingOf()));
    assert.equal(fresh!.kind, 'told');
  });

  it('contains no control character of hostile text, and not all of it', async () => {
    const before = receiver.faults.length;
    await tellEach(target(), [hostileEvent()]);
    const { text, body } = receiver.taken.at(-1)!;
    assert.equal(receiver.faults.length, before);
    assert.doesNotMatch(JSON.stringify(body), /\p{C}|(?<!\\)\\[unr]/u);
    assert.ok(text.length < 4000, `${text.length} characters`);
  });

  const at = Date.UTC(2026, 10, 30, 5);
  const cases: readonly (readonly [string, Answer, number | undefined])[] = [
    ['500', { status: 500 }, undefined],
    ['429 with seconds', { status: 429, headers: { 'retry-after': '120' } }, 120],
    [
      '503 with a date',
      { status: 503, headers: { 'retry-after': 'Mon, 30 Nov 2026 05:01:30 GMT' } },
      90,
    ],
    ['503 with nonsense', { status: 503, headers: { 'retry-after': '-5 or so' } }, undefined],
    ['410', { status: 410 }, 3600],
    ['a redirect', { status: 302, headers: { location: 'https://evil.example/' } }, undefined],
    ['too much', { status: 200, body: 'x'.repeat(2000) }, undefined],
  ];
  for (const [name, answer, pauseSeconds] of cases)
    it(`that is answered by ${name} has failed, and pauses as it says`, async t => {
      const strict = await startWebhookReceiver([OLD], () => at);
      t.after(() => strict.close());
      strict.manner = () => answer;
      const made = createWebhookTarget({
        ...{ id: 'siem', url: strict.url, secrets: [OLD], urlOf, outbound },
        clock: handTurnedClock(at),
      });
      const [telling] = await tellEach(made, eventsOf(waitingOf()));
      assert.equal(telling!.kind, 'failed');
      assert.equal('pauseSeconds' in telling! ? telling.pauseSeconds : undefined, pauseSeconds);
      assert.ok(!JSON.stringify(telling).includes('path-secret'), JSON.stringify(telling));
    });

  it('to a receiver that hangs ends at the limit, and at once when it is aborted', async () => {
    receiver.manner = () => 'hang';
    const [telling] = await tellEach(target(), eventsOf(waitingOf()));
    assert.equal(telling!.kind, 'failed');
    const aborted = await target().tell(eventsOf(waitingOf())[0]!, AbortSignal.abort());
    assert.equal(aborted.kind, 'failed');
    assert.ok(!JSON.stringify([telling, aborted]).includes('path-secret'));
  });
});

describe('a message in Slack', () => {
  const outbound = useFixture(
    () => createOutbound({ timeoutSeconds: 5, maxBytes: 1000, named: 'origin' }),
    made => made.close(),
  );
  const receiver = useFixture(
    () => startSlackReceiver(() => new URL(urlOf('id')).origin),
    started => started.close(),
  );
  const target = () =>
    createSlackTarget({
      ...{ id: 'ops', url: receiver.url, urlOf, outbound, clock: handTurnedClock() },
    });

  it('keeps to the limits of Slack and has one link, for every type of event', async () => {
    const events = ofEveryType();
    const outcomes = await tellEach(target(), events);
    assert.deepEqual(receiver.faults, []);
    assert.ok(outcomes.every(({ kind }) => kind === 'told'));
    for (const [index, { request }] of events.entries()) {
      const links = JSON.stringify(receiver.taken[index]!.blocks).match(/<[^>]*>/g);
      assert.deepEqual(
        links?.map(link => link.slice(1).split('|')[0]),
        [urlOf(request.id)],
      );
    }
  });

  it('mentions no one and links nowhere else, whatever users write', async () => {
    const [telling] = await tellEach(target(), [hostileEvent()]);
    assert.deepEqual(telling, { kind: 'told' }, receiver.faults.join());
    assert.ok(!JSON.stringify(receiver.taken.at(-1)).includes(HOSTILE));
  });

  it('to a webhook that was removed is not tried again for an hour, and the log says why', async () => {
    receiver.manner = () => ({ status: 404, body: 'no_service' });
    const [telling] = await tellEach(target(), eventsOf(waitingOf()));
    assert.deepEqual(telling, {
      ...{ kind: 'failed', why: 'answered with status 404: no_service', pauseSeconds: 3600 },
    });
  });
});
