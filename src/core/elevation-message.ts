/**
 * What notifications say of the events of elevations, for users: one row for each type of event.
 *
 * Made of the request and the event alone, which never change. Names, reasons and notes are written
 * by users and identity providers: here they become printable and short, and each medium escapes
 * them.
 */
import type { ElevationEventOf, ElevationEventType, ElevationRequest, Party } from './elevation.ts';
import type { ElevationNotification } from './elevation-notice.ts';
import { printableExcerpt } from './printable.ts';
import { formatDuration, formatInstant } from './time.ts';

export interface ElevationMessage {
  /** On one line, at most 300 characters. */
  readonly title: string;
  readonly sentences: readonly string[];
  readonly facts: readonly Fact[];
  /** What the reader does at the address of the elevation. */
  readonly linkLabel: string;
  /** Readers should look at it now. */
  readonly isUrgent: boolean;
}

export interface Fact {
  readonly label: string;
  readonly value: string;
}

interface Row<T extends ElevationEventType> {
  /** Without a full stop. */
  readonly title: (event: ElevationEventOf<T>, named: Names) => string;
  readonly sentences: (event: ElevationEventOf<T>, request: ElevationRequest) => readonly string[];
  /** In addition to those of the request. */
  readonly facts: (event: ElevationEventOf<T>) => readonly (Fact | undefined)[];
  readonly linkLabel: string;
  readonly isUrgent?: true;
}

interface Names {
  readonly requester: string;
  /** `Admin in prod`. */
  readonly role: string;
  readonly isExtension: boolean;
  /** Whether that user is the requester. */
  readonly isOwn: (by: Party) => boolean;
}

/** Of names in titles and facts, and of reasons and notes: in characters. */
const MAX_NAME = 80;
const MAX_NOTE = 500;

const ROWS: { readonly [T in ElevationEventType]: Row<T> } = {
  requested: {
    title: (_event, { requester, role, isExtension }) =>
      `${requester} requests ${isExtension ? 'more time for ' : ''}${role}`,
    sentences: (_event, { decideBy }) => [
      `The request waits for approval until ${formatInstant(decideBy)}.`,
    ],
    facts: ({ origin }) => [fact('From', origin.address)],
    linkLabel: 'Open the request to decide',
  },
  approved: {
    title: ({ by, outstanding }, { requester, role }) =>
      outstanding > 0
        ? `${nameOf(by)} approves the request of ${requester} for ${role}`
        : `${requester} gets ${role}`,
    sentences: ({ outstanding, startsAt, endsAt }) => [
      outstanding > 0
        ? `Approvals still missing: ${outstanding}.`
        : `The elevation begins at ${formatInstant(startsAt!)} and ends at ${formatInstant(endsAt!)}.`,
    ],
    facts: ({ by, seconds, note }) => [
      fact('Approved by', partyOf(by)),
      fact('Approved for', formatDuration(seconds)),
      fact('Note', note),
    ],
    linkLabel: 'Open the elevation',
  },
  'glass-broken': {
    title: (_event, { requester, role }) => `Break-glass: ${requester} uses ${role}`,
    sentences: ({ startsAt, endsAt, reviewBy }) => [
      'The role was granted without an approval.',
      `The elevation began at ${formatInstant(startsAt)} and ends at ${formatInstant(endsAt)}.`,
      `Another user must review it by ${formatInstant(reviewBy)}.`,
    ],
    facts: ({ origin }) => [fact('From', origin.address)],
    linkLabel: 'Open the break-glass to end or review it',
    isUrgent: true,
  },
  denied: {
    title: ({ by }, { requester, role }) =>
      `${nameOf(by)} denies the request of ${requester} for ${role}`,
    sentences: () => ['Nothing was granted.'],
    facts: ({ by, note }) => [fact('Denied by', partyOf(by)), fact('Note', note)],
    linkLabel: 'Open the request',
  },
  withdrawn: {
    title: (_event, { requester, role }) => `${requester} withdraws the request for ${role}`,
    sentences: () => ['No decision is needed.'],
    facts: () => [],
    linkLabel: 'Open the request',
  },
  revoked: {
    title: ({ by }, { requester, role, isOwn }) =>
      isOwn(by) ? `${requester} ends ${role} early` : `${nameOf(by)} ends ${role} of ${requester}`,
    sentences: () => [
      'The bridge issues no more credentials for this elevation.',
      'AWS credentials that were issued before stay valid until they expire.',
    ],
    facts: ({ by, as, note }) => [fact('Ended by', `${partyOf(by)}, as ${as}`), fact('Note', note)],
    linkLabel: 'See which credentials are still valid',
  },
  'rule-changed': {
    title: (_event, { requester, role }) => `${role} of ${requester} ends: its rule has changed`,
    sentences: ({ rule }) => [
      rule === 'removed'
        ? 'The rule was removed from the configuration.'
        : 'The configuration of the rule has changed.',
      'The bridge issues no more credentials for this elevation. Make a new request if you still need the role.',
    ],
    facts: () => [],
    linkLabel: 'Open the elevation',
  },
  reviewed: {
    title: ({ by }, { requester, role }) =>
      `${nameOf(by)} reviewed the break-glass of ${requester} for ${role}`,
    sentences: () => ['The review is complete.'],
    facts: ({ by, note }) => [fact('Reviewed by', partyOf(by)), fact('Note', note)],
    linkLabel: 'Open the break-glass',
  },
  'review-overdue': {
    title: (_event, { requester, role }) =>
      `The review of the break-glass of ${requester} for ${role} is overdue`,
    sentences: ({ dueAt, count }) => [
      `The review was due at ${formatInstant(dueAt)}. This is reminder ${count}.`,
      'A user other than the requester must review it.',
    ],
    facts: () => [],
    linkLabel: 'Review the break-glass',
    isUrgent: true,
  },
};

