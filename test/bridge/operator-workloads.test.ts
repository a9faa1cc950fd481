import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import {
  createOperatorWorkloads,
  type OperatorWorkloads,
  unknownWorkload,
} from '../../src/bridge/operator-workloads.ts';
import { createRecorder } from '../../src/bridge/recorder.ts';
import { namedWorkload } from '../../src/core/audit-event.ts';
import { BridgeError } from '../../src/core/errors.ts';
import type { AuditSink, Store } from '../../src/core/ports.ts';
import { systemSecrets } from '../../src/secrets.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { NOW, type OpenStore } from '../contracts/store-samples.ts';
import { API, tokenOf, WEB } from '../contracts/workloads.ts';

const clock = { now: () => NOW };
const ORIGIN = { correlationId: 'c', address: 'local' };
const FULL: AuditSink = {
  record: () => Promise.reject(new BridgeError('unavailable', 'the disk is full')),
};
const ROOT = { by: 'root', reason: 'a stolen runner' };

function operatorOf(store: Store, audit: AuditSink = store.audit): OperatorWorkloads {
  const recorder = createRecorder({ audit, clock });
  return createOperatorWorkloads({ ...store, recorder, clock, secrets: systemSecrets });
}

async function opened(t: TestContext): Promise<OpenStore> {
  const store = await openSqliteStore({ file: ':memory:', secret: randomBytes(32) });
  t.after(() => store.close());
  return store;
}

describe('workloads of an operator', () => {
  it('are named by entry and subject as the bridge names them', async t => {
    const operator = operatorOf(await opened(t));
    assert.deepEqual(operator.of(API), namedWorkload(API));
    assert.notEqual(operator.of(API).workload, operator.of(WEB).workload);
  });

  it('are found by their id while they have a token or a block', async t => {
    const store = await opened(t);
    const operator = operatorOf(store);
    assert.equal(await operator.find(API.id), undefined);
    await store.workloadTokens.create('rbw_1', tokenOf(API), 1);
    await operator.block(namedWorkload(WEB), ROOT, ORIGIN);
    assert.deepEqual(await operator.find(API.id), namedWorkload(API));
    assert.deepEqual(await operator.find(WEB.id), namedWorkload(WEB));
    await operator.unblock(namedWorkload(WEB), {}, ORIGIN);
    assert.equal(await operator.find(WEB.id), undefined);
    assert.deepEqual(unknownWorkload(WEB.id), {
      workload: WEB.id,
      entry: 'github',
      subject: WEB.id,
    });
  });

  it('are blocked with the tokens that end, and unblocked, each with one event', async t => {
    const store = await opened(t);
    const operator = operatorOf(store);
    const [one, other] = [tokenOf(API), tokenOf(WEB)];
    await store.workloadTokens.create('rbw_1', one, 2);
    await store.workloadTokens.create('rbw_2', other, 2);

    const blocked = await operator.block(namedWorkload(API), ROOT, ORIGIN);

    assert.deepEqual(blocked, { isNew: true, ended: [one.summary] });
    assert.deepEqual(await operator.tokens(undefined), [other.summary]);
    assert.equal(await operator.unblock(namedWorkload(API), { reason: 'rebuilt' }, ORIGIN), true);
    assert.equal(await operator.unblock(namedWorkload(API), { reason: 'again' }, ORIGIN), false);
    const workload = namedWorkload(API);
    const stamp = { at: NOW, origin: ORIGIN };
    assert.deepEqual(await store.readAudit({ limit: 10 }), [
      { type: 'workload.unblocked', ...stamp, workload, reason: 'rebuilt' },
      {
        ...{ type: 'workload.blocked', ...stamp, workload, reason: 'a stolen runner' },
        workloadTokens: [one.record.publicId],
      },
    ]);
  });

  it('lose their tokens, one or all, each with its event', async t => {
    const store = await opened(t);
    const operator = operatorOf(store);
    const [one, two, three] = [tokenOf(API), tokenOf(API), tokenOf(API)];
    await store.workloadTokens.create('rbw_1', one, 3);
    await operator.endToken(one.record.publicId, ORIGIN);
    await assert.rejects(operator.endToken(one.record.publicId, ORIGIN), {
      code: 'not_found',
      hint: /sessions --workloads/,
    });
    await store.workloadTokens.create('rbw_2', two, 3);
    await store.workloadTokens.create('rbw_3', three, 3);
    assert.equal((await operator.end(namedWorkload(API), ORIGIN)).length, 2);
    const events = await store.readAudit({ limit: 10 });
    assert.deepEqual(
      events.map(event => event.type === 'workload-token.revoked' && event.workloadToken).sort(),
      [one, two, three].map(({ record }) => record.publicId).sort(),
    );
    for (const event of events) {
      assert.ok(event.type === 'workload-token.revoked' && event.by === 'operator');
      assert.deepEqual(event.workload, namedWorkload(API));
    }
  });
});

describe('blocking a workload while the audit trail is unavailable', () => {
  it('fails, blocks, and records the block when the command is repeated', async t => {
    const store = await opened(t);
    const workload = namedWorkload(API);
    await assert.rejects(operatorOf(store, FULL).block(workload, ROOT, ORIGIN), /the disk is full/);
    assert.equal(await store.workloadBlocks.isBlocked(API.id), true);

    const { isNew } = await operatorOf(store).block(workload, ROOT, ORIGIN);

    assert.equal(isNew, false);
    const types = (await store.readAudit({ limit: 10 })).map(({ type }) => type);
    assert.deepEqual(types, ['workload.blocked']);
  });
});
