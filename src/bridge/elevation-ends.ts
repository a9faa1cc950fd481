/** Elevations that their requester, an approver, an administrator or an operator ends. */
import type { EndedAs } from '../core/audit-event.ts';
import { type Elevation, isOpen } from '../core/elevation.ts';
import { type Act, revoked, withdrawn } from '../core/elevation-changes.ts';
import { checkedNote } from '../core/elevation-terms.ts';
import type { Noted, RevokedElevation } from '../core/elevation-view.ts';
import { BridgeError } from '../core/errors.ts';
import type { PersonId } from '../core/identity.ts';
import type { AuthenticatedRequester } from '../core/requester.ts';
import {
  actOf,
  attempt,
  change,
  type ElevationParts,
  findVisible,
  requireDecider,
  type Standpoint,
} from './elevation-context.ts';
import { type ElevationTrailParts, recordEvents } from './elevation-trail.ts';

export function withdraw(
  parts: ElevationParts,
  requester: AuthenticatedRequester,
  id: string,
): Promise<Elevation> {
  return attempt(parts, requester, {
    attempted: { action: 'withdraw', elevation: id },
    run: async () => {
      const { standpoint } = await findVisible(parts, requester, id);
      if (!standpoint.isRequester)
        throw new BridgeError('elevation_not_yours_to_decide', 'it is not their own request', {
          hint: 'Only its requester can withdraw it.',
        });
      const act = actOf(parts, requester);
      return change(parts, id, elevation => withdrawn(elevation, act));
    },
  });
}

export function revoke(
  parts: ElevationParts,
  requester: AuthenticatedRequester,
  { id, note: written }: Noted,
): Promise<RevokedElevation> {
  return attempt(parts, requester, {
    attempted: { action: 'revoke', elevation: id },
    run: async () => {
      const { elevation: found, standpoint } = await findVisible(parts, requester, id);
      const as = rightOf(standpoint);
      if (as !== 'requester') requireDecider(parts, requester);
      const note = checkedNote(written, 'note');
      const act = { ...actOf(parts, requester), as, note };
      const elevation = await change(parts, id, current => revoked(current, act));
      const others = await siblingsOf(parts, found);
      for (const { id: other } of others)
        await change(parts, other, current =>
          isOpen(current, act.at) ? revoked(current, act) : current,
        );
      const { handOuts, clock } = parts;
      const alive = await Promise.all(
        [found, ...others].map(of => handOuts.aliveBy(of.id, clock.now())),
      );
      return { elevation, alive: alive.flat() };
    },
  });
}

/** Throws `elevation_not_yours_to_decide`. */
function rightOf({ isRequester, isApprover, isAdministrator }: Standpoint): EndedAs {
  if (isRequester) return 'requester';
  if (isApprover) return 'approver';
  if (isAdministrator) return 'administrator';
  throw new BridgeError('elevation_not_yours_to_decide', 'the user may only read it', {
    hint: 'Its requester, approvers of its rule and administrators can end it.',
  });
}

/** What is open of the same user, role and rule: extensions, and requests for later. */
async function siblingsOf(
  { elevations, clock }: ElevationParts,
  { id, requester, account, role, rule }: Elevation,
): Promise<readonly Elevation[]> {
  const now = clock.now();
  const own = await elevations.ofPerson(requester.person, now);
  return own.filter(
    of =>
      of.id !== id &&
      of.account === account &&
      of.role === role &&
      of.rule === rule &&
      isOpen(of, now),
  );
}

/** Ends everything that is open of a user, whom an operator has blocked. How many there were. */
export async function endElevationsOf(
  parts: ElevationTrailParts,
  person: PersonId,
  { at, origin, note }: Omit<Act, 'by'> & { readonly note?: string | undefined },
): Promise<number> {
  const open = (await parts.elevations.ofPerson(person, at)).filter(of => isOpen(of, at));
  if (open.length === 0) return 0;
  for (const { id, requester: by } of open) {
    const ended = await parts.elevations.update(id, current => {
      const act = { by, at, origin, as: 'operator', note } as const;
      const next = isOpen(current, at) ? revoked(current, act) : current;
      return { next, value: next };
    });
    if (ended !== undefined) await recordEvents(parts, ended);
  }
  // One list has so many at most, those that are open first.
  return open.length + (await endElevationsOf(parts, person, { at, origin, note }));
}
