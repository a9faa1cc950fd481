import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import { type Workload, type WorkloadEntryId, workloadId } from '../../src/core/workload.ts';
import { openSealingSecret } from '../../src/issuer/sealing-secret.ts';
import { systemSecrets } from '../../src/secrets.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { type MadeToken, tokenOf } from '../contracts/workloads.ts';
import { useWorld } from '../support/world.ts';
import { run } from './server-process.ts';

const ENTRIES = `workloads:
  - id: github
    issuer: https://token.actions.githubusercontent.com
    audience: https://aws.example.com
    access:
      - { claims: { repository_id: "5678" }, accounts: [prod], roles: [Developer] }
  - id: aws
    awsIam: { audience: aws.example.com }
    access:
      - { roleArns: ["arn:aws:iam::111122223333:role/builder"], accounts: [prod], roles: [Developer] }
`;

const workloadOf = (entry: string, subject: string): Workload => {
  const named = { entry: entry as WorkloadEntryId, subject };
  return { ...named, id: workloadId(named, systemSecrets.digest), claims: {} };
};

const SUBJECT = 'repo:acme@1234/api@5678:environment:production';
const API = workloadOf('github', SUBJECT);
const BUILDER = workloadOf('aws', 'arn:aws:iam::111122223333:role/builder');
const AWS_STAYS =
  /Credentials that AWS has already issued stay valid until they expire, at most 12/;

