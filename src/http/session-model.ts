/** The rows of the page of a user's sessions. */
import type { AliveAwsSessions, MyAwsSession } from '../bridge/my-aws-sessions.ts';
import type { LiveBrowsers } from '../bridge/my-browsers.ts';
import type { AwsSessionKind, Holder } from '../core/aws-session.ts';
import type { BrowserSessionSummary, Session } from '../core/browser-session.ts';
import type { CliSessionSummary } from '../core/cli-session.ts';
import type { Viewer } from '../core/requester.ts';
import type { Instant } from '../core/time.ts';
import type { ContainerTokenSummary } from '../core/tokens.ts';
import { accountMark } from './account-mark.ts';
import { browserName } from './browser-name.ts';
import { elevationPath } from './elevation.ts';
import type {
  AwsSessionRow,
  BrowserRow,
  ContainerTokenRow,
  HolderModel,
  SessionRow,
  SessionsModel,
} from './session-views.ts';
import { terminalModel } from './terminal-model.ts';

/** Beyond it, a list only says how many more there are. */
const MOST_BROWSERS = 50;
const MOST_HOLDERS = 3;
const NO_ADDRESS = 'an unknown address';

export interface FoundSessions {
  readonly viewer: Viewer;
  /** When this browser is signed out if it is not used again. */
  readonly idleEndsAt: Instant;
  readonly browsers: LiveBrowsers;
  /** Sessions in terminals and applications. */
  readonly cliSessions: readonly CliSessionSummary[];
  readonly containerTokens: readonly ContainerTokenSummary[];
  readonly aws: AliveAwsSessions;
}

type Rows = Omit<SessionsModel, 'viewer' | 'notice' | 'warning'>;

export function sessionRows(found: FoundSessions): Rows {
  const { viewer, idleEndsAt, browsers, cliSessions, containerTokens, aws } = found;
  const nameOf = nameHolders(found);
  const rows = cliSessions.map(summary => sessionRow(summary, containerTokens));
  return {
    here: hereRow(viewer, idleEndsAt),
    browsers: browsers.others.slice(0, MOST_BROWSERS).map(browser => ({
      id: browser.publicId,
      ...browserRow(browser, browser.idleEndsAt),
    })),
    unlistedBrowsers: unlistedIn(browsers),
    terminals: rows.filter(({ isApplication }) => !isApplication),
    applications: rows.filter(({ isApplication }) => isApplication),
    aws: aws.sessions.map(session => awsRow(session, nameOf)),
    isAwsComplete: aws.isComplete,
  };
}

// ---------------------------------------------------------------- browsers

/** Of a session of an earlier version, the present request says where it is. */
function hereRow({ session, origin }: Viewer, idleEndsAt: Instant): BrowserRow {
  const { openedFrom = origin, steppedUp } = session;
  return browserRow({ ...session, openedFrom, steppedUpAt: steppedUp?.at }, idleEndsAt);
}

function browserRow(
  browser: Pick<Session, 'createdAt' | 'lastUsedAt' | 'expiresAt'> &
    Pick<BrowserSessionSummary, 'openedFrom' | 'steppedUpAt'>,
  idleEndsAt: Instant,
): BrowserRow {
  const { openedFrom, steppedUpAt, createdAt, lastUsedAt, expiresAt } = browser;
  return {
    name: capitalized(browserName(openedFrom.userAgent)),
    address: openedFrom.address,
    since: iso(createdAt),
    lastUsedAt: iso(lastUsedAt),
    idleEndsAt: iso(idleEndsAt),
    until: iso(expiresAt),
    steppedUpAt: steppedUpAt === undefined ? undefined : iso(steppedUpAt),
  };
}

