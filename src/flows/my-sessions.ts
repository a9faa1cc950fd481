/**
 * The page of a user's sessions: which browsers, terminals and applications are signed in, which
 * AWS sessions are alive, and how to end them.
 */
import * as z from 'zod';
import type { ContainerAccess } from '../bridge/container-access.ts';
import type { MyAwsSessions } from '../bridge/my-aws-sessions.ts';
import type { MyBrowsers } from '../bridge/my-browsers.ts';
import type { MySessions } from '../bridge/my-sessions.ts';
import type { SignIn } from '../bridge/sign-in.ts';
import type { Viewer } from '../core/requester.ts';
import { type Answer, redirect, view } from '../http/answer.ts';
import { outdatedNotice } from '../http/outdated-form.ts';
import { text } from '../http/read.ts';
import { form, page } from '../http/route.ts';
import { sessionRows } from '../http/session-model.ts';
import { signInLink } from '../http/sign-in-links.ts';
import { notSignedOut, type SignOutParts, signedOutAnswer, signOutOf } from '../http/signed-out.ts';

export interface MySessionsPageParts extends SignOutParts {
  readonly signIn: Pick<SignIn, 'connectors' | 'signOut' | 'idleEndOf'>;
  readonly mySessions: MySessions;
  readonly myBrowsers: MyBrowsers;
  readonly myAwsSessions: MyAwsSessions;
  readonly containerAccess: ContainerAccess;
}

const PATH = '/sessions';

const NOTICES = {
  ended: 'The session was ended. Credentials that it was given stay valid until they expire.',
  disowned:
    'The session was ended. It is recorded that you did not start it. Contact your security team.',
  'browser-ended':
    'That browser was signed out here. It can still be signed in at your identity provider, and AWS sessions that it was given stay valid until they expire.',
  'browser-disowned':
    'That browser was signed out, and so were the terminals and applications that it confirmed. It is recorded that you did not start it. Contact your security team: another person can have access to your account at the identity provider.',
  revoked:
    'The container token was revoked. Credentials that its container already has stay valid until they expire.',
  // The form came twice, or the session has ended in another way. Nothing is recorded of a session
  // that is gone.
  gone: 'That session has already ended. If you did not start it and have not reported it, contact your security team.',
} as const;
type Done = keyof typeof NOTICES;

const SessionsQuery = z.object({
  done: z.enum(Object.keys(NOTICES) as [Done, ...Done[]]).optional(),
});
const SessionsForm = z.discriminatedUnion('decision', [
  z.object({ decision: z.enum(['end', 'disown']), session: text(64).min(1) }),
  z.object({ decision: z.enum(['end-browser', 'disown-browser']), browser: text(64).min(1) }),
  z.object({ decision: z.literal('revoke'), container_token: text(64).min(1) }),
  z.object({ decision: z.literal('everywhere') }),
]);

export const mySessionsPage = page({
  path: PATH,
  who: 'signed-in user',
  reads: { query: SessionsQuery },
  signedOut: () => redirect(signInLink(PATH)),
  handle: ({ done }, user, parts: MySessionsPageParts) =>
    show(user, done === undefined ? {} : { notice: NOTICES[done] }, parts),
});

export const mySessionsForm = form({
  path: PATH,
  reads: { form: SessionsForm },
  returnTo: () => PATH,
  outdated: (_form, user, parts: MySessionsPageParts) =>
    show(user, { warning: outdatedNotice(user) }, parts),
  handle: (decided, user, parts: MySessionsPageParts) => {
    switch (decided.decision) {
      case 'everywhere':
        return endAll(user, parts);
      case 'revoke':
        return revoke(decided.container_token, user, parts);
      case 'end':
      case 'disown':
        return endTerminal(decided, user, parts);
      default:
        return endBrowser(decided, user, parts);
    }
  },
});

async function show(
  user: Viewer,
  said: { readonly notice?: string; readonly warning?: string },
  { signIn, mySessions, myBrowsers, myAwsSessions, containerAccess }: MySessionsPageParts,
): Promise<Answer> {
  const [browsers, cliSessions, aws] = await Promise.all([
    myBrowsers.list(user),
    mySessions.list(user),
    myAwsSessions.list(user),
  ]);
  const containerTokens = await containerAccess.list(cliSessions);
  const idleEndsAt = signIn.idleEndOf(user.session);
  const found = { viewer: user, idleEndsAt, browsers, cliSessions, containerTokens, aws };
  return view('sessions', { ...sessionRows(found), ...said });
}

async function endTerminal(
  { session, decision }: { readonly session: string; readonly decision: 'end' | 'disown' },
  user: Viewer,
  { mySessions }: MySessionsPageParts,
): Promise<Answer> {
  if (decision === 'end') return done((await mySessions.end(user, session)) && 'ended');
  return done((await mySessions.disown(user, session)) && 'disowned');
}

async function endBrowser(
  decided: {
    readonly browser: string;
    readonly decision: 'end-browser' | 'disown-browser';
  },
  user: Viewer,
  parts: MySessionsPageParts,
): Promise<Answer> {
  const { browser, decision } = decided;
  if (browser === user.session.publicId) return signOutOf(user, parts);
  const { myBrowsers } = parts;
  if (decision === 'end-browser')
    return done((await myBrowsers.end(user, browser)) && 'browser-ended');
  return done((await myBrowsers.disown(user, browser)) && 'browser-disowned');
}

/** False for a session that has ended before. */
function done(what: Done | false): Answer {
  return redirect(`${PATH}?done=${what === false ? 'gone' : what}`);
}

async function revoke(
  token: string,
  user: Viewer,
  { containerAccess }: MySessionsPageParts,
): Promise<Answer> {
  await containerAccess.revoke(user, token, 'person');
  return done('revoked');
}

/** Signs this browser out also when the store fails; then more is not sure. */
async function endAll(viewer: Viewer, parts: MySessionsPageParts): Promise<Answer> {
  try {
    const atProvider = await parts.mySessions.endAll(viewer);
    const { connector } = viewer.session.identity;
    const ended = 'everywhere';
    return await signedOutAnswer({ connector, ended, terminals: 0, atProvider }, parts);
  } catch (thrown) {
    return notSignedOut(thrown, EVERYWHERE);
  }
}

const EVERYWHERE = {
  why: 'not every session was ended',
  hint: 'This browser is signed out, but the bridge could not end all your sessions. Sign in again in a minute, then press "Sign out everywhere" again.',
};
