/**
 * What a page says when its form was from an earlier sign-in: nothing was done, and the person is
 * asked again.
 */
import type { Response } from 'express';
import { viewerIn } from './current-session.ts';

export function outdatedNotice(response: Response): string {
  const viewer = viewerIn(response);
  const now = viewer === undefined ? '' : ` You are now signed in as ${viewer.username}.`;
  return `Nothing was done, because that page was from an earlier sign-in.${now} Check the details, then press the button again.`;
}
