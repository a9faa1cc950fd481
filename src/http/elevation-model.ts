/** One elevation with everything that its requester and its approvers need. */
import type { AccessRule } from '../core/access-rule.ts';
import { endOfHandOut } from '../core/aws-session.ts';
import { describeStatus, type Elevation, nextReminder } from '../core/elevation.ts';
import type { HandOut } from '../core/elevation-notice.ts';
import type { ElevationView } from '../core/elevation-view.ts';
import type { PersonId } from '../core/identity.ts';
import { listed } from '../core/listed.ts';
import type { SessionSettings } from '../core/session.ts';
import { writtenTemplate } from '../core/template.ts';
import { formatDuration, type Instant } from '../core/time.ts';
import { accountMark } from './account-mark.ts';
import { elevationPath, requestPath } from './elevation.ts';
import { lengthChoices } from './elevation-form-model.ts';
import { iso, leftOf, partyModel, rowOf, sortOf, statusModel } from './elevation-rows.ts';
import { fullName, storyOf } from './elevation-story.ts';
import type { AliveRow, DecisionModel, ElevationModel, FactRow } from './elevation-views.ts';

/** Who looks, what was said on the page, and what was typed into it. */
export interface ElevationPage {
  readonly viewer: PersonId;
  readonly notice?: string | undefined;
  readonly warning?: string | undefined;
  readonly note?: string | undefined;
  readonly noteProblem?: string | undefined;
  /** As `parseDuration` reads it. */
  readonly duration?: string | undefined;
  readonly durationProblem?: string | undefined;
  /** Whether the viewer may grant the role to themselves instead. */
  readonly mayBreakGlass: boolean;
  /** Whether a decision requires a new sign-in. */
  readonly isSignInOld: boolean;
}

export function elevationModel(
  seen: ElevationView,
  page: ElevationPage,
  now: Instant,
): Omit<ElevationModel, 'viewer'> {
  const { elevation, rights, whyNotApprove, outstanding, before, alive } = seen;
  const { id, accountName: account, role, requester } = elevation;
  const { viewer, mayBreakGlass, isSignInOld, duration, note = '', ...said } = page;
  const isOwn = requester.person === viewer;
  return {
    ...{ ...said, note, account, role, action: elevationPath(id) },
    mark: seen.account && accountMark(seen.account),
    who: partyModel(requester).name,
    sort: sortOf(elevation),
    status: statusModel(elevation, now),
    sentence: describeStatus(elevation, now),
    left: leftOf(elevation, now),
    decision: decisionOf(seen, duration),
    whyNotApprove,
    signInAgain: isSignInOld && decides(seen) ? SIGN_IN_AGAIN : undefined,
    canWithdraw: rights.has('withdraw'),
    endLabel: rights.has('revoke') ? (isOwn ? 'End it now' : 'Revoke') : undefined,
    extendHref: rights.has('extend') ? requestPath({ account, role }) : undefined,
    breakGlassHref: mayBreakGlass ? `${requestPath({ account, role })}&break_glass=yes` : undefined,
    review: reviewOf(seen, now),
    request: requestFacts(elevation),
    requester: requesterFacts(elevation),
    rule: ruleOf(seen),
    outstanding,
    approvals: elevation.votes.map(({ by, at, seconds }) => ({
      who: fullName(by),
      at: iso(at),
      length: formatDuration(seconds),
    })),
    before: isOwn ? undefined : before.map(of => rowOf(of, now)),
    alive: alive.map(aliveRow),
    story: storyOf(elevation),
  };
}

const SIGN_IN_AGAIN =
  'A decision requires a sign-in of the last 15 minutes. When you press a button, your identity provider verifies you again; then press the button once more.';

function decides({ rights }: ElevationView): boolean {
  return ['approve', 'deny', 'review'].some(right => rights.has(right as never));
}

// ---------------------------------------------------------------- what the viewer can do

function decisionOf(
  { rights, elevation, longestSeconds }: ElevationView,
  duration: string | undefined,
): DecisionModel | undefined {
  const canDeny = rights.has('deny');
  if (!rights.has('approve')) return canDeny ? { canDeny } : undefined;
  const wanted = duration ?? `${elevation.seconds}s`;
  return { canDeny, lengths: lengthChoices(longestSeconds, wanted) };
}

