/**
 * The real worker, which does more when it is asked: it hangs, ends, throws, or takes memory
 * without end. Says on a channel of its own when it has posted a message.
 */
import { parentPort } from 'node:worker_threads';
import type { ValidationRequest } from '../../src/connectors/saml/validation.ts';

const UNRULY: Readonly<Record<string, () => void>> = {
  hang: () => {
    for (;;);
  },
  end: () => process.exit(1),
  throw: () => {
    throw new Error('thrown outside of any promise');
  },
  memory: () => {
    for (const kept: unknown[] = []; ; ) kept.push(Array.from({ length: 100_000 }, () => ({})));
  },
};

const posted = new BroadcastChannel('unruly-worker');
const post = parentPort!.postMessage.bind(parentPort);
parentPort!.postMessage = message => {
  post(message);
  posted.postMessage(undefined);
};

parentPort!.on('message', ({ samlResponse }: ValidationRequest) => UNRULY[samlResponse]?.());
await import('../../src/connectors/saml/worker.ts');
