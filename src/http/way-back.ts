/**
 * Ways back to a page that can open a console. They keep that another site began the way: once one
 * of our own pages is on it (a sign-in, a SAML response that is posted again, a step-up, an error),
 * the browser says that we began it (threats R51).
 */
import type { Request } from 'express';
import { type LocalPath, localPath } from '../core/local-path.ts';

export interface CameFrom {
  readonly isFromElsewhere: boolean;
}

/**
 * In front of every other parameter: servers read a limited number. A stranger can only add it,
 * which asks the user for nothing.
 */
const MARK = 'from=elsewhere&';
/** Pages that open consoles, and those that lead on to one. Routes ignore upper and lower case. */
const LEADS_ON = /^\/(?:console|go|step-up|sign-in|signed-in)(?:\/[^?]*)?\?(?!from=elsewhere&)/i;

/**
 * Checks a way back as `localPath` does, and marks it if the user came from elsewhere and it can
 * lead to a console.
 */
export function wayBack(text: unknown, { isFromElsewhere }: CameFrom): LocalPath {
  const path = localPath(text);
  return isFromElsewhere ? (path.replace(LEADS_ON, `$&${MARK}`) as LocalPath) : path;
}

/** Whether a way back leads straight to a console, and no other site began it. */
export function opensUnasked(path: LocalPath): boolean {
  return /^\/(?:console|go)\?(?!from=elsewhere&)/i.test(path);
}

/** What browsers say of a navigation that no other site has begun. */
const OWN_SITES: readonly (string | undefined)[] = ['same-origin', 'same-site', 'none'];

/** Whether another site began the navigation: as the browser says, or as the way back says. */
export function isFromElsewhere(request: Request): boolean {
  return !OWN_SITES.includes(request.get('sec-fetch-site')) || request.query.from !== undefined;
}
