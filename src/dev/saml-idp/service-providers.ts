/**
 * The service providers that this identity provider knows, by their published metadata (SAML
 * metadata 2.4).
 *
 * Metadata is fetched when it is first needed, because the provider may start later than we do, and
 * fetched again when a request does not fit what is known, because its keys may have changed. It is
 * fetched from loopback only.
 */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { type Recipient, recipientOf } from './encryption.ts';
import { Refusal } from './refusal.ts';
import { childOf, childrenOf, NAMESPACES, parseXml, type XmlElement } from './xml.ts';

export const POST_BINDING = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST';

export interface AssertionConsumer {
  readonly index: string;
  readonly location: string;
  readonly isDefault: boolean;
}

export interface ServiceProvider {
  readonly entityId: string;
  readonly requestsAreSigned: boolean;
  readonly signingKeys: readonly KeyObject[];
  /** Undefined if it publishes no key for encryption. */
  readonly recipient: Recipient | undefined;
  /** Those that take a POST; at least one. */
  readonly consumers: readonly AssertionConsumer[];
}

export interface ServiceProviders {
  /**
   * Gives the provider to `check`; when there is none of that name or the check throws, fetches the
   * metadata again and checks once more. Throws a Refusal when the provider is unknown, and what
   * the second check throws.
   */
  withProvider<T>(
    entityId: string,
    check: (provider: ServiceProvider) => T | Promise<T>,
  ): Promise<T>;
  /** The next request reads the metadata again, as if an administrator had updated it. */
  forget(): void;
}

const FETCH_MILLISECONDS = 3000;
const MAX_BYTES = 200_000;

export function createServiceProviders(
  metadataUrls: readonly string[],
  now: () => number,
): ServiceProviders {
  for (const url of metadataUrls) requireLoopback(new URL(url));
  let known = new Map<string, ServiceProvider>();
  let fetching: Promise<void> | undefined;

  const fetchAll = async (): Promise<void> => {
    const outcomes = await Promise.allSettled(
      metadataUrls.map(async url => readServiceProvider(await download(url), now())),
    );
    known = new Map(
      outcomes.flatMap(outcome =>
        outcome.status === 'fulfilled' ? [[outcome.value.entityId, outcome.value] as const] : [],
      ),
    );
    const failed = outcomes.find(outcome => outcome.status === 'rejected');
    failure =
      failed === undefined
        ? ''
        : ` (metadata: ${failed.reason instanceof Error ? failed.reason.message : 'not readable'})`;
  };
  let failure = '';

  return {
    async withProvider(entityId, check) {
      const before = known.get(entityId);
      if (before !== undefined) {
        try {
          return await check(before);
        } catch {
          // The metadata may have changed since; what counts is the second look.
        }
      }
      fetching ??= fetchAll().finally(() => {
        fetching = undefined;
      });
      await fetching;
      const provider = known.get(entityId);
      if (provider === undefined)
        throw new Refusal(
          `No service provider of the name ${entityId} is known here${failure}.`,
          403,
        );
      return check(provider);
    },
    forget: () => known.clear(),
  };
}

/** Reads one SP's metadata. Throws an Error that names what is wrong. */
function readServiceProvider(text: string, now: number): ServiceProvider {
  const entity = parseXml(text);
  const entityId = entity.attributes.get('entityID');
  if (entity.name !== 'md:EntityDescriptor' || !entityId)
    throw new Error('not an EntityDescriptor with an entityID');
  const validUntil = entity.attributes.get('validUntil');
  if (validUntil !== undefined && !(Date.parse(validUntil) > now))
    throw new Error('its validUntil is over');
  const role = childOf(entity, 'md:SPSSODescriptor');
  const protocols = role?.attributes.get('protocolSupportEnumeration')?.split(/\s+/) ?? [];
  if (role === undefined || !protocols.includes(NAMESPACES.samlp))
    throw new Error('it describes no SAML 2.0 service provider');
  const consumers = childrenOf(role, 'md:AssertionConsumerService')
    .filter(service => service.attributes.get('Binding') === POST_BINDING)
    .map(consumerOf);
  if (consumers.length === 0)
    throw new Error('it has no AssertionConsumerService that takes a POST');
  const requestsAreSigned = ['true', '1'].includes(
    role.attributes.get('AuthnRequestsSigned') ?? 'false',
  );
  const descriptors = (use: string) =>
    childrenOf(role, 'md:KeyDescriptor').filter(key => (key.attributes.get('use') ?? use) === use);
  const signingKeys = descriptors('signing').flatMap(keysOf);
  if (requestsAreSigned && signingKeys.length === 0)
    throw new Error('it signs its requests and publishes no key');
  const [recipient] = descriptors('encryption').flatMap(descriptor =>
    keysOf(descriptor).map(key => recipientOf(key, childrenOf(descriptor, 'md:EncryptionMethod'))),
  );
  return { entityId, requestsAreSigned, signingKeys, recipient, consumers };
}

function consumerOf(service: XmlElement): AssertionConsumer {
  const location = service.attributes.get('Location');
  const index = service.attributes.get('index');
  if (!location || index === undefined || !URL.canParse(location))
    throw new Error('an AssertionConsumerService without Location or index');
  return {
    index,
    location,
    isDefault: ['true', '1'].includes(service.attributes.get('isDefault') ?? 'false'),
  };
}

function keysOf(descriptor: XmlElement): KeyObject[] {
  const info = childOf(descriptor, 'ds:KeyInfo');
  return (info === undefined ? [] : childrenOf(info, 'ds:X509Data'))
    .flatMap(data => childrenOf(data, 'ds:X509Certificate'))
    .map(
      certificate =>
        new X509Certificate(Buffer.from(certificate.text.replaceAll(/\s/g, ''), 'base64'))
          .publicKey,
    );
}

async function download(url: string): Promise<string> {
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(FETCH_MILLISECONDS),
  }).catch(cause => {
    throw new Error(`${url} cannot be fetched`, { cause });
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`${url} answers ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) throw new Error(`${url} is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}

function requireLoopback({ protocol, hostname, href }: URL): void {
  const loopback =
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    (isIPv4(hostname) && hostname.startsWith('127.'));
  if (!loopback || !['http:', 'https:'].includes(protocol))
    throw new Error(`${href} is not an address on this machine`);
}
