/** The addresses of the forged OpenID provider, and the document that names them. */

export type Endpoint = 'discovery' | 'token' | 'jwks' | 'userinfo' | 'revocation';

/** The document is here as well. */
export const MOVED_DISCOVERY = '/moved/openid-configuration';

export const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  '/.well-known/openid-configuration': 'discovery',
  [MOVED_DISCOVERY]: 'discovery',
  '/jwks': 'jwks',
  '/token': 'token',
  '/userinfo': 'userinfo',
  '/revoke': 'revocation',
};

export function discoveryDocument(issuer: string): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    revocation_endpoint: `${issuer}/revoke`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code', 'code id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['HS256', 'ES256', 'none'],
    userinfo_signing_alg_values_supported: ['ES256', 'none'],
    code_challenge_methods_supported: ['plain', 'S256'],
    authorization_response_iss_parameter_supported: true,
  };
}
