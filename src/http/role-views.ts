/** The models of the page of roles. */
import type { AccountMark } from './account-mark.ts';
import type { TimeLeft } from './elevation-views.ts';
import type { PageFrame } from './page-frame.ts';
import type { ShownTrace } from './shown-trace.ts';

export interface RoleRow {
  readonly role: string;
  /** `prod as Admin` */
  readonly name: string;
  /** How long it is valid and by which rule: `4 h · console 8 h · aws-admins · rule admins` */
  readonly about: string;
  /** How much the user uses it, as `data-rank` of the row; undefined if they do not. */
  readonly rank?: number | undefined;
  readonly isFavourite: boolean;
  readonly hasConsole: boolean;
  /** Unmet requirements, one sentence each; empty when the role can be used now. */
  readonly missing: readonly string[];
  /** Where the user can meet them; undefined if no sign-in can. */
  readonly stepUpHref?: string | undefined;
  /** The approval that is missing: where it is requested, or stands. */
  readonly request?: { readonly label: string; readonly href: string } | undefined;
  /** By which the role can be used now. */
  readonly elevation?: (TimeLeft & { readonly href: string }) | undefined;
}

export interface AccountRows {
  readonly id: string;
  /** Also how forms name the account. */
  readonly name: string;
  readonly mark?: AccountMark | undefined;
  /** Undefined for `aws`. */
  readonly partition?: string | undefined;
  /** `eu-west-1 · through prod/BridgeHub` */
  readonly place: string;
  /** `The shop, as customers see it · Platform team` */
  readonly about?: string | undefined;
  /** A page about the account. */
  readonly link?: string | undefined;
  readonly roles: readonly RoleRow[];
}

/** Accounts below the same organizational units. */
export interface FolderRows {
  readonly title: string;
  /** Whether the title is the name of a folder, such as `Workloads › Production`. */
  readonly isFiled: boolean;
  readonly accounts: readonly AccountRows[];
}

/** A role above the accounts. Its buttons belong to the form of its account. */
export interface QuickRole extends RoleRow {
  readonly account: Pick<AccountRows, 'id' | 'name' | 'mark'>;
  /** The console in the region that was last used in the account. */
  readonly lastRegion?: { readonly name: string; readonly href: string } | undefined;
}

export interface QuickRoles {
  /** `Favourites and recent` */
  readonly title: string;
  readonly roles: readonly QuickRole[];
}

/** What helps when a search finds nothing. */
export interface UnseenModel {
  /** What finds something, and where. */
  readonly suggestion?: { readonly label: string; readonly href: string } | undefined;
  /** What the user asks about, as typed; empty if that is unknown. */
  readonly account: string;
  readonly role: string;
  readonly trace?: ShownTrace | undefined;
  readonly nextStep?: string | undefined;
}

/** `GET /` with a session that has roles. */
export interface RolesModel extends PageFrame {
  readonly folders: readonly FolderRows[];
  readonly roleCount: number;
  readonly accountCount: number;
  /** The search text, as typed; the rows are filtered already. */
  readonly query: string;
  /** Why the user sees the page again. */
  readonly notice?: string | undefined;
  /** Undefined in a search, and for a user without favourites who has used nothing lately. */
  readonly quick?: QuickRoles | undefined;
  readonly totalRoleCount: number;
  /** Set if no role is found. */
  readonly unseen?: UnseenModel | undefined;
}
