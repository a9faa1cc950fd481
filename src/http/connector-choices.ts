/** The ways to sign in, as the sign-in page lists them. */
import type { Connector } from '../core/ports.ts';
import { connectorLink } from './sign-in-links.ts';
import type { ConnectorChoice } from './views.ts';

export function choicesOf(
  connectors: readonly Connector[],
  returnTo: string,
  linkTo: (connector: string, returnTo: string) => string = connectorLink,
): ConnectorChoice[] {
  return connectors.map(connector => {
    const availability = connector.availability();
    return {
      label: connector.label,
      protocol: connector.protocol === 'saml' ? 'SAML' : 'OpenID Connect',
      href: linkTo(connector.id, returnTo),
      unavailable:
        availability.state === 'unavailable'
          ? { reason: availability.reason, since: new Date(availability.since).toISOString() }
          : undefined,
    };
  });
}
