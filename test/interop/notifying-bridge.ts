/**
 * A program that changes elevations in a SQLite file, tells two receivers of them, and kills itself
 * at a step: before or after a call of the store or of a receiver.
 *
 * Arguments: file, two URLs of receivers, secret of webhooks, number of the elevation to make (0:
 * none), and the step (0: it runs until its input ends).
 */
import { createNotifications } from '../../src/bridge/notifications.ts';
import { withdrawn } from '../../src/core/elevation-changes.ts';
import type { Notices, NotificationTarget } from '../../src/core/ports.ts';
import { createWebhookTarget } from '../../src/notify/webhook.ts';
import { createOutbound } from '../../src/outbound.ts';
import { systemSecrets } from '../../src/secrets.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { ALICE, act, waitingOf } from '../contracts/elevation-samples.ts';

const [file, first, second, secret, made, step] = process.argv.slice(2) as string[];

let steps = 0;
/** The signal is sent within this call: nothing of the process runs after it. */
function reached(): void {
  steps += 1;
  if (steps === Number(step)) process.kill(process.pid, 'SIGKILL');
}

/** The same function, with a step before and after each call. */
function stepping<A extends unknown[], R>(run: (...input: A) => Promise<R>) {
  return async (...input: A): Promise<R> => {
    reached();
    const result = await run(...input);
    reached();
    return result;
  };
}

const store = await openSqliteStore({ file: file!, secret: Buffer.alloc(32, 7) });
const outbound = createOutbound({ timeoutSeconds: 10, maxBytes: 1000, named: 'origin' });
const clock = { now: () => Date.now() };
const targets = [first, second].map((url, index): NotificationTarget => {
  const target = createWebhookTarget({
    ...{ id: `target-${index}`, url: url!, secrets: [secret!], outbound, clock },
    urlOf: id => `https://aws.example.com/elevations/${id}`,
  });
  return { id: target.id, tell: stepping(target.tell) };
});
const notices: Notices = {
  since: store.notices.since,
  claim: stepping(store.notices.claim),
  keep: stepping(store.notices.keep),
};
const worker = createNotifications({
  ...{ notices, targets, clock, secrets: systemSecrets },
  report: report => console.error(JSON.stringify(report)),
  repeat: look => {
    const timer = setInterval(look, 20);
    return () => clearInterval(timer);
  },
  callLimit: () => AbortSignal.timeout(150),
  closeLimit: async () => {},
  pace: {
    ...{ leaseSeconds: 0.4, firstPauseSeconds: 0.02, longestPauseSeconds: 0.1 },
    ...{ longestWishSeconds: 1, giveUpSeconds: 3600 },
  },
});

if (made !== '0') await makeElevation(`e${made!.padStart(19, '0')}`);
console.log('made');
// Stops when the test ends the input.
process.stdin.resume().once('end', async () => {
  await worker.close();
  await outbound.close();
  await store.close();
});

/** A request that is withdrawn, recorded as the use cases record: after each change. */
async function makeElevation(id: string): Promise<void> {
  const now = Date.now();
  const request = waitingOf({ id, requestedAt: now, decideBy: now + 3_600_000 });
  reached();
  await store.elevations.create([request]);
  reached();
  await store.elevations.recorded(id, 1);
  worker.poke();
  reached();
  await store.elevations.update(id, current => ({
    next: withdrawn(current, act(ALICE, Date.now())),
    value: undefined,
  }));
  reached();
  await store.elevations.recorded(id, 2);
  worker.poke();
}