function capitalized(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

function unlistedIn({ others, withoutDetails }: LiveBrowsers): string | undefined {
  const more = Math.max(0, others.length - MOST_BROWSERS);
  const signIns = withoutDetails === 1 ? 'sign-in' : 'sign-ins';
  const parts = [
    ...(more > 0 ? [`${more} more`] : []),
    ...(withoutDetails > 0 ? [`${withoutDetails} earlier ${signIns} without details`] : []),
  ];
  return parts.length === 0 ? undefined : parts.join(', and ');
}

// ---------------------------------------------------------------- terminals and applications

function sessionRow(
  summary: CliSessionSummary,
  tokens: readonly ContainerTokenSummary[],
): SessionRow {
  const { publicId, steppedUpAt, expiresAt } = summary;
  return {
    id: publicId,
    ...terminalModel(summary),
    steppedUpAt: steppedUpAt === undefined ? undefined : iso(steppedUpAt),
    until: iso(expiresAt),
    containerTokens: tokens.filter(({ cliSession }) => cliSession === publicId).map(tokenRow),
  };
}

function tokenRow(token: ContainerTokenSummary): ContainerTokenRow {
  const { publicId, accountName, role, address, createdAt, lastUsedAt, lastUsedAddress } = token;
  return {
    id: publicId,
    account: accountName,
    ...{ role, address },
    since: iso(createdAt),
    lastUsedAt: lastUsedAt === undefined ? undefined : iso(lastUsedAt),
    lastUsedAddress: lastUsedAddress ?? NO_ADDRESS,
  };
}

// ---------------------------------------------------------------- AWS sessions

/** What one of them is called, and several. */
const WHAT: { readonly [K in AwsSessionKind]: readonly [one: string, several: string] } = {
  console: ['Console', 'consoles'],
  credentials: ['Credentials', 'sets of credentials'],
};

function awsRow(session: MyAwsSession, nameOf: (holder: Holder) => string): AwsSessionRow {
  const { accountName, role, kind, count, holders, elevation, newestAt, endsAt } = session;
  const [one, several] = WHAT[kind];
  return {
    account: accountName,
    role,
    mark: accountMark(session),
    what: count === 1 ? one : `${count} ${several}`,
    holders: holders.slice(0, MOST_HOLDERS).map(holder => holderModel(holder, nameOf)),
    moreHolders: Math.max(0, holders.length - MOST_HOLDERS),
    given: count === 1 ? 'Given' : 'Last given',
    newestAt: iso(newestAt),
    ends: endsOf(kind, count),
    endsAt: iso(endsAt),
    elevationHref: elevation === undefined ? undefined : elevationPath(elevation),
  };
}

function endsOf(kind: AwsSessionKind, count: number): string {
  if (kind === 'console') return count === 1 ? 'ends at the latest' : 'all end at the latest';
  return count === 1 ? 'ends' : 'the last one ends';
}

function holderModel(holder: Holder, nameOf: (holder: Holder) => string): HolderModel {
  return { name: nameOf(holder), address: holder.origin.address };
}

/** Names of what is signed in now; of anything else, what kind it was. */
function nameHolders({
  viewer,
  cliSessions,
  containerTokens,
}: FoundSessions): (holder: Holder) => string {
  const terminals = new Map(cliSessions.map(summary => [summary.publicId, terminalName(summary)]));
  const tokens = new Set(containerTokens.map(({ publicId }) => publicId));
  const here = viewer.session.publicId;
  return ({ containerToken, cliSession, browserSession, application, origin }) => {
    if (containerToken !== undefined)
      return tokens.has(containerToken) ? 'a container' : 'a container whose token has ended';
    if (cliSession !== undefined)
      return (
        terminals.get(cliSession) ??
        (application === undefined ? 'a terminal that has ended' : 'an application that has ended')
      );
    if (browserSession !== undefined && browserSession === here) return 'this browser';
    return browserName(origin.userAgent);
  };
}

function terminalName(summary: CliSessionSummary): string {
  const { device, isApplication, client } = terminalModel(summary);
  return isApplication ? client.name : device;
}

function iso(instant: Instant): string {
  return new Date(instant).toISOString();
}
