/** Models of the pages of elevations: lists, the form, and one elevation. */

import type { ElevationStatus } from '../core/elevation.ts';
import type { AccountMark } from './account-mark.ts';
import type { PageFrame, ViewerModel } from './page-frame.ts';

/** Where an elevation stands. */
export interface StatusModel {
  readonly kind: ElevationStatus;
  /** `Waiting for approval` */
  readonly label: string;
}

/** A time that counts down. */
export interface TimeLeft {
  /** `1 h 20 min` */
  readonly timeLeft: string;
  readonly secondsLeft: number;
}

/** A time with what happens then: `Decide until`. */
export interface LabelledTime {
  readonly label: string;
  /** ISO 8601. */
  readonly at: string;
}

/** A user as they named themselves. */
export interface PartyModel {
  readonly name: string;
  readonly username: string;
}

/** One elevation in a list. */
export interface ElevationRow {
  readonly href: string;
  readonly account: string;
  readonly role: string;
  readonly who: PartyModel;
  readonly status: StatusModel;
  /** `2 h` */
  readonly length: string;
  /** `Break-glass` or `Extension`. */
  readonly sort?: string | undefined;
  readonly reason?: string | undefined;
  readonly ticket?: string | undefined;
  readonly times: readonly LabelledTime[];
  /** Of one that waits: `12 min`. */
  readonly age?: string | undefined;
  /** Of one that is active. */
  readonly left?: TimeLeft | undefined;
  /** Whether a review is overdue. */
  readonly isOverdue: boolean;
}

/** A row of the viewer's own, with what they can do. */
export interface OwnElevationRow extends ElevationRow {
  readonly canWithdraw: boolean;
  readonly canEnd: boolean;
  /** Where it is extended, or requested again. */
  readonly again?: { readonly label: string; readonly href: string } | undefined;
}

/** `GET /elevations` */
export interface ElevationsModel extends PageFrame {
  readonly viewer: ViewerModel;
  readonly notice?: string | undefined;
  /** Roles that the viewer can ask for. */
  readonly offerCount: number;
  readonly toDecide: readonly ElevationRow[];
  readonly toReview: readonly ElevationRow[];
  readonly open: readonly OwnElevationRow[];
  readonly earlier: readonly OwnElevationRow[];
  readonly toWatch: readonly ElevationRow[];
}

/** A role to choose. */
export interface OfferRow {
  /** The name and the value of its field. */
  readonly field: string;
  readonly value: string;
  readonly role: string;
  readonly rule: string;
  /** `up to 4 h` */
  readonly longest: string;
  readonly isChosen: boolean;
  /** False while a request for it waits or begins later. */
  readonly canChoose: boolean;
  /** What is open for the role already. */
  readonly open?: { readonly status: StatusModel; readonly href: string } | undefined;
}

/** `GET /elevations/new` where several roles are offered and none is chosen. */
export interface ElevationChoiceModel extends PageFrame {
  readonly viewer: ViewerModel;
  readonly accounts: readonly {
    readonly id: string;
    readonly name: string;
    readonly mark?: AccountMark | undefined;
    readonly offers: readonly OfferRow[];
  }[];
  readonly mostRoles: number;
  readonly problem?: string | undefined;
}

/** A length of time to choose. */
export interface LengthChoice {
  /** As `parseDuration` reads it; empty for the length of the rule. */
  readonly value: string;
  readonly label: string;
  readonly isChosen: boolean;
}

/** What was typed into a form, and what is wrong with it, by the names of its fields. */
export interface TypedForm {
  readonly reason: string;
  readonly ticket: string;
  readonly problems: { readonly [F in FormField]?: string | undefined };
}
export type FormField = 'duration' | 'reason' | 'ticket' | 'start' | 'understood';

/** A role that is asked for. */
export interface RequestedRole {
  readonly field: string;
  readonly value: string;
  readonly account: string;
  readonly accountId: string;
  readonly mark?: AccountMark | undefined;
  readonly role: string;
  readonly rule: string;
  readonly group: string;
  /** `1 approval from aws-approvers` */
  readonly approvers: string;
  /** When the elevation ends that is extended; ISO 8601. */
  readonly activeUntil?: string | undefined;
}

/** Which ticket is required. */
export interface TicketModel {
  /** For the `pattern` of the field; undefined if any ticket will do. */
  readonly pattern?: string | undefined;
  /** `OPS-123 or INC-123` */
  readonly example: string;
}

