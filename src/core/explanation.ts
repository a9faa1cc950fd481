/**
 * Decisions of the policy in plain sentences, the same on pages, in problems and in the terminal.
 */
import type { DecisionTrace, TraceStep, UnmetRequirement } from './decision-trace.ts';
import { formatDuration } from './time.ts';

type Requirement = UnmetRequirement['requirement'];
type Unmet<R extends Requirement> = Extract<UnmetRequirement, { requirement: R }>;

const UNMET: { readonly [R in Requirement]: (unmet: Unmet<R>) => string } = {
  'multi-factor': () => 'It needs a sign-in with a second factor, and your sign-in had none.',
  'authenticated-within': ({ withinSeconds, ageSeconds }) =>
    `It needs a sign-in of the last ${formatDuration(withinSeconds)}, and ${
      ageSeconds === undefined
        ? 'your identity provider did not say when yours was'
        : `yours was ${formatDuration(ageSeconds)} ago`
    }.`,
  network: ({ networks, address }) =>
    `It can be used only from ${networks.join(', ')}, and your address is ${address}.`,
};

export function explainRequirement(unmet: UnmetRequirement): string {
  return (UNMET[unmet.requirement] as (unmet: UnmetRequirement) => string)(unmet);
}

const STEP: {
  readonly [O in TraceStep['outcome']]: (step: Extract<TraceStep, { outcome: O }>) => string;
} = {
  grants: ({ group }) => `Gives the role, because you are in the group ${group}.`,
  'proof-missing': ({ group, missing }) =>
    `You are in the group ${group}. ${missing.map(unmet => explainRequirement(unmet)).join(' ')}`,
  'group-missing': ({ groups }) =>
    groups.length === 1
      ? `Gives the role to the group ${groups[0]}, and you are not in it.`
      : `Gives the role to the groups ${listed(groups)}, and you are in none of them.`,
  'connector-mismatch': ({ connectors, connector }) =>
    `Takes groups of ${listed(connectors)} only, and you signed in with ${connector}.`,
};

const MAX_LISTED = 5;

function listed(names: readonly string[]): string {
  const more = names.length - MAX_LISTED;
  return more > 0 ? `${names.slice(0, MAX_LISTED).join(', ')} and ${more} more` : names.join(', ');
}

export function explainStep(step: TraceStep): string {
  return (STEP[step.outcome] as (step: TraceStep) => string)(step);
}

const NEXT: { readonly [R in Requirement]: (unmet: Unmet<R>) => string } = {
  'multi-factor': () => 'Sign in again and use your second factor.',
  'authenticated-within': () =>
    'Sign in again: your identity provider will ask you to authenticate.',
  network: ({ networks }) =>
    `Your network is not allowed. Connect to an allowed one (${listed(networks)}), for example by VPN, then try again.`,
};

function nextStepAgainst(unmet: UnmetRequirement): string {
  return (NEXT[unmet.requirement] as (unmet: UnmetRequirement) => string)(unmet);
}

/** Whether no rule lacks anything but another network, so that no sign-in helps. */
export function needsOnlyNetwork({ steps }: DecisionTrace): boolean {
  const missing = steps.flatMap(step => (step.outcome === 'proof-missing' ? step.missing : []));
  return missing.length > 0 && missing.every(({ requirement }) => requirement === 'network');
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
    return 'No rule gives this role to anyone. Check the account and the role in the link, or contact your administrator.';
  return `Ask for membership of ${groups.length === 1 ? 'the group' : 'one of the groups'} ${groups.join(', ')}, then sign in again.`;
}
