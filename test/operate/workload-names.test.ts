import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { createOperatorWorkloads } from '../../src/bridge/operator-workloads.ts';
import { createRecorder } from '../../src/bridge/recorder.ts';
import type { NamedWorkload } from '../../src/core/audit-event.ts';
import type { WorkloadEntryId } from '../../src/core/workload.ts';
import { workloadNamed } from '../../src/operate/workload-names.ts';
import { systemSecrets } from '../../src/secrets.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { NOW } from '../contracts/store-samples.ts';
import { API, tokenOf } from '../contracts/workloads.ts';

const entryOf = (id: string, kind: 'issuer' | 'spiffe' | 'aws-iam') => ({
  id: id as WorkloadEntryId,
  kind,
});
const ENTRIES = [entryOf('github', 'issuer'), entryOf('mesh', 'spiffe'), entryOf('aws', 'aws-iam')];
const UNKNOWN_ID = `github-${'a'.repeat(16)}@workload`;
const BUILDER = 'arn:aws:iam::111122223333:role/builder';

async function naming(t: TestContext, entries = ENTRIES) {
  const store = await openSqliteStore({ file: ':memory:', secret: randomBytes(32) });
  t.after(() => store.close());
  const clock = { now: () => NOW };
  const recorder = createRecorder({ audit: store.audit, clock });
  const workloads = createOperatorWorkloads({ ...store, recorder, clock, secrets: systemSecrets });
  const named = (name: string): Promise<NamedWorkload> =>
    workloadNamed({ workloads, entries }, name);
  return { store, named };
}

describe('the name of a workload', () => {
  it('is an entry and a subject, split at the first slash', async t => {
    const { named } = await naming(t);
    for (const [name, entry, subject] of [
      ['github/repo:acme/api:ref:refs/heads/main', 'github', 'repo:acme/api:ref:refs/heads/main'],
      ['mesh/spiffe://prod.example.com/shop', 'mesh', 'spiffe://prod.example.com/shop'],
      [`aws/${BUILDER}`, 'aws', BUILDER],
      ['aws/arn:aws:iam::111122223333:role/teams/build/builder', 'aws', BUILDER],
      ['aws/arn:aws:sts::111122223333:assumed-role/builder/i-0abcdef1234567890', 'aws', BUILDER],
      ['aws/arn:aws-cn:iam::111122223333:role/b', 'aws', 'arn:aws-cn:iam::111122223333:role/b'],
    ] as const) {
      const found = await named(name);
      assert.deepEqual([found.entry, found.subject], [entry, subject], name);
      assert.match(found.workload, new RegExp(`^${entry}-[a-z2-7]{16}@workload$`));
    }
    assert.equal((await named(`github/${API.subject}`)).workload, API.id);
  });

  it('is an id, with the subject of its token', async t => {
    const { store, named } = await naming(t);
    await store.workloadTokens.create('rbw_1', tokenOf(API), 1);
    assert.equal((await named(API.id)).subject, API.subject);
    assert.deepEqual(await named(UNKNOWN_ID), {
      workload: UNKNOWN_ID,
      entry: 'github',
      subject: UNKNOWN_ID,
    });
  });

  it('is an id whose entry was removed, while the workload has a token or a block', async t => {
    const { store, named } = await naming(t, []);
    await assert.rejects(named(API.id), /unknown entry "github" of workloads\. .* has none\./);
    await store.workloadTokens.create('rbw_1', tokenOf(API), 1);
    assert.equal((await named(API.id)).subject, API.subject);
  });

  it('is rejected with what to write', async t => {
    const { named } = await naming(t);
    for (const [name, says] of [
      ['', /"" does not name a workload/],
      [
        'api',
        /"api" does not name a workload\. Use its id from the audit trail .*or ENTRY\/SUBJECT/,
      ],
      [`${UNKNOWN_ID}x`, /does not name a workload/],
      ['github/', /"github\/" has no subject\./],
      ['/repo', /unknown entry "" of workloads/],
      [
        'gitlab/x',
        /unknown entry "gitlab" of workloads\. The configuration has: github, mesh, aws\./,
      ],
      [`gitlab-${'a'.repeat(16)}@workload`, /unknown entry "gitlab" of workloads/],
      ['aws/builder', /"builder" is not the ARN of a role\. .*arn:aws:iam::111122223333:role/],
      ['aws/arn:aws:iam::111122223333:user/alice', /is not the ARN of a role/],
      ['aws/arn:aws:iam::111122223333:role/', /is not the ARN of a role/],
      ['aws/arn:aws:iam::1111:role/builder', /is not the ARN of a role/],
      ['aws/arn:other:iam::111122223333:role/builder', /is not the ARN of a role/],
      ['aws/arn:aws:iam::111122223333:role/builder/', /is not the ARN of a role/],
      ['aws/arn:aws:sts::111122223333:assumed-role/a/b/c', /is not the ARN of a role/],
    ] as const)
      await assert.rejects(named(name), says, name);
  });
});
