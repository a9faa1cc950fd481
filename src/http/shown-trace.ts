/** A decision of the policy as pages show it: the partial `trace` prints it. */
import type { DecisionTrace, TraceStep } from '../core/decision-trace.ts';
import { explainNoRule, explainStep } from '../core/explanation.ts';

/** One rule's answer, in words. */
export interface TraceLine {
  readonly rule: string;
  readonly outcome: 'grants' | 'proof-missing' | 'group-missing' | 'connector-mismatch';
  /** `Group missing` */
  readonly label: string;
  readonly sentence: string;
}

/** Why a user has or does not have a role. */
export interface ShownTrace {
  readonly account: string;
  readonly role: string;
  readonly lines: readonly TraceLine[];
  /** Set if no rule says anything of the role. */
  readonly noRule?: string | undefined;
}

export function shownTrace(trace: DecisionTrace): ShownTrace {
  const { account, role, steps } = trace;
  const lines = steps.map(step => ({
    rule: step.rule,
    outcome: step.outcome,
    label: labelOf(step),
    sentence: explainStep(step),
  }));
  const noRule = steps.length === 0 ? explainNoRule(trace) : undefined;
  return { account, role, lines, noRule };
}

const STEP_LABELS: { readonly [O in TraceStep['outcome']]: string } = {
  grants: 'Gives the role',
  'proof-missing': 'Proof missing',
  'group-missing': 'Group missing',
  'connector-mismatch': 'Other sign-in',
};

function labelOf(step: TraceStep): string {
  const needsOnlyApproval =
    step.outcome === 'proof-missing' &&
    step.missing.every(({ requirement }) => requirement === 'approval');
  return needsOnlyApproval ? 'Approval missing' : STEP_LABELS[step.outcome];
}
