import type { OperatorSessions } from '../bridge/operator-sessions.ts';
import type { OperatorWorkloads } from '../bridge/operator-workloads.ts';
import type { WorkloadEntryConfiguration } from '../config/configuration.ts';
import type { Trail } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';

/** What operators' commands work with. */
export interface UseCases {
  readonly sessions: OperatorSessions;
  readonly workloads: OperatorWorkloads;
  readonly trail: Pick<Trail, 'events' | 'archived'>;
  now(): Instant;
  /** `workloads` of the configuration. */
  readonly entries: readonly Pick<WorkloadEntryConfiguration, 'id' | 'kind'>[];
}
