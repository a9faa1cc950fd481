import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type ArchivingParts, archiveTrail } from '../../src/audit/archiving.ts';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import { lineOf } from '../../src/core/audit-line.ts';
import { BridgeError } from '../../src/core/errors.ts';
import type { AuditSink } from '../../src/core/ports.ts';
import { DAY, type Instant } from '../../src/core/time.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { EVENTS, NOW, type OpenStore, SECRET } from '../contracts/store-samples.ts';
import { type HandTurnedClock, handTurnedClock } from '../support/clock.ts';

const DAY_MS = DAY * 1000;
const RETENTION = 30 * DAY;
/** A moment that is older than the retention. */
const OLD = NOW - 40 * DAY_MS;
const SIGN_OUT = EVENTS.find(({ type }) => type === 'sign-out')!;
const eventAt = (at: Instant): AuditEvent => ({ ...SIGN_OUT, at });

interface Bench {
  readonly store: OpenStore;
  readonly clock: HandTurnedClock;
  readonly directory: string;
  /** Archives as the bridge does; changes replace its parts. */
  archive(change?: Partial<ArchivingParts>, signal?: AbortSignal): Promise<void>;
  /** The texts of all archives, as `zcat *.jsonl.gz` prints them. */
  archived(): Promise<readonly string[]>;
  /** Events that are still in the database, oldest first, without those about archives. */
  left(): Promise<readonly AuditEvent[]>;
}

async function openBench(t: TestContext): Promise<Bench> {
  const home = await mkdtemp(join(tmpdir(), 'rolebridge-archive-'));
  t.after(() => rm(home, { recursive: true, force: true }));
  const store = await openSqliteStore({ file: join(home, 'rolebridge.db'), secret: SECRET });
  t.after(() => store.close());
  const clock = handTurnedClock(NOW);
  const directory = join(home, 'archive');
  return {
    ...{ store, clock, directory },
    archive: (change = {}, signal = new AbortController().signal) =>
      archiveTrail(
        {
          ...{ trail: store.trail, audit: store.audit, clock, directory },
          ...{ retentionSeconds: RETENTION, holder: 'one', onArchived: () => {} },
          rest: async () => {},
          ...change,
        },
        signal,
      ),
    archived: async () => {
      const names = (await readdir(directory)).filter(name => name.endsWith('.gz')).sort();
      const texts = await Promise.all(names.map(name => readFile(join(directory, name))));
      return texts.flatMap(bytes => gunzipSync(bytes).toString().split('\n').slice(0, -1));
    },
    left: async () =>
      (await store.readAudit({ limit: 10_000 }))
        .filter(({ type }) => type !== 'events.archived')
        .toReversed(),
  };
}

async function recordAll(store: OpenStore, events: readonly AuditEvent[]): Promise<void> {
  for (const event of events) await store.audit.record(event);
}

/** A trail that fails at the event about an archive. */
const failing: AuditSink = {
  record: async () => {
    throw new BridgeError('unavailable', 'the sink is down');
  },
};

