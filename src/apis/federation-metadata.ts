/**
 * What AWS and identity providers are told about us: our SAML IdP metadata, OpenID discovery and
 * keys, and our SAML SP metadata. Public by nature, and caches may keep it.
 */
import * as z from 'zod';
import { BridgeError } from '../core/errors.ts';
import type { FederationMetadata, ServiceProviderMetadata } from '../core/ports.ts';
import { type Answer, content } from '../http/answer.ts';
import { document } from '../http/route.ts';

export interface FederationMetadataParts {
  readonly metadata: FederationMetadata;
  /** By connector id. */
  readonly serviceProviders: ReadonlyMap<string, ServiceProviderMetadata>;
}

const HEADERS = {
  // Short, so that a new key is seen soon.
  'Cache-Control': 'public, max-age=300',
  // Other sites may read these: a browser-based tool of an auditor may want them.
  'Cross-Origin-Resource-Policy': 'cross-origin',
};

export const samlIdpMetadata = document({
  path: '/saml/idp/metadata',
  handle: (_input, _asking, { metadata }: FederationMetadataParts) =>
    samlMetadata(metadata.samlMetadata()),
});

export const openIdConfiguration = document({
  path: '/.well-known/openid-configuration',
  handle: (_input, _asking, { metadata }: FederationMetadataParts) =>
    jsonDocument(metadata.openIdConfiguration()),
});

export const jwks = document({
  path: '/.well-known/jwks.json',
  handle: (_input, _asking, { metadata }: FederationMetadataParts) => jsonDocument(metadata.jwks()),
});

export const samlServiceProviderMetadata = document({
  path: '/saml/{connector}/metadata',
  reads: { path: z.object({ connector: z.string() }) },
  handle: async ({ connector }, _asking, { serviceProviders }: FederationMetadataParts) => {
    const provider = serviceProviders.get(connector);
    if (provider === undefined)
      throw new BridgeError('connector_unknown', 'no SAML connector of that id');
    return samlMetadata(await provider.metadata());
  },
});

function samlMetadata(xml: string): Answer {
  return { ...content('application/samlmetadata+xml', xml), headers: HEADERS };
}

function jsonDocument(value: object): Answer {
  return { ...content('application/json', JSON.stringify(value)), headers: HEADERS };
}
