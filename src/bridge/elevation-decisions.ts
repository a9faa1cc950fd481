/** Decisions on requests, and the review of a break-glass. */
import {
  approvingGroups,
  countOutstanding,
  isSameHuman,
  outstandingOf,
  type Standing,
  standingOf,
} from '../core/approval.ts';
import { type Elevation, type Party, statusOf } from '../core/elevation.ts';
import { approved, denied, reviewed } from '../core/elevation-changes.ts';
import {
  checkedNote,
  checkSeconds,
  invalid,
  offeredSeconds,
  SHORTEST_EXPLANATION,
  visibleLength,
} from '../core/elevation-terms.ts';
import type { ApprovalRequest, Noted } from '../core/elevation-view.ts';
import { BridgeError } from '../core/errors.ts';
import type { AuthenticatedRequester } from '../core/requester.ts';
import type { Instant, Seconds } from '../core/time.ts';
import {
  actOf,
  attempt,
  type CurrentRule,
  change,
  type ElevationParts,
  findVisible,
  partyOf,
  requireCurrentRule,
  requireDecider,
  type Standpoint,
  settled,
} from './elevation-context.ts';

/** Approvers who race for one elevation; one succeeds each round. */
const MAX_ROUNDS = 100;

// ---------------------------------------------------------------- approve

export function approve(
  parts: ElevationParts,
  requester: AuthenticatedRequester,
  asked: ApprovalRequest,
): Promise<Elevation> {
  return attempt(parts, requester, {
    attempted: { action: 'approve', elevation: asked.id },
    run: async () => {
      requireDecider(parts, requester);
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const counted = await countApproval(parts, requester, asked);
        if (counted !== undefined) return settled(parts, counted);
      }
      throw new BridgeError('unavailable', 'too many approvers decide one request at once');
    },
  });
}

/** Undefined if another approval came in between: then it is looked at again. */
async function countApproval(
  parts: ElevationParts,
  requester: AuthenticatedRequester,
  { id, seconds: asked, note }: ApprovalRequest,
): Promise<Elevation | undefined> {
  const { elevation, standpoint } = await findVisible(parts, requester, id);
  const { identity } = requester.subject;
  const rule = requireCurrentRule(parts, elevation);
  requireVoter(elevation, standpoint, partyOf(identity));
  await requireEligible(parts, elevation, partyOf(identity));
  const groups = approvingGroups(rule.terms.approvers, identity);
  const earlier = await standingsOf(parts, elevation);
  const outstanding = outstandingOf(rule.rule.elevation.approvers, rule.terms.approvers, [
    ...earlier,
    { by: partyOf(identity), groups },
  ]);
  const longest = longestOf(rule);
  const seconds = asked ?? Math.min(elevation.seconds, longest);
  checkSeconds(seconds, Math.min(elevation.seconds, longest));
  const approval = {
    ...actOf(parts, requester),
    ...{ groups, seconds, longest, note: checkedNote(note, 'note') },
    outstanding: countOutstanding(outstanding),
    continues: await continuesUntil(parts, elevation),
  };
  const changed = await parts.elevations.update<Elevation | undefined>(id, current => {
    if (current.votes.length !== elevation.votes.length) return { next: current, value: undefined };
    const next = approved(current, approval);
    return { next, value: next };
  });
  return changed;
}

export function longestOf({ rule, account }: CurrentRule): Seconds {
  return offeredSeconds(rule.elevation, rule.session, account);
}

/** Why a user who approves such requests cannot approve this one; undefined if they can. */
export function whyNoVoter(
  { votes }: Elevation,
  { isRequester, isSameHuman: isOwn }: Standpoint,
  by: Party,
): string | undefined {
  if (isRequester) return 'You cannot approve your own request.';
  if (isOwn)
    return 'You have the user name or e-mail of the requester, and users cannot approve their own requests.';
  const own = votes.find(vote => isSameHuman(vote.by, by));
  if (own === undefined) return undefined;
  return own.by.person === by.person
    ? 'You have already approved it.'
    : 'You have already approved it with another account.';
}

/** Throws `elevation_not_yours_to_decide`. */
function requireVoter(elevation: Elevation, standpoint: Standpoint, by: Party): void {
  requireApprover(standpoint);
  const hint = whyNoVoter(elevation, standpoint, by);
  if (hint === undefined) return;
  throw new BridgeError('elevation_not_yours_to_decide', 'the user cannot approve it', { hint });
}

function requireApprover({ isApprover }: Standpoint): void {
  if (isApprover) return;
  throw new BridgeError('elevation_not_yours_to_decide', 'the user is no approver of the rule', {
    hint: 'Only approvers of its rule can decide it.',
  });
}

