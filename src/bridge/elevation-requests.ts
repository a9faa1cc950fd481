/** Asking for roles: what a user can ask for, and the requests that they make. */
import {
  type Elevation,
  type ElevationRequest,
  isOpen,
  nextReminder,
  statusOf,
} from '../core/elevation.ts';
import { glassBroken, requested } from '../core/elevation-changes.ts';
import {
  checkedElevation,
  DECIDE_WITHIN,
  type ElevationTerms,
  extensionSeconds,
  invalid,
  offeredSeconds,
  SHORTEST_ELEVATION,
} from '../core/elevation-terms.ts';
import type { AskedElevatedRole, Offer, RequestElevations } from '../core/elevation-view.ts';
import { BridgeError, ERRORS } from '../core/errors.ts';
import { didYouMean } from '../core/explanation.ts';
import { selects } from '../core/group-selector.ts';
import type { Identity, PersonId } from '../core/identity.ts';
import { nearestRole } from '../core/near-role.ts';
import type { Eligibility } from '../core/policy.ts';
import {
  type AuthenticatedRequester,
  type HeldElevations,
  requireConfirmed,
} from '../core/requester.ts';
import { compareTexts } from '../core/text-order.ts';
import {
  DAY,
  formatDuration,
  formatInstant,
  HOUR,
  type Instant,
  type Seconds,
} from '../core/time.ts';
import {
  actOf,
  attempt,
  type ElevationParts,
  partyOf,
  requireDecider,
  settled,
} from './elevation-context.ts';

/** Roles of one request. */
const MOST_AT_ONCE = 20;
/** Requests of one user that wait for approval. */
const MOST_WAITING = 50;
/**
 * Of one user, open or to be reviewed. A list has at most 200: what is beyond could neither be
 * revoked with the others nor be reviewed.
 */
const MOST_HELD = 100;
/** Of one user, also if they are withdrawn: others are told of each. */
const MOST_PER_HOUR = 100;
/** A break-glass that ended earlier no longer counts for the limit. */
const REVIEWED_WITHIN: Seconds = 30 * DAY;
/** How long an elevation that is over still explains a refusal. */
const REMEMBERED: Seconds = DAY;

/** Elevations that can matter to decisions on a user. */
export function heldBy(
  { policy, elevations, clock }: ElevationParts,
  person: PersonId,
): HeldElevations | undefined {
  if (policy.elevatedRules.size === 0) return undefined;
  let held: Promise<readonly Elevation[]> | undefined;
  return () => {
    held ??= elevations.ofPerson(person, clock.now() - REMEMBERED * 1000);
    return held;
  };
}

// ---------------------------------------------------------------- offers

export async function offersTo(
  parts: ElevationParts,
  requester: AuthenticatedRequester,
): Promise<readonly Offer[]> {
  requireConfirmed(requester);
  const { identity } = requester.subject;
  const eligibilities = parts.policy.eligibilities(identity);
  if (eligibilities.length === 0) return [];
  const held = heldAlready(parts, requester);
  const elevations = (await requester.elevations?.()) ?? [];
  const offers = new Map<string, Offer>();
  for (const eligibility of eligibilities) {
    const key = keyOf(eligibility.account.id, eligibility.role);
    if (held.has(key)) continue;
    const offer = offerBy(parts, { identity, elevations }, eligibility);
    const other = offers.get(key);
    // Of several rules the most generous one counts, and of equal ones the first.
    if (other === undefined || offer.longestSeconds > other.longestSeconds) offers.set(key, offer);
  }
  return [...offers.values()].sort(
    (a, b) => compareTexts(a.account.name, b.account.name) || compareTexts(a.role, b.role),
  );
}

/** Roles that the requester has without an approval: nothing is to be asked for there. */
function heldAlready(
  { policy, clock }: ElevationParts,
  { subject, origin }: AuthenticatedRequester,
): ReadonlySet<string> {
  const circumstances = { now: clock.now(), address: origin.address };
  const { granted } = policy.evaluate(subject.identity, circumstances);
  return new Set(granted.map(({ account, role }) => keyOf(account.id, role)));
}

function keyOf(account: string, role: string): string {
  return `${account}/${role}`;
}

interface Asker {
  readonly identity: Identity;
  readonly elevations: readonly Elevation[];
}

