/** Models of the pages that lead to an address of the console. */
import type { AccountMark } from './account-mark.ts';
import type { HelpModel, PageFrame } from './page-frame.ts';

/** A console address in words. */
export interface AddressModel {
  /** All of it. */
  readonly whole: string;
  readonly host?: string | undefined;
  readonly service?: string | undefined;
  readonly region?: string | undefined;
}

/** An option of a list. */
export interface OptionModel {
  readonly value: string;
  readonly label: string;
  readonly isChosen: boolean;
}

/** `GET /go` without an address, or with one that is refused. */
export interface GoModel extends PageFrame {
  /** As typed. */
  readonly to: string;
  /** Why the address leads nowhere. */
  readonly problem?: string | undefined;
  readonly builder: LinkBuilderModel;
  readonly menus: readonly ServiceMenu[];
}

/** The form that makes a link; all values as typed. */
export interface LinkBuilderModel {
  readonly accounts: readonly OptionModel[];
  /** Names of the user's roles, to choose from. */
  readonly roles: readonly string[];
  readonly role: string;
  readonly services: readonly OptionModel[];
  /** To choose from; the last used first. */
  readonly regions: readonly string[];
  readonly region: string;
  readonly path: string;
  readonly problem?: string | undefined;
  /** What was made. */
  readonly link?: string | undefined;
  /** Whether the form was used, so that it stands open. */
  readonly isUsed: boolean;
}

/** The services of a partition, which is named as users call it. */
export interface ServiceMenu {
  readonly partition: string;
  readonly services: readonly { readonly name: string; readonly href: string }[];
}

/** A role that opens the address. */
export interface GoRole {
  readonly role: string;
  readonly rule: string;
  /** ISO 8601; the newest use by this user. */
  readonly usedAt?: string | undefined;
  /** Unmet requirements, one sentence each. */
  readonly missing: readonly string[];
  /** Whether the role can be used, if need be after a sign-in on the way. */
  readonly isUsable: boolean;
  /** The approval that is missing: where it is requested, or stands. */
  readonly request?: { readonly label: string; readonly href: string } | undefined;
}

export interface GoAccount {
  readonly id: string;
  readonly name: string;
  readonly mark?: AccountMark | undefined;
  readonly roles: readonly GoRole[];
}

/** `GET /go` with an address that several roles open, or none at once. */
export interface GoChoiceModel extends PageFrame {
  readonly title: string;
  readonly lede: string;
  readonly address: AddressModel;
  /** The address as it was asked for: what a form sends again. */
  readonly to: string;
  readonly accounts: readonly GoAccount[];
  /** Accounts whose roles are not shown; empty if all are. */
  readonly others: readonly OptionModel[];
}

/** A role that the user can get. */
export interface WayModel {
  readonly role: string;
  readonly rule: string;
  /** What the user has to do, in a sentence. */
  readonly how: string;
}

/** `GET /go` with an address in an account where the user has no role. */
export interface GoNoneModel extends PageFrame {
  readonly title: string;
  readonly lede: string;
  readonly address: AddressModel;
  readonly to: string;
  readonly ways: readonly WayModel[];
  /** The user's own accounts, where the address can open instead. */
  readonly others: readonly OptionModel[];
  readonly help?: HelpModel | undefined;
}
