/** What a page says when its form was from an earlier sign-in: nothing was done, and the person is asked again. */
import type { Response } from 'express';
import { viewerIn } from './current-session.ts';

export function outdatedNotice(response: Response): string {
  const viewer = viewerIn(response);
  const now = viewer === undefined ? '' : ` You are now signed in as ${viewer.username}.`;
  return `That page was from an earlier sign-in, so nothing was done.${now} Check what is shown here, then press the button again.`;
}
