/**
 * Addresses of the step-up page, and handlers that lead there when a role requires more than the
 * user has proved.
 */
import { BridgeError } from '../core/errors.ts';
import { withQuery } from '../core/local-path.ts';
import type { Clock } from '../core/ports.ts';
import type { Viewer } from '../core/requester.ts';
import type { NeededStepUp } from '../core/step-up.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import { type Answer, redirect, view } from './answer.ts';
import { MAX_ADDRESS } from './sign-in-links.ts';
import { type CameFrom, wayBack } from './way-back.ts';

export const STEP_UP_PATH = '/step-up';

/** The page that begins a step-up. The user comes back to `returnTo`, unless that is too long. */
export function stepUpPath(
  { role, cliSession: session, wish }: Partial<NeededStepUp>,
  returnTo?: string,
): string {
  const within = role === undefined ? wish?.withinSeconds?.toString() : undefined;
  const asked = { session, within, ...role };
  const back = { return_to: returnTo === '/' ? undefined : returnTo };
  const path = withQuery(STEP_UP_PATH, { ...asked, ...back });
  return path.length <= MAX_ADDRESS ? path : withQuery(STEP_UP_PATH, asked);
}

/** The address for a terminal; undefined for an error that no step-up helps against. */
export function stepUpUrl(
  { stepUp }: BridgeError,
  { baseUrl }: { readonly baseUrl: string },
): string | undefined {
  return stepUp?.cliSession === undefined ? undefined : `${baseUrl}${stepUpPath(stepUp)}`;
}

/** What the user of a terminal does with the address. */
export function stepUpSentence(url: string): string {
  return `Open ${url} in your browser, then repeat the command.`;
}

/** A role that is withheld again so soon is not asked for again: the user sees why. */
const SOON: Seconds = MINUTE;

type PageHandler<Asked, User extends Viewer & CameFrom, Parts> = (
  asked: Asked,
  user: User,
  parts: Parts,
) => Promise<Answer>;

interface SteppingUp<Asked> {
  readonly returnTo: (asked: Asked) => string;
  /** How the browser gets to the step-up page. */
  readonly leading: (path: string) => Answer;
}

/** A handler that sends the user to a step-up instead of the error that a step-up helps against. */
export function orStepUp<
  Asked,
  User extends Viewer & CameFrom,
  Parts extends { readonly clock: Clock },
>(
  handle: PageHandler<Asked, User, Parts>,
  { returnTo, leading }: SteppingUp<Asked>,
): PageHandler<Asked, User, Parts> {
  return async (asked, user, parts) => {
    try {
      return await handle(asked, user, parts);
    } catch (thrown) {
      const needed = thrown instanceof BridgeError ? thrown.stepUp : undefined;
      if (needed === undefined || isRecent(user, parts.clock)) throw thrown;
      return leading(stepUpPath(needed, wayBack(returnTo(asked), user)));
    }
  };
}

function isRecent({ session: { steppedUp } }: Viewer, clock: Clock): boolean {
  return steppedUp !== undefined && clock.now() - steppedUp.at < SOON * 1000;
}

/** From a link. */
export const byRedirect = (path: string): Answer => redirect(path);

/**
 * From a form. The content security policy limits every redirect that follows a form, and an
 * identity provider redirects as it likes, so the browser leaves from a page.
 */
export function byPage(href: string): Answer {
  return { ...view('leaving', { href }), headers: { Refresh: `0;url=${href}` } };
}
