/** A decision of the policy as pages show it: the partial `trace` prints it. */
import type { DecisionTrace, TraceStep } from '../core/decision-trace.ts';
import { explainNoRule, explainStep } from '../core/explanation.ts';
import type { ShownTrace } from './views.ts';

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
