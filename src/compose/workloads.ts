/** Workloads of one snapshot: what verifies their proofs, and what they get. */

import type { Recorder } from '../bridge/recorder.ts';
import type { SharedCredentials } from '../bridge/shared-credentials.ts';
import { createWorkloads, type Workloads } from '../bridge/workloads.ts';
import type { Configuration } from '../config/configuration.ts';
import type { PlatformMemory } from '../connectors/workloads/platform-keys.ts';
import { createWorkloadProofs } from '../connectors/workloads/proofs.ts';
import type { Partitions } from '../core/partitions.ts';
import type { Clock, Secrets, Store } from '../core/ports.ts';
import type { Availability } from '../core/sign-in.ts';
import type { WorkloadEntryId } from '../core/workload.ts';
import { compileWorkloadPolicy } from '../core/workload-policy.ts';
import type { Logger } from '../log.ts';
import type { Outbound } from '../outbound.ts';
import type { Process } from './process.ts';

export interface WorkloadsSetup {
  readonly process: Pick<Process, 'log' | 'toIdps'>;
  readonly configuration: Pick<Configuration, 'accounts' | 'workloads' | 'workloadRules'>;
  readonly partitions: Partitions;
  readonly toAws: Outbound;
  readonly ports: Pick<Store, 'oneTimeKeys' | 'workloadTokens' | 'workloadBlocks'> & {
    readonly clock: Clock;
    readonly secrets: Secrets;
    readonly recorder: Recorder;
  };
  /** Those of the snapshot before this one. */
  readonly before?: OpenWorkloads | undefined;
}

export interface OpenWorkloads {
  workloads(shared: SharedCredentials): Workloads;
  /** What is known of the keys of platforms, for a later snapshot. */
  memory(): readonly PlatformMemory[];
  close(): Promise<void>;
}

/** Does not wait for the keys of any platform. */
export function openWorkloads(setup: WorkloadsSetup): OpenWorkloads {
  const { process, configuration, partitions, toAws, ports } = setup;
  const { clock, secrets, oneTimeKeys } = ports;
  const proofs = createWorkloadProofs({
    entries: configuration.workloads,
    outbound: process.toIdps,
    ...{ partitions, toAws, clock, secrets, oneTimeKeys },
    before: setup.before?.memory(),
    onChange: (entry, availability) => logPlatform(process.log, entry, availability),
  });
  const policy = compileWorkloadPolicy(configuration.workloadRules, configuration.accounts);
  return {
    workloads: shared => createWorkloads({ ...ports, policy, proofs, shared }),
    memory: () => proofs.memory(),
    close: () => proofs.close(),
  };
}

function logPlatform(log: Logger, workload: WorkloadEntryId, availability: Availability): void {
  if (availability.state === 'ready') log.info({ workload }, 'platform keys ready');
  else if (availability.state === 'unavailable')
    log.warn({ workload, why: availability.reason }, 'platform keys unavailable');
}
