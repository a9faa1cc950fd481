import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createProbes } from '../../src/bridge/probes.ts';
import { createRecorder } from '../../src/bridge/recorder.ts';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import { BridgeError } from '../../src/core/errors.ts';
import type { AuditSink, CredentialBroker } from '../../src/core/ports.ts';
import type { Probe } from '../../src/core/probe.ts';
import type { RoleName } from '../../src/core/role.ts';
import { anAccount, anAssertionSubject } from '../support/assertion-subject.ts';

const ORIGIN = { correlationId: 'c', address: 'local' };
const { session, principal } = anAssertionSubject();
const PROBE: Probe = {
  ...{ account: anAccount(), role: 'Admin' as RoleName, rules: ['admins'] },
  ...{ callers: 'users', isByPattern: false, principal, session },
};

function throttled(): BridgeError {
  const aws = { role: anAssertionSubject().role, isAnswered: true, isPassing: true };
  return new BridgeError('aws_unavailable', 'Throttling', { aws });
}

function probes(broker: CredentialBroker, keep: AuditSink['record']) {
  const pauses: number[] = [];
  const clock = { now: () => 0 };
  const recorder = createRecorder({ audit: { record: keep }, clock });
  const pause = async (milliseconds: number): Promise<void> => {
    pauses.push(milliseconds);
  };
  return { pauses, run: () => createProbes({ broker, recorder, clock, pause }).run(PROBE, ORIGIN) };
}

describe('a probe', () => {
  it('waits longer each time that STS throttles, and records one refusal', async () => {
    let calls = 0;
    const events: AuditEvent[] = [];
    const broker: CredentialBroker = {
      assume: async () => {
        calls += 1;
        throw throttled();
      },
    };
    const { run, pauses } = probes(broker, async event => {
      events.push(event);
    });
    const outcome = await run();
    assert.equal(outcome.kind, 'refused');
    assert.equal(calls, pauses.length + 1);
    assert.deepEqual(
      pauses,
      pauses.toSorted((a, b) => a - b),
    );
    assert.deepEqual(
      events.map(({ type }) => type),
      ['role.probe-refused'],
    );
  });

  it('ends with the fault of the audit trail, which is no refusal of AWS', async () => {
    const broker: CredentialBroker = {
      assume: async () => {
        throw new BridgeError('aws_refused', 'denied');
      },
    };
    const { run } = probes(broker, async () => {
      throw new BridgeError('unavailable', 'the store takes no writes');
    });
    await assert.rejects(run(), { code: 'unavailable' });
  });
});
