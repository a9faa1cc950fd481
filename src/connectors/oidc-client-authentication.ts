/**
 * How the bridge proves to a provider that it is the client: at the token endpoint, for codes and
 * refresh tokens, and at the revocation endpoint.
 */
import { type ClientAuth, ClientSecretPost } from 'openid-client';

const METHODS = {
  client_secret_basic: clientSecretBasic,
  client_secret_post: ClientSecretPost,
} as const satisfies Record<string, (secret: string) => ClientAuth>;

export type ClientAuthentication = keyof typeof METHODS;

/** What the provider knows of the bridge. */
export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly clientAuthentication: ClientAuthentication;
}

export function clientAuthentication(method: ClientAuthentication, secret: string): ClientAuth {
  return METHODS[method](secret);
}

/**
 * RFC 6749 section 2.3.1. The library encodes `-._~` as well, which providers that decode nothing
 * reject; usual ids and secrets have no other punctuation.
 */
function clientSecretBasic(secret: string): ClientAuth {
  return (_server, { client_id: id }, _body, headers) => {
    const credentials = Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`, 'latin1');
    headers.set('authorization', `Basic ${credentials.toString('base64')}`);
  };
}

/**
 * RFC 6749 appendix B: letters, digits and `*-._` stay as they are, and a blank becomes `+`. `~`
 * stays, too: no decoder changes it, and generated secrets contain it.
 */
function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice('='.length).replaceAll('%7E', '~');
}
