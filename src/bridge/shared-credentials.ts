/**
 * Credentials that several programs of one person may share: fifty terraform processes that ask for
 * one role at once cause one call to STS.
 *
 * Owns: what is the same request, how long it is shared, single flight. Kept in memory alone; every
 * hand-out is decided for and recorded as if there were no cache (access). Does not own: the call
 * (CredentialBroker).
 */
import type {
  AssumedRole,
  AssumeRequest,
  Clock,
  CredentialBroker,
  Secrets,
} from '../core/ports.ts';
import { MINUTE, type Seconds } from '../core/time.ts';

/**
 * How long after they were issued. A burst is over by then, whoever asks later gets nearly the
 * whole life, and an operator who denies older ones in AWS (aws:TokenIssueTime) does not see them
 * handed out again.
 */
const SHARED_SECONDS: Seconds = 5 * MINUTE;
/** Beyond that the oldest go. */
const MOST_KEPT = 10_000;

export interface SharedCredentials {
  /**
   * Credentials that are five minutes old at most, and have at least half of their life. Throws
   * what the broker throws.
   */
  assume(request: AssumeRequest): Promise<AssumedRole>;
}

export function createSharedCredentials({
  broker,
  clock,
  secrets,
}: {
  readonly broker: CredentialBroker;
  readonly clock: Clock;
  readonly secrets: Secrets;
}): SharedCredentials {
  // The oldest first.
  const kept = new Map<string, { readonly assumed: AssumedRole; readonly usableUntil: number }>();
  const flights = new Map<string, Promise<AssumedRole>>();

  const fetch = async (key: string, request: AssumeRequest): Promise<AssumedRole> => {
    const assumed = await broker.assume(request);
    const now = clock.now();
    const life = assumed.credentials.expiresAt - now;
    kept.delete(key);
    kept.set(key, { assumed, usableUntil: now + Math.min(SHARED_SECONDS * 1000, life / 2) });
    for (const [oldest, { usableUntil }] of kept) {
      if (kept.size <= MOST_KEPT && now < usableUntil) break;
      kept.delete(oldest);
    }
    return assumed;
  };

  /**
   * Everything that AWS is told: the same person with other attributes, another rule, or another
   * sign-in is another request.
   */
  const keyOf = ({
    person,
    role,
    sessionName,
    session,
    authenticatedAt,
    assertedAt,
    corporateProof,
    account,
  }: AssumeRequest): string =>
    JSON.stringify([
      ...[person, account.id, role, sessionName, session, authenticatedAt, assertedAt],
      corporateProof && secrets.digest(JSON.stringify(corporateProof)),
    ]);

  return {
    assume: async request => {
      const key = keyOf(request);
      const found = kept.get(key);
      if (found !== undefined && clock.now() < found.usableUntil) return found.assumed;
      const flying = flights.get(key);
      if (flying !== undefined) return flying;
      const flight = fetch(key, request).finally(() => flights.delete(key));
      flights.set(key, flight);
      return flight;
    },
  };
}
