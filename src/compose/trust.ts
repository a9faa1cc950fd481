/** What `trust` reads beside the configuration: metadata, of the bridge and of connectors. */
import type { ConfigurationWithoutSecrets, ConnectorDescription } from '../config/configuration.ts';
import { parseIdpMetadata } from '../connectors/saml/idp-metadata.ts';
import { loadMetadata } from '../connectors/saml/metadata-loading.ts';
import { BridgeError } from '../core/errors.ts';
import type { ConnectorId } from '../core/identity.ts';
import { partitionTable } from '../core/partitions.ts';
import { createIssuer } from '../issuer/issuer.ts';
import { openSigningKeys } from '../issuer/signing-keys.ts';
import type { SamlMetadata, TrustSources } from '../operate/trust/trust.ts';
import { createOutbound } from '../outbound.ts';
import { FEDERATION_LIMITS } from './idp-limits.ts';

const TIMEOUT = 10;
/** A file of the configuration has no more. */
const MOST_BYTES = 4_000_000;

export function composeForTrust(configuration: ConfigurationWithoutSecrets): TrustSources {
  return {
    samlMetadata: connector => {
      if (connector === undefined) return ownMetadata(configuration);
      const { id, ...of } = configuration.connectors.find(known => known.id === connector)!;
      if (of.protocol !== 'saml') throw new Error(`connector ${id} is no SAML connector`);
      return connectorMetadata(id, of.metadata);
    },
  };
}

/** Nothing is signed, so the clock and the partitions do not matter. */
async function ownMetadata({
  issuer,
  baseUrl,
}: ConfigurationWithoutSecrets): Promise<SamlMetadata> {
  const clock = { now: () => Date.now() };
  const { entityId } = issuer.saml;
  const keys = await openSigningKeys({ ...issuer.keys, create: false, clock }).catch(
    (thrown: unknown) => {
      if (!(thrown instanceof BridgeError)) throw thrown;
      throw new Error(
        `${thrown.message}. The metadata for IAM contains the signing key, which \`rolebridge-server init\` or the first start of the server creates.`,
        { cause: thrown },
      );
    },
  );
  const { audience } = issuer.webIdentity;
  const metadata = createIssuer({
    ...{ baseUrl, samlEntityId: entityId, audience, keys, clock },
    partitions: partitionTable(),
  }).samlMetadata();
  return { xml: metadata, entityId };
}

type Location = Extract<ConnectorDescription, { protocol: 'saml' }>['metadata'];

async function connectorMetadata(id: ConnectorId, location: Location): Promise<SamlMetadata> {
  const isOfMany = location.entityId !== undefined;
  const limits = isOfMany ? FEDERATION_LIMITS : { timeoutSeconds: TIMEOUT, maxBytes: MOST_BYTES };
  const outbound = createOutbound(limits);
  try {
    const xml = await loadMetadata({ location, outbound });
    const { entityId } = parseIdpMetadata(xml);
    if (UNPRINTABLE.test(xml)) throw new Error('it contains control characters');
    return { xml, entityId };
  } catch (thrown) {
    const { message, cause } = thrown as Error;
    const why = cause instanceof Error ? `${message} (${cause.message})` : message;
    throw new Error(
      `connector ${id}: ${why}. IAM needs its metadata; correct the document or its address.`,
      { cause: thrown },
    );
  } finally {
    await outbound.close();
  }
}

/** What XML allows and a terminal interprets. */
const UNPRINTABLE = /(?![\t\n\r])[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u;
