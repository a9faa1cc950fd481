/**
 * Sign-out in a browser: here, then at the identity provider, and the page that a user comes back
 * to.
 *
 * Owns: the routes. Does not own: what ends (bridge/sign-in), what it means at the provider
 * (bridge/sign-outs), what the page says (http/signed-out).
 */
import type { MySessions } from '../bridge/my-sessions.ts';
import type { SignIn } from '../bridge/sign-in.ts';
import { asBridgeError, BridgeError } from '../core/errors.ts';
import { type Viewer, viewerOf } from '../core/requester.ts';
import { redirect, refusal } from '../http/answer.ts';
import { page, signOutForm } from '../http/route.ts';
import {
  AT_PROVIDER,
  noSessionView,
  type SignedOutParts,
  signedOutAnswer,
  signedOutView,
} from '../http/signed-out.ts';

export interface SignOutParts extends SignedOutParts {
  readonly signIn: Pick<SignIn, 'connectors' | 'signOut'>;
  readonly mySessions: Pick<MySessions, 'list'>;
}

const SIGNED_OUT = '/signed-out';

export const signOut = signOutForm({
  path: '/sign-out',
  handle: async (_form, browser, parts: SignOutParts) => {
    try {
      const session = browser.session();
      if (session === undefined) return { ...noSessionView(), session: 'cleared' };
      const viewer = viewerOf(session, browser.origin);
      const atProvider = await parts.signIn.signOut(viewer);
      const { connector } = session.identity;
      const terminals = await liveTerminals(viewer, parts);
      const ended = 'this browser';
      return await signedOutAnswer({ connector, ended, terminals, atProvider }, parts);
    } catch (thrown) {
      return refusal(notEnded(thrown), { session: 'cleared' });
    }
  },
});

/** Sends the browser to the provider once, with what tells the provider who signs out. */
export const providerSignOut = page({
  path: AT_PROVIDER,
  who: 'browser',
  handle: async (_input, { signOut }, { signOuts }: SignOutParts) =>
    redirect((await signOuts.takeAddress(signOut)) ?? SIGNED_OUT),
});

/** Where providers send users back to. Anyone can link here, so it states what is certain. */
export const signedOutPage = page({
  path: SIGNED_OUT,
  who: 'browser',
  handle: async (_input, browser, parts: SignOutParts) => {
    if (browser.session() !== undefined) return redirect('/');
    const found = await parts.signOuts.find(browser.signOut);
    if (found === undefined) return noSessionView();
    return signedOutView(found, found.isTaken ? 'left' : 'offered', parts);
  },
});

/** Undefined if the store fails, which must not stop a sign-out. */
function liveTerminals(
  viewer: Viewer,
  { mySessions }: Pick<SignOutParts, 'mySessions'>,
): Promise<number | undefined> {
  return mySessions.list(viewer).then(
    ({ length }) => length,
    () => undefined,
  );
}

/** The browser is signed out even if the store is down. */
function notEnded(thrown: unknown): BridgeError {
  const error = asBridgeError(thrown);
  if (error.code !== 'unavailable') return error;
  return new BridgeError('unavailable', `the session was not ended: ${error.message}`, {
    cause: thrown,
    hint: NOT_ENDED,
    offers: 'sign-in-then-sessions',
  });
}

const NOT_ENDED =
  'This browser is signed out, but the bridge could not end your session. Sign in again in a minute, then press "Sign out everywhere" on the sessions page.';
