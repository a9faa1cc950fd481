/**
 * AWS credentials in the cache: where they are, and when they may still be handed out.
 */
import { hashedName } from './bridges.ts';

const { join } = process.getBuiltinModule('node:path');

/** From when to when credentials can be handed out. */
export interface Lifetime {
  /**
   * When they were fetched, and when they expire, by the local clock: a constant clock skew is in
   * both.
   */
  readonly fetchedLocally: number;
  readonly expiresLocally: number;
  /** When the bridge last refused to renew them, because their elevation is about to end. */
  readonly heldLocally?: number | undefined;
}

export interface CachedCredentials extends Lifetime {
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
  /** Of the space for session policies and tags; null if unknown, absent in older caches. */
  readonly packedPolicyPercent?: number | null | undefined;
  /** Keys of optional tags that the session lacks; absent in older caches. */
  readonly tagsLeftOut?: readonly string[] | undefined;
  /** When the elevation ends that gives the role, by the local clock; undefined without one. */
  readonly elevationEndsLocally?: number | undefined;
  /** What `credential-process` prints. */
  readonly process: string;
}

/** SDKs ask again when fewer than fifteen minutes are left, so less would be of no use to them. */
const DEFAULT_MINIMUM_SECONDS = 20 * 60;

/** The least life that is handed out: twenty minutes, or half of the whole if that is shorter. */
export function defaultMinimumSeconds({ fetchedLocally, expiresLocally }: Lifetime): number {
  return Math.min(DEFAULT_MINIMUM_SECONDS, (expiresLocally - fetchedLocally) / 2000);
}

/**
 * Whether they have that life left. After a clock was turned back, they are fetched again. Without
 * a wish for more, those that cannot be renewed are used to their end.
 */
export function isUsable(
  cached: Lifetime,
  minimumSeconds: number | undefined,
  now: number,
): boolean {
  const { fetchedLocally, expiresLocally } = cached;
  return (
    now >= fetchedLocally - 60_000 &&
    now < expiresLocally &&
    now <= renewalDue(cached, minimumSeconds)
  );
}

/** The bridge is asked again this long after it refused a renewal: meanwhile it may be extended. */
const HOLD_MILLISECONDS = 60_000;

/** From then on they are renewed, in milliseconds of the local clock. */
export function renewalDue(cached: Lifetime, minimumSeconds: number | undefined): number {
  const { expiresLocally, heldLocally } = cached;
  const due = expiresLocally - (minimumSeconds ?? defaultMinimumSeconds(cached)) * 1000;
  if (heldLocally === undefined || minimumSeconds !== undefined) return due;
  return Math.max(due, Math.min(heldLocally + HOLD_MILLISECONDS, expiresLocally));
}

/**
 * The cached credentials of one role at one bridge, as it was typed. The bridge's part of the name
 * is `credentialsOf`.
 */
export function credentialsFile(directory: string, server: string, role: string): string {
  return join(directory, 'credentials', `${credentialsOf(server)}${hashedName(server, role)}`);
}

/** With this begins the name of every file of credentials of one bridge. */
export function credentialsOf(server: string): string {
  return `${hashedName(server)}.`;
}
