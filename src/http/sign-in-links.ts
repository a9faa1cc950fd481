/** Links to the sign-in pages: every one that the bridge makes is made here. */
import { BridgeError } from '../core/errors.ts';
import { withQuery } from '../core/local-path.ts';

/**
 * The longest address that a user is sent to. The server takes 16 kB of headers, and cookies come
 * on top.
 */
export const MAX_ADDRESS = 12 * 1024;

/** The page where a user chooses how to sign in. Afterwards they arrive at `returnTo`. */
export function signInLink(returnTo: string): string {
  return `/sign-in?${returning(returnTo)}`;
}

/** The same for signed-in users whose sign-in is too old for what they want. */
export function anotherSignInLink(returnTo: string): string {
  return `/sign-in?again=1&${returning(returnTo)}`;
}

/** The page after a sign-in, which leads on if the browser has kept the session. */
export const ARRIVAL_PATH = '/signed-in';

/** That page; or `returnTo` itself if an address cannot contain it. */
export function arrivalLink(returnTo: string): string {
  if (returnTo === '/') return ARRIVAL_PATH;
  const link = withQuery(ARRIVAL_PATH, { return_to: returnTo });
  return link.length <= MAX_ADDRESS ? link : returnTo;
}

/** Begins a sign-in at one connector. `/` is where a sign-in ends by default. */
export function connectorLink(connector: string, returnTo: string): string {
  return `/sign-in/${connector}${returnTo === '/' ? '' : `?${returning(returnTo)}`}`;
}

/** Begins a sign-in at which the identity provider must verify the user again. */
export function stepUpLink(connector: string, returnTo?: string): string {
  const back = returnTo === undefined ? '' : `&${returning(returnTo)}`;
  return `/sign-in/${connector}?reauthenticate=1${back}`;
}

/**
 * A path that carries a console address through a sign-in. Throws `destination_refused` for one
 * that no browser would get through to us with.
 */
export function keptDuringSignIn(path: string): string {
  const { length } = signInLink(path);
  if (length <= MAX_ADDRESS) return path;
  throw new BridgeError(
    'destination_refused',
    `console destination: ${length} characters once encoded for the way to the sign-in`,
    {
      hint: 'The console address is too long to keep during a sign-in. Sign in first, then open the link again.',
    },
  );
}

function returning(returnTo: string): string {
  return `return_to=${encodeURIComponent(returnTo)}`;
}
