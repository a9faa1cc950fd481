/**
 * The programs that may ask for a CLI session, and where their answers may go.
 *
 * All are public clients (RFC 6749 section 2.1): a secret on every laptop is none, so nothing rests
 * on one (RFC 8252 section 8.5).
 */
export interface OAuthClient extends NamedClient {
  /**
   * Loopback addresses without a port, such as `http://127.0.0.1/callback`; empty when it uses the
   * device grant alone.
   */
  readonly redirectUris: readonly string[];
}

/** A client as records, lists and the audit trail know it. */
export interface NamedClient {
  /** `client_id`; a client that registered itself has a public id for one here. */
  readonly id: string;
  readonly name: string;
  /** It registered itself, so the name is what it claims. */
  readonly selfNamed?: true | undefined;
}

export function named({ id, name, selfNamed }: NamedClient): NamedClient {
  return { id, name, selfNamed };
}

/** A client in one line of text. */
export function shownName({ name, selfNamed }: NamedClient): string {
  return selfNamed === true ? `"${name.replaceAll('"', "'")}", as it calls itself` : name;
}

/** Our own client. */
export const CLI_CLIENT: OAuthClient = {
  id: 'rolebridge-cli',
  name: 'rolebridge command line',
  redirectUris: ['http://127.0.0.1/callback', 'http://[::1]/callback'],
};

/** The one scope there is: what the person may do in AWS by this bridge. */
export const SCOPE = 'aws';

/** The scope that AWS tools ask IAM Identity Center for; it stands for ours. */
export const AWS_TOOLS_SCOPE = 'sso:account:access';

/** The grant type of a device code (RFC 8628 section 3.4). */
export const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** Characters of the host name that a terminal may say of itself. */
export const MAX_DEVICE_NAME = 64;

const LOOPBACK_REDIRECT = /^http:\/\/(?:127\.0\.0\.1|\[::1\])(?::[1-9]\d{0,4})?(?:\/[\w./~-]*)?$/;

/**
 * Whether an address may be registered or asked for as a redirect URI at all: http on a loopback
 * address (not `localhost`, which a hosts file may turn elsewhere: RFC 8252 section 8.3), without
 * query and fragment.
 */
export function isLoopbackRedirect(uri: string): boolean {
  return LOOPBACK_REDIRECT.test(uri) && URL.canParse(uri) && !/\/\.{1,2}(?:\/|$)/.test(uri);
}

/**
 * Whether the client registered this redirect URI: letter by letter, but for the port, which is the
 * client's to choose (RFC 8252 section 7.3).
 */
export function isRegisteredRedirect({ redirectUris }: OAuthClient, uri: string): boolean {
  return isLoopbackRedirect(uri) && redirectUris.includes(withoutPort(uri));
}

/** As redirect URIs are registered. */
export function withoutPort(uri: string): string {
  return uri.replace(/^(http:\/\/(?:[\d.]+|\[::1\])):\d+/, '$1');
}

/** Whether a request asks for the scope that there is; none at all means that one. */
export function isScope(scope: string | undefined): boolean {
  return scope === undefined || scope === '' || scope === SCOPE;
}
