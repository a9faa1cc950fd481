/**
 * What a rule with `elevation` offers to users whom it makes eligible: for how long, on which
 * conditions, and who approves it.
 */
import { BridgeError } from './errors.ts';
import type { CompiledSelector, GroupSelector } from './group-selector.ts';
import type { Account } from './role.ts';
import { attainableSeconds, type SessionSettings } from './session.ts';
import { DAY, formatDuration, HOUR, type Instant, MINUTE, type Seconds } from './time.ts';

/** The shortest elevation. STS gives at least 15 minutes, and something must be left of it. */
export const SHORTEST_ELEVATION: Seconds = 30 * MINUTE;
/** Requests that no approver decides lapse after this time; of a later start, so long after it. */
export const DECIDE_WITHIN: Seconds = DAY;
/** How far ahead a later start can be. */
export const LATEST_START: Seconds = 30 * DAY;
export const MAX_REASON = 500;
/** Of the reason of a break-glass and the note of a review. */
export const SHORTEST_EXPLANATION = 10;
const TICKET = /^[A-Z][A-Z0-9_]{0,31}-[1-9][0-9]{0,9}$/;
const MAX_TICKET = 64;

/** Users of these groups approve; `count` different users of them are needed. */
export interface Approvers extends GroupSelector {
  readonly count: number;
}

export interface BreakGlassTerms extends GroupSelector {
  /** Another user must review it within this time. */
  readonly reviewSeconds: Seconds;
}

/** `elevation` of a rule. */
export interface ElevationTerms {
  /**
   * Of everything that the rule gives: an elevation of other terms gives nothing. The digest is
   * made with the rule.
   */
  readonly digest: string;
  /** All of them are needed. Not empty. */
  readonly approvers: readonly Approvers[];
  readonly longestSeconds: Seconds;
  readonly reason: 'required' | 'optional';
  /** Undefined: no ticket is asked for. */
  readonly ticket?: TicketTerms | undefined;
  readonly breakGlass?: BreakGlassTerms | undefined;
  /** The key of the session tag with the id of the elevation; undefined for none. */
  readonly tag?: string | undefined;
}

/** Tickets of these projects (`OPS-123`), or whatever is typed. */
export type TicketTerms =
  | { readonly kind: 'projects'; readonly projects: readonly string[] }
  | { readonly kind: 'any' };

/** The selectors of terms, compiled once for each snapshot. */
export interface CompiledTerms {
  readonly approvers: readonly CompiledSelector[];
  readonly breakGlass?: CompiledSelector | undefined;
}

/** What is asked for, before it is checked against the terms. */
export interface AskedElevation {
  readonly seconds: Seconds;
  readonly startsAt?: Instant | undefined;
  readonly reason?: string | undefined;
  readonly ticket?: string | undefined;
  readonly breakGlass: boolean;
}

/**
 * The longest elevation that can be used to its end with one set of credentials: what the rule
 * offers, and what a session of the role in this account lasts.
 */
export function offeredSeconds(
  { longestSeconds }: Pick<ElevationTerms, 'longestSeconds'>,
  { durationSeconds }: Pick<SessionSettings, 'durationSeconds'>,
  account: Account,
): Seconds {
  return Math.min(longestSeconds, attainableSeconds(account, durationSeconds));
}

/**
 * What is left of `longest` for an extension of an elevation that ends at `endsAt`. Less than
 * `SHORTEST_ELEVATION` means that it is too early for one.
 */
export function extensionSeconds(longest: Seconds, endsAt: Instant, now: Instant): Seconds {
  return longest - Math.max(0, Math.ceil((endsAt - now) / 1000));
}

/**
 * The request with its texts trimmed. `longest` is what is offered. Throws `elevation_invalid`,
 * with the field and its limit.
 */