describe('the archive of the audit trail', () => {
  it('takes what is older than the retention, and the database keeps the rest', async t => {
    const { store, archive, archived, left, directory } = await openBench(t);
    const old = [eventAt(OLD), ...EVENTS.slice(1).map(event => ({ ...event, at: OLD + 1 }))];
    const recent = [eventAt(NOW - 29 * DAY_MS), eventAt(NOW)];
    await recordAll(store, [...old, ...recent]);

    await archive();

    assert.deepEqual(await archived(), old.map(lineOf), 'the lines of an export');
    assert.deepEqual(await left(), recent);
    const [file, sum, ...more] = (await readdir(directory)).sort();
    assert.equal(file, `audit_000000000001-00000000000${old.length}_2026-10-11.jsonl.gz`);
    assert.deepEqual([sum, more], [`${file}.sha256`, []]);
    for (const name of [file!, sum!])
      assert.equal((await stat(join(directory, name))).mode & 0o777, 0o600, name);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    const sha256 = createHash('sha256')
      .update(await readFile(join(directory, file!)))
      .digest('hex');
    assert.equal(await readFile(join(directory, sum!), 'utf8'), `${sha256}  ${file}\n`);

    const told = await store.readAudit({ limit: 10, type: 'events.archived' });
    assert.deepEqual(
      told.map(({ origin: _, ...event }) => event),
      [
        {
          ...{ type: 'events.archived', at: NOW, from: OLD, to: OLD + 1, count: old.length },
          ...{ file, sha256 },
        },
      ],
    );
  });

  it('takes whole days: nothing of a day that has just begun to be old', async t => {
    const { store, clock, archive, archived, left } = await openBench(t);
    const midnight = NOW - (NOW % DAY_MS) - 30 * DAY_MS;
    await recordAll(store, [midnight - 1, midnight, midnight + 1].map(eventAt));

    await archive();
    assert.deepEqual(await archived(), [lineOf(eventAt(midnight - 1))]);
    assert.deepEqual(await left(), [eventAt(midnight), eventAt(midnight + 1)]);

    clock.turn(DAY);
    await archive();
    assert.deepEqual(
      await archived(),
      [midnight - 1, midnight, midnight + 1].map(at => lineOf(eventAt(at))),
    );
  });

  it('takes an event with a time in the future along with its neighbours', async t => {
    const { store, archive, archived, left } = await openBench(t);
    const old = [eventAt(OLD), eventAt(NOW + 1000 * DAY_MS), eventAt(OLD + 1)];
    await recordAll(store, [...old, eventAt(NOW)]);
    await archive();
    assert.deepEqual(await archived(), old.map(lineOf));
    assert.deepEqual(await left(), [eventAt(NOW)]);
  });

  it('makes no file while nothing is old', async t => {
    const { store, archive, directory } = await openBench(t);
    await archive();
    await recordAll(store, [eventAt(NOW)]);
    await archive();
    await assert.rejects(readdir(directory), { code: 'ENOENT' });
  });

  const unusable: Readonly<Record<string, [(directory: string) => Promise<unknown>, RegExp]>> = {
    'whose parent is missing, as a disk that is not mounted': [
      directory => rm(join(directory, '..', 'mount'), { recursive: true, force: true }),
      /mount does not exist or cannot be written; make it, mount its disk/,
    ],
    'in whose place is a file': [
      async directory => {
        await mkdir(join(directory, '..'));
        await writeFile(directory, '');
      },
      /archive is not a directory; move it away/,
    ],
    'to which every user can write': [
      async directory => {
        await mkdir(directory, { recursive: true });
        await chmod(directory, 0o777);
      },
      /every user can write to .*archive; run chmod o-w /,
    ],
  };
  for (const [what, [spoil, why]] of Object.entries(unusable)) {
    it(`removes nothing with a directory ${what}, and says what to do`, async t => {
      const { store, archive, left, directory: home } = await openBench(t);
      const directory = join(home, '..', 'mount', 'archive');
      await spoil(directory);
      await recordAll(store, [eventAt(OLD)]);
      await assert.rejects(archive({ directory }), why);
      assert.deepEqual(await left(), [eventAt(OLD)]);
      assert.deepEqual(await store.readAudit({ limit: 9, type: 'events.archived' }), []);
    });
  }

  it('removes nothing while its own event cannot be recorded', async t => {
    const { store, archive, left } = await openBench(t);
    await recordAll(store, [eventAt(OLD)]);
    await assert.rejects(archive({ audit: failing }), /the sink is down/);
    assert.deepEqual(await left(), [eventAt(OLD)]);
    assert.equal(await store.trail.archived(), undefined);
  });

  it('goes on with the file that a stopped process left, and has no event twice', async t => {
    const { store, clock, archive, archived, left } = await openBench(t);
    const first = [eventAt(OLD), eventAt(OLD + 1)];
    await recordAll(store, first);
    await assert.rejects(archive({ audit: failing }));
    const later = [eventAt(NOW), eventAt(NOW + 1)];
    await recordAll(store, later);

    clock.turn(40 * DAY);
    await archive();

    assert.deepEqual(await archived(), [...first, ...later].map(lineOf));
    assert.deepEqual(await left(), []);
  });

  it('removes what an archive has that a stopped process did not remove', async t => {
    const { store, archive, left } = await openBench(t);
    await recordAll(store, [eventAt(OLD), eventAt(NOW)]);
    const stopping = new AbortController();
    await archive({ onArchived: () => stopping.abort() }, stopping.signal);
    assert.equal((await left()).length, 2, 'it stopped before the removal');

    await archive();
    assert.deepEqual(await left(), [eventAt(NOW)]);
  });

  for (const [what, content] of [
    ['other events', gzipSync('{"msg":"of another database"}\n')],
    ['half of a file', gzipSync('x'.repeat(5000)).subarray(0, 20)],
  ] as const) {
    it(`neither replaces nor trusts a file with ${what} in the place of an archive`, async t => {
      const { store, archive, left, directory } = await openBench(t);
      await recordAll(store, [eventAt(OLD)]);
      await mkdir(directory);
      const file = join(directory, 'audit_000000000001-000000000001_2026-10-11.jsonl.gz');
      await writeFile(file, content);
      await assert.rejects(
        archive(),
        /audit_0.*gz (?:does not contain what|is damaged;).* move it/,
      );
      assert.deepEqual(await readFile(file), content);
      assert.deepEqual(await left(), [eventAt(OLD)]);
      assert.equal((await readdir(directory)).length, 1, 'no draft is left');
    });
  }

  it('leaves no draft and removes nothing when the process stops in between', async t => {
    const { store, archive, archived, left, directory } = await openBench(t);
    const old = Array.from({ length: 450 }, (_, index) => eventAt(OLD + index));
    await recordAll(store, old);
    const stopping = new AbortController();
    await archive({ rest: async () => stopping.abort() }, stopping.signal);
    assert.deepEqual(await readdir(directory), []);
    assert.equal((await left()).length, 450);

    await archive();
    assert.deepEqual(await archived(), old.map(lineOf), 'the next run need not wait for a lease');
  });

  it('has every event once when several instances make it', async t => {
    const { store, archive, archived, left } = await openBench(t);
    const old = Array.from({ length: 900 }, (_, index) => eventAt(OLD + index));
    await recordAll(store, [...old, eventAt(NOW)]);
    await Promise.all(['one', 'two', 'three'].map(holder => archive({ holder })));
    assert.deepEqual(await archived(), old.map(lineOf));
    assert.deepEqual(await left(), [eventAt(NOW)]);
    assert.equal((await store.readAudit({ limit: 9, type: 'events.archived' })).length, 1);
  });
});
