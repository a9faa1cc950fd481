/** Answers of `/api/v1/elevations`. */
import {
  arrayOf,
  type Check,
  isAmount,
  isFlag,
  isInstant,
  isText,
  objectOf,
  optional,
  orNull,
  usable,
} from './answers.ts';

export interface Party {
  readonly username: string;
  readonly display_name: string | null;
  readonly connector: string;
}

export type ElevationStatus =
  | 'waiting'
  | 'lapsed'
  | 'scheduled'
  | 'active'
  | 'expired'
  | 'denied'
  | 'withdrawn'
  | 'revoked'
  | 'rule-changed';

export interface Elevation {
  readonly id: string;
  readonly status: ElevationStatus;
  readonly requester: Party;
  readonly account: { readonly id: string; readonly name: string };
  readonly role: string;
  readonly requested_seconds: number;
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly extends: string | null;
  readonly break_glass: boolean;
  readonly requested_at: string;
  readonly decide_by: string;
  readonly starts_at: string | null;
  readonly ends_at: string | null;
  readonly approvals: readonly {
    readonly by: Party;
    readonly at: string;
    readonly duration_seconds: number;
    readonly note: string | null;
  }[];
  readonly ended: {
    readonly at: string;
    readonly why: string;
    readonly by: Party | null;
    readonly note: string | null;
  } | null;
  readonly review: { readonly due_at: string; readonly done_at: string | null } | null;
  /** Its page at the bridge. */
  readonly url: string;
}

/** AWS credentials that are still valid. */
export interface Alive {
  readonly kind: string;
  readonly issued_at: string;
  readonly expires_at: string;
  readonly access_key_id: string;
}

export interface ElevationDetail extends Elevation {
  readonly outstanding: readonly string[];
  readonly rights: readonly string[];
  readonly why_not_approve: string | null;
  /** Absent from older servers. */
  readonly environment?: string | null;
  readonly longest_seconds: number;
  readonly requested_from: string;
  readonly before: readonly Elevation[];
  readonly alive: readonly Alive[];
}

/** A role that the user can request. */
export interface Offer {
  readonly account: {
    readonly id: string;
    readonly name: string;
    /** Absent from older servers. */
    readonly environment?: string | null;
    readonly owner?: string | null;
  };
  readonly role: string;
  readonly longest_seconds: number;
  readonly reason: 'required' | 'optional';
  readonly ticket: { readonly projects: readonly string[] | null } | null;
  readonly break_glass: { readonly review_seconds: number } | null;
  readonly open: string | null;
}

export interface ElevationLists {
  readonly mine: readonly Elevation[];
  readonly to_decide: readonly Elevation[];
  readonly to_review: readonly Elevation[];
  readonly to_watch: readonly Elevation[];
  readonly offers: readonly Offer[];
}

const STATUSES: readonly unknown[] = [
  'waiting',
  'lapsed',
  'scheduled',
  'active',
  'expired',
  'denied',
  'withdrawn',
  'revoked',
  'rule-changed',
] satisfies ElevationStatus[];

/** Ids become words of a command line. */
export const isElevationId: Check = value =>
  isText(value) && /^[\w-]{1,64}$/.test(value as string) && !(value as string).startsWith('-');

const isParty = objectOf({ username: isText, display_name: orNull(isText), connector: isText });
const isAccount = objectOf({
  ...{ id: isText, name: isText },
  ...{ environment: optional(orNull(isText)), owner: optional(orNull(isText)) },
});
const isApproval = objectOf({
  by: isParty,
  at: isInstant,
  duration_seconds: isAmount,
  note: orNull(isText),
});
const isEnding = objectOf({
  at: isInstant,
  why: isText,
  by: orNull(isParty),
  note: orNull(isText),
});

/** The user is shown the address, so it must be a page of the bridge itself. */
function elevationFields(origin: string): Readonly<Record<string, Check>> {
  return {
    id: isElevationId,
    status: status => STATUSES.includes(status),
    requester: isParty,
    account: isAccount,
    role: isText,
    requested_seconds: isAmount,
    reason: orNull(isText),
    ticket: orNull(isText),
    extends: orNull(isElevationId),
    break_glass: isFlag,
    requested_at: isInstant,
    decide_by: isInstant,
    starts_at: orNull(isInstant),
    ends_at: orNull(isInstant),
    approvals: arrayOf(isApproval),
    ended: orNull(isEnding),
    review: orNull(objectOf({ due_at: isInstant, done_at: orNull(isInstant) })),
    url: url =>
      isText(url) &&
      (url as string).startsWith(`${origin}/elevations/`) &&
      /^[\x21-\x7e]{1,2048}$/.test(url as string),
  };
}

const isAlive = objectOf({
  kind: isText,
  issued_at: isInstant,
  expires_at: isInstant,
  access_key_id: isText,
});

function isDetail(origin: string): Check {
  return objectOf({
    ...elevationFields(origin),
    outstanding: arrayOf(isText),
    rights: arrayOf(isText),
    why_not_approve: orNull(isText),
    environment: optional(orNull(isText)),
    longest_seconds: isAmount,
    requested_from: isText,
    before: arrayOf(objectOf(elevationFields(origin))),
    alive: arrayOf(isAlive),
  });
}

const isOffer = objectOf({
  account: isAccount,
  role: isText,
  longest_seconds: isAmount,
  reason: isText,
  ticket: orNull(objectOf({ projects: orNull(arrayOf(isText)) })),
  break_glass: orNull(objectOf({ review_seconds: isAmount })),
  open: orNull(isElevationId),
});

/** Throws `failed` for an answer that cannot be used. */
export function readElevation(answer: unknown, origin: string): ElevationDetail {
  return usable(answer, isDetail(origin), 'a request') as ElevationDetail;
}

/** What was made. Throws as `readElevation`. */
export function readElevations(answer: unknown, origin: string): readonly ElevationDetail[] {
  const isAnswer = objectOf({ elevations: arrayOf(isDetail(origin)) });
  return (usable(answer, isAnswer, 'requests') as { elevations: ElevationDetail[] }).elevations;
}

/** Throws as `readElevation`. */
export function readLists(answer: unknown, origin: string): ElevationLists {
  const isList = arrayOf(objectOf(elevationFields(origin)));
  const isLists = objectOf({
    mine: isList,
    to_decide: isList,
    to_review: isList,
    to_watch: isList,
    offers: arrayOf(isOffer),
  });
  return usable(answer, isLists, 'requests') as ElevationLists;
}
