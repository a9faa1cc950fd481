/**
 * Elevations: users ask for roles, others approve, and what was granted ends.
 *
 * Owns: who may do what with a request, the order "decide, keep, record". Does not own: what can
 * follow what (core/elevation-changes), what an elevation gives (access), who is told
 * (notifications).
 *
 * The change comes first and its audit event second, from the events of the elevation itself. A
 * grant counts once its event is in the trail, so a process that stops in between leaves nothing
 * that is used and not recorded; `upkeep` records what was left.
 */
import type { Elevation } from '../core/elevation.ts';
import type {
  ApprovalRequest,
  AskedElevatedRole,
  ElevationLists,
  ElevationView,
  Noted,
  Offer,
  RequestElevations,
  RevokedElevation,
} from '../core/elevation-view.ts';
import type { PersonId } from '../core/identity.ts';
import type { AuthenticatedRequester, HeldElevations } from '../core/requester.ts';
import type { ElevationParts } from './elevation-context.ts';
import { approve, deny, review } from './elevation-decisions.ts';
import { revoke, withdraw } from './elevation-ends.ts';
import { heldBy, offersOf, offersTo, requestElevations } from './elevation-requests.ts';
import { lists, view } from './elevation-views.ts';
import { createTurns } from './turns.ts';

export interface ElevationUseCases {
  /**
   * Reads, once, the elevations that can matter to decisions on a user; undefined where no rule has
   * `elevation`.
   */
  heldBy(person: PersonId): HeldElevations | undefined;
  /** Every role that the requester can ask for, by account and role. */
  offers(requester: AuthenticatedRequester): Promise<readonly Offer[]>;
  /** Those of some roles, in their order. Throws `elevation_not_offered`. */
  offersOf(
    requester: AuthenticatedRequester,
    asked: readonly AskedElevatedRole[],
  ): Promise<readonly Offer[]>;
  /**
   * Makes one request for each role, or none. With `breakGlass`, each is granted at once. Throws
   * `elevation_not_offered`, `elevation_invalid`, `limit_reached`, and for break-glass
   * `decision_not_for_device_login`, `recent_sign_in_needed`.
   */
  request(
    requester: AuthenticatedRequester,
    asked: RequestElevations,
  ): Promise<readonly Elevation[]>;
  lists(requester: AuthenticatedRequester): Promise<ElevationLists>;
  /** Throws `elevation_unknown`. */
  view(requester: AuthenticatedRequester, id: string): Promise<ElevationView>;
  /**
   * Throws `elevation_unknown`, `elevation_closed`, `elevation_invalid`,
   * `elevation_not_yours_to_decide`, `decision_not_for_device_login`, `recent_sign_in_needed`,
   * `unavailable`.
   */
  approve(requester: AuthenticatedRequester, asked: ApprovalRequest): Promise<Elevation>;
  /** Throws as `approve`. */
  deny(requester: AuthenticatedRequester, asked: Noted): Promise<Elevation>;
  /** Throws `elevation_unknown`, `elevation_closed`, `elevation_not_yours_to_decide`. */
  withdraw(requester: AuthenticatedRequester, id: string): Promise<Elevation>;
  /**
   * Ends an elevation, and what else is open of the same user, role and rule. By its requester, an
   * approver or an administrator. Throws as `withdraw`, and unless the requester ends their own
   * `decision_not_for_device_login`.
   */
  revoke(requester: AuthenticatedRequester, asked: Noted): Promise<RevokedElevation>;
  /** Throws as `approve`. */
  review(requester: AuthenticatedRequester, asked: Noted): Promise<Elevation>;
  /** Whether users can ask for roles at all. */
  readonly isUsed: boolean;
}

export function createElevations(parts: ElevationParts): ElevationUseCases {
  const inTurn = createTurns();
  return {
    isUsed: parts.policy.elevatedRules.size > 0,
    heldBy: person => heldBy(parts, person),
    offers: requester => offersTo(parts, requester),
    offersOf: (requester, asked) => offersOf(parts, requester, asked),
    request: (requester, asked) =>
      inTurn(requester.subject.identity.person, () => requestElevations(parts, requester, asked)),
    lists: requester => lists(parts, requester),
    view: (requester, id) => view(parts, requester, id),
    approve: (requester, asked) => approve(parts, requester, asked),
    deny: (requester, asked) => deny(parts, requester, asked),
    withdraw: (requester, id) => withdraw(parts, requester, id),
    revoke: (requester, asked) => revoke(parts, requester, asked),
    review: (requester, asked) => review(parts, requester, asked),
  };
}
