import type { OperatorSessions } from '../bridge/operator-sessions.ts';
import type { OperatorWorkloads } from '../bridge/operator-workloads.ts';
import type { WorkloadEntryConfiguration } from '../config/configuration.ts';

/** What operators' commands work with. */
export interface UseCases {
  readonly sessions: OperatorSessions;
  readonly workloads: OperatorWorkloads;
  /** `workloads` of the configuration. */
  readonly entries: readonly Pick<WorkloadEntryConfiguration, 'id' | 'kind'>[];
}
