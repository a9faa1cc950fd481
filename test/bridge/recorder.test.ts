import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRecorder, type DetailsOfAnyone } from '../../src/bridge/recorder.ts';
import { type AuditEvent, namedWorkload } from '../../src/core/audit-event.ts';
import type { WorkloadRequester } from '../../src/core/requester.ts';
import { NOW } from '../contracts/store-samples.ts';
import { API, WEB } from '../contracts/workloads.ts';

const ORIGIN = { correlationId: 'c', address: '192.0.2.7' };
const REFUSED = {
  type: 'workload.refused',
  ...{ code: 'workload_role_denied', why: 'no rule' },
} as const satisfies DetailsOfAnyone;

function recording() {
  const events: AuditEvent[] = [];
  const audit = { record: async (event: AuditEvent) => void events.push(event) };
  return { events, recorder: createRecorder({ audit, clock: { now: () => NOW } }) };
}

const caller = (isKnown: boolean): WorkloadRequester => ({
  subject: { kind: 'workload', workload: API, isKnown },
  origin: ORIGIN,
});

describe('the recorder', () => {
  it('names a workload that a rule concerns', async () => {
    const { events, recorder } = recording();
    await recorder.record(caller(true), REFUSED);
    assert.deepEqual(events, [
      { ...REFUSED, at: NOW, origin: ORIGIN, workload: namedWorkload(API) },
    ]);
  });

  it('names no other workload: anyone can have a token of a public issuer', async () => {
    const { events, recorder } = recording();
    await recorder.record(caller(false), { ...REFUSED, stranger: namedWorkload(API) });
    assert.deepEqual(events, [
      { ...REFUSED, at: NOW, origin: ORIGIN, stranger: namedWorkload(API) },
    ]);
  });

  it('names the workload of a token in any case', async () => {
    const { events, recorder } = recording();
    const issued = {
      type: 'workload-token.issued',
      ...{ workloadToken: 't', roles: [], roleCount: 0, expiresAt: NOW },
    } as const;
    await recorder.record(caller(false), issued);
    assert.deepEqual(events, [
      { ...issued, at: NOW, origin: ORIGIN, workload: namedWorkload(API) },
    ]);
  });

  it('keeps the workload that an event is about, and the subject of an event is capped', async () => {
    const { events, recorder } = recording();
    const long = { ...WEB, subject: `repo:\u001b[2J${'é'.repeat(1000)}` };
    await recorder.record(caller(true), { ...REFUSED, workload: namedWorkload(long) });
    const [event] = events;
    assert.ok(event?.type === 'workload.refused');
    assert.equal(event.workload?.workload, WEB.id);
    assert.equal(event.workload?.subject, `repo:?[2J${'?'.repeat(512 - 9)}`);
  });

  it('undoes what an event would record when the event is not kept', async () => {
    const audit = { record: () => Promise.reject(new Error('disk full')) };
    const recorder = createRecorder({ audit, clock: { now: () => NOW } });
    let undone = 0;
    await assert.rejects(
      recorder.recordOrUndo(caller(true), REFUSED, async () => void undone++),
      /disk full/,
    );
    assert.equal(undone, 1);
  });
});