/** The content of a notification, the same for every repetition. */
export function elevationMessage({ request, event }: ElevationNotification): ElevationMessage {
  // Each row takes the events of its own type.
  const row = ROWS[event.type] as unknown as Row<ElevationEventType>;
  const { linkLabel, isUrgent = false } = row;
  const { requester, role, accountName } = request;
  const names: Names = {
    requester: nameOf(requester),
    role: `${short(role)} in ${short(accountName)}`,
    isExtension: request.extends !== undefined,
    isOwn: by => by.person === requester.person,
  };
  return {
    title: row.title(event, names),
    sentences: row.sentences(event, request),
    facts: [...factsOf(request), ...row.facts(event)].filter(given => given !== undefined),
    ...{ linkLabel, isUrgent },
  };
}

function factsOf(request: ElevationRequest): readonly (Fact | undefined)[] {
  const { requester, accountName, account, role, rule, seconds, startsAt } = request;
  return [
    fact('Requester', partyOf(requester)),
    fact('Role', `${role} in ${accountName} (${account})`),
    fact('Rule', rule),
    fact('Requested for', formatDuration(seconds)),
    fact('Not before', startsAt === undefined ? undefined : formatInstant(startsAt)),
    fact('Reason', request.reason),
    fact('Ticket', request.ticket),
    fact('Extends', request.extends),
  ];
}

function fact(label: string, text: string | undefined): Fact | undefined {
  const value = text === undefined ? '' : printableExcerpt(text, MAX_NOTE);
  return value === '' ? undefined : { label, value };
}

function nameOf({ username }: Party): string {
  return short(username);
}

/** `Alice Liddell (alice, okta)`, or without the display name. */
function partyOf({ displayName, username, connector }: Party): string {
  const account = `${short(username)}, ${connector}`;
  return displayName === undefined || displayName === username
    ? account
    : `${short(displayName)} (${account})`;
}

function short(text: string): string {
  return printableExcerpt(text, MAX_NAME);
}
