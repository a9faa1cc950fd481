/** The connectors of one snapshot: each is opened for its protocol, and closed with it. */
import type { Configuration, ConnectorConfiguration } from '../config/configuration.ts';
import { createOidcConnector } from '../connectors/oidc.ts';
import type { DocumentNews } from '../connectors/oidc-discovery.ts';
import { createSamlConnector } from '../connectors/saml.ts';
import type { Connector, ServiceProviderMetadata } from '../core/ports.ts';
import type { Availability } from '../core/sign-in.ts';
import type { SigningKeys } from '../issuer/signing-keys.ts';
import type { Logger } from '../log.ts';
import type { Process } from './process.ts';

interface Parts {
  readonly process: Process;
  readonly configuration: Configuration;
  readonly keys: SigningKeys;
}

export interface OpenConnector {
  readonly connector: Connector;
  /** Of a SAML connector. */
  readonly metadata?: ServiceProviderMetadata;
}

/** Puts each connector that it opens on the stack, also when another one throws. */
export async function openConnectors(
  parts: Parts,
  opened: AsyncDisposableStack,
): Promise<readonly OpenConnector[]> {
  const outcomes = await Promise.allSettled(
    parts.configuration.connectors.map(connector => openConnector(connector, parts)),
  );
  for (const outcome of outcomes)
    if (outcome.status === 'fulfilled') opened.defer(() => outcome.value.connector.close());
  return outcomes.map(outcome => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}

async function openConnector(
  configuration: ConnectorConfiguration,
  { process, configuration: { baseUrl }, keys }: Parts,
): Promise<OpenConnector> {
  const { toIdps, toFederations, validator, clock, secrets } = process;
  const log = process.log.child({ connector: configuration.id });
  const onChange = (availability: Availability, thrown?: unknown): void =>
    logConnector(log, availability, thrown);
  if (configuration.protocol === 'oidc') {
    const onDocument = (news: DocumentNews): void => logDocument(log, news);
    const parts = { baseUrl, outbound: toIdps, clock, secrets, onChange, onDocument };
    return { connector: await createOidcConnector({ ...configuration, ...parts }) };
  }
  const { active, published } = keys.serviceProvider;
  const signingKey = {
    privateKeyPem: active.privateKeyPem(),
    certificatesPem: published.map(({ certificatePem }) => certificatePem),
  };
  const encryptionKey = keys.serviceProviderEncryption && {
    certificatePem: keys.serviceProviderEncryption.active.certificatePem,
    privateKeys: keys.serviceProviderEncryption.decrypting.map(({ privateKey }) => privateKey),
  };
  const onSkippedKeys = (skipped: readonly string[]): void => {
    for (const why of skipped) log.warn({ why }, 'signing key of the identity provider not used');
  };
  const parts = {
    outbound: configuration.metadata.entityId === undefined ? toIdps : toFederations,
    ...{ baseUrl, clock, validator, signingKey, encryptionKey, onChange, onSkippedKeys },
  };
  const connector = await createSamlConnector({ ...configuration, ...parts });
  return { connector, metadata: connector };
}

function logConnector(log: Logger, availability: Availability, thrown: unknown): void {
  // The reason is fit for a page; its cause (an address, a file, a fault) is for the operator.
  const cause =
    thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause.message : undefined;
  if (availability.state === 'ready') log.info('connector ready');
  else log.warn({ why: availability.reason, cause }, 'connector unavailable');
}

/** Names of fields alone: what they say is the provider's. */
function logDocument(log: Logger, news: DocumentNews): void {
  if (news.kind === 'changed')
    log.info({ fields: news.fields }, 'the discovery document of the provider has changed');
  else if (news.kind === 'kept')
    log.warn(
      { why: news.why },
      'the discovery document cannot be read again; the last one is used',
    );
  else log.info('the discovery document can be read again');
}
