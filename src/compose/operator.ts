/**
 * What an operator's command needs of a bridge: the store and the trail, and no identity provider
 * and no AWS.
 *
 * Apart from compose.ts, so that a command in an emergency does not load what it does not use.
 */
import { createAuditTrail } from '../audit/audit-trail.ts';
import { createOperatorSessions, type OperatorSessions } from '../bridge/operator-sessions.ts';
import { createOperatorWorkloads, type OperatorWorkloads } from '../bridge/operator-workloads.ts';
import { createRecorder } from '../bridge/recorder.ts';
import type { ConfigurationWithStore, StoreConfiguration } from '../config/configuration.ts';
import type { BridgeError } from '../core/errors.ts';
import type { Clock, Store, Trail } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';
import { openSealingSecret } from '../issuer/sealing-secret.ts';
import type { Logger } from '../log.ts';
import { systemSecrets } from '../secrets.ts';

const systemClock: Clock = { now: () => Date.now() };

interface OperatorParts {
  readonly sessions: OperatorSessions;
  readonly workloads: OperatorWorkloads;
  readonly trail: Trail;
  now(): Instant;
  close(): Promise<void>;
}

export async function composeForOperator(
  configuration: ConfigurationWithStore,
  { log, clock = systemClock }: { readonly log: Logger; readonly clock?: Clock },
): Promise<OperatorParts> {
  // A command must not make what a bridge of this configuration should have made.
  const secret = await openSealingSecret({ ...configuration.issuer.keys, create: false });
  const store = await openStore(configuration.store, { secret, log });
  const audit = createAuditTrail({ sinks: [store.audit, store.operatorEvents], log });
  const parts = { ...store, audit, clock, recorder: createRecorder({ audit, clock }) };
  return {
    sessions: createOperatorSessions({ ...parts, ...configuration.sessions }),
    workloads: createOperatorWorkloads({ ...parts, secrets: systemSecrets }),
    trail: store.trail,
    now: () => clock.now(),
    close: async () => {
      await audit.close();
      await store.close();
    },
  };
}

export interface OpeningStore {
  readonly secret: Uint8Array;
  readonly log: Logger;
  /**
   * Called with the fault when the store stops taking writes, and without one when it takes them
   * again.
   */
  readonly onChange?: ((fault: BridgeError | undefined) => void) | undefined;
}

/** Throws `unavailable`. */
export async function openStore(
  configuration: StoreConfiguration,
  { secret, log, onChange }: OpeningStore,
): Promise<Store> {
  const onProgress = (done: string): void =>
    log.info({ done }, 'making the records of users from the audit trail');
  if (configuration.kind === 'sqlite') {
    const { openSqliteStore } = await import('../store/sqlite.ts');
    return openSqliteStore({ ...configuration, secret, onChange, onProgress });
  }
  const { openPostgresStore } = await import('../store/postgres.ts');
  return openPostgresStore({ ...configuration, secret, onChange, onProgress });
}
