import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { createOperatorSessions } from '../../src/bridge/operator-sessions.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { cliSessionOf, NOW } from '../contracts/store-samples.ts';

describe('an operator who ends one session', () => {
  it('names the user in the trail as the session does', async t => {
    const store = await openSqliteStore({ file: ':memory:', secret: randomBytes(32) });
    t.after(() => store.close());
    const session = cliSessionOf({ username: 'alice' });
    await store.cliSessions.create(session);
    const operator = createOperatorSessions({ ...store, clock: { now: () => NOW } });
    await operator.endSession(session.summary.handle, { correlationId: 'c', address: '127.0.0.1' });
    const [event] = await store.readAudit({ limit: 10 });
    assert.ok(event?.type === 'cli-session.ended' && event.by === 'operator');
    assert.deepEqual(event.actor, { person: session.summary.person, connector: 'okta', username: 'alice' });
  });
});
