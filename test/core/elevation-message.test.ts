import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ElevationEventType } from '../../src/core/elevation.ts';
import { requested, revoked } from '../../src/core/elevation-changes.ts';
import { elevationMessage } from '../../src/core/elevation-message.ts';
import { act, grantedOf, requestOf } from '../contracts/elevation-samples.ts';
import { NOW } from '../contracts/store-samples.ts';
import { eventsOf, hostileEvent, ofEveryType } from '../notify/told-events.ts';

const TITLES: { readonly [T in ElevationEventType]: string } = {
  requested: 'alice.liddell requests Admin in prod',
  approved: 'alice.liddell gets Admin in prod',
  'glass-broken': 'Break-glass: alice.liddell uses Admin in prod',
  denied: 'carol denies the request of alice.liddell for Admin in prod',
  withdrawn: 'alice.liddell withdraws the request for Admin in prod',
  revoked: 'dave ends Admin in prod of alice.liddell',
  'rule-changed': 'Admin in prod of alice.liddell ends: its rule has changed',
  reviewed: 'carol reviewed the break-glass of alice.liddell for Admin in prod',
  'review-overdue': 'The review of the break-glass of alice.liddell for Admin in prod is overdue',
};

test('a message of each type of event names who did what', () => {
  const titles = ofEveryType()
    .filter(({ event }) => !('outstanding' in event && event.outstanding > 0))
    .map(notification => [notification.event.type, elevationMessage(notification).title]);
  assert.deepEqual(Object.fromEntries(titles), TITLES);
});

test('a message says who asks, for which role, for how long, why and from where', () => {
  const request = requestOf({ ticket: 'OPS-1', startsAt: NOW + 3_600_000, reason: 'a repair' });
  const [first] = eventsOf(requested(request, act(request.requester, NOW)));
  assert.deepEqual(elevationMessage(first!), {
    title: 'alice.liddell requests Admin in prod',
    sentences: ['The request waits for approval until 2026-11-21 09:00 UTC.'],
    facts: [
      { label: 'Requester', value: 'Alice Liddell (alice.liddell, okta)' },
      { label: 'Role', value: 'Admin in prod (111122223333)' },
      { label: 'Rule', value: 'prod-on-request' },
      { label: 'Requested for', value: '1 h' },
      { label: 'Not before', value: '2026-11-20 10:00 UTC' },
      { label: 'Reason', value: 'a repair' },
      { label: 'Ticket', value: 'OPS-1' },
      { label: 'From', value: '192.0.2.7' },
    ],
    linkLabel: 'Open the request to decide',
    isUrgent: false,
  });
});

test('a message tells an extension from a request, and an own end from that of another user', () => {
  const request = requestOf({ extends: 'before' });
  const [extension] = eventsOf(requested(request, act(request.requester, NOW)));
  assert.match(elevationMessage(extension!).title, /^alice\.liddell requests more time for Admin/);
  const granted = grantedOf();
  const own = revoked(granted, { ...act(granted.requester, NOW + 1), as: 'requester' });
  assert.equal(
    elevationMessage(eventsOf(own).at(-1)!).title,
    'alice.liddell ends Admin in prod early',
  );
});

test('a message of hostile users is printable, on one line each, and short', () => {
  const { title, sentences, facts } = elevationMessage(hostileEvent());
  assert.ok(title.length <= 300);
  for (const text of [title, ...sentences, ...facts.map(({ value }) => value)]) {
    assert.doesNotMatch(text, /\p{C}/u);
    assert.ok(text.length <= 501, `${text.length} characters`);
  }
});

test('only a break-glass and its overdue review are urgent', () => {
  const urgent = ofEveryType().filter(one => elevationMessage(one).isUrgent);
  assert.deepEqual(
    new Set(urgent.map(({ event }) => event.type)),
    new Set(['glass-broken', 'review-overdue']),
  );
});
