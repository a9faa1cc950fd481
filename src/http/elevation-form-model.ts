/** The form that asks for roles, and the page where roles are chosen for it. */
import { describeStatus, statusOf } from '../core/elevation.ts';
import {
  extensionSeconds,
  LATEST_START,
  offeredLengths,
  SHORTEST_ELEVATION,
  type TicketTerms,
} from '../core/elevation-terms.ts';
import type { Offer } from '../core/elevation-view.ts';
import type { BridgeError } from '../core/errors.ts';
import type { ConnectorId } from '../core/identity.ts';
import { listed } from '../core/listed.ts';
import { formatDuration, HOUR, type Instant, parseDuration, type Seconds } from '../core/time.ts';
import { accountMark } from './account-mark.ts';
import { elevationPath } from './elevation.ts';
import { roleField, roleValue, type TypedRequest } from './elevation-fields.ts';
import { iso, statusModel } from './elevation-rows.ts';
import type {
  BreakGlassFormModel,
  ElevationChoiceModel,
  ElevationRequestModel,
  FormField,
  LengthChoice,
  RequestedRole,
  RequestFormModel,
  TicketModel,
  TypedForm,
} from './elevation-views.ts';

/** Roles that one page asks for. */
export const MOST_ROLES = 10;
const DEFAULT_LENGTH: Seconds = HOUR;

export interface RequestPage {
  /** Not empty. */
  readonly offers: readonly Offer[];
  readonly typed: TypedRequest;
  /** Why it was not accepted. */
  readonly problem?: BridgeError | undefined;
  readonly notice?: string | undefined;
  readonly canChoose: boolean;
}

export interface FormSurroundings {
  readonly now: Instant;
  /** Of the viewer. */
  readonly connector: ConnectorId;
  /** Where others are told of a break-glass. */
  readonly notifiedBy: readonly string[];
}

export function requestModel(
  page: RequestPage,
  around: FormSurroundings,
): Omit<ElevationRequestModel, 'viewer'> {
  const { offers, problem, notice, canChoose } = page;
  const { now, connector } = around;
  const open = offers.map(({ open: of }) => of).find(of => of && statusOf(of, now) !== 'active');
  const longest = Math.min(...offers.map(offer => longestNow(offer, now)));
  const canAsk = open === undefined && longest >= SHORTEST_ELEVATION;
  return {
    roles: offers.map((offer, index) => requestedRole(offer, index, { now, connector })),
    notice,
    problem: problem && isGeneral(problem) ? generalProblem(problem) : undefined,
    open: open && { href: elevationPath(open.id), sentence: describeStatus(open, now) },
    ticket: ticketModel(offers),
    request: canAsk ? requestForm(page, longest, now) : undefined,
    tooEarly: open === undefined && !canAsk ? tooEarly(offers, now) : undefined,
    breakGlass: breakGlassForm(page, around),
    canChoose,
  };
}

// ---------------------------------------------------------------- the role

interface Seeing {
  readonly now: Instant;
  readonly connector: ConnectorId;
}

function requestedRole(
  { account, role, rule, group, terms, open }: Offer,
  index: number,
  { now, connector }: Seeing,
): RequestedRole {
  const isActive = open !== undefined && statusOf(open, now) === 'active';
  return {
    field: roleField(index),
    value: roleValue(account.id, role),
    account: account.name,
    accountId: account.id,
    mark: accountMark(account),
    role,
    rule,
    group,
    approvers: approversText(terms, connector),
    activeUntil: isActive ? iso(open.granted!.endsAt) : undefined,
  };
}

/** Users of other connectors must not learn the names of groups. */
function approversText({ approvers }: Offer['terms'], connector: ConnectorId): string {
  const total = approvers.reduce((sum, { count }) => sum + count, 0);
  const counted = (count: number) => `${count} ${count === 1 ? 'approval' : 'approvals'}`;
  if (!approvers.every(({ connectors }) => connectors.includes(connector))) return counted(total);
  return approvers
    .map(
      ({ count, groups, groupPattern }) =>
        `${counted(count)} from ${groupPattern ?? listed(groups)}`,
    )
    .join(', ');
}

/** The longest that can be asked for now: an extension never reaches further than a new request. */
function longestNow({ longestSeconds, open }: Offer, now: Instant): Seconds {
  if (open === undefined || statusOf(open, now) !== 'active') return longestSeconds;
  return extensionSeconds(longestSeconds, open.granted!.endsAt, now);
}

function tooEarly(offers: readonly Offer[], now: Instant): string {
  const { account, role, longestSeconds } = offers.find(
    offer => longestNow(offer, now) < SHORTEST_ELEVATION,
  )!;
  const most = formatDuration(longestSeconds - SHORTEST_ELEVATION);
  return `You can extend ${account.name}/${role} when ${most} or less of it is left.`;
}

// ---------------------------------------------------------------- the form

function requestForm(
  { offers, typed, problem }: RequestPage,
  longest: Seconds,
  now: Instant,
): RequestFormModel {
  const own = typed.isBreakGlass ? undefined : typed;
  const isExtension = offers.some(({ open }) => open !== undefined);
  return {
    ...typedForm(own, problem),
    start: own?.start ?? '',
    lengths: lengthChoices(longest, own?.duration),
    isReasonRequired: offers.some(({ terms }) => terms.reason === 'required'),
    startMax: isExtension ? undefined : minuteText(now + LATEST_START * 1000),
    now: minuteText(now),
  };
}

