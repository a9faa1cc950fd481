/**
 * The queue in front of the worker thread that judges Responses (threats R44): a hostile body may
 * keep the worker busy, never the thread that answers requests.
 *
 * Owns: the thread (started when first needed, replaced when it takes too long or ends), the order
 * of the queue, the limits.
 * Does not own: the judgement (validation). The idle thread keeps no process alive.
 */
import { Worker } from 'node:worker_threads';
import { BridgeError } from '../../core/errors.ts';
import { refusal } from './response.ts';
import type { ValidatedResponse, ValidationRequest } from './validation.ts';
import { bridgeErrorOf, READY, type Reply } from './worker-messages.ts';

export interface ResponseValidator {
  /** Starts the thread if it does not run, so that the next answer does not wait for it. */
  prepare(): void;
  /**
   * Throws what `validateResponse` throws; `saml_response_refused` for a Response that takes too
   * long or ends the thread; `sign_in_busy` when the queue is full.
   */
  validate(request: ValidationRequest): Promise<ValidatedResponse>;
  /** Refuses what waits and ends the thread. */
  close(): Promise<void>;
}

export interface ResponseValidatorOptions {
  /** How long one Response may take. Milliseconds; 2,000 when undefined. */
  readonly mostMilliseconds?: number | undefined;
  /** Responses that may wait; 50 when undefined. */
  readonly mostWaiting?: number | undefined;
  /** The script of the thread. */
  readonly script?: URL | undefined;
}

const MOST_MILLISECONDS = 2_000;
const MOST_WAITING = 50;
/** Loading the libraries takes half a second on a quiet machine. */
const START_MILLISECONDS = 15_000;
/** The largest Response that the limits allow needs a tenth of this. */
const RESOURCES = {
  maxOldGenerationSizeMb: 128,
  maxYoungGenerationSizeMb: 32,
  codeRangeSizeMb: 32,
} as const;

interface Job {
  readonly request: ValidationRequest;
  /** What it will cost (`partsOf`). */
  readonly parts: number;
  readonly settle: PromiseWithResolvers<ValidatedResponse>;
}

interface Thread {
  readonly worker: Worker;
  isReady: boolean;
  /** What it works on. */
  job: Job | undefined;
  timer: NodeJS.Timeout | undefined;
}

export function createResponseValidator(options: ResponseValidatorOptions = {}): ResponseValidator {
  const { mostMilliseconds = MOST_MILLISECONDS, mostWaiting = MOST_WAITING } = options;
  const script = options.script ?? new URL('./worker.ts', import.meta.url);
  const waiting: Job[] = [];
  let thread: Thread | undefined;
  let closed = false;

  const start = (): Thread => {
    // Nothing of the environment: there may be secrets in it.
    const worker = new Worker(script, {
      name: 'saml-validation',
      env: {},
      argv: [],
      execArgv: [],
      resourceLimits: RESOURCES,
    });
    const started: Thread = { worker, isReady: false, job: undefined, timer: undefined };
    let fault: unknown;
    limit(started, START_MILLISECONDS, () => replace(started, undefined));
    worker.on('message', (message: typeof READY | Reply) => {
      if (started !== thread) return;
      clearTimeout(started.timer);
      if (message === READY) started.isReady = true;
      else finish(started, message);
      next();
    });
    worker.on('error', thrown => {
      fault = thrown;
    });
    worker.on('exit', () => {
      if (started === thread) replace(started, fault);
    });
    return started;
  };

  const limit = (of: Thread, milliseconds: number, end: () => void): void => {
    of.timer = setTimeout(end, milliseconds);
    of.timer.unref();
  };

  const finish = (of: Thread, reply: Reply): void => {
    const { job } = of;
    of.job = undefined;
    if ('validated' in reply) job?.settle.resolve(reply.validated);
    else job?.settle.reject(bridgeErrorOf(reply.refused));
  };

  /**
   * Gives the thread up. What it worked on is refused; what waits goes to the next one, unless this
   * one never came up.
   */
  const replace = (
    old: Thread,
    cause: unknown,
    why = 'the thread that checked the response ended',
  ): void => {
    thread = undefined;
    clearTimeout(old.timer);
    void old.worker.terminate();
    old.job?.settle.reject(refusal(why, { cause }));
    if (!old.isReady) {
      const error = () =>
        new BridgeError('unavailable', 'the thread that checks responses does not start', {
          cause,
        });
      for (const job of waiting.splice(0)) job.settle.reject(error());
    }
    next();
  };

  const next = (): void => {
    if (waiting.length === 0) {
      if (thread?.job === undefined) thread?.worker.unref();
      return;
    }
    thread ??= start();
    const busy = thread;
    busy.worker.ref();
    if (!busy.isReady || busy.job !== undefined) return;
    const job = waiting.shift()!;
    busy.job = job;
    limit(busy, mostMilliseconds, () =>
      replace(busy, undefined, `checking the response took longer than ${mostMilliseconds} ms`),
    );
    busy.worker.postMessage(job.request);
  };

  return {
    prepare: () => {
      if (closed || thread !== undefined) return;
      thread = start();
      thread.worker.unref();
    },

    validate: request => {
      if (closed) return Promise.reject(new BridgeError('unavailable', 'the bridge has stopped'));
      const settle = Promise.withResolvers<ValidatedResponse>();
      enqueue(waiting, { request, parts: partsOf(request.samlResponse), settle });
      if (waiting.length > mostWaiting) {
        waiting
          .pop()!
          .settle.reject(
            new BridgeError(
              'sign_in_busy',
              `more than ${mostWaiting} responses wait to be checked`,
            ),
          );
      }
      next();
      return settle.promise;
    },

    close: async () => {
      closed = true;
      const error = () => new BridgeError('unavailable', 'the bridge has stopped');
      for (const job of waiting.splice(0)) job.settle.reject(error());
      const old = thread;
      thread = undefined;
      clearTimeout(old?.timer);
      old?.job?.settle.reject(error());
      await old?.worker.terminate();
    },
  };
}

/**
 * Keeps the queue in its order: answers to a request of ours before unsolicited ones, then those of
 * fewer parts, then the smaller. What is refused when the queue is full is at its end. Bulk, which
 * is what keeps the thread busy, holds up only other bulk.
 */
function enqueue(waiting: Job[], job: Job): void {
  const behind = waiting.findIndex(other => isBefore(job, other));
  waiting.splice(behind === -1 ? waiting.length : behind, 0, job);
}

function isBefore(one: Job, other: Job): boolean {
  const [oneIsUnsolicited, otherIsUnsolicited] = [one, other].map(
    ({ request }) => request.expected.requestId === undefined,
  );
  if (oneIsUnsolicited !== otherIsUnsolicited) return !oneIsUnsolicited;
  if (one.parts !== other.parts) return one.parts < other.parts;
  return one.request.samlResponse.length < other.request.samlResponse.length;
}

const [TAG, SLASH, EQUALS] = [0x3c, 0x2f, 0x3d];

/**
 * About how many elements and attributes a Response has, which the engine's time grows with: 24 kB
 * of `<a/>` cost more than 1,000 groups. An attribute counts as half an element, as it does in that
 * time. Only for the order; nothing is believed.
 */
function partsOf(samlResponse: string): number {
  const bytes = Buffer.from(samlResponse, 'base64');
  let parts = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === EQUALS) parts += 0.5;
    else if (bytes[at] === TAG && bytes[at + 1] !== SLASH) parts += 1;
  }
  return parts;
}
