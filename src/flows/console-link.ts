/**
 * The second journey: one click, or a link in a wiki page, into the right account with the right
 * role.
 *
 * The link that comes out is a secret: it is in a Location header that nothing stores, and nowhere
 * else.
 */
import { type Response, Router } from 'express';
import * as z from 'zod';
import type { Access } from '../bridge/access.ts';
import { checkDestinationLength, MAX_DESTINATION } from '../core/console-destination.ts';
import { BridgeError } from '../core/errors.ts';
import { queryValue } from '../core/local-path.ts';
import { requireSession, requireViewer, sessionIn, viewerIn } from '../http/current-session.ts';
import type { OwnFormGuard } from '../http/guards.ts';
import { outdatedNotice } from '../http/outdated-form.ts';
import { formBody, readForm, readQuery, text } from '../http/read.ts';
import type { Renderer } from '../http/render.ts';
import { rememberReturnTo } from '../http/request-context.ts';
import { signInLink } from '../http/sign-in-links.ts';

export interface ConsoleLinkParts {
  readonly access: Access;
  readonly renderer: Renderer;
  readonly ownForm: OwnFormGuard;
}

/**
 * The longest destination, each character percent-encoded as UTF-8, and some more, so that a longer
 * one is refused by name.
 */
const FORM_BYTES = 12 * MAX_DESTINATION;
/** The server takes 16 kB of headers, and cookies come on top. */
const MAX_ADDRESS = 12 * 1024;

const ConsoleRequest = z.object({
  account: text(128).min(1),
  role: text(512).min(1),
  // Bounded by the sizes of addresses and bodies, so that its own refusal says its length. Empty in
  // a form means the console's home.
  destination: z
    .string()
    .transform(value => value || undefined)
    .optional(),
});
const ConsoleForm = ConsoleRequest.extend({ csrf_token: text(64).optional() });

export function consoleLink({ access, renderer, ownForm }: ConsoleLinkParts): Router {
  const router = Router();

  const openConsole = async (
    response: Response,
    asked: z.output<typeof ConsoleRequest>,
  ): Promise<void> => {
    const { link } = await access.consoleLinkFor(requireViewer(response), asked);
    response.redirect(303, link.url);
  };

  router.get('/console', (request, response) => {
    const asked = readQuery(request, ConsoleRequest);
    if (sessionIn(response) === undefined) {
      response.redirect(303, signInFor(asked));
      return;
    }
    return openConsole(response, asked);
  });

  router.post('/console', formBody(FORM_BYTES), (request, response) => {
    const { csrf_token, ...asked } = readForm(request, ConsoleForm);
    rememberReturnTo(response, pathFor(asked));
    if (!ownForm.isCurrent(request, requireSession(response), csrf_token)) {
      const { account, role, destination } = asked;
      const notice = outdatedNotice(response);
      response.type('html').send(
        renderer.render('console-request', {
          viewer: viewerIn(response),
          account,
          role,
          destination,
          notice,
        }),
      );
      return;
    }
    return openConsole(response, asked);
  });

  return router;
}

function pathFor({ account, role, destination }: z.output<typeof ConsoleRequest>): string {
  if (destination !== undefined) checkDestinationLength(destination);
  const query = Object.entries({
    account,
    role,
    ...(destination !== undefined && { destination }),
  });
  return `/console?${query.map(([name, value]) => `${name}=${queryValue(value)}`).join('&')}`;
}

/** Throws `destination_refused` for an address that no browser would get through to us with. */
function signInFor(asked: z.output<typeof ConsoleRequest>): string {
  const address = signInLink(pathFor(asked));
  if (address.length <= MAX_ADDRESS) return address;
  throw new BridgeError(
    'destination_refused',
    `console destination: ${address.length} characters once encoded for the way to the sign-in`,
    {
      hint: 'The console address is too long to keep during a sign-in. Sign in first, then open the link again.',
    },
  );
}
