import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { type Receiver, startWebhookReceiver, type Webhook } from '../support/webhook-receivers.ts';

/** Ends of the process, each at a later step of its work than the one before, round after round. */
const KILLS = 50;
const PROGRAM = join(import.meta.dirname, 'notifying-bridge.ts');
const SECRET = Buffer.alloc(32, 7);
const WEBHOOK_SECRET = `whsec_${randomBytes(32).toString('base64')}`;

interface Run {
  readonly file: string;
  readonly receivers: readonly Receiver<Webhook>[];
  /** Which elevation it makes; 0: none. */
  readonly made: number;
  /** The step at which it kills itself; 0: the caller ends it. */
  readonly step: number;
}

function start({ file, receivers, made, step }: Run) {
  const urls = receivers.map(({ url }) => url);
  const input = [file, ...urls, WEBHOOK_SECRET, String(made), String(step)];
  return spawn(process.execPath, [PROGRAM, ...input], { stdio: ['pipe', 'ignore', 'ignore'] });
}

/** What was told of each elevation, the first time that each event was. */
function story({ taken }: Receiver<Webhook>): ReadonlyMap<string, readonly string[]> {
  const told = new Map<string, string[]>();
  for (const { body } of taken) {
    const { id } = body.data as { readonly id: string };
    const known = told.get(id) ?? [];
    if (!known.includes(body.type)) known.push(body.type);
    told.set(id, known);
  }
  return told;
}

test('every notification arrives, in order and without contradiction, over 50 kills at every step', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'rolebridge-kills-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'store.db');
  const receivers = await Promise.all([0, 1].map(() => startWebhookReceiver([WEBHOOK_SECRET])));
  t.after(() => Promise.all(receivers.map(receiver => receiver.close())));
  const [alive, hanging] = receivers;
  hanging!.manner = () => 'hang';

  const ends = new Set<string>();
  for (let kill = 1; kill <= KILLS; kill++) {
    const child = start({ file, receivers, made: kill, step: kill });
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    ends.add(String(signal));
  }
  assert.deepEqual(ends, new Set(['SIGKILL']), 'each run reached its step');
  const heardMeanwhile = story(alive!).size;
  assert.ok(heardMeanwhile > KILLS / 2, `the target that answers heard of ${heardMeanwhile}`);
  assert.equal(hanging!.taken.length, 0);

  const owed = await recordedEvents(file);
  // How far a run comes by its step depends on what the worker does at the same time.
  assert.ok(owed.size > KILLS / 2, `${owed.size} elevations were recorded`);
  hanging!.manner = () => ({ status: 200 });
  const last = start({ file, receivers, made: 0, step: 0 });
  const end = performance.now() + 60_000;
  const isTold = (): boolean => receivers.every(one => hasHeard(one, owed));
  while (!isTold() && performance.now() < end) await wait(50);
  last.stdin.end();
  await once(last, 'exit');

  for (const receiver of receivers) {
    assert.deepEqual(receiver.faults, []);
    const told = story(receiver);
    for (const [id, events] of owed) assert.deepEqual(told.get(id), events, id);
    assert.deepEqual([...told.keys()].sort(), [...owed.keys()].sort(), 'nothing else was told');
    const texts = new Map<string, string>();
    for (const { id, text } of receiver.taken) {
      assert.equal(text, texts.get(id) ?? text, 'a repetition says the same');
      texts.set(id, text);
    }
  }
});

function hasHeard(receiver: Receiver<Webhook>, owed: ReadonlyMap<string, readonly string[]>) {
  const told = story(receiver);
  return [...owed].every(([id, events]) => told.get(id)?.length === events.length);
}

/** The types of the events that are in the trail, by elevation. */
async function recordedEvents(file: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const store = await openSqliteStore({ file, secret: SECRET });
  const owed = new Map<string, readonly string[]>();
  for (let made = 1; made <= KILLS; made++) {
    const elevation = await store.elevations.find(`e${String(made).padStart(19, '0')}`);
    const events = elevation?.events.slice(0, elevation.recorded) ?? [];
    if (events.length > 0)
      owed.set(
        elevation!.id,
        events.map(({ type }) => `elevation.${type}`),
      );
  }
  await store.close();
  return owed;
}
