/**
 * The programs that can request a login: those of the configuration, and those that registered
 * themselves as AWS tools do.
 *
 * Owns: what a registration contains, and how long it is valid. Does not own: how a client id
 * proves its registration (issuer/client-registrations).
 */
import { recordable } from '../core/audit-event.ts';
import { MAX_CLIENT_ID, REGISTRATION_SECONDS } from '../core/client-registration.ts';
import { BridgeError } from '../core/errors.ts';
import {
  type Application,
  isLoopbackRedirect,
  type OAuthClient,
  SELF_REGISTERED,
  withoutPort,
} from '../core/oauth-client.ts';
import type { ClientRegistrations, Clock, Secrets } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';

export interface ClientsParts {
  readonly configured: readonly OAuthClient[];
  readonly applications: readonly Application[];
  readonly registrations: ClientRegistrations;
  readonly clock: Clock;
  readonly secrets: Secrets;
}

export interface RegistrationRequest {
  readonly name: string;
  readonly redirectUris: readonly string[];
}

export interface Registered {
  readonly clientId: string;
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
}

export interface Clients {
  /** The origins of the pages of all applications. */
  readonly origins: ReadonlySet<string>;
  /**
   * Throws `redirect_unregistrable` for a URI that is not on the client's own machine,
   * `bad_request` when the URIs do not fit into a client id.
   */
  register(request: RegistrationRequest): Promise<Registered>;
  /** Throws `client_unknown` if the id is unknown or its registration has expired. */
  clientOf(clientId: string): Promise<OAuthClient>;
}

interface Context extends ClientsParts {
  readonly byId: ReadonlyMap<string, OAuthClient>;
}

export function createClients(parts: ClientsParts): Clients {
  const { configured, applications } = parts;
  const known: readonly OAuthClient[] = [...configured, ...applications];
  const byId = new Map(known.map(client => [client.id, client]));
  const context: Context = { ...parts, byId };
  return {
    origins: new Set(applications.flatMap(({ application }) => application.origins)),
    register: request => register(context, request),
    clientOf: clientId => clientOf(context, clientId),
  };
}

const MAX_NAME = 64;

async function register(
  { registrations, clock, secrets }: Context,
  { name, redirectUris }: RegistrationRequest,
): Promise<Registered> {
  if (!redirectUris.every(isLoopbackRedirect))
    throw new BridgeError(
      'redirect_unregistrable',
      'a client registered a redirect URI beyond its own machine',
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
  if (clientId.length > MAX_CLIENT_ID)
    throw new BridgeError('bad_request', 'the redirect URIs of a registration are too long', {
      hint: 'Register fewer or shorter redirectUris.',
    });
  return { clientId, issuedAt, expiresAt };
}

async function clientOf(
  { byId, registrations, clock }: Context,
  clientId: string,
): Promise<OAuthClient> {
  const known = byId.get(clientId);
  if (known !== undefined) return known;
  const registration = await registrations.read(clientId, clock.now());
  if (registration === undefined)
    throw new BridgeError('client_unknown', 'unknown client id, or its registration has expired');
  const { publicId, name, redirectUris } = registration;
  return { id: SELF_REGISTERED + publicId, name, selfNamed: true, redirectUris };
}
