/**
 * The programs that may ask for a login: those of the configuration, and those that have registered
 * themselves as AWS tools do.
 *
 * Owns: what a registration may say, and how long it lives. Does not own: how a client id proves
 * its registration (issuer/client-registrations).
 */
import { recordable } from '../core/audit-event.ts';
import { MAX_CLIENT_ID, REGISTRATION_SECONDS } from '../core/client-registration.ts';
import { BridgeError } from '../core/errors.ts';
import { isLoopbackRedirect, type OAuthClient, withoutPort } from '../core/oauth-client.ts';
import type { ClientRegistrations, Clock, Secrets } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';

export interface ClientsParts {
  readonly configured: readonly OAuthClient[];
  readonly registrations: ClientRegistrations;
  readonly clock: Clock;
  readonly secrets: Secrets;
}

export interface RegistrationRequest {
  readonly name: string;
  readonly redirectUris: readonly string[];
}

export interface Registered {
  /** What the client calls itself by from now on. */
  readonly clientId: string;
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
}

export interface Clients {
  /**
   * Throws `redirect_unregistrable` for an address that is not on the client's own machine,
   * `bad_request` for more of them than a client id holds.
   */
  register(request: RegistrationRequest): Promise<Registered>;
  /** Throws `client_unknown` for one that there is not, or whose registration is over. */
  clientOf(clientId: string): Promise<OAuthClient>;
}

const MAX_NAME = 64;

export function createClients({
  configured,
  registrations,
  clock,
  secrets,
}: ClientsParts): Clients {
  const byId = new Map(configured.map(client => [client.id, client]));
  return {
    register: async ({ name, redirectUris }) => {
      if (!redirectUris.every(isLoopbackRedirect))
        throw new BridgeError(
          'redirect_unregistrable',
          'a client registered an address beyond its own machine',
        );
      // The wire has whole seconds.
      const issuedAt = Math.floor(clock.now() / 1000) * 1000;
      const expiresAt = issuedAt + REGISTRATION_SECONDS * 1000;
      const clientId = await registrations.issue({
        publicId: secrets.publicId(),
        name: recordable(name, MAX_NAME),
        redirectUris: [...new Set(redirectUris.map(withoutPort))],
        issuedAt,
        expiresAt,
      });
      if (clientId.length > MAX_CLIENT_ID) {
        throw new BridgeError('bad_request', 'the redirect URIs of a registration are too long', {
          hint: 'Register fewer or shorter redirectUris.',
        });
      }
      return { clientId, issuedAt, expiresAt };
    },

    clientOf: async clientId => {
      const known = byId.get(clientId);
      if (known !== undefined) return known;
      const registration = await registrations.read(clientId, clock.now());
      if (registration === undefined)
        throw new BridgeError(
          'client_unknown',
          'no client of that id, or its registration is over',
        );
      const { publicId, name, redirectUris } = registration;
      return { id: `registered-${publicId}`, name, selfNamed: true, redirectUris };
    },
  };
}
