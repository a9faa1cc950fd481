/**
 * What belongs to the process and outlives every snapshot of the configuration: the store with its
 * audit trail and timers, connections, the thread that validates SAML responses (ADR 26).
 *
 * Owns: when each part is opened, kept and closed. A part that the configuration describes is kept
 * while its configuration is the same. Does not own: what is read at every reload (compose.ts).
 */
import { type AuditTrail, createAuditTrail, logKept } from '../audit/audit-trail.ts';
import type { StoreConfiguration } from '../config/configuration.ts';
import {
  createResponseValidator,
  type ResponseValidator,
} from '../connectors/saml/response-validator.ts';
import type { BridgeError } from '../core/errors.ts';
import type { Clock, OperatorEvents, Secrets, Store } from '../core/ports.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import { createRateLimits, type RateLimits } from '../http/rate-limits.ts';
import type { Logger } from '../log.ts';
import { createOutbound, type Outbound, type OutboundClient } from '../outbound.ts';
import { systemSecrets } from '../secrets.ts';
import { FEDERATION_LIMITS, IDP_LIMITS } from './idp-limits.ts';
import { createLend, type Lend } from './lease.ts';
import { openStore } from './operator.ts';

export interface ProcessOptions {
  readonly log: Logger;
  readonly clock?: Clock;
  readonly stopping?: () => boolean;
}

export interface Process {
  readonly log: Logger;
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** True once the process was asked to stop. */
  readonly stopping: () => boolean;
  readonly rateLimits: RateLimits;
  readonly toIdps: Outbound;
  /** To documents from which `saml.metadata.entityId` chooses. */
  readonly toFederations: Outbound;
  readonly validator: ResponseValidator;
  /** Rejects with `unavailable`. */
  readonly storage: Lend<StorageKey, Storage>;
  readonly toAws: Lend<AwsLimits, OutboundClient>;
  /** Comes after every snapshot is closed. */
  close(): Promise<void>;
}

/** What tells one storage from another. `secret` seals what it contains. */
export interface StorageKey {
  readonly store: StoreConfiguration;
  readonly secret: Uint8Array;
}

/** A store with the trail that records into it. */
export interface Storage {
  readonly store: Store;
  readonly audit: AuditTrail;
  close(): Promise<void>;
}

interface AwsLimits {
  readonly timeoutSeconds: Seconds;
}

/** STS and the sign-in service answer in a few kilobytes. */
const AWS_BYTES = 256 * 1024;
const PRUNE_EVERY_MILLISECONDS: number = 10 * MINUTE * 1000;
/** An empty look reads one small table. */
const OPERATORS_EVERY_MILLISECONDS = 2_000;

const systemClock: Clock = { now: () => Date.now() };

/** Throws an Error that names the variable when the proxy of the environment cannot be used. */
export function openProcess({
  log,
  clock = systemClock,
  stopping = () => false,
}: ProcessOptions): Process {
  const toIdps = createOutbound(IDP_LIMITS);
  const toFederations = createOutbound(FEDERATION_LIMITS);
  const validator = createResponseValidator();
  return {
    log,
    clock,
    secrets: systemSecrets,
    stopping,
    rateLimits: createRateLimits(),
    toIdps,
    toFederations,
    validator,
    storage: createLend({
      open: key => openStorage(key, { log, clock }),
      // A store that was moved, replaced or is failing is opened again, or the reload fails.
      isUsable: ({ store }) =>
        store.ping().then(
          () => true,
          () => false,
        ),
    }),
    toAws: createLend({
      open: async limits => createOutbound({ ...limits, maxBytes: AWS_BYTES }),
    }),
    close: async () => {
      await Promise.all([validator.close(), toIdps.close(), toFederations.close()]);
    },
  };
}

async function openStorage(
  { store: configuration, secret }: StorageKey,
  { log, clock }: Pick<Process, 'log' | 'clock'>,
): Promise<Storage> {
  const onChange = (fault: BridgeError | undefined): void => logStore(log, fault);
  const store = await openStore(configuration, { secret, log, onChange });
  const audit = createAuditTrail({ sinks: [store.audit], log });
  const pruning = openPruning(store, { log, clock });
  const timers = [
    setInterval(pruning.run, PRUNE_EVERY_MILLISECONDS).unref(),
    setInterval(operatorsLogger(store.operatorEvents, log), OPERATORS_EVERY_MILLISECONDS).unref(),
  ];
  const closing = new AsyncDisposableStack();
  closing.defer(() => store.close());
  closing.defer(() => audit.close());
  closing.defer(() => pruning.stop());
  for (const timer of timers) closing.defer(() => clearInterval(timer));
  return { store, audit, close: () => closing.disposeAsync() };
}

function logStore(log: Logger, fault: BridgeError | undefined): void {
  const cause = fault?.cause instanceof Error ? fault.cause.message : undefined;
  if (fault === undefined) log.info('store ready');
  else log.error({ why: fault.message, cause }, 'store unavailable');
}

interface Pruning {
  /** Begins a run, unless one is under way. */
  run(): void;
  /** Ends a run between two of its steps. */
  stop(): Promise<void>;
}

function openPruning(store: Store, { log, clock }: Pick<Process, 'log' | 'clock'>): Pruning {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  return {
    run: () => {
      running ??= store
        .prune(clock.now(), stopping.signal)
        .catch((cause: unknown) => log.error({ cause: String(cause) }, 'pruning failed'))
        .finally(() => {
          running = undefined;
        });
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/** Writes what operators did into the log; a fault is told once, until a look works again. */
function operatorsLogger(events: OperatorEvents, log: Logger): () => void {
  let isLooking = false;
  let isFailing = false;
  const look = async (): Promise<void> => {
    try {
      for (const event of await events.take()) logKept(log, event);
      isFailing = false;
    } catch (cause) {
      if (!isFailing) log.error({ cause: String(cause) }, 'the events of operators cannot be read');
      isFailing = true;
    }
  };
  return () => {
    if (isLooking) return;
    isLooking = true;
    void look().finally(() => {
      isLooking = false;
    });
  };
}
