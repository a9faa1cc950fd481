/** What belongs to an elevation besides itself: who was told what, and what was handed out. */
import type { AuditEvent } from './audit-event.ts';
import type { Elevation, ElevationEvent, ElevationRequest } from './elevation.ts';
import type { Seconds } from './time.ts';

/** An elevation with events that a target was not told. */
export interface Notice {
  readonly elevation: Elevation;
  /** How many of its events the target was told. */
  readonly told: number;
  /** Failures since the last success. */
  readonly failures: number;
}

/**
 * An event as targets are told of it: made of what never changes, so that a repetition says the
 * same, and no notification contradicts an earlier one.
 */
export interface ElevationNotification {
  readonly request: ElevationRequest;
  readonly event: ElevationEvent;
}

/** The address of the page of an elevation. */
export type UrlOf = (id: string) => string;

/** What became of one attempt to tell a target of an event. */
export type Telling =
  /** Also of an event that does not concern the target. */
  | { readonly kind: 'told' }
  /** It is tried again. `why` contains no secret and no control characters. */
  | {
      readonly kind: 'failed';
      readonly why: string;
      /** The target wants to be left alone for so long. */
      readonly pauseSeconds?: Seconds | undefined;
    }
  /** The target will never take this event; it is not tried again. */
  | { readonly kind: 'refused'; readonly why: string };

/** A hand-out by an elevation. Its access key id leads to the actions in CloudTrail. */
export type HandOut = Extract<
  AuditEvent,
  { readonly type: 'credentials.issued' | 'console-link.issued' }
>;
