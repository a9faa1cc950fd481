/**
 * The page of a user's sessions: which terminals and applications are signed in, and how to end
 * them.
 */
import * as z from 'zod';
import type { ContainerAccess } from '../bridge/container-access.ts';
import type { MySessions } from '../bridge/my-sessions.ts';
import type { CliSessionSummary } from '../core/cli-session.ts';
import { asBridgeError, BridgeError } from '../core/errors.ts';
import type { Viewer } from '../core/requester.ts';
import type { ContainerTokenSummary } from '../core/tokens.ts';
import { type Answer, redirect, refusal, view } from '../http/answer.ts';
import { outdatedNotice } from '../http/outdated-form.ts';
import { text } from '../http/read.ts';
import { form, page } from '../http/route.ts';
import { signInLink } from '../http/sign-in-links.ts';
import { type SignedOutParts, signedOutAnswer } from '../http/signed-out.ts';
import { terminalModel } from '../http/terminal-model.ts';
import type { SessionRow } from '../http/terminal-views.ts';

export interface MySessionsPageParts extends SignedOutParts {
  readonly mySessions: MySessions;
  readonly containerAccess: ContainerAccess;
}

const PATH = '/sessions';

const NOTICES = {
  ended: 'The session was ended. Credentials that it was given stay valid until they expire.',
  disowned:
    'The session was ended, and it is recorded that you did not start it. Contact your security team.',
  revoked:
    'The container token was revoked. Credentials that its container already has stay valid until they expire.',
  // The form came twice, or the session has ended in another way. Nothing is recorded of a session
  // that is gone.
  gone: 'That session has already ended. If you did not start it and have not reported it, contact your security team.',
} as const;
const SessionsQuery = z.object({
  done: z.enum(['ended', 'disowned', 'gone', 'revoked']).optional(),
});
const SessionsForm = z.discriminatedUnion('decision', [
  z.object({ decision: z.enum(['end', 'disown']), session: text(64).min(1) }),
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
    if (decided.decision === 'everywhere') return endAll(user, parts);
    if (decided.decision === 'revoke') return revoke(decided.container_token, user, parts);
    return end(decided, user, parts);
  },
});

async function show(
  user: Viewer,
  said: { readonly notice?: string; readonly warning?: string },
  { mySessions, containerAccess }: MySessionsPageParts,
): Promise<Answer> {
  const found = await mySessions.list(user);
  const tokens = await containerAccess.list(found);
  return view('sessions', { sessions: found.map(summary => rowOf(summary, tokens)), ...said });
}

async function end(
  { session: handle, decision }: { readonly session: string; readonly decision: string },
  user: Viewer,
  { mySessions }: MySessionsPageParts,
): Promise<Answer> {
  const disowned = decision === 'disown';
  const isEnded = await (disowned ? mySessions.disown(user, handle) : mySessions.end(user, handle));
  return redirect(`${PATH}?done=${!isEnded ? 'gone' : disowned ? 'disowned' : 'ended'}`);
}

async function revoke(
  token: string,
  user: Viewer,
  { containerAccess }: MySessionsPageParts,
): Promise<Answer> {
  await containerAccess.revoke(user, token, 'person');
  return redirect(`${PATH}?done=revoked`);
}

/** Signs this browser out also when the store fails; then more is not sure. */
async function endAll(viewer: Viewer, parts: MySessionsPageParts): Promise<Answer> {
  try {
    const atProvider = await parts.mySessions.endAll(viewer);
    const { connector } = viewer.session.identity;
    const ended = 'everywhere';
    return await signedOutAnswer({ connector, ended, terminals: 0, atProvider }, parts);
  } catch (thrown) {
    return refusal(notAllEnded(thrown), { session: 'cleared' });
  }
}

function notAllEnded(thrown: unknown): BridgeError {
  const error = asBridgeError(thrown);
  if (error.code !== 'unavailable') return error;
  return new BridgeError('unavailable', `not every session was ended: ${error.message}`, {
    cause: thrown,
    hint: NOT_ALL_ENDED,
    offers: 'sign-in-then-sessions',
  });
}

const NOT_ALL_ENDED =
  'This browser is signed out, but the bridge could not end all your sessions. Sign in again in a minute, then press "Sign out everywhere" again.';

function rowOf(summary: CliSessionSummary, tokens: readonly ContainerTokenSummary[]): SessionRow {
  const iso = (instant: number): string => new Date(instant).toISOString();
  const { steppedUpAt } = summary;
  return {
    id: summary.publicId,
    ...terminalModel(summary),
    steppedUpAt: steppedUpAt === undefined ? undefined : iso(steppedUpAt),
    until: iso(summary.expiresAt),
    containerTokens: tokens
      .filter(({ cliSession }) => cliSession === summary.publicId)
      .map(token => ({
        id: token.publicId,
        account: token.accountName,
        role: token.role,
        address: token.address,
        since: iso(token.createdAt),
        lastUsedAt: token.lastUsedAt === undefined ? undefined : iso(token.lastUsedAt),
        lastUsedAddress: token.lastUsedAddress ?? 'an unknown address',
      })),
  };
}
