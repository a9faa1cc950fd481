import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { createAuditTrail } from '../../src/audit/audit-trail.ts';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { ConnectorId, PersonId } from '../../src/core/identity.ts';
import type { AccountId, RoleName, RoleSessionName } from '../../src/core/role.ts';
import type { WorkloadEntryId, WorkloadId } from '../../src/core/workload.ts';
import { createLog } from '../../src/log.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';

const AT = Date.UTC(2026, 10, 20, 9, 0, 0);
const ORIGIN = { correlationId: 'c-1', address: '192.0.2.7', userAgent: 'curl/8' };
const ALICE = {
  person: 'k3jx2q7d5vbn4mza' as PersonId,
  connector: 'okta' as ConnectorId,
  username: 'alice',
};
const ISSUED: AuditEvent = {
  type: 'credentials.issued',
  at: AT,
  origin: ORIGIN,
  actor: ALICE,
  account: '111122223333' as AccountId,
  accountName: 'prod',
  role: 'Admin' as RoleName,
  rule: 'access[0]',
  group: 'aws-admins',
  sessionName: 'alice-k3jx2q7d5vbn4mza' as RoleSessionName,
  accessKeyId: 'ASIAEXAMPLE',
  stsRequestId: 'r-1',
  expiresAt: AT + 3_600_000,
  durationSeconds: 3600,
};
const REFUSED: AuditEvent = {
  type: 'sign-in.refused',
  at: AT,
  origin: ORIGIN,
  connector: 'okta',
  code: 'idp_refused',
  why: 'Status',
};
const DOOR: AuditEvent = {
  ...{ type: 'request.refused', at: AT, origin: ORIGIN, method: 'POST', path: '/console' },
  ...{ code: 'cross_site_request', why: 'Origin' },
};
const DENIED: AuditEvent = {
  ...{
    type: 'access.refused',
    at: AT,
    origin: ORIGIN,
    actor: ALICE,
    purpose: 'credentials',
    account: 'prod',
    role: 'Admin',
  },
  ...{ code: 'access_denied', why: 'no rule' },
};

const PIPELINE = {
  workload: 'github-k3jx2q7d5vbn4mza@workload' as WorkloadId,
  entry: 'github' as WorkloadEntryId,
  subject: 'repo:acme/api:ref:refs/heads/main',
};
const STRANGER = {
  ...PIPELINE,
  workload: 'github-x5mq2vtr7ndk3wba@workload' as WorkloadId,
  subject: 'repo:mallory/api:ref:refs/heads/main',
};
const WORKLOAD_DENIED: AuditEvent = {
  ...{ type: 'workload.refused', at: AT, origin: ORIGIN, workload: PIPELINE },
  ...{ code: 'workload_role_denied', why: 'no rule' },
};

const inMemory = () => openSqliteStore({ file: ':memory:', secret: randomBytes(32) });

function capturedLog() {
  const lines: string[] = [];
  const log = createLog({ level: 'info', destination: { write: line => void lines.push(line) } });
  return {
    log,
    lines,
    parsed: () => lines.map(line => JSON.parse(line) as Record<string, unknown>),
  };
}

test('an event is kept by the store and becomes one flat line in the log', async t => {
  const store = await inMemory();
  t.after(() => store.close());
  const { log, parsed } = capturedLog();
  await createAuditTrail({ sinks: [store.audit], log }).record(ISSUED);
  assert.deepEqual(await store.readAudit({ limit: 10 }), [ISSUED]);

  const [{ time: _, ...line } = {}, ...others] = parsed();
  const { actor, origin, type, ...own } = ISSUED;
  assert.deepEqual(others, []);
  assert.deepEqual(line, {
    level: 'info',
    audit: true,
    kept: true,
    ...own,
    ...actor,
    ...origin,
    at: '2026-11-20T09:00:00.000Z',
    expiresAt: '2026-11-20T10:00:00.000Z',
    msg: type,
  });
});

test('the trail is in the log also where the operator reads warnings only', async () => {
  const lines: string[] = [];
  const log = createLog({ level: 'warn', destination: { write: line => void lines.push(line) } });
  await createAuditTrail({ sinks: [], log }).record(ISSUED);
  assert.equal(lines.length, 1);
});

const MINUTE = 60_000;
type LeftOut = Extract<AuditEvent, { type: 'events.left-out' }>;

