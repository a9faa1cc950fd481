/**
 * The page "Your terminal is signed in": it has an address of its own, so that a reload asks
 * nothing again.
 */
export const SIGNED_IN_PATH = '/device/signed-in';

/** That page for a CLI session of the user, by its public id. */
export function signedInPath(cliSession: string): string {
  return `${SIGNED_IN_PATH}?${new URLSearchParams({ session: cliSession })}`;
}
