/** Sends a browser to an identity provider with the request for a sign-in. */
import type { AuthenticationRequest } from '../core/sign-in.ts';
import { type Answer, redirect, view } from './answer.ts';
import { sourceOf } from './guards.ts';

/**
 * By the request's own binding. `leading` is how a browser gets to an address; a form always needs
 * a page of the bridge.
 */
export function askProvider(
  request: AuthenticationRequest,
  leading: (url: string) => Answer = redirect,
): Answer {
  if (request.binding === 'redirect') return leading(request.url);
  const { url: action, fields } = request;
  return {
    ...view('provider-form', {
      action,
      fields: Object.entries(fields).map(([name, value]) => ({ name, value })),
    }),
    // Chromium also checks `form-action` against the redirects of the provider, which can lead
    // through any number of its hosts. The page contains no text from outside the configuration
    // and the metadata.
    formSources: [sourceOf(new URL(action)), 'https:'],
  };
}
