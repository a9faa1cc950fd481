/**
 * What AWS and identity providers are told about us: our SAML IdP metadata, OpenID discovery and
 * keys, and our SAML SP metadata.
 *
 * Public by nature, and the only answers that caches may keep.
 */
import { type Response, Router } from 'express';
import { BridgeError } from '../core/errors.ts';
import type { FederationMetadata, ServiceProviderMetadata } from '../core/ports.ts';

export interface FederationMetadataParts {
  readonly metadata: FederationMetadata;
  /** By connector id. */
  readonly serviceProviders: ReadonlyMap<string, ServiceProviderMetadata>;
}

/** Short, so that a new key is seen soon. */
const CACHE_CONTROL = 'public, max-age=300';

export function federationMetadata({
  metadata,
  serviceProviders,
}: FederationMetadataParts): Router {
  const router = Router();
  const send = (response: Response, type: string, body: string): void => {
    response.setHeader('Cache-Control', CACHE_CONTROL);
    // Other sites may read these: they are public, and a browser-based tool of an auditor may want
    // them.
    response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    response.type(type).send(body);
  };

  router.get('/saml/idp/metadata', (_request, response) =>
    send(response, 'application/samlmetadata+xml', metadata.samlMetadata()),
  );
  router.get('/.well-known/openid-configuration', (_request, response) =>
    send(response, 'application/json', JSON.stringify(metadata.openIdConfiguration())),
  );
  router.get('/.well-known/jwks.json', (_request, response) =>
    send(response, 'application/json', JSON.stringify(metadata.jwks())),
  );

  router.get('/saml/:connector/metadata', (request, response) => {
    const provider = serviceProviders.get(request.params.connector);
    if (provider === undefined)
      throw new BridgeError('connector_unknown', 'no SAML connector of that id');
    send(response, 'application/samlmetadata+xml', provider.metadata());
  });

  return router;
}
