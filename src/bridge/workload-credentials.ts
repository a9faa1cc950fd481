/** Which roles a workload has, and credentials for one of them. */
import type { AssumedRole } from '../core/assumed-role.ts';
import { recordable } from '../core/audit-event.ts';
import { asBridgeError, BridgeError } from '../core/errors.ts';
import type { RoleSessionName } from '../core/role.ts';
import { workloadSessionFor } from '../core/session.ts';
import {
  explainWorkloadStep,
  type WorkloadDecision,
  type WorkloadTraceStep,
} from '../core/workload-policy.ts';
import { seenClaim, type WorkloadEntitlement } from '../core/workload-rule.ts';
import type { WorkloadToken } from '../core/workload-token.ts';
import type { AskedRole } from './access.ts';
import { handOutDetails, openRole } from './hand-out.ts';
import {
  RENEW,
  recordDenial,
  requireNotBlocked,
  shownTokenId,
  useOnce,
  type WorkloadCaller,
  type WorkloadsParts,
} from './workload-callers.ts';

export interface IssuedWorkloadCredentials {
  readonly entitlement: WorkloadEntitlement;
  readonly assumed: AssumedRole;
}

// ---------------------------------------------------------------- decide

/** As `Workloads.rolesFor`. */
export function rolesFor(
  { policy, clock }: WorkloadsParts,
  { subject, origin, token }: WorkloadCaller,
): readonly WorkloadEntitlement[] {
  const circumstances = { now: clock.now(), address: origin.address };
  return policy
    .evaluate(subject.workload, circumstances)
    .filter(entitlement => isOfToken(token, entitlement));
}

/** As `Workloads.explain`. */
export function explain(
  parts: WorkloadsParts,
  caller: WorkloadCaller,
  asked: AskedRole,
): WorkloadDecision {
  const decision = decide(parts, caller, asked);
  return caller.subject.isKnown ? decision : { granted: false, steps: [] };
}

function decide(
  { policy, clock }: WorkloadsParts,
  { subject, origin }: WorkloadCaller,
  asked: AskedRole,
): WorkloadDecision {
  const circumstances = { now: clock.now(), address: origin.address };
  return policy.decide(subject.workload, circumstances, asked);
}

function isOfToken(
  token: WorkloadToken | undefined,
  { account, role }: WorkloadEntitlement,
): boolean {
  return (
    token === undefined || token.roles.some(of => of.account === account.id && of.role === role)
  );
}

/** Throws `workload_role_denied`, `role_not_for_token`. */
function requireGranted(
  parts: WorkloadsParts,
  caller: WorkloadCaller,
  asked: AskedRole,
): WorkloadEntitlement {
  const decision = decide(parts, caller, asked);
  if (!decision.granted)
    throw new BridgeError('workload_role_denied', whyDenied(decision.steps), {
      hint: nextStep(caller, decision.steps),
    });
  if (isOfToken(caller.token, decision.entitlement)) return decision.entitlement;
  throw new BridgeError('role_not_for_token', 'the workload had no rule for it at the exchange', {
    hint: RENEW,
  });
}

function whyDenied(steps: readonly WorkloadTraceStep[]): string {
  if (steps.length === 0) return 'no rule of its entry gives this role to any workload';
  return steps.map(step => recordable(`${step.rule}: ${whyNot(step)}`, MAX_WHY)).join('; ');
}

const MAX_WHY = 256;

function whyNot(step: WorkloadTraceStep): string {
  if (step.outcome === 'claims-mismatch')
    return step.claims.map(({ claim, value = 'absent' }) => `${claim} is ${value}`).join(', ');
  return step.outcome === 'grants' ? 'grants' : 'network';
}

/** For the workload, in its own claims. A stranger is not told which roles there are. */
function nextStep({ subject }: WorkloadCaller, steps: readonly WorkloadTraceStep[]): string {
  if (!subject.isKnown) return NO_RULE_APPLIES;
  const [nearest] = steps.toSorted((a, b) => distance(a) - distance(b));
  const why =
    nearest === undefined
      ? 'No rule for its platform gives this role to any workload.'
      : `The nearest rule: ${explainWorkloadStep(nearest)}`;
  return `${why} Give the reference to your administrator.`;
}

const NO_RULE_APPLIES =
  'The proof is genuine, and no rule applies to this workload. Compare its claims with the rules of the bridge, or give the reference to your administrator.';

function distance(step: WorkloadTraceStep): number {
  return step.outcome === 'claims-mismatch' ? step.claims.length : 0;
}

// ---------------------------------------------------------------- hand out

/** As `Workloads.credentialsFor`. */
export async function credentialsFor(
  parts: WorkloadsParts,
  caller: WorkloadCaller,
  asked: AskedRole,
): Promise<IssuedWorkloadCredentials> {
  try {
    const entitlement = requireGranted(parts, caller, asked);
    if (entitlement.rule.once) await requireOnce(parts, caller, entitlement.rule.name);
    return await obtain(parts, caller, entitlement);
  } catch (thrown) {
    const error = asBridgeError(thrown);
    if (error.code !== 'workload_blocked') await recordDenial(parts, caller, { asked, error });
    throw error;
  }
}

/**
 * Another rule can give the role later than at the exchange: to another network, or after a change
 * of the configuration. A token for which no proof was used up is nothing to such a rule. Throws
 * `proof_used`, `role_not_for_token`.
 */
async function requireOnce(
  parts: WorkloadsParts,
  { token, verified }: WorkloadCaller,
  rule: string,
): Promise<void> {
  if (token === undefined) return useOnce(parts, verified, rule);
  if (token.isOnce === true) return;
  throw new BridgeError(
    'role_not_for_token',
    `${rule} accepts each token once, and none was used`,
    {
      hint: RENEW,
    },
  );
}

async function obtain(
  parts: WorkloadsParts,
  caller: WorkloadCaller,
  entitlement: WorkloadEntitlement,
): Promise<IssuedWorkloadCredentials> {
  const { workload } = caller.subject;
  const { account, arn, role, rule } = entitlement;
  const opened = await openRole(parts.shared, {
    ...{ principal: workload.id, account, role: arn, roleName: role },
    // The id has the form of a session name (core/workload).
    sessionName: workload.id as string as RoleSessionName,
    session: workloadSessionFor(rule.session, workload, rule.name),
    authenticatedAt: undefined,
    assertedAt: caller.verified.assertedAt,
    proofId: caller.verified.proofId,
  });
  // It can have been blocked while AWS was asked.
  await requireNotBlocked(parts, caller, { account: account.name, role });
  const { assumed } = opened;
  await parts.recorder.record(caller, {
    type: 'workload-credentials.issued',
    ...handOutDetails(entitlement, opened),
    ...shownBy(caller, entitlement),
    workloadToken: caller.workloadToken,
    durationSeconds: assumed.durationSeconds,
  });
  return { entitlement, assumed };
}

const MAX_CLAIM = 256;

function shownBy(caller: WorkloadCaller, { rule }: Pick<WorkloadEntitlement, 'rule'>) {
  const { claims } = caller.subject.workload;
  const seen = rule.conditions.map(({ claim }) => seenClaim(claims, claim));
  return {
    tokenId: shownTokenId(caller),
    claims: Object.fromEntries(
      seen.map(({ claim, value = '' }) => [claim, recordable(value, MAX_CLAIM)]),
    ),
  };
}
