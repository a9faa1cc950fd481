/**
 * The queue in front of the worker thread that validates Responses (threats R44): a hostile body
 * can keep the worker busy, never the thread that answers requests.
 *
 * Owns: the thread (started when first needed, replaced when it takes too long or ends), the order
 * of the queue, the limits. Does not own: the validation. An idle thread keeps no process alive.
 */
import { Worker } from 'node:worker_threads';
import { BridgeError } from '../../core/errors.ts';
import { refusal } from './refusal.ts';
import type { ValidatedResponse, ValidationRequest } from './validation.ts';
import { bridgeErrorOf, READY, type Reply } from './worker-messages.ts';

export interface ResponseValidator {
  /** Starts the thread if it does not run, so that the next response does not wait for it. */
  prepare(): void;
  /**
   * Throws what `validateResponse` throws; `saml_response_refused` for a Response that takes too
   * long or ends the thread; `sign_in_busy` if the queue is full.
   */
  validate(request: ValidationRequest): Promise<ValidatedResponse>;
  /** Rejects waiting responses and ends the thread. */
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

/** A compiled bridge has a compiled thread. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js',
  import.meta.url,
);
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
  /** Estimated cost (`partsOf`). */
  readonly parts: number;
  readonly settle: PromiseWithResolvers<ValidatedResponse>;
}

interface Thread {
  readonly worker: Worker;
  isReady: boolean;
  /** The job in progress. */
  job: Job | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** The queue and the thread that works on it. */
interface Validator {
  readonly mostMilliseconds: number;
  readonly mostWaiting: number;
  readonly script: URL;
  readonly waiting: Job[];
  thread: Thread | undefined;
  isClosed: boolean;
}

export function createResponseValidator({
  mostMilliseconds = MOST_MILLISECONDS,
  mostWaiting = MOST_WAITING,
  script = WORKER,
}: ResponseValidatorOptions = {}): ResponseValidator {
  const validator: Validator = {
    ...{ mostMilliseconds, mostWaiting, script },
    ...{ waiting: [], thread: undefined, isClosed: false },
  };
  return {
    prepare: () => {
      if (validator.isClosed || validator.thread !== undefined) return;
      validator.thread = start(validator);
      validator.thread.worker.unref();
    },
    validate: request => validate(validator, request),
    close: () => close(validator),
  };
}

function validate(validator: Validator, request: ValidationRequest): Promise<ValidatedResponse> {
  const { waiting, mostWaiting, isClosed } = validator;
  if (isClosed) return Promise.reject(stopped());
  const settle = Promise.withResolvers<ValidatedResponse>();
  enqueue(waiting, { request, parts: partsOf(request.samlResponse), settle });
  if (waiting.length > mostWaiting) {
    const why = `more than ${mostWaiting} responses wait to be checked`;
    waiting.pop()!.settle.reject(new BridgeError('sign_in_busy', why));
  }
  next(validator);
  return settle.promise;
}

async function close(validator: Validator): Promise<void> {
  const { thread, waiting } = validator;
  validator.isClosed = true;
  validator.thread = undefined;
  for (const job of waiting.splice(0)) job.settle.reject(stopped());
  clearTimeout(thread?.timer);
  thread?.job?.settle.reject(stopped());
  await thread?.worker.terminate();
}

function stopped(): BridgeError {
  return new BridgeError('unavailable', 'the bridge has stopped');
}

function start(validator: Validator): Thread {
  // The environment stays out: it may contain secrets.
  const worker = new Worker(validator.script, {
    name: 'saml-validation',
    ...{ env: {}, argv: [], execArgv: [] },
    resourceLimits: RESOURCES,
  });
  const started: Thread = { worker, isReady: false, job: undefined, timer: undefined };
  let fault: unknown;
  limit(
    started,
    START_MILLISECONDS,
    () => started === validator.thread && !started.isReady,
    () => replace(validator, started),
  );
  worker.on('message', (message: typeof READY | Reply) => {
    if (started !== validator.thread) return;
    clearTimeout(started.timer);
    if (message === READY) started.isReady = true;
    else finish(started, message);
    next(validator);
  });
  worker.on('error', thrown => {
    fault = thrown;
  });
  worker.on('exit', () => {
    if (started === validator.thread) replace(validator, started, { cause: fault });
  });
  return started;
}

/**
 * Calls `end` when the time of the thread has passed and `isAwaited` still holds. After a pause of
 * the main thread the timer can fire before a message that came in time: that is read first.
 */
function limit(
  thread: Thread,
  milliseconds: number,
  isAwaited: () => boolean,
  end: () => void,
): void {
  const endIfAwaited = (): void => {
    if (isAwaited()) end();
  };
  thread.timer = setTimeout(() => setImmediate(endIfAwaited), milliseconds);
  thread.timer.unref();
}

function finish(thread: Thread, reply: Reply): void {
  const { job } = thread;
  thread.job = undefined;
  if ('validated' in reply) job?.settle.resolve(reply.validated);
  else job?.settle.reject(bridgeErrorOf(reply.refused));
}

/**
 * Ends the thread and rejects its job. Waiting jobs go to the next thread, unless this one never
 * started.
 */
function replace(
  validator: Validator,
  old: Thread,
  {
    cause,
    why = 'the thread that checked the response ended',
  }: { readonly cause?: unknown; readonly why?: string } = {},
): void {
  validator.thread = undefined;
  clearTimeout(old.timer);
  void old.worker.terminate();
  old.job?.settle.reject(refusal(why, { cause }));
  if (!old.isReady) {
    const fault = 'the thread that checks responses does not start';
    for (const job of validator.waiting.splice(0))
      job.settle.reject(new BridgeError('unavailable', fault, { cause }));
  }
  next(validator);
}

/** Gives the next job to the thread if it is free, and starts one if there is none. */
function next(validator: Validator): void {
  const { waiting, mostMilliseconds } = validator;
  if (waiting.length === 0) {
    if (validator.thread?.job === undefined) validator.thread?.worker.unref();
    return;
  }
  validator.thread ??= start(validator);
  const busy = validator.thread;
  busy.worker.ref();
  if (!busy.isReady || busy.job !== undefined) return;
  const job = waiting.shift()!;
  busy.job = job;
  const why = `checking the response took longer than ${mostMilliseconds} ms`;
  limit(
    busy,
    mostMilliseconds,
    () => busy === validator.thread && busy.job === job,
    () => replace(validator, busy, { why }),
  );
  busy.worker.postMessage(job.request);
}

/**
 * Keeps the order of the queue: responses to our own requests before unsolicited ones, then those
 * with fewer parts, then the smaller. A full queue rejects its last one. Large responses, which
 * keep the thread busy, delay only other large ones.
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
 * Approximate number of elements and attributes of a Response, by which the engine's time grows:
 * 24 kB of `<a/>` cost more than 1,000 groups. An attribute counts as half an element, as in that
 * time. Decides the order only.
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