function offerBy(
  { policy, clock }: ElevationParts,
  { identity, elevations }: Asker,
  { account, role, rule, group }: Eligibility,
): Offer {
  const now = clock.now();
  const own = elevations.filter(
    of =>
      of.account === account.id &&
      of.role === role &&
      of.terms === rule.elevation.digest &&
      isOpen(of, now),
  );
  // One that is active can be extended also while the extension of another waits.
  const open = own.find(of => statusOf(of, now) !== 'active') ?? lastOf(own);
  const breakers = policy.elevatedRules.get(rule.name)?.terms.breakGlass;
  return {
    ...{ account, role, group, rule: rule.name, terms: rule.elevation },
    longestSeconds: offeredSeconds(rule.elevation, rule.session, account),
    mayBreakGlass: breakers !== undefined && selects(breakers, identity),
    open,
  };
}

function lastOf(elevations: readonly Elevation[]): Elevation | undefined {
  return elevations.toSorted((a, b) => b.granted!.endsAt - a.granted!.endsAt)[0];
}

export async function offersOf(
  parts: ElevationParts,
  requester: AuthenticatedRequester,
  asked: readonly AskedElevatedRole[],
): Promise<readonly Offer[]> {
  const offers = await offersTo(parts, requester);
  const found = asked.map(role =>
    attempt(parts, requester, {
      attempted: { action: 'request', ...role },
      run: async () => offerFor(offers, role),
    }),
  );
  return Promise.all(found);
}

/** Throws `elevation_not_offered`: the same answer for a role that does not exist. */
function offerFor(offers: readonly Offer[], { account: asked, role }: AskedElevatedRole): Offer {
  const found = offers.find(
    ({ account, role: of }) => of === role && (account.name === asked || account.id === asked),
  );
  if (found !== undefined) return found;
  const asking = { account: asked, role };
  const near = nearestRole(asking, offers);
  throw new BridgeError('elevation_not_offered', 'no rule makes the user eligible for the role', {
    ...{ asked: asking, near },
    hint: didYouMean(near, ERRORS.elevation_not_offered.hint),
  });
}

// ---------------------------------------------------------------- requests

export async function requestElevations(
  parts: ElevationParts,
  requester: AuthenticatedRequester,
  asked: RequestElevations,
): Promise<readonly Elevation[]> {
  const [first] = asked.roles;
  const action = asked.breakGlass ? 'break-glass' : 'request';
  return attempt(parts, requester, {
    attempted: { action, ...first },
    run: () => makeRequests(parts, requester, asked),
  });
}

async function makeRequests(
  parts: ElevationParts,
  requester: AuthenticatedRequester,
  asked: RequestElevations,
): Promise<readonly Elevation[]> {
  if (asked.breakGlass) requireDecider(parts, requester);
  const offers = await offersTo(parts, requester);
  const chosen = asked.roles.map(role => offerFor(offers, role));
  checkRoles(chosen);
  await checkNumber(parts, requester, chosen.length);
  const batch = chosen.length > 1 ? parts.secrets.publicId() : undefined;
  const made = chosen.map(offer => requestFor(parts, requester, { asked, offer, batch }));
  await parts.elevations.create(made);
  return Promise.all(made.map(elevation => settled(parts, elevation)));
}

function checkRoles(chosen: readonly Offer[]): void {
  if (chosen.length === 0) throw invalid('role', 'Choose a role.');
  if (chosen.length > MOST_AT_ONCE)
    throw invalid('role', `Choose at most ${MOST_AT_ONCE} roles at once.`);
  if (new Set(chosen).size < chosen.length) throw invalid('role', 'Choose each role once.');
}

