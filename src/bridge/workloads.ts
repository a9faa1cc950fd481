/**
 * Workloads: who asks with a proof of their platform or a workload token, which roles they
 * have, and how they get credentials.
 *
 * Owns: blocks, proofs that work once, the exchange, the order "decide, obtain, record, hand out"
 * for workloads, their audit events. Does not own: whether a proof is genuine (WorkloadProofs),
 * what a rule means (core/workload-policy), which STS call is made (aws/sts).
 */
import type { Origin } from '../core/audit-event.ts';
import type { Requester } from '../core/requester.ts';
import type { WorkloadId } from '../core/workload.ts';
import type { WorkloadDecision } from '../core/workload-policy.ts';
import type { WorkloadEntitlement } from '../core/workload-rule.ts';
import type { AskedRole } from './access.ts';
import {
  callerOf,
  type WorkloadCaller,
  type WorkloadsParts,
  workloadBehind,
} from './workload-callers.ts';
import {
  credentialsFor,
  explain,
  type IssuedWorkloadCredentials,
  rolesFor,
} from './workload-credentials.ts';
import {
  type ExchangeRequest,
  exchange,
  type IssuedWorkloadToken,
  revoke,
} from './workload-exchange.ts';

export interface Workloads {
  /**
   * Who asks with a proof or a workload token. A rejection is recorded. Throws `token_invalid`,
   * `workload_refused`, `workload_blocked`, `workload_unavailable`.
   */
  callerOf(proof: string | undefined, origin: Origin): Promise<WorkloadCaller>;
  /** The workload behind a live token, or a proof to which a rule applies; records nothing. */
  workloadBehind(proof: string): Promise<WorkloadId | undefined>;
  rolesFor(caller: WorkloadCaller): readonly WorkloadEntitlement[];
  /** Why the workload has or does not have a role. Nothing is recorded. */
  explain(caller: WorkloadCaller, asked: AskedRole): WorkloadDecision;
  /**
   * Throws `workload_role_denied`, `role_not_for_token`, `proof_used`, `workload_blocked`,
   * `session_settings_invalid`, and the errors of AWS.
   */
  credentialsFor(caller: WorkloadCaller, asked: AskedRole): Promise<IssuedWorkloadCredentials>;
  /**
   * A token for the roles of the workload (RFC 8693). Throws as `callerOf`, and `proof_used`,
   * `workload_role_denied`, `limit_reached`.
   */
  exchange(requester: Requester, request: ExchangeRequest): Promise<IssuedWorkloadToken>;
  /** Ends a token; an unknown one is no error (RFC 7009 section 2.2). */
  revoke(requester: Requester, token: string): Promise<void>;
}

export function createWorkloads(parts: WorkloadsParts): Workloads {
  return {
    callerOf: (proof, origin) => callerOf(parts, proof, origin),
    workloadBehind: proof => workloadBehind(parts, proof),
    rolesFor: caller => rolesFor(parts, caller),
    explain: (caller, asked) => explain(parts, caller, asked),
    credentialsFor: (caller, asked) => credentialsFor(parts, caller, asked),
    exchange: (requester, request) => exchange(parts, requester, request),
    revoke: (requester, token) => revoke(parts, requester, token),
  };
}
