/**
 * The second journey: one click, or a link in a wiki page, into the right account with the right role.
 *
 * The link that comes out is a secret: it is in a Location header that nothing stores, and nowhere else.
 */
import { type Response, Router } from 'express';
import * as z from 'zod';
import type { Access } from '../bridge/access.ts';
import { requireSession, sessionIn } from '../http/current-session.ts';
import { type OwnFormGuard, requireNavigation } from '../http/guards.ts';
import { formBody, readForm, readQuery, SMALL_FORM_BYTES, text } from '../http/read.ts';
import { contextOf, rememberReturnTo } from '../http/request-context.ts';

export interface ConsoleLinkParts {
  readonly access: Access;
  readonly ownForm: OwnFormGuard;
}

const ConsoleRequest = z.object({
  account: text(128).min(1),
  role: text(512).min(1),
  // An empty field of a form means the console's home.
  destination: text(2048)
    .transform(value => value || undefined)
    .optional(),
});
const ConsoleForm = ConsoleRequest.extend({ csrf_token: text(64).optional() });

export function consoleLink({ access, ownForm }: ConsoleLinkParts): Router {
  const router = Router();

  const openConsole = async (response: Response, asked: z.output<typeof ConsoleRequest>): Promise<void> => {
    const { identity, corporateProof } = requireSession(response);
    const { link } = await access.consoleLinkFor({ identity, corporateProof, origin: contextOf(response).origin, ...asked });
    response.redirect(303, link.url);
  };

  router.get('/console', (request, response) => {
    requireNavigation(request);
    const asked = readQuery(request, ConsoleRequest);
    if (sessionIn(response) === undefined) {
      response.redirect(303, `/sign-in?return_to=${encodeURIComponent(pathFor(asked))}`);
      return;
    }
    return openConsole(response, asked);
  });

  router.post('/console', formBody(SMALL_FORM_BYTES), (request, response) => {
    const { csrf_token, ...asked } = readForm(request, ConsoleForm);
    rememberReturnTo(response, pathFor(asked));
    ownForm(request, requireSession(response), csrf_token);
    return openConsole(response, asked);
  });

  return router;
}

function pathFor({ account, role, destination }: z.output<typeof ConsoleRequest>): string {
  return `/console?${new URLSearchParams({ account, role, ...(destination === undefined ? {} : { destination }) })}`;
}
