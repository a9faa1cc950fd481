/** The model of the page of a user's sessions. Times are ISO 8601. */
import type { AccountMark } from './account-mark.ts';
import type { PageFrame, ViewerModel } from './page-frame.ts';
import type { TerminalModel } from './terminal-views.ts';

export interface BrowserRow {
  /** `Firefox on Linux` */
  readonly name: string;
  readonly address: string;
  readonly since: string;
  readonly lastUsedAt: string;
  /** When it ends if it is not used again. */
  readonly idleEndsAt: string;
  /** When it ends at the latest. */
  readonly until: string;
  /** Undefined if the session did not come of a step-up. */
  readonly steppedUpAt?: string | undefined;
}

export interface OtherBrowserRow extends BrowserRow {
  readonly id: string;
}

export interface SessionRow extends TerminalModel {
  readonly id: string;
  /** Undefined if the session was never stepped up. */
  readonly steppedUpAt?: string | undefined;
  readonly until: string;
  readonly containerTokens: readonly ContainerTokenRow[];
}

/** A token for containers, which ends with its session. */
export interface ContainerTokenRow {
  readonly id: string;
  readonly account: string;
  readonly role: string;
  readonly address: string;
  readonly since: string;
  readonly lastUsedAt?: string | undefined;
  readonly lastUsedAddress: string;
}

/** AWS sessions of one role and kind. */
export interface AwsSessionRow {
  readonly account: string;
  readonly role: string;
  readonly mark?: AccountMark | undefined;
  /** `2 consoles` */
  readonly what: string;
  /** Who was given them. */
  readonly holders: readonly HolderModel[];
  /** How many holders more there are. */
  readonly moreHolders: number;
  /** `Last given` */
  readonly given: string;
  readonly newestAt: string;
  /** `ends at the latest` */
  readonly ends: string;
  readonly endsAt: string;
  /** The page of the elevation that gave the role. */
  readonly elevationHref?: string | undefined;
}

export interface HolderModel {
  /** A browser, a terminal, an application or a container. */
  readonly name: string;
  readonly address: string;
}

/** `GET /sessions` */
export interface SessionsModel extends PageFrame {
  readonly viewer: ViewerModel;
  readonly here: BrowserRow;
  readonly browsers: readonly OtherBrowserRow[];
  /** On the browsers that are not listed one by one. */
  readonly unlistedBrowsers?: string | undefined;
  readonly terminals: readonly SessionRow[];
  readonly applications: readonly SessionRow[];
  readonly aws: readonly AwsSessionRow[];
  /** False if older AWS sessions can be missing. */
  readonly isAwsComplete: boolean;
  /** What was just done. */
  readonly notice?: string | undefined;
  /** Why nothing was done. */
  readonly warning?: string | undefined;
}
