/** Elevations as users see them: one with everything that a decision needs, and their lists. */
import { countOutstanding, type Outstanding, outstandingOf } from '../core/approval.ts';
import {
  type Elevation,
  type ElevationStatus,
  nextReminder,
  type Party,
  statusOf,
} from '../core/elevation.ts';
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
  maySee,
  partyOf,
  type Standpoint,
  standpointsOf,
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
      const { elevation } = await findVisible(parts, requester, id);
      const seen = seenBy(parts, requester)(elevation);
      const before = seen.standpoint.isRequester ? [] : await beforeOf(parts, requester, elevation);
      return { ...(await viewOf(parts, seen)), before };
    },
  });
}

// ---------------------------------------------------------------- rights

/** An elevation with all that the rights of a viewer depend on. */
interface Seen {
  readonly elevation: Elevation;
  readonly status: ElevationStatus;
  /** Undefined once it was changed or removed. */
  readonly rule: CurrentRule | undefined;
  readonly viewer: Party;
  readonly standpoint: Standpoint;
}

function seenBy(
  parts: ElevationParts,
  requester: AuthenticatedRequester,
): (elevation: Elevation) => Seen {
  const viewer = partyOf(requester.subject.identity);
  const standpointOn = standpointsOf(parts, requester);
  return elevation => ({
    elevation,
    status: statusOf(elevation, parts.clock.now()),
    rule: currentRuleOf(parts, elevation),
    viewer,
    standpoint: standpointOn(elevation),
  });
}

/** What each right needs of the elevation and of the viewer. */
const RIGHTS: { readonly [R in ElevationRight]: (seen: Seen) => boolean } = {
  approve: seen => seen.rule !== undefined && isForViewer(seen) && whyNot(seen) === undefined,
  deny: seen => isForViewer(seen) && !seen.standpoint.isRequester,
  withdraw: ({ status, standpoint }) => status === 'waiting' && standpoint.isRequester,
  revoke: ({ status, standpoint: { isRequester, isApprover, isAdministrator } }) =>
    status === 'active' || status === 'scheduled'
      ? isRequester || isApprover || isAdministrator
      : status === 'waiting' && isAdministrator && !isRequester && !isApprover,
  review: ({ elevation, standpoint: { isApprover, isAdministrator, isSameHuman } }) =>
    nextReminder(elevation) !== undefined && (isApprover || isAdministrator) && !isSameHuman,
  extend: ({ rule, status, standpoint }) =>
    rule !== undefined && status === 'active' && standpoint.isRequester,
};

const NAMES = Object.keys(RIGHTS) as readonly ElevationRight[];

/** Whether it waits for users like the viewer. */
function isForViewer({ status, standpoint }: Seen): boolean {
  return status === 'waiting' && standpoint.isApprover;
}

function whyNot({ elevation, standpoint, viewer }: Seen): string | undefined {
  return whyNoVoter(elevation, standpoint, viewer);
}

// ---------------------------------------------------------------- one elevation

async function viewOf(parts: ElevationParts, seen: Seen): Promise<Omit<ElevationView, 'before'>> {
  const { elevation, status, rule } = seen;
  const { id, role, seconds, granted } = elevation;
  return {
    ...{ elevation, status },
    account: parts.accounts.get(elevation.account),
    rights: new Set(NAMES.filter(right => RIGHTS[right](seen))),
    whyNotApprove: isForViewer(seen) ? whyNot(seen) : undefined,
    outstanding: status === 'waiting' ? await outstandingFor(parts, seen) : [],
    eligibility: rule && { account: rule.account, role, rule: rule.rule },
    longestSeconds: rule === undefined ? seconds : Math.min(seconds, longestOf(rule)),
    alive: granted === undefined ? [] : await parts.handOuts.aliveBy(id, parts.clock.now()),
  };
}

/** Empty once the rule was changed or removed. */
async function outstandingFor(
  parts: ElevationParts,
  { elevation, rule: current, viewer: { connector } }: Seen,
): Promise<readonly string[]> {
  if (current === undefined) return [];
  const { rule, terms } = current;
  const standings = await standingsOf(parts, elevation);
  const missing = outstandingOf(rule.elevation.approvers, terms.approvers, standings);
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

/** Those that the viewer may see as well: a reason can be meant for other approvers. */
async function beforeOf(
  parts: ElevationParts,
  viewer: AuthenticatedRequester,
  { id, requester }: Elevation,
): Promise<readonly Elevation[]> {
  const { elevations, clock } = parts;
  const own = await elevations.ofPerson(requester.person, clock.now() - SHOWN * 1000);
  const standpointOn = standpointsOf(parts, viewer);
  return own.filter(of => of.id !== id && maySee(standpointOn(of))).slice(0, MOST_BEFORE);
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
  const seen = seenBy(parts, requester);
  const having = (right: ElevationRight) => (elevation: Elevation) =>
    RIGHTS[right](seen(elevation));
  return {
    mine,
    toDecide: waiting.filter(having('approve')).toReversed(),
    toReview: unreviewed.filter(having('review')).sort((a, b) => a.review!.dueAt - b.review!.dueAt),
    toWatch: granted.filter(having('revoke')).filter(of => of.requester.person !== person),
  };
}