async function floodedTrail(t: TestContext) {
  const store = await inMemory();
  const { log, parsed } = capturedLog();
  const trail = createAuditTrail({ sinks: [store.audit], log });
  t.after(async () => {
    await trail.close();
    await store.close();
  });
  const kept = async () => (await store.readAudit({ limit: 10_000 })).toReversed();
  return {
    ...{ trail, kept, parsed, store },
    flood: async (event: AuditEvent, times: number) => {
      for (let count = 0; count < times; count++) await trail.record(event);
    },
    leftOut: async () =>
      (await kept()).filter((event): event is LeftOut => event.type === 'events.left-out'),
  };
}

const from = (address: string, event: AuditEvent = REFUSED): AuditEvent => ({
  ...event,
  origin: { ...ORIGIN, address },
});

test('a flood from one address goes to the log, and hides neither other addresses nor users', async t => {
  const { trail, flood, kept, parsed } = await floodedTrail(t);
  await flood(from('203.0.113.66'), 1005);
  await trail.record(from('198.51.100.7'));
  await trail.record(from('203.0.113.67'));
  await trail.record(ISSUED);
  assert.deepEqual((await kept()).slice(-3), [from('198.51.100.7'), from('203.0.113.67'), ISSUED]);
  assert.equal((await kept()).length, 103);
  assert.equal(parsed().filter(line => line.kept === false).length, 905);
});

test('a row says how many events were left out, by type and by address, from when to when', async t => {
  const { trail, flood, leftOut, parsed } = await floodedTrail(t);
  await flood({ ...from('203.0.113.66'), at: AT + 1000 }, 110);
  await flood({ ...from('2001:db8:1:200::1', DOOR), at: AT + 2000 }, 103);
  await flood({ ...from('2001:db8:1:2ff::2', DOOR), at: AT + 3000 }, 1);
  assert.deepEqual(await leftOut(), []);

  await trail.record({ ...REFUSED, at: AT + 1000 + MINUTE });
  const [told, ...others] = await leftOut();
  assert.deepEqual(others, []);

  const { origin, ...event } = told!;
  assert.deepEqual(event, {
    ...{ type: 'events.left-out', at: AT + 3000, from: AT + 1000, to: AT + 3000, count: 14 },
    byType: { 'sign-in.refused': 10, 'request.refused': 4 },
    byAddress: [
      { address: '203.0.113.66', count: 10 },
      { address: '2001:db8:1:200::/56', count: 4 },
    ],
  });
  assert.equal(origin.address, 'local');

  const line = parsed().find(({ msg }) => msg === 'events.left-out');
  assert.deepEqual(
    [line?.kept, line?.count, line?.from, line?.to],
    [true, 14, '2026-11-20T09:00:01.000Z', '2026-11-20T09:00:03.000Z'],
  );
});

test('the row is written also when nothing comes after the flood', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { flood, leftOut } = await floodedTrail(t);
  await flood(REFUSED, 101);
  t.mock.timers.tick(MINUTE - 1);
  assert.deepEqual(await leftOut(), []);

  t.mock.timers.tick(1);
  await new Promise(resolve => setImmediate(resolve));
  assert.deepEqual(
    (await leftOut()).map(({ count }) => count),
    [1],
  );

  t.mock.timers.tick(10 * MINUTE);
  assert.equal((await leftOut()).length, 1, 'what is told is not told again');
});

test('the row is written when the trail is closed', async t => {
  const { trail, flood, leftOut } = await floodedTrail(t);
  await flood(REFUSED, 107);
  await trail.close();
  await trail.close();
  assert.deepEqual(
    (await leftOut()).map(({ count }) => count),
    [7],
  );
});

