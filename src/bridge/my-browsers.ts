/**
 * The browser sessions of a user as they see and end them.
 *
 * Owns: which sessions count as live, what ends with one that the user did not start, the audit
 * events. Does not own: the sign-out of the browser that asks (sign-in), the end of everything
 * (my-sessions).
 */
import { type BrowserSessionSummary, idleEndOf, type Session } from '../core/browser-session.ts';
import type { CliSessions, Clock, Sessions } from '../core/ports.ts';
import type { Viewer } from '../core/requester.ts';
import type { Instant, Seconds } from '../core/time.ts';
import type { IsCurrent } from './current-issuers.ts';
import type { Recorder } from './recorder.ts';

export interface MyBrowsersParts {
  readonly sessions: Sessions;
  readonly cliSessions: CliSessions;
  readonly isCurrent: IsCurrent;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly idleSeconds: Seconds;
}

/** A browser session with its end, if it is not used again. */
export interface LiveBrowser extends BrowserSessionSummary {
  readonly idleEndsAt: Instant;
}

export interface LiveBrowsers {
  /** Without the browser that asks; newest first. */
  readonly others: readonly LiveBrowser[];
  /** Sessions of an earlier version, without the browser that asks. */
  readonly withoutDetails: number;
}

export interface MyBrowsers {
  list(viewer: Viewer): Promise<LiveBrowsers>;
  /** Ends one; false if the user has none with that public id. */
  end(viewer: Viewer, publicId: string): Promise<boolean>;
  /**
   * As `end`, for a session that the user says they did not start. The sessions in terminals and
   * applications that it confirmed end, too. Throws `unavailable` if some of these may be left.
   */
  disown(viewer: Viewer, publicId: string): Promise<boolean>;
}

export function createMyBrowsers(parts: MyBrowsersParts): MyBrowsers {
  return {
    list: viewer => list(parts, viewer),
    end: (viewer, publicId) => end(parts, viewer, publicId),
    disown: (viewer, publicId) => disown(parts, viewer, publicId),
  };
}

async function list(
  { sessions, isCurrent, clock, idleSeconds }: MyBrowsersParts,
  { subject, session: here }: Viewer,
): Promise<LiveBrowsers> {
  const now = clock.now();
  const { person } = subject.identity;
  const { summaries, withoutDetails } = await sessions.list(now, { person });
  const isUsed = (session: Pick<Session, 'lastUsedAt' | 'expiresAt'>): boolean =>
    now < idleEndOf(session, idleSeconds);
  const others = summaries
    .filter(summary => summary.publicId !== here.publicId && isUsed(summary) && isCurrent(summary))
    .map(summary => ({ ...summary, idleEndsAt: idleEndOf(summary, idleSeconds) }));
  const earlier = withoutDetails.filter(isUsed).length - (here.publicId === undefined ? 1 : 0);
  return { others, withoutDetails: Math.max(0, earlier) };
}

async function end(parts: MyBrowsersParts, viewer: Viewer, publicId: string): Promise<boolean> {
  const ended = await ownEnded(parts, viewer, publicId);
  if (ended === undefined) return false;
  await recordEnd(parts, viewer, { publicId, why: 'ended by the person' });
  return true;
}

async function disown(parts: MyBrowsersParts, viewer: Viewer, publicId: string): Promise<boolean> {
  const ended = await ownEnded(parts, viewer, publicId);
  if (ended === undefined) return false;
  await parts.recorder.recordEnd(viewer, {
    type: 'browser-session.disowned',
    browserSession: publicId,
    signedInAt: ended.createdAt,
    signedInFrom: ended.openedFrom.address,
    signedInWith: ended.openedFrom.userAgent,
  });
  await recordEnd(parts, viewer, { publicId, why: 'the person did not start it' });
  await endConfirmedBy(parts, viewer, publicId);
  return true;
}

function ownEnded(
  { sessions, clock }: MyBrowsersParts,
  { subject }: Viewer,
  publicId: string,
): Promise<BrowserSessionSummary | undefined> {
  const { person } = subject.identity;
  return sessions.endByPublicId(publicId, { person, now: clock.now() });
}

/** The browser session has ended before, so it confirms no more. */
async function endConfirmedBy(
  { cliSessions, recorder, clock }: MyBrowsersParts,
  viewer: Viewer,
  publicId: string,
): Promise<void> {
  const { person } = viewer.subject.identity;
  const own = await cliSessions.list(clock.now(), { person });
  for (const { publicId: cliSession, browserSession } of own) {
    if (browserSession !== publicId) continue;
    if ((await cliSessions.endByPublicId(cliSession, person)) === undefined) continue;
    await recorder.recordEnd(viewer, {
      type: 'cli-session.ended',
      cliSession,
      by: 'person',
      why: 'confirmed in a browser session that the person did not start',
    });
  }
}

async function recordEnd(
  { recorder }: MyBrowsersParts,
  viewer: Viewer,
  { publicId: browserSession, why }: { readonly publicId: string; readonly why: string },
): Promise<void> {
  await recorder.recordEnd(viewer, {
    type: 'browser-session.ended',
    browserSession,
    by: 'person',
    why,
  });
}
