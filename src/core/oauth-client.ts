/**
 * The programs that can request a session in the name of a user, and their redirect URIs.
 *
 * All are public clients (RFC 6749 section 2.1): a secret on every laptop is none, so nothing
 * depends on one (RFC 8252 section 8.5).
 */
import type { ApplicationKind, ApplicationTerms } from './application.ts';

export interface OAuthClient extends NamedClient {
  /**
   * Loopback addresses without a port, such as `http://127.0.0.1/callback`; empty when it uses the
   * device grant alone. Of an application: whole addresses.
   */
  readonly redirectUris: readonly string[];
  /** Set for an application, as `kind` is. */
  readonly application?: ApplicationTerms | undefined;
}

/** A web or mobile application. */
export interface Application extends OAuthClient {
  readonly kind: ApplicationKind;
  readonly application: ApplicationTerms;
}

/** A client in records, lists and the audit trail. */
export interface NamedClient {
  /** `client_id`; a client that registered itself has a public id for one here. */
  readonly id: string;
  readonly name: string;
  /** It registered itself and gave this name, unchecked. */
  readonly selfNamed?: true | undefined;
  /** Undefined for a program on the user's own machine. */
  readonly kind?: ApplicationKind | undefined;
}

/** How records name a client that registered itself: this and its public id. */
export const SELF_REGISTERED = 'registered-';

export function named({ id, name, selfNamed, kind }: NamedClient): NamedClient {
  return { id, name, selfNamed, ...(kind !== undefined && { kind }) };
}

/** A client in one line of text. */
export function shownName({ name, selfNamed }: NamedClient): string {
  return selfNamed === true ? `"${name.replaceAll('"', "'")}", as it calls itself` : name;
}

/** The project's own client. */
export const CLI_CLIENT: OAuthClient = {
  id: 'rolebridge-cli',
  name: 'rolebridge command line',
  redirectUris: ['http://127.0.0.1/callback', 'http://[::1]/callback'],
};

/** The only scope: what the user can do in AWS through this bridge. */
export const SCOPE = 'aws';

/** The scope that AWS tools request of IAM Identity Center; it means the same here. */
export const AWS_TOOLS_SCOPE = 'sso:account:access';

/** The grant type of a device code (RFC 8628 section 3.4). */
export const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** The grant type of a token exchange (RFC 8693 section 2.1). */
export const TOKEN_EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** Characters of the host name that a terminal can give. */
export const MAX_DEVICE_NAME = 64;

const LOOPBACK_REDIRECT = /^http:\/\/(?:127\.0\.0\.1|\[::1\])(?::[1-9]\d{0,4})?(?:\/[\w./~-]*)?$/;

/**
 * Whether an address can be a redirect URI: http on a loopback address (not `localhost`, which a
 * hosts file can redirect: RFC 8252 section 8.3), without query and fragment.
 */
export function isLoopbackRedirect(uri: string): boolean {
  return LOOPBACK_REDIRECT.test(uri) && URL.canParse(uri) && !/\/\.{1,2}(?:\/|$)/.test(uri);
}

/**
 * Whether the client registered this redirect URI: exact, except the port of a program on the
 * user's own machine, which it chooses (RFC 8252 section 7.3).
 */
export function isRegisteredRedirect(
  { redirectUris, application }: Pick<OAuthClient, 'redirectUris' | 'application'>,
  uri: string,
): boolean {
  if (application !== undefined) return redirectUris.includes(uri);
  return isLoopbackRedirect(uri) && redirectUris.includes(withoutPort(uri));
}

export function isApplication(client: OAuthClient): client is Application {
  return client.application !== undefined;
}

/** Whether a page of this origin belongs to the client. */
export function isOwnOrigin({ application }: OAuthClient, origin: string): boolean {
  return application?.origins.includes(origin) ?? false;
}

/** A redirect URI as it is registered. */
export function withoutPort(uri: string): string {
  return uri.replace(/^(http:\/\/(?:[\d.]+|\[::1\])):\d+/, '$1');
}

/** Whether a request names the only scope, or none, which means the same. */
export function isScope(scope: string | undefined): boolean {
  return scope === undefined || scope === '' || scope === SCOPE;
}
