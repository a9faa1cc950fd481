/**
 * The connectors of one snapshot: each is opened for its protocol, begins with what the one before
 * it knows, and is closed with its snapshot.
 */
import { isDeepStrictEqual } from 'node:util';
import type {
  Configuration,
  ConnectorConfiguration,
  SamlConnectorConfiguration,
} from '../config/configuration.ts';
import { createOidcConnector, type OidcMemory } from '../connectors/oidc.ts';
import type { DocumentNews } from '../connectors/oidc-discovery.ts';
import type {
  MetadataCopies,
  MetadataMemory,
  ReadingNews,
} from '../connectors/saml/idp-metadata-source.ts';
import { createSamlConnector } from '../connectors/saml.ts';
import type { Connector, KeptMetadata, ServiceProviderMetadata } from '../core/ports.ts';
import type { Availability } from '../core/sign-in.ts';
import type { SigningKeys } from '../issuer/signing-keys.ts';
import type { Logger } from '../log.ts';
import type { Process } from './process.ts';

interface Parts {
  readonly process: Process;
  readonly configuration: Configuration;
  readonly keys: SigningKeys;
  readonly ports: { readonly keptMetadata: KeptMetadata };
}

export interface OpenConnector {
  readonly connector: Connector;
  /** Of a SAML connector. */
  readonly metadata?: ServiceProviderMetadata | undefined;
  /** Resolves when its provider was asked for the first time, with or without success. */
  readonly asked: Promise<void>;
  /** What it knows, for the connector of a later snapshot. */
  memory(): ConnectorMemory;
}

/** What is known at a place is of use only to a connector with the same place. */
type ConnectorMemory =
  | { readonly protocol: 'oidc'; readonly place: object; readonly of: OidcMemory }
  | { readonly protocol: 'saml'; readonly place: object; readonly of: MetadataMemory };

/**
 * Begins to ask the identity provider of each connector, and does not wait. A connector with the
 * id and the place of one of `before` begins with what that one knows. Puts each connector that it
 * opens on the stack, also when another one throws.
 */
export function openConnectors(
  parts: Parts,
  opened: AsyncDisposableStack,
  before: readonly OpenConnector[],
): readonly OpenConnector[] {
  return parts.configuration.connectors.map(configuration => {
    const earlier = before.find(({ connector: { id } }) => id === configuration.id)?.memory();
    const connector = openConnector(configuration, parts, earlier);
    opened.defer(() => connector.connector.close());
    return connector;
  });
}

function openConnector(
  configuration: ConnectorConfiguration,
  { process, configuration: { baseUrl }, keys, ports: { keptMetadata } }: Parts,
  earlier: ConnectorMemory | undefined,
): OpenConnector {
  const { toIdps, toFederations, validator, clock, secrets } = process;
  const log = process.log.child({ connector: configuration.id });
  const onChange = (availability: Availability, thrown?: unknown): void =>
    logConnector(log, availability, thrown);
  if (configuration.protocol === 'oidc') {
    const onDocument = (news: DocumentNews): void => logDocument(log, news);
    const { issuer, discovery } = configuration;
    const place = { issuer, discovery };
    const before = earlier?.protocol === 'oidc' ? from(earlier, place) : undefined;
    const parts = { baseUrl, outbound: toIdps, clock, secrets, onChange, onDocument, before };
    const connector = createOidcConnector({ ...configuration, ...parts });
    const memory = (): ConnectorMemory => ({ protocol: 'oidc', place, of: connector.memory() });
    return { connector, asked: connector.asked, memory };
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
  const onReading = (news: ReadingNews): void => logReading(log, news);
  const place = configuration.metadata;
  // A file is read at once, and can be another one now.
  const isElsewhere = 'url' in place;
  const before = isElsewhere && earlier?.protocol === 'saml' ? from(earlier, place) : undefined;
  const copies = createMetadataCopies(configuration, { keptMetadata, log });
  const parts = {
    outbound: configuration.metadata.entityId === undefined ? toIdps : toFederations,
    ...{ baseUrl, clock, validator, signingKey, encryptionKey, onChange, onSkippedKeys },
    ...{ onReading, copies, before },
  };
  const connector = createSamlConnector({ ...configuration, ...parts });
  return {
    connector,
    metadata: {
      metadata: async () => {
        await connector.asked;
        return connector.metadata();
      },
    },
    asked: connector.asked,
    memory: () => ({ protocol: 'saml', place, of: connector.memory() }),
  };
}

function from<T>(
  { place, of }: { readonly place: object; readonly of: T },
  here: object,
): T | undefined {
  return isDeepStrictEqual(place, here) ? of : undefined;
}

/** A store that fails costs the copy, and no sign-in. */
function createMetadataCopies(
  { id: connector, metadata }: SamlConnectorConfiguration,
  { keptMetadata, log }: { readonly keptMetadata: KeptMetadata; readonly log: Logger },
): MetadataCopies {
  const place = { connector, location: JSON.stringify(metadata, Object.keys(metadata).sort()) };
  const failed = (cause: unknown): undefined =>
    void log.error({ cause: String(cause) }, 'the copy of the metadata cannot be read or kept');
  return {
    find: now => keptMetadata.find(place, now).catch(failed),
    keep: document => keptMetadata.keep(place, document).catch(failed),
  };
}

function logReading(log: Logger, news: ReadingNews): void {
  if (news.kind === 'works-again') log.info('the metadata can be read again');
  else
    log.warn(
      { readAt: new Date(news.readAt).toISOString(), ...whyOf(news.cause) },
      'the metadata cannot be read; the last good metadata is used',
    );
}

/** The message, and its cause (an address, a file, a fault), which no page shows. */
function whyOf(thrown: unknown): { readonly why: string; readonly cause?: string | undefined } {
  if (!(thrown instanceof Error)) return { why: String(thrown) };
  const { message: why, cause } = thrown;
  return { why, cause: cause instanceof Error ? cause.message : undefined };
}

function logConnector(log: Logger, availability: Availability, thrown: unknown): void {
  // The reason is fit for a page; its cause (an address, a file, a fault) is for the operator.
  const cause =
    thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause.message : undefined;
  if (availability.state === 'ready') log.info('connector ready');
  else if (availability.state === 'unavailable')
    log.warn({ why: availability.reason, cause }, 'connector unavailable');
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
