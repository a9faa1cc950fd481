/** Which addresses of an identity provider are used, and which of them are safe. */
import type { ConnectorDescription } from '../../config/configuration.ts';
import { isLoopbackHost } from '../../core/loopback.ts';
import type {
  OidcProviderFacts,
  PublishedEndpoint,
  SamlProviderFacts,
} from '../../core/provider-facts.ts';

/** How a request for a sign-in can get to a SAML provider, the preferred first. */
export const SIGN_ON_BINDINGS: readonly string[] = ['HTTP-Redirect', 'HTTP-POST'];

/** Without those of bindings that the bridge does not use, or not with this provider. */
export function endpointsUsed(
  { endpoints }: SamlProviderFacts | OidcProviderFacts,
  connector: ConnectorDescription,
): readonly PublishedEndpoint[] {
  const signOn = endpoints.filter(({ name }) => name === 'SingleSignOnService');
  const preferred = SIGN_ON_BINDINGS.flatMap(name =>
    signOn.filter(({ binding }) => binding === name),
  );
  const chosen = preferred.find(({ url }) => isSafe(url, connector)) ?? preferred[0];
  return endpoints.filter(({ name, binding = 'HTTP-Redirect' }) =>
    name === 'SingleSignOnService' ? binding === chosen?.binding : binding === 'HTTP-Redirect',
  );
}

/**
 * https, or http on loopback for a provider that is there itself: others cannot point the bridge to
 * local addresses.
 */
export function isSafe(url: string, connector: ConnectorDescription): boolean {
  const { protocol, hostname = '' } = URL.parse(url) ?? {};
  if (protocol === 'https:') return true;
  const isLocal = protocol === 'http:' && isLoopbackHost(hostname);
  return isLocal && !isElsewhere(connector);
}

function isElsewhere(connector: ConnectorDescription): boolean {
  if (connector.protocol === 'oidc') return connector.issuer.startsWith('https:');
  return 'url' in connector.metadata && connector.metadata.url.startsWith('https:');
}
