/**
 * What a page says when its form was from an earlier sign-in: nothing was done, and the user is
 * asked again.
 */
import type { Viewer } from '../core/requester.ts';

export function outdatedNotice({ session }: Viewer): string {
  return `Nothing was done, because that page was from an earlier sign-in. You are now signed in as ${session.identity.username}. Check the details, then press the button again.`;
}
