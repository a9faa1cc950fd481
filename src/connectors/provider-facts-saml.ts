/** Facts of the SAML metadata of an identity provider. */
import { createHash, type X509Certificate } from 'node:crypto';
import type {
  DocumentLocation,
  PublishedEndpoint,
  PublishedKey,
  SamlProviderFacts,
} from '../core/provider-facts.ts';
import type { Instant } from '../core/time.ts';
import { type InspectorParts, providerFault, recording } from './provider-reading.ts';
import {
  type IdpDocument,
  idpMetadataOf,
  readIdpDocument,
  SAML_METADATA,
  whyUnused,
} from './saml/idp-metadata.ts';
import { EXPIRED, loadMetadata } from './saml/idp-metadata-source.ts';
import { SAML_ASSERTION } from './saml/response.ts';
import { childrenNamed, type XmlElement } from './saml/strict-xml.ts';

const BINDINGS = 'urn:oasis:names:tc:SAML:2.0:bindings:';
const SERVICES = ['SingleSignOnService', 'SingleLogoutService'] as const;
/** AD FS lists every claim that it knows. */
const MOST_LISTED = 500;

/** Throws `ProviderFault`. */
export async function inspectSaml(
  location: DocumentLocation,
  parts: InspectorParts,
): Promise<SamlProviderFacts> {
  const { outbound, answer } = recording(parts);
  try {
    const xml = await loadMetadata({ location, outbound });
    const document = readIdpDocument(xml);
    return factsOf(document, answer()?.served ?? {}, parts.clock.now());
  } catch (thrown) {
    const { status = 200 } = answer() ?? {};
    const isAnswer = status === 200;
    throw providerFault(
      isAnswer ? thrown : new Error(`answers with HTTP status ${status}`),
      location,
      {
        kind: isAnswer ? 'document' : 'status',
        fix: 'It must be the SAML 2.0 metadata of a single identity provider, as XML.',
      },
    );
  }
}

function factsOf(
  document: IdpDocument,
  served: SamlProviderFacts['served'],
  now: Instant,
): SamlProviderFacts {
  const { entityId, role, validUntil, wantsSignedRequests, certificates } = document;
  return {
    protocol: 'saml',
    ...{ entityId, validUntil, wantsSignedRequests, served },
    keys: distinctKeys(certificates),
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
    return (thrown as Error).message;
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

function distinctKeys(certificates: readonly X509Certificate[]): PublishedKey[] {
  const keys = certificates.map(publishedKey);
  return [...new Map(keys.map(key => [key.name, key])).values()];
}

function publishedKey(certificate: X509Certificate): PublishedKey {
  const { publicKey, raw, validFromDate, validToDate } = certificate;
  return {
    name: createHash('sha256').update(raw).digest('hex'),
    type: publicKey.asymmetricKeyType ?? 'unknown',
    bits: publicKey.asymmetricKeyDetails?.modulusLength,
    algorithm: (certificate as { signatureAlgorithm?: string }).signatureAlgorithm,
    startsAt: validFromDate.getTime(),
    endsAt: validToDate.getTime(),
    unused: whyUnused(certificate),
  };
}
