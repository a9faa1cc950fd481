/**
 * The real worker, which does three more things when it is asked: it hangs, ends, or takes memory
 * without end.
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

parentPort!.on('message', ({ samlResponse }: ValidationRequest) => UNRULY[samlResponse]?.());
await import('../../src/connectors/saml/worker.ts');