export function checkedElevation(
  asked: AskedElevation,
  terms: ElevationTerms,
  { longest, now }: { readonly longest: Seconds; readonly now: Instant },
): AskedElevation {
  checkSeconds(asked.seconds, longest);
  return {
    ...asked,
    startsAt: checkedStart(asked, now),
    reason: checkedReason(asked, terms),
    ticket: checkedTicket(asked.ticket?.trim() || undefined, terms.ticket),
  };
}

/** Throws `elevation_invalid`. */
export function checkSeconds(seconds: Seconds, longest: Seconds): void {
  if (Number.isInteger(seconds) && seconds >= SHORTEST_ELEVATION && seconds <= longest) return;
  throw invalid(
    'duration',
    `Choose ${formatDuration(SHORTEST_ELEVATION)} to ${formatDuration(longest)}.`,
  );
}

function checkedStart({ startsAt, breakGlass }: AskedElevation, now: Instant): Instant | undefined {
  if (startsAt === undefined || startsAt <= now) return undefined;
  if (breakGlass) throw invalid('start', 'Break-glass begins at once. Remove the start.');
  if (Number.isInteger(startsAt) && startsAt <= now + LATEST_START * 1000) return startsAt;
  throw invalid('start', `Choose a start within the next ${LATEST_START / DAY} days.`);
}

function checkedReason(
  { reason: written, breakGlass }: AskedElevation,
  { reason: wanted }: ElevationTerms,
): string | undefined {
  const reason = checkedNote(written, 'reason');
  if (breakGlass && visibleLength(reason ?? '') < SHORTEST_EXPLANATION)
    throw invalid(
      'reason',
      `Describe what happened in at least ${SHORTEST_EXPLANATION} characters.`,
    );
  if (reason === undefined && wanted === 'required')
    throw invalid('reason', 'Enter what you need the role for.');
  return reason;
}

/** Controls, direction marks and spaces: what has no form, or changes that of its neighbours. */
const FORMLESS =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\u00ad\u200b\u2060-\u206f\u{e0000}-\u{e007f}\s]+/gu;
/** What joins and varies visible characters, and shows nothing alone. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\u2800]+/gu;

/** How many characters of a text can be seen. */
export function visibleLength(text: string): number {
  return text.replaceAll(INVISIBLE, '').length;
}

/**
 * A text that users wrote for others, on one line; undefined if empty. Throws `elevation_invalid`.
 */
export function checkedNote(written: string | undefined, field: string): string | undefined {
  const note = written?.replaceAll(FORMLESS, ' ').trim();
  if ((note ?? '').length > MAX_REASON)
    throw invalid(field, `Use at most ${MAX_REASON} characters.`);
  return note === undefined || visibleLength(note) === 0 ? undefined : note;
}

function checkedTicket(
  ticket: string | undefined,
  terms: TicketTerms | undefined,
): string | undefined {
  if (terms === undefined) {
    if (ticket === undefined) return undefined;
    throw invalid('ticket', 'This role takes no ticket. Remove the ticket.');
  }
  if (terms.kind === 'any') {
    if (ticket !== undefined && ticket.length <= MAX_TICKET && /^[\x21-\x7e]+$/.test(ticket))
      return ticket;
    throw invalid('ticket', `Enter a ticket of at most ${MAX_TICKET} characters without spaces.`);
  }
  const { projects } = terms;
  const isOfProject = projects.some(project => ticket?.startsWith(`${project}-`));
  if (ticket !== undefined && isOfProject && TICKET.test(ticket)) return ticket;
  throw invalid('ticket', `Enter a ticket like ${projects.map(of => `${of}-123`).join(' or ')}.`);
}

/** `elevation_invalid` for one field. */
export function invalid(field: string, hint: string): BridgeError {
  return new BridgeError('elevation_invalid', `invalid ${field}`, { hint, field });
}

/** What a form offers: every half hour, and the longest. In seconds. */
export function offeredLengths(longest: Seconds): readonly Seconds[] {
  const lengths: Seconds[] = [];
  for (let length = SHORTEST_ELEVATION; length < longest; length += HOUR / 2) lengths.push(length);
  return [...lengths, longest];
}