/** Undefined where one of the roles allows none. */
function breakGlassForm(
  { offers, typed, problem }: RequestPage,
  { connector, notifiedBy }: FormSurroundings,
): BreakGlassFormModel | undefined {
  if (!offers.every(({ mayBreakGlass }) => mayBreakGlass)) return undefined;
  const own = typed.isBreakGlass ? typed : undefined;
  const within = Math.min(...offers.map(({ terms }) => terms.breakGlass!.reviewSeconds));
  return {
    ...typedForm(own, problem),
    lengths: lengthChoices(Math.min(...offers.map(of => of.longestSeconds)), own?.duration),
    toldBy: notifiedBy.length === 0 ? undefined : notifiedBy.join(', '),
    reviewers: reviewersText(offers, connector),
    reviewWithin: formatDuration(within),
    isOpen: own !== undefined,
  };
}

function reviewersText(offers: readonly Offer[], connector: ConnectorId): string {
  const approvers = offers.flatMap(({ terms }) => terms.approvers);
  if (!approvers.every(({ connectors }) => connectors.includes(connector)))
    return 'An approver of the role';
  const names = approvers.flatMap(({ groups, groupPattern }) => groupPattern ?? groups);
  return `Another user of ${listed([...new Set(names)])}`;
}

function typedForm(typed: TypedRequest | undefined, problem: BridgeError | undefined): TypedForm {
  const { reason = '', ticket = '' } = typed ?? {};
  const field = typed && problem && !isGeneral(problem) ? (problem.field as FormField) : undefined;
  return {
    ...{ reason, ticket },
    problems: field === undefined ? {} : { [field]: problem!.hint },
  };
}

const FIELDS: readonly FormField[] = ['duration', 'reason', 'ticket', 'start', 'understood'];

function isGeneral({ field }: BridgeError): boolean {
  return !(FIELDS as readonly (string | undefined)[]).includes(field);
}

function generalProblem({ title, hint, elevation }: BridgeError): {
  readonly text: string;
  readonly href?: string | undefined;
} {
  const href = elevation?.id === undefined ? undefined : elevationPath(elevation.id);
  return { text: `${title}. ${hint}`, href };
}

/** Every half hour, and the longest. The wanted length is chosen, or the next longer one. */
export function lengthChoices(longest: Seconds, wanted?: string): readonly LengthChoice[] {
  const lengths = offeredLengths(longest);
  const asked = (wanted && parseDuration(wanted)) || Math.min(DEFAULT_LENGTH, longest);
  const chosen = lengths.find(length => length >= asked) ?? longest;
  return lengths.map(length => ({
    value: `${length}s`,
    label: formatDuration(length),
    isChosen: length === chosen,
  }));
}

/** `2026-11-30T10:05`, in UTC. */
function minuteText(at: Instant): string {
  return iso(at).slice(0, 16);
}

// ---------------------------------------------------------------- the ticket

/** Undefined if no role takes a ticket. */
function ticketModel(offers: readonly Offer[]): TicketModel | undefined {
  const terms = offers.flatMap(({ terms: { ticket } }) => ticket ?? []);
  if (terms.length === 0) return undefined;
  const projects = commonProjects(terms);
  if (projects.length === 0) return { example: 'OPS-123' };
  return {
    pattern: `(?:${projects.join('|')})-[1-9][0-9]{0,9}`,
    example: projects.map(project => `${project}-123`).join(' or '),
  };
}

/** Projects whose tickets all roles take; empty if they take any ticket. */
function commonProjects(terms: readonly TicketTerms[]): readonly string[] {
  const limited = terms.flatMap(ticket => (ticket.kind === 'projects' ? [ticket.projects] : []));
  const [first = [], ...others] = limited;
  return first.filter(project => others.every(projects => projects.includes(project)));
}

// ---------------------------------------------------------------- the choice

export interface ChoicePage {
  readonly offers: readonly Offer[];
  /** Values of the fields that were chosen. */
  readonly chosen: readonly string[];
  readonly problem?: string | undefined;
}

export function choiceModel(
  { offers, chosen, problem }: ChoicePage,
  now: Instant,
): Omit<ElevationChoiceModel, 'viewer'> {
  const numbered = offers.map((offer, index) => ({ offer, field: roleField(index) }));
  const byAccount = Map.groupBy(numbered, ({ offer }) => offer.account);
  const accounts = [...byAccount]
    .sort(([a], [b]) => (a.name < b.name ? -1 : 1))
    .map(([{ id, name, details }, own]) => ({
      ...{ id, name, mark: accountMark({ details }) },
      offers: own
        .map(({ offer, field }) => offerRow(offer, { field, chosen, now }))
        .sort((a, b) => (a.role < b.role ? -1 : 1)),
    }));
  return { accounts, mostRoles: MOST_ROLES, problem };
}

interface Choosing {
  readonly field: string;
  readonly chosen: readonly string[];
  readonly now: Instant;
}

function offerRow(
  { account, role, rule, longestSeconds, open }: Offer,
  { field, chosen, now }: Choosing,
): ElevationChoiceModel['accounts'][number]['offers'][number] {
  const value = roleValue(account.id, role);
  return {
    ...{ field, value, role, rule },
    longest: formatDuration(longestSeconds),
    isChosen: chosen.includes(value),
    canChoose: open === undefined || statusOf(open, now) === 'active',
    open: open && { status: statusModel(open, now), href: elevationPath(open.id) },
  };
}
