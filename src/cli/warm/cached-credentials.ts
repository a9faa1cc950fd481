/**
 * AWS credentials as they lie in the cache, and when they may still be handed out.
 *
 * Imports nothing but types: it is on the way of every `credential-process`.
 */

export interface CachedCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Milliseconds, by the server's clock. */
  readonly expiresAt: number;
  readonly account: { readonly id: string; readonly name: string; readonly region: string };
  readonly role: string;
  readonly assumedRoleArn: string;
  readonly durationSeconds: number;
  readonly reducedFromSeconds: number | null;
  /**
   * When they were fetched, and when they end, by the local clock: a clock that is off for good is
   * off in both.
   */
  readonly fetchedLocally: number;
  readonly expiresLocally: number;
  /** What `credential-process` prints. */
  readonly process: string;
}

/**
 * Twenty minutes: SDKs ask anew when fewer than fifteen are left, and a command must not be handed
 * something that they throw away.
 */
const USUAL_MINIMUM_SECONDS = 20 * 60;

/**
 * The least life that is handed out: twenty minutes, or half of what was given where that is
 * shorter.
 */
export function usualMinimumSeconds({ fetchedLocally, expiresLocally }: CachedCredentials): number {
  return Math.min(USUAL_MINIMUM_SECONDS, (expiresLocally - fetchedLocally) / 2000);
}

/**
 * Whether they have the wanted life left. A clock that was turned back since says nothing, so they
 * are fetched anew.
 */
export function isUsable(
  cached: CachedCredentials,
  minimumSeconds: number | undefined,
  now: number,
): boolean {
  const left = (cached.expiresLocally - now) / 1000;
  return (
    now >= cached.fetchedLocally - 60_000 && left >= (minimumSeconds ?? usualMinimumSeconds(cached))
  );
}
