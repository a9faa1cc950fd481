/**
 * Sign-out in a browser: here, then at the identity provider, and the page that a user comes back
 * to.
 *
 * Owns: the routes. Does not own: what ends (bridge/sign-in), what it means at the provider
 * (bridge/sign-outs), what the page says (http/signed-out).
 */
import { viewerOf } from '../core/requester.ts';
import { redirect } from '../http/answer.ts';
import { page, signOutForm } from '../http/route.ts';
import {
  AT_PROVIDER,
  noSessionView,
  notSignedOut,
  type SignOutParts,
  signedOutView,
  signOutOf,
} from '../http/signed-out.ts';

const SIGNED_OUT = '/signed-out';

export const signOut = signOutForm({
  path: '/sign-out',
  handle: async (_form, browser, parts: SignOutParts) => {
    try {
      const session = browser.session();
      if (session === undefined) return { ...noSessionView(), session: 'cleared' };
      return await signOutOf(viewerOf(session, browser.origin), parts);
    } catch (thrown) {
      return notSignedOut(thrown);
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
