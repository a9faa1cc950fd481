/**
 * The thread that validates Responses, one after the other. It knows certificates and addresses,
 * and no key of the bridge but those that decrypt: with these no one can sign in or reach AWS.
 */
import { parentPort } from 'node:worker_threads';
import { type ValidationRequest, validateResponse } from './validation.ts';
import { plainError, READY, type Reply } from './worker-messages.ts';

const port = parentPort!;

port.on('message', (request: ValidationRequest) => {
  validateResponse(request).then(
    validated => port.postMessage({ validated } satisfies Reply),
    (thrown: unknown) => port.postMessage({ refused: plainError(thrown) } satisfies Reply),
  );
});
port.postMessage(READY);
