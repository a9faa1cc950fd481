/**
 * Credentials that several programs of one user can share: fifty terraform processes that ask for
 * one role at once cause one call to STS.
 *
 * Owns: which requests are equal, how long credentials are shared, single flight. They are kept in
 * memory only; each hand-out is decided and recorded as if there were no cache (access). Does not
 * own: the call (CredentialBroker).
 */

import type { AssumedRole, AssumeRequest } from '../core/assumed-role.ts';
import type { Clock, CredentialBroker, Secrets } from '../core/ports.ts';
import { type Instant, MINUTE, type Seconds } from '../core/time.ts';

/**
 * Counted from when they were issued. A burst has passed by then, a later request gets nearly the
 * whole lifetime, and an operator who denies older credentials in AWS (aws:TokenIssueTime) does not
 * see them handed out again.
 */
const SHARED_SECONDS: Seconds = 5 * MINUTE;
/** Beyond it, the oldest are evicted. */
const MOST_KEPT = 10_000;

export interface SharedCredentials {
  /**
   * Credentials that are at most five minutes old and have at least half of their lifetime left.
   * Throws what the broker throws.
   */
  assume(request: AssumeRequest): Promise<AssumedRole>;
}

export interface SharedCredentialsParts {
  readonly broker: CredentialBroker;
  readonly clock: Clock;
  readonly secrets: Secrets;
}

interface Kept {
  readonly assumed: AssumedRole;
  readonly usableUntil: Instant;
}

interface Cache extends SharedCredentialsParts {
  /** The oldest first. */
  readonly kept: Map<string, Kept>;
  readonly flights: Map<string, Promise<AssumedRole>>;
}

export function createSharedCredentials(parts: SharedCredentialsParts): SharedCredentials {
  const cache: Cache = { ...parts, kept: new Map(), flights: new Map() };
  return { assume: request => assume(cache, request) };
}

async function assume(cache: Cache, request: AssumeRequest): Promise<AssumedRole> {
  const { kept, flights, clock } = cache;
  const key = keyOf(cache, request);
  const found = kept.get(key);
  if (found !== undefined && clock.now() < found.usableUntil) return found.assumed;
  const flying = flights.get(key);
  if (flying !== undefined) return flying;
  const flight = fetchAndKeep(cache, key, request).finally(() => flights.delete(key));
  flights.set(key, flight);
  return flight;
}

/**
 * Everything that AWS is told: the same user with other attributes, another rule, or another
 * sign-in is another request.
 */
function keyOf(
  { secrets }: Cache,
  {
    principal,
    role,
    sessionName,
    session,
    authenticatedAt,
    assertedAt,
    proofId,
    corporateProof,
    account,
    elevation,
  }: AssumeRequest,
): string {
  return JSON.stringify([
    ...[principal, account.id, role, sessionName, session, authenticatedAt, assertedAt],
    corporateProof && secrets.digest(JSON.stringify(corporateProof)),
    elevation,
    proofId,
  ]);
}

async function fetchAndKeep(
  { broker, clock, kept }: Cache,
  key: string,
  request: AssumeRequest,
): Promise<AssumedRole> {
  const assumed = await broker.assume(request);
  const now = clock.now();
  const lifetime = assumed.credentials.expiresAt - now;
  kept.delete(key);
  kept.set(key, { assumed, usableUntil: now + Math.min(SHARED_SECONDS * 1000, lifetime / 2) });
  for (const [oldest, { usableUntil }] of kept) {
    if (kept.size <= MOST_KEPT && now < usableUntil) break;
    kept.delete(oldest);
  }
  return assumed;
}
