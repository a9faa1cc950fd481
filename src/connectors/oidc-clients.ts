/**
 * The client of a connector, and the clients before it whose sign-ins can still be answered: a
 * reload can change the id or the secret while users are at the provider.
 *
 * Owns: which of them redeems a code. Does not own: how (oidc-client), nor what is believed of the
 * answer, which is a matter of the newest configuration alone.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ServerMetadata } from 'openid-client';
import type { Clock } from '../core/ports.ts';
import { ATTEMPT_SECONDS } from '../core/sign-in.ts';
import type { Instant } from '../core/time.ts';
import type { OidcClient, Redemption, VerifiedAnswer } from './oidc-client.ts';
import type { ClientCredentials } from './oidc-client-authentication.ts';
import { ClientRefused } from './oidc-errors.ts';

/** A client of an earlier configuration of the same provider. */
export interface EarlierClient {
  readonly credentials: ClientCredentials;
  /** No answer comes later for a sign-in that it began. */
  readonly until: Instant;
}

export interface OidcClients {
  /** The client that begins sign-ins. */
  readonly current: OidcClient;
  /**
   * Redeems a code that was issued to this client id. If the provider rejects the secret, an
   * earlier secret of the same id is tried, too: the provider then has not looked at the code.
   * Throws what `OidcClient.redeem` throws.
   */
  redeem(
    clientId: string | undefined,
    metadata: ServerMetadata,
    redemption: Redemption,
  ): Promise<VerifiedAnswer>;
  /** For the connector that takes the place of this one. */
  memory(): readonly EarlierClient[];
}

export interface OidcClientsOptions {
  readonly credentials: ClientCredentials;
  readonly before: readonly EarlierClient[];
  readonly clock: Clock;
  readonly clientWith: (credentials: ClientCredentials) => OidcClient;
}

/** How many changes within ten minutes sign-ins survive. */
const MOST_EARLIER = 3;

export function createOidcClients(options: OidcClientsOptions): OidcClients {
  const { credentials, before, clock, clientWith } = options;
  const current = clientWith(credentials);
  const earlier = (): readonly EarlierClient[] =>
    before.filter(
      ({ credentials: others, until }) =>
        clock.now() < until && !isDeepStrictEqual(others, credentials),
    );
  return {
    current,
    redeem: (clientId = credentials.clientId, metadata, redemption) => {
      const others = earlier()
        .filter(({ credentials: { clientId: id } }) => id === clientId)
        .map(client => clientWith(client.credentials));
      const fitting = clientId === credentials.clientId ? [current, ...others] : others;
      return redeemBy(fitting.length === 0 ? [current] : fitting, metadata, redemption);
    },
    memory: () => {
      const until = clock.now() + ATTEMPT_SECONDS * 1000;
      return [{ credentials, until }, ...earlier()].slice(0, MOST_EARLIER);
    },
  };
}

async function redeemBy(
  [first, ...others]: readonly OidcClient[],
  metadata: ServerMetadata,
  redemption: Redemption,
): Promise<VerifiedAnswer> {
  try {
    return await first!.redeem(metadata, redemption);
  } catch (thrown) {
    if (others.length === 0 || !(thrown instanceof ClientRefused)) throw thrown;
    return redeemBy(others, metadata, redemption);
  }
}
