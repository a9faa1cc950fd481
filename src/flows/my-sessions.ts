/** The page of a person's sessions: which terminals are signed in, and the ends of them. */
import { type Response, Router } from 'express';
import * as z from 'zod';
import type { ContainerAccess } from '../bridge/container-access.ts';
import type { MySessions } from '../bridge/my-sessions.ts';
import type { CliGrant, CliSessionSummary } from '../core/cli-session.ts';
import { BridgeError } from '../core/errors.ts';
import type { Viewer } from '../core/requester.ts';
import type { ContainerTokenSummary } from '../core/tokens.ts';
import { forgetSession, requireViewer, sessionIn, viewerIn } from '../http/current-session.ts';
import type { OwnFormGuard } from '../http/guards.ts';
import { outdatedNotice } from '../http/outdated-form.ts';
import { formBody, readForm, readQuery, SMALL_FORM_BYTES, text } from '../http/read.ts';
import type { Renderer } from '../http/render.ts';
import { rememberReturnTo } from '../http/request-context.ts';
import type { BridgeCookies } from '../http/session-cookie.ts';
import { signInLink } from '../http/sign-in-links.ts';
import type { SessionRow } from '../http/views.ts';

export interface MySessionsPageParts {
  readonly mySessions: MySessions;
  readonly containerAccess: ContainerAccess;
  readonly renderer: Renderer;
  readonly cookies: BridgeCookies;
  readonly ownForm: OwnFormGuard;
}

const PATH = '/sessions';

const NOTICES = {
  ended:
    'The session was ended. Credentials that its terminal holds already stay valid until their own time is over.',
  disowned:
    'The session was ended, and it is recorded that you did not start it. Tell the people who look after security.',
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
  z.object({
    decision: z.enum(['end', 'disown']),
    session: text(64).min(1),
    csrf_token: text(64).optional(),
  }),
  z.object({
    decision: z.literal('revoke'),
    container_token: text(64).min(1),
    csrf_token: text(64).optional(),
  }),
  z.object({ decision: z.literal('everywhere'), csrf_token: text(64).optional() }),
]);

const HOW: { readonly [G in CliGrant]: string } = {
  device_code: 'confirmed by a code',
  authorization_code: 'confirmed in its browser',
};

export function mySessionsPage({
  mySessions,
  containerAccess,
  renderer,
  cookies,
  ownForm,
}: MySessionsPageParts): Router {
  const router = Router();

  const show = async (
    response: Response,
    viewer: Viewer,
    said: { notice?: string; warning?: string },
  ): Promise<void> => {
    const found = await mySessions.list(viewer);
    const tokens = await containerAccess.list(found);
    const sessions = found.map(summary => rowOf(summary, tokens));
    response
      .type('html')
      .send(renderer.render('sessions', { viewer: viewerIn(response)!, sessions, ...said }));
  };

  router.get(PATH, async (request, response) => {
    const session = sessionIn(response);
    if (session === undefined) {
      response.redirect(303, signInLink(PATH));
      return;
    }
    const { done } = readQuery(request, SessionsQuery);
    await show(
      response,
      requireViewer(response),
      done === undefined ? {} : { notice: NOTICES[done] },
    );
  });

  router.post(PATH, formBody(SMALL_FORM_BYTES), async (request, response) => {
    rememberReturnTo(response, PATH);
    const form = readForm(request, SessionsForm);
    const viewer = requireViewer(response);
    if (!ownForm.isCurrent(request, viewer.session, form.csrf_token))
      return show(response, viewer, { warning: outdatedNotice(response) });
    if (form.decision === 'everywhere') {
      cookies.clearSession(response);
      await mySessions.endAll(viewer).catch(notAllEnded(response));
      response.type('html').send(renderer.render('signed-out', { everywhere: true }));
      return;
    }
    if (form.decision === 'revoke') {
      await containerAccess.revoke(viewer, form.container_token, 'person');
      response.redirect(303, `${PATH}?done=revoked`);
      return;
    }
    const disowned = form.decision === 'disown';
    const isEnded = await (disowned
      ? mySessions.disown(viewer, form.session)
      : mySessions.end(viewer, form.session));
    response.redirect(303, `${PATH}?done=${!isEnded ? 'gone' : disowned ? 'disowned' : 'ended'}`);
  });

  return router;
}

/**
 * Turns a fault of "sign out everywhere" into what the person must know: this browser is signed
 * out, and more is not sure.
 */
function notAllEnded(response: Response): (thrown: unknown) => never {
  return thrown => {
    forgetSession(response);
    if (!(thrown instanceof BridgeError) || thrown.code !== 'unavailable') throw thrown;
    throw new BridgeError('unavailable', `not every session was ended: ${thrown.message}`, {
      cause: thrown,
      hint: NOT_ALL_ENDED,
    });
  };
}

const NOT_ALL_ENDED =
  'This browser is signed out, but the bridge could not end all your sessions. Sign in again in a minute, then press "Sign out everywhere" again.';

function rowOf(summary: CliSessionSummary, tokens: readonly ContainerTokenSummary[]): SessionRow {
  const iso = (instant: number): string => new Date(instant).toISOString();
  return {
    id: summary.publicId,
    device: summary.deviceName ?? 'a computer without a name',
    client: summary.client,
    how: HOW[summary.grant],
    address: summary.address,
    since: iso(summary.createdAt),
    lastUsedAt: summary.lastUsedAt === undefined ? undefined : iso(summary.lastUsedAt),
    lastUsedAddress: summary.lastUsedAddress ?? 'an unknown address',
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
