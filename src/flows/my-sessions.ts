/** The page of a person's sessions: which terminals are signed in, and the ends of them. */
import { Router } from 'express';
import * as z from 'zod';
import type { MySessions } from '../bridge/my-sessions.ts';
import type { CliGrant, CliSessionSummary } from '../core/cli-session.ts';
import { requireSession, sessionIn, viewerIn } from '../http/current-session.ts';
import type { OwnFormGuard } from '../http/guards.ts';
import { formBody, readForm, readQuery, SMALL_FORM_BYTES, text } from '../http/read.ts';
import type { Renderer } from '../http/render.ts';
import { contextOf, rememberReturnTo } from '../http/request-context.ts';
import type { BridgeCookies } from '../http/session-cookie.ts';
import type { SessionRow } from '../http/views.ts';

export interface MySessionsPageParts {
  readonly mySessions: MySessions;
  readonly renderer: Renderer;
  readonly cookies: BridgeCookies;
  readonly ownForm: OwnFormGuard;
}

const PATH = '/sessions';

const NOTICES = {
  ended: 'The session was ended. Credentials that its terminal holds already stay valid until their own time is over.',
  disowned: 'The session was ended, and it is recorded that you did not start it. Tell the people who look after security.',
} as const;
const SessionsQuery = z.object({ done: z.enum(['ended', 'disowned']).optional() });
const SessionsForm = z.discriminatedUnion('decision', [
  z.object({ decision: z.enum(['end', 'disown']), session: text(64).min(1), csrf_token: text(64).optional() }),
  z.object({ decision: z.literal('everywhere'), csrf_token: text(64).optional() }),
]);

const HOW: { readonly [G in CliGrant]: string } = { device_code: 'confirmed by a code', authorization_code: 'confirmed in its browser' };

export function mySessionsPage({ mySessions, renderer, cookies, ownForm }: MySessionsPageParts): Router {
  const router = Router();

  router.get(PATH, async (request, response) => {
    const session = sessionIn(response);
    if (session === undefined) {
      response.redirect(303, `/sign-in?return_to=${encodeURIComponent(PATH)}`);
      return;
    }
    const { done } = readQuery(request, SessionsQuery);
    const sessions = (await mySessions.list(session.identity)).map(rowOf);
    response.type('html').send(renderer.render('sessions', { viewer: viewerIn(response)!, sessions, notice: done && NOTICES[done] }));
  });

  router.post(PATH, formBody(SMALL_FORM_BYTES), async (request, response) => {
    rememberReturnTo(response, PATH);
    const form = readForm(request, SessionsForm);
    const session = requireSession(response);
    const { identity } = session;
    ownForm(request, session, form.csrf_token);
    const { origin } = contextOf(response);
    if (form.decision === 'everywhere') {
      await mySessions.endAll(identity, origin);
      cookies.clearSession(response);
      response.type('html').send(renderer.render('signed-out', { everywhere: true }));
      return;
    }
    const disowned = form.decision === 'disown';
    await mySessions.end(identity, form.session, origin, { disowned });
    response.redirect(303, `${PATH}?done=${disowned ? 'disowned' : 'ended'}`);
  });

  return router;
}

function rowOf(summary: CliSessionSummary): SessionRow {
  const iso = (instant: number): string => new Date(instant).toISOString();
  return {
    id: summary.handle,
    device: summary.deviceName ?? 'a computer without a name',
    client: summary.client,
    how: HOW[summary.grant],
    address: summary.address,
    since: iso(summary.createdAt),
    lastUsedAt: summary.lastUsedAt === undefined ? undefined : iso(summary.lastUsedAt),
    lastUsedAddress: summary.lastUsedAddress ?? 'an unknown address',
    until: iso(summary.expiresAt),
  };
}