describe('an operator of workloads, beside a bridge that runs', () => {
  const world = useWorld({ configure: yaml => `${yaml}\n${ENTRIES}` });
  let config: string[];
  before(() => {
    config = ['--config', join(world.directory, 'rolebridge.yaml')];
  });
  const command = async (name: string, ...args: string[]) => {
    const outcome = await run(name, ...config, ...args);
    assert.equal(outcome.code, 0, outcome.stderr);
    return outcome;
  };
  const json = async (name: string, ...args: string[]) =>
    JSON.parse((await command(name, ...args, '--json')).stdout);
  /** The real time, by which commands list live tokens. */
  const keep = async (workload: Workload): Promise<MadeToken & { readonly secret: string }> => {
    const made = tokenOf(workload, Date.now());
    const secret = `rbw_${systemSecrets.token()}`;
    const store = await openSqliteStore({
      file: join(world.directory, 'rolebridge.db'),
      secret: await openSealingSecret({ directory: join(world.directory, 'keys'), create: false }),
    });
    assert.equal(await store.workloadTokens.create(secret, made, 1000), 'kept');
    await store.close();
    return { secret, ...made };
  };
  const eventsOf = async <T extends AuditEvent['type']>(type: T) =>
    (await world.audit()).filter(
      (event): event is Extract<AuditEvent, { type: T }> => event.type === type,
    );

  it('sees live tokens, of all workloads or of one, and never the tokens', async () => {
    assert.match(
      (await command('sessions', '--workloads')).stderr,
      /^No workload has a live token\. Workloads that send a proof with each request have none\.$/m,
    );
    const [token, other] = [await keep(API), await keep(BUILDER)];
    const { stdout } = await command('sessions', '--workloads');
    assert.match(
      stdout,
      /^WORKLOAD TOKEN +WORKLOAD +SUBJECT +ROLES +FROM +SINCE +LAST USE +BY +ENDS$/m,
    );
    assert.match(
      stdout,
      new RegExp(`^${token.record.publicId} +${API.id} +${SUBJECT} +1 +192\\.0\\.2\\.1 `, 'm'),
    );
    const listed = await json('sessions', '--workloads', '--workload', BUILDER.id);
    assert.deepEqual(
      listed.map((one: Record<string, unknown>) => [one.workload_token, one.subject, one.entry]),
      [[other.record.publicId, BUILDER.subject, 'aws']],
    );
    assert.ok(!stdout.includes(token.secret));
    assert.match(
      (await command('sessions', '--workloads', '--workload', 'github/repo:none')).stderr,
      /^github-[a-z2-7]{16}@workload \(repo:none\) has no live token\./m,
    );
  });

  it('ends one token, or all of a workload, and says what AWS still accepts', async () => {
    const [one, two] = [await keep(API), await keep(API)];
    const ended = await command('end-sessions', '--workload-token', one.record.publicId);
    assert.match(ended.stdout, new RegExp(`^Ended the token ${one.record.publicId} of ${API.id}`));
    assert.match(ended.stdout, AWS_STAYS);
    const again = await run('end-sessions', ...config, '--workload-token', one.record.publicId);
    assert.deepEqual([again.code, again.stdout], [1, '']);
    assert.match(again.stderr, /unknown workload token\. .*sessions --workloads/);

    const all = await command('end-sessions', '--workload', `github/${SUBJECT}`);
    assert.match(
      all.stdout,
      /ended \d tokens?\. It can exchange another proof\. To stop that, block it\./,
    );
    assert.match(all.stdout, AWS_STAYS);
    assert.deepEqual(await json('sessions', '--workloads', '--workload', API.id), []);
    const revoked = await eventsOf('workload-token.revoked');
    const ids = revoked.map(({ workloadToken }) => workloadToken);
    assert.ok(ids.includes(one.record.publicId) && ids.includes(two.record.publicId));
    assert.deepEqual(new Set(revoked.map(({ by }) => by)), new Set(['operator']));
    assert.equal(revoked[0]?.origin.address, 'local');
  });

  it('blocks a workload by entry and subject, lists it, and unblocks it by its id', async () => {
    const token = await keep(API);
    const blocked = await command(
      ...(['block', '--workload', `github/${SUBJECT}`, '--reason', 'a stolen runner'] as const),
    );
    assert.match(blocked.stdout, /: ended 1 token\. Blocked\.$/m);
    assert.match(blocked.stdout, AWS_STAYS);
    const [event] = await eventsOf('workload.blocked');
    assert.deepEqual(event?.workload, { workload: API.id, entry: 'github', subject: SUBJECT });
    assert.deepEqual(
      [event?.reason, event?.workloadTokens],
      ['a stolen runner', [token.record.publicId]],
    );
    assert.match(String(event?.origin.userAgent), /^rolebridge-server, ./);

    const { stdout, stderr } = await command('sessions', '--blocked');
    assert.match(stdout, /^WORKLOAD +SUBJECT +BLOCKED +BY +REASON$/m);
    assert.match(stdout, new RegExp(`^${API.id} +${SUBJECT} .* a stolen runner$`, 'm'));
    assert.match(stderr, /No user is blocked/);
    const [listed] = await json('sessions', '--blocked');
    assert.deepEqual(
      [listed.workload, listed.blocked.reason, listed.person],
      [API.id, 'a stolen runner', undefined],
    );
    assert.match(
      (await command('sessions')).stderr,
      /Blocked users: 0, workloads: 1\. List them: sessions --blocked/,
    );
    assert.match(
      (await command('block', '--workload', API.id)).stdout,
      /ended 0 tokens\. Was blocked already\./,
    );

    const unblocked = await command('unblock', '--workload', API.id, '--reason', 'rebuilt');
    assert.match(unblocked.stdout, /gets credentials again\. Earlier tokens stay ended\.$/m);
    assert.match(
      (await command('unblock', '--workload', API.id)).stdout,
      new RegExp(`^${API.id}: was not blocked\\.$`, 'm'),
    );
    assert.equal((await eventsOf('workload.unblocked'))[0]?.reason, 'rebuilt');
  });

  it('says what is wrong with a name, and which options do not fit', async () => {
    const { code, stdout, stderr } = await run('block', ...config, '--workload', 'gitlab/x');
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /unknown entry "gitlab" of workloads\. The configuration has: github, aws/,
    );
    assert.doesNotMatch(stderr, /\n\s+at /);
    for (const args of [
      ['--workload', API.id, '--user', 'alice'],
      ['--workload', API.id, '--workload-token', 'x'],
      ['--workloads'],
    ])
      assert.equal((await run('end-sessions', ...config, ...args)).code, 2);
  });
});
