/** Facts of the SAML metadata of an identity provider. */
import type {
  MetadataLocation,
  PublishedEndpoint,
  PublishedKey,
  SamlProviderFacts,
} from '../core/provider-facts.ts';
import type { Instant } from '../core/time.ts';
import { type InspectorParts, providerFault, recording } from './provider-reading.ts';
import type { IdpKey } from './saml/idp-keys.ts';
import { type IdpDocument, idpMetadataOf, readIdpDocument } from './saml/idp-metadata.ts';
import { EXPIRED } from './saml/idp-metadata-source.ts';
import { SAML_METADATA } from './saml/metadata-entity.ts';
import { explained } from './saml/metadata-fault.ts';
import { loadMetadata } from './saml/metadata-loading.ts';
import { SAML_ASSERTION } from './saml/response.ts';
import { childrenNamed, type XmlElement } from './saml/strict-xml.ts';

const BINDINGS = 'urn:oasis:names:tc:SAML:2.0:bindings:';
const SERVICES = ['SingleSignOnService', 'SingleLogoutService'] as const;
/** AD FS lists every claim that it knows. */
const MOST_LISTED = 500;

/** Throws `ProviderFault`. */
export async function inspectSaml(
  location: MetadataLocation,
  parts: InspectorParts,
): Promise<SamlProviderFacts> {
  const { outbound, answer } = recording(
    location.entityId === undefined ? parts : { ...parts, outbound: parts.toFederations },
  );
  try {
    const xml = await loadMetadata({ location, outbound });
    const document = readIdpDocument(xml);
    return factsOf(document, answer()?.served ?? {}, parts.clock.now());
  } catch (thrown) {
    const { status = 200 } = answer() ?? {};
    const isAnswer = status === 200;
    throw providerFault(
      isAnswer ? withDetail(thrown) : new Error(`answers with HTTP status ${status}`),
      location,
      {
        kind: isAnswer ? 'document' : 'status',
        fix: 'It must be the SAML 2.0 metadata of a single identity provider, as XML.',
      },
    );
  }
}

/** The network's fault, if it is one, is among the causes. */
function withDetail(thrown: unknown): unknown {
  return new Error(explained(thrown), { cause: thrown });
}

function factsOf(
  document: IdpDocument,
  served: SamlProviderFacts['served'],
  now: Instant,
): SamlProviderFacts {
  const { entityId, role, validUntil, wantsSignedRequests } = document;
  return {
    protocol: 'saml',
    ...{ entityId, validUntil, wantsSignedRequests, served },
    keys: distinctKeys(document.keys),
    endpoints: SERVICES.flatMap(name => servicesIn(role, name)),
    nameIdFormats: textsOf(childrenNamed(role, SAML_METADATA, 'NameIDFormat')),
    attributes: childrenNamed(role, SAML_ASSERTION, 'Attribute')
      .map(({ attributes }) => attributes.get('Name') ?? '')
      .filter(name => name !== '')
      .slice(0, MOST_LISTED),
    rejected: whyRejected(document, now),
  };
}

function whyRejected(document: IdpDocument, now: Instant): string | undefined {
  try {
    const { validUntil } = idpMetadataOf(document);
    return validUntil !== undefined && now >= validUntil ? EXPIRED : undefined;
  } catch (thrown) {
    return explained(thrown);
  }
}

function servicesIn(role: XmlElement, name: string): PublishedEndpoint[] {
  return childrenNamed(role, SAML_METADATA, name).map(({ attributes }) => ({
    name,
    url: attributes.get('Location') ?? '',
    binding: (attributes.get('Binding') ?? '').replace(BINDINGS, ''),
  }));
}

function textsOf(elements: readonly XmlElement[]): string[] {
  return elements.map(({ text }) => text.trim()).filter(text => text !== '');
}

function distinctKeys(keys: readonly IdpKey[]): PublishedKey[] {
  const published = keys.map(publishedKey);
  return [...new Map(published.map(key => [key.name, key])).values()];
}

function publishedKey({ certificate, publicKey, fingerprint, ...key }: IdpKey): PublishedKey {
  const { descriptor, use, unused } = key;
  return {
    name: fingerprint ?? `of KeyDescriptor ${descriptor}`,
    place: `KeyDescriptor ${descriptor}, ${use === undefined ? 'without use' : `use ${use}`}`,
    type: publicKey?.asymmetricKeyType ?? 'unknown',
    bits: publicKey?.asymmetricKeyDetails?.modulusLength,
    algorithm: (certificate as { signatureAlgorithm?: string } | undefined)?.signatureAlgorithm,
    startsAt: certificate?.validFromDate.getTime(),
    endsAt: certificate?.validToDate.getTime(),
    unused,
  };
}