async function checkNumber(
  { elevations, clock }: ElevationParts,
  { subject }: AuthenticatedRequester,
  more: number,
): Promise<void> {
  const now = clock.now();
  const own = await elevations.ofPerson(subject.identity.person, now - REVIEWED_WITHIN * 1000);
  const recent = own.filter(of => of.requestedAt > now - HOUR * 1000).length;
  if (recent + more > MOST_PER_HOUR)
    throw new BridgeError('limit_reached', `the user made ${recent} requests within an hour`, {
      hint: `You made ${recent} requests within an hour, and the limit is ${MOST_PER_HOUR}. Try again in an hour.`,
      offers: 'elevations',
    });
  const held = own.filter(of => isOpen(of, now) || nextReminder(of) !== undefined).length;
  if (held + more > MOST_HELD)
    throw new BridgeError('limit_reached', `the user has ${held} elevations`, {
      hint: `You have ${held} elevations that are open or to be reviewed, and ${MOST_HELD} is the limit. End some, or have them reviewed, then ask again.`,
      offers: 'elevations',
    });
  const waiting = own.filter(of => statusOf(of, now) === 'waiting').length;
  if (waiting + more <= MOST_WAITING) return;
  throw new BridgeError('limit_reached', `the user has ${waiting} requests that wait`, {
    hint: `You have ${waiting} requests that wait for approval, and the limit is ${MOST_WAITING}. Withdraw some, then try again.`,
    offers: 'elevations',
  });
}

interface Making {
  readonly asked: RequestElevations;
  readonly offer: Offer;
  readonly batch: string | undefined;
}

function requestFor(
  parts: ElevationParts,
  requester: AuthenticatedRequester,
  { asked, offer, batch }: Making,
): Elevation {
  const act = actOf(parts, requester);
  const { at: now } = act;
  const base = baseOf(offer, asked, now);
  const longest = longestFrom(offer, base, now);
  const checked = checkedElevation(ownPart(asked, offer), offer.terms, { longest, now });
  const { account, role, rule, group, terms } = offer;
  const { seconds, startsAt, reason, ticket, breakGlass } = checked;
  const request: ElevationRequest = {
    ...{ id: parts.secrets.publicId(), batch, requester: partyOf(requester.subject.identity) },
    ...{ account: account.id, accountName: account.name, role, rule, terms: terms.digest, group },
    ...{ seconds, startsAt, reason, ticket, extends: base?.id, breakGlass },
    ...{ cliSession: requester.cliSession, requestedAt: now },
    decideBy: (startsAt ?? now) + DECIDE_WITHIN * 1000,
  };
  if (!breakGlass) return requested(request, act);
  return glassBroken(request, act, breakGlassTerms(offer));
}

/** The ticket of a batch is for those of its roles that take one. */
function ownPart(asked: RequestElevations, { terms }: Offer): RequestElevations {
  const isForOthers = asked.roles.length > 1 && terms.ticket === undefined;
  return isForOthers ? { ...asked, ticket: undefined } : asked;
}

/** Throws `elevation_not_offered`. */
function breakGlassTerms({ mayBreakGlass, terms }: Offer): {
  readonly reviewSeconds: Seconds;
} {
  const { breakGlass }: ElevationTerms = terms;
  if (mayBreakGlass && breakGlass !== undefined) return breakGlass;
  throw new BridgeError('elevation_not_offered', 'the user is not selected for break-glass', {
    hint: 'You cannot use break-glass for this role. Request it without break-glass, so that an approver decides.',
  });
}

/**
 * The active elevation that the request continues. Throws `elevation_invalid` if another request
 * waits already.
 */
function baseOf(
  { open, account, role }: Offer,
  { startsAt, breakGlass }: RequestElevations,
  now: Instant,
): Elevation | undefined {
  if (open === undefined || breakGlass) return undefined;
  const status = statusOf(open, now);
  if (status === 'active') {
    const isLater = startsAt !== undefined && startsAt >= open.granted!.endsAt;
    return isLater ? undefined : open;
  }
  throw new BridgeError('elevation_invalid', 'the user has a request for the role already', {
    hint: `You already have a request for ${account.name}/${role}: ${status === 'waiting' ? 'it waits for approval' : `it begins at ${formatInstant(open.granted!.startsAt)}`}.`,
    elevation: { account: account.name, role, kind: 'look', id: open.id },
  });
}

/** Throws `elevation_invalid` for an extension that would be too short. */
function longestFrom(
  { longestSeconds }: Offer,
  base: Elevation | undefined,
  now: Instant,
): Seconds {
  if (base === undefined) return longestSeconds;
  const longest = extensionSeconds(longestSeconds, base.granted!.endsAt, now);
  if (longest >= SHORTEST_ELEVATION) return longest;
  const left = longestSeconds - longest;
  throw invalid(
    'duration',
    `Your elevation has ${formatDuration(left)} left. Extend it when ${formatDuration(longestSeconds - SHORTEST_ELEVATION)} or less is left.`,
  );
}
