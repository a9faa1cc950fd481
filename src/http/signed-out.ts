/** The page after a sign-out: what has ended, what continues, the way to the identity provider. */
import type { MySessions } from '../bridge/my-sessions.ts';
import type { SignIn } from '../bridge/sign-in.ts';
import type { BrowserSignOut, SignOuts } from '../bridge/sign-outs.ts';
import { asBridgeError, BridgeError } from '../core/errors.ts';
import type { ProviderSignOut } from '../core/provider-session.ts';
import type { Viewer } from '../core/requester.ts';
import { type Answer, refusal, view } from './answer.ts';
import { signInLink } from './sign-in-links.ts';
import type { SignedOutModel } from './views.ts';

export interface SignedOutParts {
  readonly signIn: Pick<SignIn, 'connectors'>;
  readonly signOuts: SignOuts;
}

export interface SignOutParts extends SignedOutParts {
  readonly signIn: Pick<SignIn, 'connectors' | 'signOut'>;
  readonly mySessions: Pick<MySessions, 'list'>;
}

/** Leads to the provider. */
export const AT_PROVIDER = '/sign-out/provider';

/** Signs the browser of a user out, also if the store is down. */
export async function signOutOf(viewer: Viewer, parts: SignOutParts): Promise<Answer> {
  try {
    const atProvider = await parts.signIn.signOut(viewer);
    const { connector } = viewer.session.identity;
    const terminals = await liveTerminals(viewer, parts);
    const ended = 'this browser';
    return await signedOutAnswer({ connector, ended, terminals, atProvider }, parts);
  } catch (thrown) {
    return notSignedOut(thrown);
  }
}

/** What was not ended, if the store failed. */
interface NotEnded {
  readonly why: string;
  readonly hint: string;
}

/** Signs the browser out all the same. */
export function notSignedOut(thrown: unknown, { why, hint }: NotEnded = THIS_BROWSER): Answer {
  const error = asBridgeError(thrown);
  const shown =
    error.code === 'unavailable'
      ? new BridgeError('unavailable', `${why}: ${error.message}`, {
          ...{ cause: thrown, hint, offers: 'sign-in-then-sessions' },
        })
      : error;
  return refusal(shown, { session: 'cleared' });
}

const THIS_BROWSER: NotEnded = {
  why: 'the session was not ended',
  hint: 'This browser is signed out, but the bridge could not end your session. Sign in again in a minute, then press "Sign out everywhere" on the sessions page.',
};

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

/**
 * Answers a browser whose session has ended. After a sign-out everywhere the browser goes on to the
 * provider by itself: by a header, because a form must not lead to another site.
 */
export async function signedOutAnswer(
  signOut: BrowserSignOut,
  parts: SignedOutParts,
): Promise<Answer> {
  const secret = await parts.signOuts.keep(signOut);
  if (secret === undefined) return { ...signedOutView(signOut, 'not offered', parts), ...CLEARED };
  const isLed = signOut.ended === 'everywhere';
  return {
    ...signedOutView(signOut, isLed ? 'led' : 'offered', parts),
    ...CLEARED,
    signOut: { secret },
    ...(isLed && { headers: { Refresh: `0; url=${AT_PROVIDER}` } }),
  };
}

const CLEARED = { session: 'cleared' } as const;

/** What a sign-out of this browser has ended, and what it means at the provider. */
export function signedOutView(
  { connector: id, ended, terminals }: Pick<ProviderSignOut, 'connector' | 'ended' | 'terminals'>,
  atProvider: NonNullable<SignedOutModel['atProvider']>,
  { signIn }: Pick<SignedOutParts, 'signIn'>,
): Answer {
  const label = signIn.connectors.find(connector => connector.id === id)?.label;
  return view('signed-out', {
    ...LINKS,
    ...{ ended, atProvider },
    connectorLabel: label ?? 'your identity provider',
    terminals: sentenceOn(terminals),
  });
}

const LINKS = { providerHref: AT_PROVIDER, sessionsHref: signInLink('/sessions') } as const;

/** For a browser without a session, of which nothing more is known. */
export function noSessionView(): Answer {
  return view('signed-out', { ...LINKS, ended: 'nothing', terminals: sentenceOn(undefined) });
}

function sentenceOn(terminals: number | undefined): string | undefined {
  if (terminals === undefined) return 'Terminals that are signed in stay signed in.';
  if (terminals === 0) return undefined;
  return terminals === 1
    ? 'One terminal stays signed in.'
    : `${terminals} terminals stay signed in.`;
}
