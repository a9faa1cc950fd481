/**
 * Whose sessions count: a session belongs to the identity provider that it came from, and not to
 * the connector's id.
 */
import { type Identity, isTrusted } from '../core/identity.ts';
import type { Connector } from '../core/ports.ts';

/** Whether the person came from the identity provider that the connector of that id trusts now. */
export type IsCurrent = (identity: Pick<Identity, 'connector' | 'source'>) => boolean;

export function currentIssuers(connectors: readonly Connector[]): IsCurrent {
  const byId = new Map<string, Connector>(connectors.map(connector => [connector.id, connector]));
  return ({ connector: id, source }) => {
    const connector = byId.get(id);
    return connector !== undefined && isTrusted(source, connector.source());
  };
}