/** The requester can have lost the group since, or have another name. */
async function requireEligible(
  { people }: ElevationParts,
  { requester, group }: Elevation,
  by: Party,
): Promise<void> {
  const newest = await people.statementOf(requester.person);
  if (newest === undefined)
    throw new BridgeError('elevation_closed', 'the requester is blocked or unknown', {
      hint: 'The requester is blocked. Deny the request.',
    });
  const { username, claims } = newest;
  if (claims !== undefined && !claims.groups.includes(group))
    throw new BridgeError('elevation_closed', 'the requester has lost the group', {
      hint: `The requester is no longer in the group ${group}. Deny the request.`,
    });
  const { person } = requester;
  if (isSameHuman({ person, username, email: claims?.email }, by))
    throw new BridgeError('elevation_not_yours_to_decide', 'the requester has the same name', {
      hint: 'You have the user name or e-mail of the requester, and users cannot approve their own requests.',
    });
}

/**
 * Earlier approvers with the groups and names that they have now. One that has got the name of the
 * requester since counts as the requester does.
 */
export async function standingsOf(
  { people }: Pick<ElevationParts, 'people'>,
  { votes, requester }: Elevation,
): Promise<readonly Standing[]> {
  if (votes.length === 0) return [];
  const askers = [requester, await nowNamed(people, requester)];
  return Promise.all(
    votes.map(async vote => {
      const newest = await people.statementOf(vote.by.person);
      const by = await nowNamed(people, vote.by);
      const isOwn = askers.some(asker => isSameHuman(asker, by));
      return standingOf(
        { ...vote, by },
        { isBlocked: newest === undefined || isOwn, groups: newest?.claims?.groups ?? [] },
      );
    }),
  );
}

/** A user with the names that they have now, as far as they are known. */
async function nowNamed(people: ElevationParts['people'], by: Party): Promise<Party> {
  const newest = await people.statementOf(by.person);
  if (newest === undefined) return by;
  return { ...by, username: newest.username, email: newest.claims?.email ?? by.email };
}

/**
 * The end of the elevation that a request continues, while that is active. Throws
 * `elevation_closed` if it was revoked: an approval must not bring it back.
 */
async function continuesUntil(
  { elevations, clock }: ElevationParts,
  { extends: id }: Elevation,
): Promise<Instant | undefined> {
  const base = id === undefined ? undefined : await elevations.find(id);
  if (base === undefined) return undefined;
  if (statusOf(base, clock.now()) === 'active') return base.granted!.endsAt;
  if (base.ended === undefined) return undefined;
  throw new BridgeError('elevation_closed', 'the elevation that it continues was ended', {
    hint: 'The elevation that it extends has ended early. Deny the request.',
  });
}

// ---------------------------------------------------------------- deny, review

export function deny(
  parts: ElevationParts,
  requester: AuthenticatedRequester,
  { id, note }: Noted,
): Promise<Elevation> {
  return attempt(parts, requester, {
    attempted: { action: 'deny', elevation: id },
    run: async () => {
      requireDecider(parts, requester);
      const { standpoint } = await findVisible(parts, requester, id);
      requireApprover(standpoint);
      if (standpoint.isRequester)
        throw new BridgeError('elevation_not_yours_to_decide', 'it is their own request', {
          hint: 'This is your own request. Withdraw it instead.',
        });
      const act = { ...actOf(parts, requester), note: checkedNote(note, 'note') };
      return change(parts, id, elevation => denied(elevation, act));
    },
  });
}

export function review(
  parts: ElevationParts,
  requester: AuthenticatedRequester,
  { id, note: written }: Noted,
): Promise<Elevation> {
  return attempt(parts, requester, {
    attempted: { action: 'review', elevation: id },
    run: async () => {
      requireDecider(parts, requester);
      const { elevation, standpoint } = await findVisible(parts, requester, id);
      await requireReviewer(parts, elevation, {
        standpoint,
        by: partyOf(requester.subject.identity),
      });
      const note = checkedNote(written, 'note');
      if (note === undefined || visibleLength(note) < SHORTEST_EXPLANATION)
        throw invalid(
          'note',
          `Describe what you found in at least ${SHORTEST_EXPLANATION} characters.`,
        );
      const act = { ...actOf(parts, requester), note };
      return change(parts, id, current => reviewed(current, act));
    },
  });
}

/** Throws `elevation_not_yours_to_decide`. */
async function requireReviewer(
  { people }: ElevationParts,
  { requester }: Elevation,
  { standpoint, by }: { readonly standpoint: Standpoint; readonly by: Party },
): Promise<void> {
  const { isApprover, isAdministrator, isSameHuman: isOwn } = standpoint;
  if (!isApprover && !isAdministrator)
    throw new BridgeError(
      'elevation_not_yours_to_decide',
      'the user is neither approver nor administrator',
      {
        hint: 'Only approvers of its rule and administrators can review it.',
      },
    );
  if (isOwn || isSameHuman(await nowNamed(people, requester), by))
    throw new BridgeError('elevation_not_yours_to_decide', 'it is their own break-glass', {
      hint: 'Another user must review your break-glass.',
    });
}
