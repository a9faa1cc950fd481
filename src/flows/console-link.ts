/**
 * The AWS console: one click, or a link in a wiki page, into the right account with the right role.
 *
 * The link that comes out is a secret: it is in a Location header that nothing stores, and nowhere
 * else.
 */
import * as z from 'zod';
import type { Access } from '../bridge/access.ts';
import { checkDestinationLength, MAX_DESTINATION } from '../core/console-destination.ts';
import { withQuery } from '../core/local-path.ts';
import type { Clock } from '../core/ports.ts';
import { type Answer, redirect } from '../http/answer.ts';
import { CONSOLE_PATH } from '../http/console-paths.ts';
import { consoleQuestion, reasonToAsk } from '../http/console-question.ts';
import { outdatedNotice } from '../http/outdated-form.ts';
import { text } from '../http/read.ts';
import { form, page, type SignedInUser } from '../http/route.ts';
import { Duration, secondsOf } from '../http/session-length.ts';
import { keptDuringSignIn } from '../http/sign-in-links.ts';
import { byPage, byRedirect, orStepUp } from '../http/step-up.ts';

export interface ConsoleLinkParts {
  readonly access: Access;
  readonly clock: Clock;
}

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
  path: CONSOLE_PATH,
  who: 'signed-in user',
  reads: { query: ConsoleRequest },
  returnTo: asked => keptDuringSignIn(pathFor(asked)),
  handle: orStepUp(followLink, { returnTo: pathFor, leading: byRedirect }),
});

export const consoleForm = form({
  path: CONSOLE_PATH,
  reads: { form: ConsoleRequest, maxBytes: FORM_BYTES },
  returnTo: pathFor,
  outdated: (asked, user) => consoleQuestion(asked, { notice: outdatedNotice(user) }),
  handle: orStepUp(openConsole, { returnTo: pathFor, leading: byPage }),
});

/** A link from elsewhere opens production, or a page that creates something, after a question. */
async function followLink(
  asked: ConsoleRequest,
  user: SignedInUser,
  parts: ConsoleLinkParts,
): Promise<Answer> {
  if (!user.isFromElsewhere) return openConsole(asked, user, parts);
  const { account } = await parts.access.checkConsole(user, asked);
  const notice = reasonToAsk(account, asked.destination);
  return notice === undefined
    ? openConsole(asked, user, parts)
    : consoleQuestion(asked, { notice, account });
}

async function openConsole(
  asked: ConsoleRequest,
  user: SignedInUser,
  { access }: ConsoleLinkParts,
): Promise<Answer> {
  const seconds = secondsOf(asked.duration);
  const { link } = await access.consoleLinkFor(user, { ...asked, seconds });
  return redirect(link.url);
}

/** Throws `destination_refused`. */
function pathFor({ account, role, destination, duration }: ConsoleRequest): string {
  if (destination !== undefined) checkDestinationLength(destination);
  return withQuery(CONSOLE_PATH, { account, role, destination, duration });
}
