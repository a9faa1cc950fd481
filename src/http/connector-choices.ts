/** The ways to sign in, as the sign-in page lists them. */
import type { Connector } from '../core/ports.ts';
import type { ConnectorChoice } from './views.ts';

export function choicesOf(connectors: readonly Connector[], returnTo: string): ConnectorChoice[] {
  const query = returnTo === '/' ? '' : `?return_to=${encodeURIComponent(returnTo)}`;
  return connectors.map(connector => {
    const availability = connector.availability();
    return {
      label: connector.label,
      protocol: connector.protocol === 'saml' ? 'SAML' : 'OpenID Connect',
      href: `/sign-in/${connector.id}${query}`,
      unavailable:
        availability.state === 'unavailable'
          ? { reason: availability.reason, since: new Date(availability.since).toISOString() }
          : undefined,
    };
  });
}