test('what the sinks did not take of a row is told with the next one', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const store = await inMemory();
  t.after(() => store.close());
  const { log, parsed } = capturedLog();
  let broken = false;
  const sink = {
    record: (event: AuditEvent) =>
      broken ? Promise.reject(new Error('disk full')) : store.audit.record(event),
  };
  const trail = createAuditTrail({ sinks: [sink], log });
  for (let count = 0; count < 103; count++) await trail.record(REFUSED);
  broken = true;

  for (const minutes of [1, 1]) {
    t.mock.timers.tick(minutes * MINUTE);
    await new Promise(resolve => setImmediate(resolve));
  }
  await assert.rejects(trail.record({ ...ISSUED, at: AT + 2 * MINUTE }), { code: 'unavailable' });
  assert.deepEqual(
    parsed()
      .filter(({ msg }) => msg === 'events.left-out')
      .map(({ kept, count }) => [kept, count]),
    [
      [false, 3],
      [false, 3],
    ],
  );

  broken = false;
  await trail.record({ ...REFUSED, at: AT + 1 });
  await trail.close();
  const told = await store.readAudit({ limit: 10, type: 'events.left-out' });
  assert.deepEqual(
    told.map(event => event.type === 'events.left-out' && [event.count, event.from, event.byType]),
    [[4, AT, { 'sign-in.refused': 4 }]],
  );
});

test('a user who floods the trail is told of by a row of their own, and hides nothing else', async t => {
  const { trail, flood, kept, leftOut } = await floodedTrail(t);
  await flood(DENIED, 130);
  const bob = { ...ALICE, person: 'b3jx2q7d5vbn4mzb' as PersonId, username: 'bob' };
  const others: AuditEvent[] = [
    { ...DENIED, actor: bob },
    { ...DOOR, actor: ALICE },
    REFUSED,
    ISSUED,
  ];

  for (const event of others) await trail.record(event);
  assert.deepEqual((await kept()).slice(-4), others);
  assert.equal((await kept()).length, 104);

  await trail.close();
  const [told, ...more] = await leftOut();
  assert.deepEqual(more, []);
  assert.deepEqual([told?.actor, told?.count, told?.byType], [ALICE, 30, { 'access.refused': 30 }]);
  assert.equal(
    (await kept()).filter(event => 'actor' in event && event.actor?.person === ALICE.person).length,
    103,
  );
});

test('an event of a workload is one flat line, with what an unknown workload said apart', async () => {
  const { log, parsed } = capturedLog();
  const trail = createAuditTrail({ sinks: [], log });
  await trail.record(WORKLOAD_DENIED);
  const { workload: _, ...rest } = WORKLOAD_DENIED as typeof WORKLOAD_DENIED & { workload: object };
  await trail.record({ ...rest, stranger: STRANGER } as AuditEvent);

  const [known, unknown] = parsed().map(({ time: __, ...line }) => line);
  const { origin, type, ...own } = rest;
  const line = {
    ...{ level: 'info', audit: true, kept: true, msg: type },
    ...{ ...own, ...origin, at: '2026-11-20T09:00:00.000Z' },
  };
  assert.deepEqual(known, { ...line, ...PIPELINE });
  assert.deepEqual(unknown, { ...line, stranger: STRANGER });
});

test('a workload that floods the trail is told of by a row of its own, and strangers by one for all', async t => {
  const { trail, flood, kept, leftOut, parsed, store } = await floodedTrail(t);
  await flood(WORKLOAD_DENIED, 130);
  const { workload: _, ...rest } = WORKLOAD_DENIED as typeof WORKLOAD_DENIED & { workload: object };
  await flood({ ...rest, stranger: STRANGER } as AuditEvent, 107);
  const other = { ...WORKLOAD_DENIED, workload: STRANGER } as AuditEvent;
  for (const event of [other, DENIED, ISSUED]) await trail.record(event);
  assert.deepEqual((await kept()).slice(-3), [other, DENIED, ISSUED]);

  await trail.close();
  const told = await leftOut();
  assert.deepEqual(
    told.map(({ workload, actor, count, byType }) => ({ workload, actor, count, byType })),
    [
      { workload: PIPELINE, count: 30 },
      { workload: undefined, count: 7 },
    ].map(row => ({ ...row, actor: undefined, byType: { 'workload.refused': row.count } })),
  );
  const lines = parsed().filter(({ msg }) => msg === 'events.left-out');
  assert.deepEqual(
    lines.map(({ workload, entry, subject }) => [workload, entry, subject]),
    [Object.values(PIPELINE), [undefined, undefined, undefined]],
  );
  // The events of the workload, and the row about it, stay; those of strangers are pruned.
  await store.prune(AT + 1000 * 24 * 60 * MINUTE);
  const ofPipeline = await store.readAudit({ limit: 10_000, principal: PIPELINE.workload });
  assert.equal(ofPipeline.length, 101);
  assert.equal((await kept()).length, 101 + 3);
});

