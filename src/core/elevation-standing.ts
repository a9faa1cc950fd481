/**
 * What the elevations of a user are worth for the roles of one rule: for each an approval, or the
 * reason why there is none.
 */
import { type Elevation, isRecorded, statusOf } from './elevation.ts';
import type { ElevationTerms } from './elevation-terms.ts';
import type { PersonId } from './identity.ts';
import type { AccountId, RoleName } from './role.ts';
import { MIN_DURATION } from './session.ts';
import { formatInstant, type Instant } from './time.ts';
import type { ActiveElevation, UnmetApproval } from './unmet-approval.ts';

/** A rule that gives roles to a user after an approval. */
export interface ElevatedFor {
  readonly person: PersonId;
  /** The name of the rule. */
  readonly rule: string;
  readonly terms: Pick<ElevationTerms, 'digest' | 'tag'>;
}

export interface ElevatedRole {
  readonly account: AccountId;
  readonly role: RoleName;
}

/** How long STS needs at least for a session. */
const LEAST_MILLISECONDS = MIN_DURATION * 1000;

/** What elevations are worth for each role of the rule; those of other rules are left out once. */
export function approvalsBy(
  { person, rule, terms }: ElevatedFor,
  elevations: readonly Elevation[],
  now: Instant,
): (target: ElevatedRole) => ActiveElevation | UnmetApproval {
  const own = elevations.filter(of => of.requester.person === person && of.rule === rule);
  return ({ account, role }) => {
    const named = own.filter(of => of.account === account && of.role === role);
    return named.length === 0 ? NOTHING : bestOf(named, terms, now);
  };
}

/** `own` is not empty. */
function bestOf(
  own: readonly Elevation[],
  { digest, tag }: ElevatedFor['terms'],
  now: Instant,
): ActiveElevation | UnmetApproval {
  const [first] = own
    .map(elevation => worthOf(elevation, digest, now))
    .sort((a, b) => RANK[a.worth] - RANK[b.worth] || b.until - a.until);
  const { elevation, worth } = first!;
  const { id } = elevation;
  if (worth === 'active') return { id, endsAt: elevation.granted!.endsAt, tag };
  return { requirement: 'approval', ...UNMET[worth](elevation, now) };
}

export function isActive(approval: ActiveElevation | UnmetApproval): approval is ActiveElevation {
  return 'endsAt' in approval;
}

const NOTHING: UnmetApproval = { requirement: 'approval', state: 'none' };

type Worth = 'active' | 'unrecorded' | 'waiting' | 'ending' | 'scheduled' | 'over' | 'other-terms';

/** What is best for the user, or can be soon, comes first. */
const RANK: { readonly [W in Worth]: number } = {
  active: 0,
  unrecorded: 1,
  waiting: 2,
  ending: 3,
  scheduled: 4,
  'other-terms': 5,
  over: 6,
};

interface Worthy {
  readonly elevation: Elevation;
  readonly worth: Worth;
  /** The later one of two that are worth the same counts. */
  readonly until: Instant;
}

function worthOf(elevation: Elevation, digest: string, now: Instant): Worthy {
  const { granted, requestedAt } = elevation;
  const until = granted?.endsAt ?? requestedAt;
  const status = statusOf(elevation, now);
  const isOpen = status === 'waiting' || status === 'scheduled' || status === 'active';
  if (!isOpen) return { elevation, worth: 'over', until: requestedAt };
  if (elevation.terms !== digest) return { elevation, worth: 'other-terms', until };
  if (status !== 'active') return { elevation, worth: status, until };
  if (!isRecorded(elevation)) return { elevation, worth: 'unrecorded', until };
  return { elevation, worth: until - now < LEAST_MILLISECONDS ? 'ending' : 'active', until };
}

type Reason = UnmetApproval extends infer U
  ? U extends UnmetApproval
    ? Omit<U, 'requirement'>
    : never
  : never;

const UNMET: {
  readonly [W in Exclude<Worth, 'active'>]: (of: Elevation, now: Instant) => Reason;
} = {
  waiting: ({ id, decideBy }) => ({ state: 'waiting', id, decideBy }),
  scheduled: ({ id, granted }) => ({ state: 'scheduled', id, startsAt: granted!.startsAt }),
  unrecorded: ({ id }) => ({ state: 'unrecorded', id }),
  ending: ({ id, granted }, now) => ({
    state: 'ending',
    id,
    leftSeconds: Math.floor((granted!.endsAt - now) / 1000),
    leastSeconds: MIN_DURATION,
  }),
  'other-terms': ({ id }) => ({ state: 'over', id, why: 'ended when its rule was changed' }),
  over: (elevation, now) => ({ state: 'over', id: elevation.id, why: whyOver(elevation, now) }),
};

function whyOver(elevation: Elevation, now: Instant): string {
  const { granted, decideBy, ended } = elevation;
  if (ended !== undefined) {
    const at = formatInstant(ended.at);
    return ended.why === 'rule-changed'
      ? `ended at ${at}, because its rule was changed`
      : `was ${ended.why} at ${at}`;
  }
  return statusOf(elevation, now) === 'lapsed'
    ? `was not decided by ${formatInstant(decideBy)}`
    : `ended at ${formatInstant(granted!.endsAt)}`;
}