export interface RequestFormModel extends TypedForm {
  readonly start: string;
  readonly lengths: readonly LengthChoice[];
  readonly isReasonRequired: boolean;
  /** The latest start, for the `max` of the field; undefined where it begins at once. */
  readonly startMax?: string | undefined;
  /** The time now in UTC: `2026-11-30T10:05`. */
  readonly now: string;
}

export interface BreakGlassFormModel extends TypedForm {
  readonly lengths: readonly LengthChoice[];
  /** Where others are told: `Slack, e-mail`; undefined for nowhere. */
  readonly toldBy?: string | undefined;
  /** Who must review it: `a user of aws-approvers` */
  readonly reviewers: string;
  /** `24 h` */
  readonly reviewWithin: string;
  /** Whether the section is open. */
  readonly isOpen: boolean;
}

/** `GET /elevations/new`, and `POST /elevations` when it must be corrected. */
export interface ElevationRequestModel extends PageFrame {
  readonly viewer: ViewerModel;
  readonly roles: readonly RequestedRole[];
  readonly notice?: string | undefined;
  /** What is wrong with no single field. */
  readonly problem?: { readonly text: string; readonly href?: string | undefined } | undefined;
  /** A request for one of the roles that is open, so that only break-glass is left. */
  readonly open?: { readonly href: string; readonly sentence: string } | undefined;
  readonly ticket?: TicketModel | undefined;
  /** Undefined if it cannot be asked for now. */
  readonly request?: RequestFormModel | undefined;
  /** Why it cannot be extended now. */
  readonly tooEarly?: string | undefined;
  readonly breakGlass?: BreakGlassFormModel | undefined;
  /** Whether other roles can be chosen instead. */
  readonly canChoose: boolean;
}

/** A fact in a list. */
export interface FactRow {
  readonly term: string;
  readonly value: string;
  /** How the value is shown; a `time` is ISO 8601. */
  readonly kind: 'text' | 'code' | 'time';
  readonly href?: string | undefined;
}

/** An event of the story. */
export interface StoryRow {
  /** ISO 8601. */
  readonly at: string;
  readonly who?: string | undefined;
  readonly what: string;
  readonly note?: string | undefined;
}

/** Credentials or a console link that AWS still accepts. */
export interface AliveRow {
  readonly what: string;
  readonly accessKeyId: string;
  readonly sessionName: string;
  /** ISO 8601. */
  readonly until: string;
}

export interface DecisionModel {
  /** Undefined for a viewer who can only deny. */
  readonly lengths?: readonly LengthChoice[] | undefined;
  readonly canDeny: boolean;
}

/** `GET /elevations/{id}` */
export interface ElevationModel extends PageFrame {
  readonly viewer: ViewerModel;
  /** The page itself. */
  readonly action: string;
  readonly account: string;
  readonly mark?: AccountMark | undefined;
  readonly role: string;
  /** The name of the requester. */
  readonly who: string;
  readonly sort?: string | undefined;
  readonly status: StatusModel;
  /** Where it stands, in a sentence. */
  readonly sentence: string;
  readonly left?: TimeLeft | undefined;
  readonly notice?: string | undefined;
  readonly warning?: string | undefined;
  /** What was typed into a form, and what is wrong with it. */
  readonly note: string;
  readonly noteProblem?: string | undefined;
  readonly durationProblem?: string | undefined;
  readonly decision?: DecisionModel | undefined;
  readonly whyNotApprove?: string | undefined;
  /** `You must sign in again to decide.` */
  readonly signInAgain?: string | undefined;
  readonly canWithdraw: boolean;
  /** What the button says; undefined if the viewer cannot end it. */
  readonly endLabel?: string | undefined;
  readonly extendHref?: string | undefined;
  readonly breakGlassHref?: string | undefined;
  readonly review?: {
    readonly canReview: boolean;
    readonly isOverdue: boolean;
    /** ISO 8601. */
    readonly dueAt: string;
    readonly done?: { readonly by: string; readonly at: string; readonly note: string } | undefined;
  };
  readonly request: readonly FactRow[];
  readonly requester: readonly FactRow[];
  /** Undefined if the rule was changed or removed. */
  readonly rule?:
    | {
        readonly facts: readonly FactRow[];
        /** An inline session policy, formatted. */
        readonly policy?: string | undefined;
      }
    | undefined;
  /** Approvals that are missing. */
  readonly outstanding: readonly string[];
  readonly approvals: readonly {
    readonly who: string;
    readonly at: string;
    readonly length: string;
  }[];
  /** Undefined for a viewer who does not decide. */
  readonly before?: readonly ElevationRow[] | undefined;
  readonly alive: readonly AliveRow[];
  readonly story: readonly StoryRow[];
}
