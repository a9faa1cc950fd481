/**
 * Decisions of the policy in plain sentences, the same on pages, in problem details and in the
 * terminal.
 */
import type { DecisionTrace, TraceStep } from './decision-trace.ts';
import type { LostGroup } from './identity.ts';
import { listed, MAX_LISTED } from './listed.ts';
import type { NamedRole } from './near-role.ts';
import { explainRequirement, nextStepAgainst, type UnmetRequirement } from './requirements.ts';
import { formatInstant } from './time.ts';

const STEP: {
  readonly [O in TraceStep['outcome']]: (step: Extract<TraceStep, { outcome: O }>) => string;
} = {
  grants: ({ group }) => `Gives the role, because you are in the group ${group}.`,
  'proof-missing': ({ group, missing }) =>
    `You are in the group ${group}. ${missing.map(unmet => explainRequirement(unmet)).join(' ')}`,
  'group-missing': ({ groups, lost }) =>
    (groups.length === 1
      ? `Gives the role to the group ${groups[0]}, and you are not in it.`
      : `Gives the role to the groups ${listed(groups)}, and you are in none of them.`) +
    explainLoss(groups, lost),
  'connector-mismatch': ({ connectors, connector }) =>
    `Takes groups of ${listed(connectors)} only, and you signed in with ${connector}.`,
};

function explainLoss(groups: readonly string[], lost: LostGroup | undefined): string {
  if (lost === undefined) return '';
  const group = groups.length === 1 ? 'this group' : `the group ${lost.name}`;
  return ` Your identity provider has not sent ${group} since ${formatInstant(lost.since)}.`;
}

export function explainStep(step: TraceStep): string {
  return (STEP[step.outcome] as (step: TraceStep) => string)(step);
}

/** Whether the network is the only unmet requirement of every rule, so that no sign-in helps. */
export function needsOnlyNetwork({ steps }: DecisionTrace): boolean {
  const missing = steps.flatMap(step => (step.outcome === 'proof-missing' ? step.missing : []));
  return missing.length > 0 && missing.every(({ requirement }) => requirement === 'network');
}

/** `Did you mean prod/Admin?`, in front of what the user can do. */
export function didYouMean(near: NamedRole | undefined, next: string): string {
  return near === undefined ? next : `Did you mean ${near.account}/${near.role}? ${next}`;
}

/** What the user can do about a refusal. */
export function nextStepFor(trace: DecisionTrace, missing: readonly UnmetRequirement[]): string {
  if (missing.length > 0) return missing.map(unmet => nextStepAgainst(unmet)).join(' ');
  const groups = [
    ...new Set(trace.steps.flatMap(step => (step.outcome === 'group-missing' ? step.groups : []))),
  ].slice(0, MAX_LISTED);
  const connectors = [
    ...new Set(
      trace.steps.flatMap(step => (step.outcome === 'connector-mismatch' ? step.connectors : [])),
    ),
  ];
  if (groups.length === 0 && connectors.length > 0)
    return `Only groups of ${listed(connectors)} give this role. If you have an account there, sign out and sign in with it.`;
  if (groups.length === 0)
    return `${explainNoRule(trace)} Check the account and the role, or contact your administrator.`;
  return `Ask for membership of ${groups.length === 1 ? 'the group' : 'one of the groups'} ${groups.join(', ')}, then sign in again.`;
}

/**
 * What is known of a role of which no rule says anything. The same for every account, whether or
 * not it exists (threats R26).
 */
export function explainNoRule({ patterns = [] }: Pick<DecisionTrace, 'patterns'>): string {
  if (patterns.length === 0) return 'No rule gives this role to anyone.';
  const named = `${patterns.length === 1 ? 'a group' : 'groups'} named ${listed(patterns)}`;
  return `No rule names this role, and no group of yours does. Other roles come from ${named}.`;
}
