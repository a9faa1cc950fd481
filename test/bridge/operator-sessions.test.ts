import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  createOperatorSessions,
  type OperatorSessions,
  strangerOf,
} from '../../src/bridge/operator-sessions.ts';
import { createRecorder } from '../../src/bridge/recorder.ts';
import { BridgeError } from '../../src/core/errors.ts';
import type { PersonId } from '../../src/core/identity.ts';
import type { AuditSink, Store } from '../../src/core/ports.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { cliSessionOf, NOW } from '../contracts/store-samples.ts';

const clock = { now: () => NOW };

function operatorSessionsOf(store: Store, audit: AuditSink): OperatorSessions {
  const recorder = createRecorder({ audit, clock });
  return createOperatorSessions({ ...store, audit, recorder, clock, idleSeconds: 3600 });
}

describe('an operator who ends one session', () => {
  it('records the user as the session names them', async t => {
    const store = await openSqliteStore({ file: ':memory:', secret: randomBytes(32) });
    t.after(() => store.close());
    const session = cliSessionOf({ username: 'alice' });
    await store.cliSessions.create(session);
    const operator = operatorSessionsOf(store, store.audit);
    await operator.endSession(session.summary.publicId, {
      correlationId: 'c',
      address: '127.0.0.1',
    });

    const [event] = await store.readAudit({ limit: 10 });

    assert.ok(event?.type === 'cli-session.ended' && event.by === 'operator');
    assert.deepEqual(event.actor, {
      person: session.summary.person,
      connector: 'okta',
      username: 'alice',
    });
  });
});

describe('blocking a user while the audit trail is unavailable', () => {
  it('fails, and records the block when the command is repeated', async t => {
    const store = await openSqliteStore({ file: ':memory:', secret: randomBytes(32) });
    t.after(() => store.close());
    const [person, origin] = [
      strangerOf('b'.repeat(16) as PersonId),
      { correlationId: 'c', address: '127.0.0.1' },
    ];

    const full = {
      record: () => Promise.reject(new BridgeError('unavailable', 'the disk is full')),
    };
    await assert.rejects(
      operatorSessionsOf(store, full).block(person, { by: 'root' }, origin),
      /the disk is full/,
    );

    const repeated = await operatorSessionsOf(store, store.audit).block(
      person,
      { by: 'root' },
      origin,
    );
    assert.equal(repeated.isNew, false);

    const recorded = await store.readAudit({ type: 'person.blocked', limit: 10 });
    assert.equal(recorded.length, 1);
  });
});
