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
import type { Elevation, ElevationStatus } from '../core/elevation.ts';
import type { HandOut } from '../core/elevation-notice.ts';
import type { AskedElevation, ElevationTerms } from '../core/elevation-terms.ts';
import type { PersonId } from '../core/identity.ts';
import type { Eligibility } from '../core/policy.ts';
import type { AuthenticatedRequester } from '../core/requester.ts';
import type { Seconds } from '../core/time.ts';

/** A role that a user can ask for. */
export interface Offer extends Pick<Eligibility, 'account' | 'role' | 'group'> {
  /** The name of the rule. */
  readonly rule: string;
  readonly terms: ElevationTerms;
  readonly longestSeconds: Seconds;
  /** Whether the user may grant it to themselves in an emergency. */
  readonly mayBreakGlass: boolean;
  /** One of theirs for the role that is open. */
  readonly open?: Elevation | undefined;
}

/** The account by name or id. */
export interface AskedRole {
  readonly account: string;
  readonly role: string;
}

export interface RequestElevations extends AskedElevation {
  /** One or more, each decided by its own approvers. */
  readonly roles: readonly AskedRole[];
}

export interface Noted {
  readonly id: string;
  readonly note?: string | undefined;
}

export interface ApprovalRequest extends Noted {
  /** For less time than was asked for. */
  readonly seconds?: Seconds | undefined;
}

export type ElevationRight = 'approve' | 'deny' | 'withdraw' | 'revoke' | 'review' | 'extend';

/** An elevation as a user sees it who may see it. */
export interface ElevationView {
  readonly elevation: Elevation;
  readonly status: ElevationStatus;
  readonly rights: ReadonlySet<ElevationRight>;
  /** Why the viewer cannot approve, although they are an approver; a sentence. */
  readonly whyNotApprove?: string | undefined;
  /** Approvals that are missing: `1 more from aws-approvers`. */
  readonly outstanding: readonly string[];
  /** The rule as it is now; undefined if it was changed or removed. */
  readonly eligibility?: Pick<Eligibility, 'account' | 'role' | 'rule'> | undefined;
  /** What an approver can give at most. */
  readonly longestSeconds: Seconds;
  /** Earlier elevations of the requester, newest first. Empty unless the viewer decides. */
  readonly before: readonly Elevation[];
  /** Credentials and links of this elevation that are alive. */
  readonly alive: readonly HandOut[];
}

export interface ElevationLists {
  /** The requester's own, newest first. */
  readonly mine: readonly Elevation[];
  /** What the requester can approve or deny, oldest first. */
  readonly toDecide: readonly Elevation[];
  /** Break-glass that the requester can review, most urgent first. */
  readonly toReview: readonly Elevation[];
  /** What is active or scheduled, and the requester can revoke; without their own. */
  readonly toWatch: readonly Elevation[];
}

export interface RevokedElevation {
  readonly elevation: Elevation;
  /** AWS does not take back credentials: these stay valid until they expire. */
  readonly alive: readonly HandOut[];
}

export interface ElevationUseCases {
  /** Elevations that can matter to decisions on a user; undefined where no rule has `elevation`. */
  heldBy(person: PersonId): Promise<readonly Elevation[] | undefined>;
  /** Every role that the requester can ask for, by account and role. */
  offers(requester: AuthenticatedRequester): readonly Offer[];
  /** Throws `elevation_not_offered`. */
  offerOf(requester: AuthenticatedRequester, asked: AskedRole): Promise<Offer>;
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
  /** Whether anybody can ask for a role, or anything is left of it. */
  readonly isUsed: boolean;
}
