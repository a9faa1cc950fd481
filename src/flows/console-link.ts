/**
 * The AWS console: one click, or a link in a wiki page, into the right account with the right role.
 *
 * The link that comes out is a secret: it is in a Location header that nothing stores, and nowhere
 * else.
 */
import * as z from 'zod';
import type { Access } from '../bridge/access.ts';
import { checkDestinationLength, MAX_DESTINATION } from '../core/console-destination.ts';
import { BridgeError } from '../core/errors.ts';
import { queryValue } from '../core/local-path.ts';
import type { Clock } from '../core/ports.ts';
import type { Viewer } from '../core/requester.ts';
import { type Answer, redirect, view } from '../http/answer.ts';
import { outdatedNotice } from '../http/outdated-form.ts';
import { text } from '../http/read.ts';
import { form, page } from '../http/route.ts';
import { Duration, secondsOf } from '../http/session-length.ts';
import { MAX_ADDRESS, signInLink } from '../http/sign-in-links.ts';
import { byPage, byRedirect, orStepUp } from '../http/step-up.ts';

export interface ConsoleLinkParts {
  readonly access: Access;
  readonly clock: Clock;
}

const PATH = '/console';
/**
 * The longest destination, each character percent-encoded as UTF-8, and some more, so that a longer
 * one is refused by name.
 */
const FORM_BYTES = 12 * MAX_DESTINATION;

const ConsoleRequest = z.object({
  account: text(128).min(1),
  role: text(512).min(1),
  // Bounded by the sizes of addresses and bodies, so that its own refusal says its length. Empty in
  // a form means the console's home.
  destination: z
    .string()
    .transform(value => value || undefined)
    .optional(),
  duration: Duration,
});
type ConsoleRequest = z.output<typeof ConsoleRequest>;

export const consoleDeepLink = page({
  path: PATH,
  who: 'signed-in user',
  reads: { query: ConsoleRequest },
  returnTo: pathBehindSignIn,
  handle: orStepUp(openConsole, { returnTo: pathFor, leading: byRedirect }),
});

export const consoleForm = form({
  path: PATH,
  reads: { form: ConsoleRequest, maxBytes: FORM_BYTES },
  returnTo: pathFor,
  outdated: (asked, user) => view('console-request', { ...asked, notice: outdatedNotice(user) }),
  handle: orStepUp(openConsole, { returnTo: pathFor, leading: byPage }),
});

async function openConsole(
  asked: ConsoleRequest,
  user: Viewer,
  { access }: ConsoleLinkParts,
): Promise<Answer> {
  const seconds = secondsOf(asked.duration);
  const { link } = await access.consoleLinkFor(user, { ...asked, seconds });
  return redirect(link.url);
}

/** Throws `destination_refused`. */
function pathFor({ account, role, destination, duration }: ConsoleRequest): string {
  if (destination !== undefined) checkDestinationLength(destination);
  const query = Object.entries({
    account,
    role,
    ...(destination !== undefined && { destination }),
    ...(duration !== undefined && { duration }),
  });
  return `${PATH}?${query.map(([name, value]) => `${name}=${queryValue(value)}`).join('&')}`;
}

/** Throws `destination_refused` for an address that no browser would get through to us with. */
function pathBehindSignIn(asked: ConsoleRequest): string {
  const path = pathFor(asked);
  const { length } = signInLink(path);
  if (length <= MAX_ADDRESS) return path;
  throw new BridgeError(
    'destination_refused',
    `console destination: ${length} characters once encoded for the way to the sign-in`,
    {
      hint: 'The console address is too long to keep during a sign-in. Sign in first, then open the link again.',
    },
  );
}
