/**
 * Why a role that requires an approval is withheld, in which words, and which page helps.
 */
import { formatDuration, formatInstant, type Instant, type Seconds } from './time.ts';

/** An approval as it goes into a request for credentials. */
export interface ActiveElevation {
  readonly id: string;
  readonly endsAt: Instant;
  /** The key of the session tag that names it. */
  readonly tag?: string | undefined;
}

/** Why a role that requires an approval is withheld. `id` is the elevation that it is about. */
export type UnmetApproval = { readonly requirement: 'approval' } & (
  | { readonly state: 'none' }
  | { readonly state: 'waiting'; readonly id: string; readonly decideBy: Instant }
  | { readonly state: 'scheduled'; readonly id: string; readonly startsAt: Instant }
  /** Approved, but not in the audit trail yet. */
  | { readonly state: 'unrecorded'; readonly id: string }
  /** Less is left than the shortest session of STS. */
  | {
      readonly state: 'ending';
      readonly id: string;
      readonly leftSeconds: Seconds;
      readonly leastSeconds: Seconds;
    }
  /** The newest one that gives nothing more. */
  | { readonly state: 'over'; readonly id: string; readonly why: string }
);

/** What is missing, as a sentence after the group that makes the user eligible. */
export const APPROVAL_SENTENCES: {
  readonly [S in UnmetApproval['state']]: (of: Extract<UnmetApproval, { state: S }>) => string;
} = {
  none: () => 'The rule gives the role only for a time, after an approval.',
  waiting: ({ decideBy }) => `Your request waits for approval until ${formatInstant(decideBy)}.`,
  scheduled: ({ startsAt }) => `Your request is approved and begins at ${formatInstant(startsAt)}.`,
  unrecorded: () => 'Your request is approved, but the approval is not yet in the audit trail.',
  ending: ({ leftSeconds, leastSeconds }) =>
    `Your elevation has ${formatDuration(leftSeconds)} left, and AWS issues credentials for at least ${formatDuration(leastSeconds)}.`,
  over: ({ why }) => `The rule requires an approval. Your last request ${why}.`,
};

/** What is missing, in a few words for operators. */
export const APPROVAL_NAMES: {
  readonly [S in UnmetApproval['state']]: (of: Extract<UnmetApproval, { state: S }>) => string;
} = {
  none: () => 'approval',
  waiting: ({ decideBy }) => `approval (requested, until ${formatInstant(decideBy)})`,
  scheduled: ({ startsAt }) => `approval (from ${formatInstant(startsAt)})`,
  unrecorded: () => 'approval (not yet in the audit trail)',
  ending: ({ leftSeconds }) => `approval (ends in ${formatDuration(leftSeconds)})`,
  over: ({ why }) => `approval (the last request ${why})`,
};

/** What the user can do. */
export const APPROVAL_STEPS: { readonly [S in UnmetApproval['state']]: string } = {
  none: 'Request the role.',
  waiting: 'Wait for the approval, then try again.',
  scheduled: 'Try again when it has begun.',
  unrecorded: 'Try again in a minute.',
  ending: 'Request an extension.',
  over: 'Request the role again.',
};

/** The page that helps: a new request, one that waits, or one that can be extended. */
export interface NeededElevation {
  readonly account: string;
  readonly role: string;
  readonly kind: 'request' | 'look' | 'extend';
  /** Of `look` and `extend`. */
  readonly id?: string | undefined;
}

const HELP: { readonly [S in UnmetApproval['state']]: NeededElevation['kind'] } = {
  none: 'request',
  over: 'request',
  ending: 'extend',
  waiting: 'look',
  scheduled: 'look',
  unrecorded: 'look',
};

/** `role` as the user named it. */
export function neededFor(
  unmet: UnmetApproval,
  { account, role }: { readonly account: string; readonly role: string },
): NeededElevation {
  const kind = HELP[unmet.state];
  return { account, role, kind, ...(kind !== 'request' && 'id' in unmet && { id: unmet.id }) };
}