function reviewOf(
  { elevation, rights }: ElevationView,
  now: Instant,
): NonNullable<ElevationModel['review']> | undefined {
  const { review } = elevation;
  if (review === undefined) return undefined;
  const { done, dueAt } = review;
  return {
    canReview: rights.has('review'),
    isOverdue: nextReminder(elevation) !== undefined && now >= dueAt,
    dueAt: iso(dueAt),
    done: done && { by: fullName(done.by), at: iso(done.at), note: done.note },
  };
}

// ---------------------------------------------------------------- facts

type Value = string | undefined;

const text = (term: string, value: Value): readonly FactRow[] =>
  value === undefined ? [] : [{ term, value, kind: 'text' }];
const code = (term: string, value: Value): readonly FactRow[] =>
  value === undefined ? [] : [{ term, value, kind: 'code' }];
const time = (term: string, at: Instant | undefined): readonly FactRow[] =>
  at === undefined ? [] : [{ term, value: iso(at), kind: 'time' }];

function requestFacts(elevation: Elevation): readonly FactRow[] {
  const { reason, ticket, seconds, startsAt, granted, requestedAt } = elevation;
  const { extends: base } = elevation;
  return [
    ...text('Reason', reason ?? 'none given'),
    ...text('Ticket', ticket),
    ...text('Duration', formatDuration(seconds)),
    ...(startsAt === undefined || granted !== undefined ? [] : time('Starts', startsAt)),
    ...time('Granted from', granted?.startsAt),
    ...time('Granted until', granted?.endsAt),
    ...time('Requested', requestedAt),
    ...(base === undefined
      ? []
      : [{ term: 'Extends', value: base, kind: 'code', href: elevationPath(base) } as const]),
  ];
}

function requesterFacts({ requester, group, cliSession, events }: Elevation): readonly FactRow[] {
  const { username, displayName, email, connector } = requester;
  const { address, userAgent } = events[0]!.origin;
  return [
    ...text('Name', displayName),
    ...text('User name', username),
    ...text('Email', email),
    ...code('Signed in by', connector),
    ...text('Eligible by group', group),
    ...code('Address', address),
    ...text('Program', userAgent),
    ...code('Terminal session', cliSession),
  ];
}

/** What the role can do, as the configuration says. */
function ruleOf({ eligibility }: ElevationView): ElevationModel['rule'] {
  if (eligibility === undefined) return undefined;
  const { account, rule } = eligibility;
  return {
    facts: [
      ...code('Account', `${account.name} (${account.id}, ${account.partition})`),
      ...code('Rule', rule.name),
      ...text('Longest', formatDuration(rule.elevation.longestSeconds)),
      ...requirementFacts(rule),
      ...sessionFacts(rule.session),
    ],
    policy: rule.session.policy && formattedJson(rule.session.policy),
  };
}

function requirementFacts({ require }: Pick<AccessRule, 'require'>): readonly FactRow[] {
  const { mfa, authenticatedWithin, networks } = require;
  const parts = [
    ...(mfa ? ['a second factor (MFA)'] : []),
    ...(authenticatedWithin === undefined
      ? []
      : [`a sign-in of the last ${formatDuration(authenticatedWithin)}`]),
    ...(networks.length === 0 ? [] : [`a network of ${listed(networks)}`]),
  ];
  return text('Also requires', parts.length === 0 ? undefined : parts.join(', '));
}

function sessionFacts(session: SessionSettings): readonly FactRow[] {
  const { sourceIdentity, tags, optionalTags, transitiveTags, policyArns, policy } = session;
  const written = Object.entries(tags).map(([key, value]) => `${key}: ${writtenTemplate(value)}`);
  const isLimited = policyArns.length > 0 || policy !== undefined;
  return [
    ...text('Limited by', isLimited ? undefined : 'only the policies of the role'),
    ...policyArns.flatMap(arn => code('Session policy', arn)),
    ...text('Inline policy', policy && 'shown below'),
    ...code('Source identity', sourceIdentity && writtenTemplate(sourceIdentity)),
    ...code('Session tags', written.length === 0 ? undefined : written.join(', ')),
    ...text('Optional tags', optionalTags && listed(optionalTags)),
    ...text('Transitive tags', transitiveTags.length === 0 ? undefined : listed(transitiveTags)),
  ];
}

function formattedJson(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

function aliveRow(handOut: HandOut): AliveRow {
  const { type, accessKeyId, sessionName } = handOut;
  const isConsole = type === 'console-link.issued';
  const what = isConsole ? 'Console link' : 'Credentials';
  return { what, accessKeyId, sessionName, until: iso(endOfHandOut(handOut)) };
}
