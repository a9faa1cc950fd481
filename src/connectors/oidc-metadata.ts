/**
 * What the bridge requires of a discovery document (OpenID Connect Discovery 1.0 section 3). Does
 * not own: where the document is, and when it is read (oidc-discovery).
 */
import type { ServerMetadata } from 'openid-client';
import { z } from 'zod';
import { BridgeError } from '../core/errors.ts';
import { isLoopbackHost } from '../core/loopback.ts';

/**
 * Signatures that only the provider can make: no `none`, no HMAC with the client secret (threats
 * R18).
 */
export const SIGNATURE_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/** http is only for a provider on this machine; others cannot point us to local addresses by it. */
export function allowsHttp(issuer: string): boolean {
  const url = URL.parse(issuer);
  return url !== null && url.protocol === 'http:' && isLoopbackHost(url.hostname);
}

/**
 * The document, if the bridge can use this provider. Throws a BridgeError whose message can be
 * shown on a page.
 */
export function checkedMetadata(document: ServerMetadata, issuer: string): ServerMetadata {
  // The library accepts a trailing slash and Entra ID's {tenantid}; then the token's iss could be
  // anyone's.
  if (document.issuer !== issuer) {
    const named = /^[\x21-\x7e]{1,200}$/.test(document.issuer)
      ? document.issuer
      : 'something unprintable';
    throw unfit(
      `it calls itself ${named}, not ${issuer}; the configured issuer must be exactly what it calls itself`,
    );
  }
  const checked = metadataSchema(allowsHttp(issuer)).safeParse(document);
  if (!checked.success)
    throw unfit(
      `${checked.error.issues[0]!.path[0] as string}: ${checked.error.issues[0]!.message}`,
    );
  return checked.data as ServerMetadata;
}

/** Its message can be shown on a page. */
export function unfit(why: string): BridgeError {
  return new BridgeError(
    'idp_unreachable',
    `the provider's discovery document does not fit: ${why}`,
  );
}

function metadataSchema(httpAllowed: boolean) {
  const endpoint = z.string().max(2048).refine(isEndpoint(httpAllowed), 'is not a plain https URL');
  const algorithms = z
    .array(z.string())
    .transform(names => names.filter(name => SIGNATURE_ALGORITHMS.includes(name)))
    .refine(names => names.length > 0, `offers none of ${SIGNATURE_ALGORITHMS.join(', ')}`);
  return z.object({
    issuer: z.string(),
    authorization_endpoint: endpoint,
    token_endpoint: endpoint,
    userinfo_endpoint: endpoint.optional(),
    jwks_uri: endpoint,
    // Conveniences: a provider that describes them badly is one without them.
    end_session_endpoint: endpoint.optional().catch(undefined),
    revocation_endpoint: endpoint.optional().catch(undefined),
    response_types_supported: z
      .array(z.string())
      .refine(types => types.includes('code'), 'does not offer the authorization code flow')
      .optional(),
    // Many providers support PKCE without stating it; one that states it must offer S256.
    code_challenge_methods_supported: z
      .array(z.string())
      .refine(methods => methods.includes('S256'), 'does not offer S256')
      .optional(),
    id_token_signing_alg_values_supported: algorithms.default(['RS256']),
    userinfo_signing_alg_values_supported: z
      .array(z.string())
      .transform(names => names.filter(name => SIGNATURE_ALGORITHMS.includes(name)))
      .default([]),
    authorization_response_iss_parameter_supported: z.boolean().optional(),
  });
}

export function isEndpoint(httpAllowed: boolean): (text: string) => boolean {
  return text => {
    const url = URL.parse(text);
    if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return false;
    return url.protocol === 'https:' || (httpAllowed && allowsHttp(text));
  };
}
