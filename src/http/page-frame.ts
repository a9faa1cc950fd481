/** What models of pages share: the frame, and small parts. */

/** On every page. `viewer` is the signed-in user. */
export interface PageFrame {
  readonly viewer?: ViewerModel | undefined;
}

export interface ViewerModel {
  readonly name: string;
  readonly username: string;
  readonly connectorLabel: string;
  /** Masked, for this answer alone. */
  readonly csrfToken: string;
  /** ISO 8601; when the session ends at the latest. */
  readonly sessionEndsAt: string;
  /** ISO 8601; when it ends if nothing more is asked, never later than `sessionEndsAt`. */
  readonly idleEndsAt: string;
  /** Until these ends, by the clock of the server. */
  readonly secondsLeft: number;
  readonly idleSecondsLeft: number;
  /** Where users can ask for roles at all. */
  readonly requestsHref?: string | undefined;
}

export interface HelpModel {
  readonly text: string;
  readonly url?: string | undefined;
}

export interface NamedText {
  readonly name: string;
  readonly value: string;
}
