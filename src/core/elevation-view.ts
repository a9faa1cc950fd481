/** What users ask of elevations, and how they see them. */
import type { Elevation, ElevationStatus } from './elevation.ts';
import type { HandOut } from './elevation-notice.ts';
import type { AskedElevation, ElevationTerms } from './elevation-terms.ts';
import type { Eligibility } from './policy.ts';
import type { Account } from './role.ts';
import type { Seconds } from './time.ts';

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
export interface AskedElevatedRole {
  readonly account: string;
  readonly role: string;
}

export interface RequestElevations extends AskedElevation {
  /** One or more, each decided by its own approvers. */
  readonly roles: readonly AskedElevatedRole[];
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
  /** As it is configured now; undefined if it was removed. */
  readonly account?: Account | undefined;
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
  /**
   * Earlier elevations of the requester that the viewer may see, newest first. Empty for the
   * requester.
   */
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