test('a row about a workload that the sinks did not take is told with the next one', async () => {
  const { log } = capturedLog();
  const told: AuditEvent[] = [];
  let broken = false;
  const sink = {
    record: async (event: AuditEvent) => {
      if (event.type !== 'events.left-out') return;
      if (broken) throw new Error('disk full');
      told.push(event);
    },
  };
  const trail = createAuditTrail({ sinks: [sink], log });
  for (let count = 0; count < 103; count++) await trail.record(WORKLOAD_DENIED);
  broken = true;
  await trail.record({ ...ISSUED, at: AT + MINUTE });
  await new Promise(resolve => setImmediate(resolve));
  broken = false;
  await trail.close();
  assert.deepEqual(
    told.map(event => event.type === 'events.left-out' && [event.workload, event.count]),
    [[PIPELINE, 3]],
  );
});

test('what hands out, opens or ends something is kept, however much of it there is', async t => {
  const { flood, kept } = await floodedTrail(t);
  await flood(ISSUED, 2000);
  await flood({ type: 'sign-out', at: AT, origin: ORIGIN, actor: ALICE }, 2000);
  assert.equal((await kept()).length, 4000);
});

test('an event without an actor has a line too', async () => {
  const { log, parsed } = capturedLog();
  await createAuditTrail({ sinks: [], log }).record(REFUSED);
  const [{ time: _, ...line } = {}] = parsed();
  const { origin, type, ...own } = REFUSED;

  assert.deepEqual(line, {
    level: 'info',
    audit: true,
    kept: true,
    ...own,
    ...origin,
    at: '2026-11-20T09:00:00.000Z',
    msg: type,
  });
});

test('an event that one sink did not keep is refused and logged as not kept, and the other sinks have it', async t => {
  const [broken, working] = [await inMemory(), await inMemory()];
  t.after(() => working.close());
  await broken.close();
  const { log, parsed } = capturedLog();

  const trail = createAuditTrail({ sinks: [broken.audit, working.audit], log });
  await assert.rejects(trail.record(ISSUED), {
    name: 'BridgeError',
    code: 'unavailable',
    message: /credentials\.issued was not kept/,
  });
  assert.deepEqual(await working.readAudit({ limit: 10 }), [ISSUED]);

  const lines = parsed();
  assert.equal(lines.length, 1);

  const { level, kept, msg, correlationId, err } = lines[0] as Record<string, unknown> & {
    err: { message: string };
  };
  assert.deepEqual(
    [level, kept, msg, correlationId],
    ['error', false, 'credentials.issued', 'c-1'],
  );
  assert.match(err.message, /is closed/);
});

test('every sink that failed is in the cause', async () => {
  const { log } = capturedLog();
  const failing = (message: string) => ({
    record: () => {
      throw new Error(message);
    },
  });
  const trail = createAuditTrail({ sinks: [failing('first'), failing('second')], log });

  await assert.rejects(trail.record(ISSUED), ({ cause }: { cause: AggregateError }) => {
    assert.deepEqual(
      cause.errors.map(({ message }: Error) => message),
      ['first', 'second'],
    );
    return true;
  });
});

test('no event can forge a line, move the cursor of a terminal or turn the direction of its text', async () => {
  const { log, lines, parsed } = capturedLog();
  const hostile =
    'x\n{"level":"info","msg":"sign-out"}\r\u001b[2J\u009b2J\u007f\u0085\u2028\u2029\u202etxt\u2066\u200f';
  const event: AuditEvent = {
    ...REFUSED,
    connector: hostile,
    why: hostile,
    origin: { ...ORIGIN, userAgent: hostile },
  };
  await createAuditTrail({ sinks: [], log }).record(event);

  await createAuditTrail({ sinks: [], log }).record({
    type: 'sign-in.succeeded',
    at: AT,
    origin: ORIGIN,
    actor: { ...ALICE, username: hostile },
    groupCount: 0,
    methods: [hostile],
    multiFactor: false,
  });
  assert.equal(lines.length, 2);

  for (const line of lines) {
    assert.match(line, /^[^\n]*\n$/);
    assert.doesNotMatch(
      line.trimEnd(),
      // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested.
      /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/,
    );
  }
  assert.match(
    String(parsed()[0]?.why),
    /^x\n\{.*\\u009b2J\\u007f\\u0085\\u2028\\u2029\\u202etxt\\u2066\\u200f$/s,
  );
});
