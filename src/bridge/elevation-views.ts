/** Elevations as users see them: one with everything that a decision needs, and their lists. */
import { countOutstanding, type Outstanding, outstandingOf } from '../core/approval.ts';
import { type Elevation, nextReminder, statusOf } from '../core/elevation.ts';
import type { ElevationLists, ElevationRight, ElevationView } from '../core/elevation-view.ts';
import { listed } from '../core/listed.ts';
import { type AuthenticatedRequester, requireConfirmed } from '../core/requester.ts';
import { DAY, type Seconds } from '../core/time.ts';
import {
  attempt,
  type CurrentRule,
  currentRuleOf,
  type ElevationParts,
  findVisible,
  partyOf,
  type Standpoint,
  standpointOf,
} from './elevation-context.ts';
import { longestOf, standingsOf, whyNoVoter } from './elevation-decisions.ts';

/** How far back the lists of a user reach. */
const SHOWN: Seconds = 90 * DAY;
const MOST_SHOWN = 1000;
const MOST_BEFORE = 10;

export function view(
  parts: ElevationParts,
  requester: AuthenticatedRequester,
  id: string,
): Promise<ElevationView> {
  return attempt(parts, requester, {
    attempted: { action: 'view', elevation: id },
    run: async () => {
      const { elevation, standpoint } = await findVisible(parts, requester, id);
      return viewOf(parts, requester, { elevation, standpoint });
    },
  });
}

interface Seen {
  readonly elevation: Elevation;
  readonly standpoint: Standpoint;
}

async function viewOf(
  parts: ElevationParts,
  requester: AuthenticatedRequester,
  { elevation, standpoint }: Seen,
): Promise<ElevationView> {
  const now = parts.clock.now();
  const rule = currentRuleOf(parts, elevation);
  const status = statusOf(elevation, now);
  const by = partyOf(requester.subject.identity);
  const isApprover = standpoint.isApprover && status === 'waiting';
  return {
    ...{ elevation, status },
    rights: rightsOf(parts, requester, { elevation, standpoint }),
    whyNotApprove: isApprover ? whyNoVoter(elevation, standpoint, by) : undefined,
    outstanding:
      rule === undefined || status !== 'waiting'
        ? []
        : await outstandingFor(parts, requester, { elevation, rule }),
    eligibility: rule && { account: rule.account, role: elevation.role, rule: rule.rule },
    longestSeconds:
      rule === undefined ? elevation.seconds : Math.min(elevation.seconds, longestOf(rule)),
    before: standpoint.isRequester ? [] : await beforeOf(parts, elevation),
    alive: elevation.granted === undefined ? [] : await parts.handOuts.aliveBy(elevation.id, now),
  };
}

type Right = (seen: Seen & { readonly status: ReturnType<typeof statusOf> }) => boolean;

/** What each right needs of the elevation and of the viewer. */
const RIGHTS: { readonly [R in Exclude<ElevationRight, 'approve' | 'extend'>]: Right } = {
  deny: ({ standpoint, status }) =>
    status === 'waiting' && standpoint.isApprover && !standpoint.isRequester,
  withdraw: ({ standpoint, status }) => status === 'waiting' && standpoint.isRequester,
  revoke: ({ standpoint: { isRequester, isApprover, isAdministrator }, status }) =>
    status === 'active' || status === 'scheduled'
      ? isRequester || isApprover || isAdministrator
      : status === 'waiting' && isAdministrator && !isRequester && !isApprover,
  review: ({ elevation, standpoint: { isApprover, isAdministrator, isSameHuman } }) =>
    nextReminder(elevation) !== undefined && (isApprover || isAdministrator) && !isSameHuman,
};

function rightsOf(
  parts: ElevationParts,
  requester: AuthenticatedRequester,
  { elevation, standpoint }: Seen,
): ReadonlySet<ElevationRight> {
  const status = statusOf(elevation, parts.clock.now());
  const rights = Object.entries(RIGHTS).flatMap(([right, has]) =>
    has({ elevation, standpoint, status }) ? [right as ElevationRight] : [],
  );
  const isCurrent = currentRuleOf(parts, elevation) !== undefined;
  if (isCurrent && mayApprove(parts, requester, { elevation, standpoint })) rights.push('approve');
  if (isCurrent && status === 'active' && standpoint.isRequester) rights.push('extend');
  return new Set(rights);
}

function mayApprove(
  { clock }: ElevationParts,
  { subject }: AuthenticatedRequester,
  { elevation, standpoint }: Seen,
): boolean {
  return (
    standpoint.isApprover &&
    statusOf(elevation, clock.now()) === 'waiting' &&
    whyNoVoter(elevation, standpoint, partyOf(subject.identity)) === undefined
  );
}

async function outstandingFor(
  parts: ElevationParts,
  { subject }: AuthenticatedRequester,
  { elevation, rule }: { readonly elevation: Elevation; readonly rule: CurrentRule },
): Promise<readonly string[]> {
  const { connector } = subject.identity;
  const standings = await standingsOf(parts, elevation);
  const missing = outstandingOf(rule.rule.elevation.approvers, rule.terms.approvers, standings);
  // Users of other connectors must not learn the names of groups.
  if (missing.every(({ approvers }) => approvers.connectors.includes(connector)))
    return missing.flatMap(describeOutstanding);
  const count = countOutstanding(missing);
  return count === 0 ? [] : [`${count} more`];
}

function describeOutstanding({ approvers, missing }: Outstanding): readonly string[] {
  if (missing === 0) return [];
  const { groups, groupPattern } = approvers;
  return [`${missing} more from ${groupPattern ?? listed(groups)}`];
}

async function beforeOf(
  { elevations, clock }: ElevationParts,
  { id, requester }: Elevation,
): Promise<readonly Elevation[]> {
  const own = await elevations.ofPerson(requester.person, clock.now() - SHOWN * 1000);
  return own.filter(of => of.id !== id).slice(0, MOST_BEFORE);
}

// ---------------------------------------------------------------- lists

export async function lists(
  parts: ElevationParts,
  requester: AuthenticatedRequester,
): Promise<ElevationLists> {
  requireConfirmed(requester);
  const { elevations, clock } = parts;
  const now = clock.now();
  const { person } = requester.subject.identity;
  const [mine, waiting, granted, unreviewed] = await Promise.all([
    elevations.ofPerson(person, now - SHOWN * 1000),
    elevations.list({ kind: 'waiting', now }, MOST_SHOWN),
    elevations.list({ kind: 'granted', now }, MOST_SHOWN),
    elevations.list({ kind: 'to-review' }, MOST_SHOWN),
  ]);
  const having = (right: ElevationRight) => (elevation: Elevation) => {
    const standpoint = standpointOf(parts, requester, elevation);
    return rightsOf(parts, requester, { elevation, standpoint }).has(right);
  };
  return {
    mine,
    toDecide: waiting.filter(having('approve')).toReversed(),
    toReview: unreviewed.filter(having('review')).sort((a, b) => a.review!.dueAt - b.review!.dueAt),
    toWatch: granted.filter(having('revoke')).filter(of => of.requester.person !== person),
  };
}
