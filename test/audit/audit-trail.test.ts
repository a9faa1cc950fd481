import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createAuditTrail } from '../../src/audit/audit-trail.ts';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { ConnectorId, PersonId } from '../../src/core/identity.ts';
import type { AccountId, RoleName, RoleSessionName } from '../../src/core/role.ts';
import { createLog } from '../../src/log.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';

const AT = Date.UTC(2026, 10, 20, 9, 0, 0);
const ORIGIN = { correlationId: 'c-1', address: '192.0.2.7', userAgent: 'curl/8' };
const ALICE = { person: 'k3jx2q7d5vbn4mza' as PersonId, connector: 'okta' as ConnectorId, username: 'alice' };
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
const REFUSED: AuditEvent = { type: 'sign-in.refused', at: AT, origin: ORIGIN, connector: 'okta', code: 'idp_refused', why: 'Status' };

const inMemory = () => openSqliteStore({ file: ':memory:', secret: randomBytes(32) });

function capturedLog() {
  const lines: string[] = [];
  const log = createLog({ level: 'info', destination: { write: line => void lines.push(line) } });
  return { log, lines, parsed: () => lines.map(line => JSON.parse(line) as Record<string, unknown>) };
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

test('a flood of strangers fills the log and not the trail, and hides nobody who is signed in', async t => {
  const store = await inMemory();
  t.after(() => store.close());
  const { log, parsed } = capturedLog();
  const trail = createAuditTrail({ sinks: [store.audit], log });
  for (let count = 0; count < 1005; count++) await trail.record(REFUSED);
  await trail.record(ISSUED);
  await trail.record({ ...REFUSED, at: AT + 60_000 });
  assert.equal((await store.readAudit({ limit: 10_000 })).length, 1002);
  assert.equal(parsed().filter(({ kept }) => kept === false).length, 5);
});

test('an event without an actor has a line too', async () => {
  const { log, parsed } = capturedLog();
  await createAuditTrail({ sinks: [], log }).record(REFUSED);
  const [{ time: _, ...line } = {}] = parsed();
  const { origin, type, ...own } = REFUSED;
  assert.deepEqual(line, { level: 'info', audit: true, kept: true, ...own, ...origin, at: '2026-11-20T09:00:00.000Z', msg: type });
});

test('an event that one sink did not keep is refused and logged as not kept, and the other sinks have it', async t => {
  const [broken, working] = [await inMemory(), await inMemory()];
  t.after(() => working.close());
  await broken.close();
  const { log, parsed } = capturedLog();
  const trail = createAuditTrail({ sinks: [broken.audit, working.audit], log });
  await assert.rejects(trail.record(ISSUED), { name: 'BridgeError', code: 'unavailable', message: /credentials\.issued was not kept/ });
  assert.deepEqual(await working.readAudit({ limit: 10 }), [ISSUED]);
  const lines = parsed();
  assert.equal(lines.length, 1);
  const { level, kept, msg, correlationId, err } = lines[0] as Record<string, unknown> & { err: { message: string } };
  assert.deepEqual([level, kept, msg, correlationId], ['error', false, 'credentials.issued', 'c-1']);
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
  const hostile = 'x\n{"level":"info","msg":"sign-out"}\r\u001b[2J\u009b2J\u007f\u0085\u2028\u2029\u202etxt\u2066\u200f';
  const event: AuditEvent = { ...REFUSED, connector: hostile, why: hostile, origin: { ...ORIGIN, userAgent: hostile } };
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
    // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested.
    assert.doesNotMatch(line.trimEnd(), /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/);
  }
  assert.match(String(parsed()[0]?.why), /^x\n\{.*\\u009b2J\\u007f\\u0085\\u2028\\u2029\\u202etxt\\u2066\\u200f$/s);
});
