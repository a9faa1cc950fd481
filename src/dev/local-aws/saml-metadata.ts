/**
 * What an IAM SAML provider knows of its identity provider: the metadata document that was uploaded
 * with it (IAM CreateSAMLProvider). Here it may also be fetched at first use, and again when a
 * signature does not fit it any more.
 */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fetchText } from './bounded-fetch.ts';
import { attributeOf, childrenNamed, parseStrictXml, textOf } from './strict-xml.ts';
import { readDateTime } from './utc-time.ts';
import type { SamlProvider } from './world.ts';

const MAX_BYTES = 10_000_000;
const MIN_KEY_BITS = 1024;
const MAX_KEYS = 10;
const MD = 'urn:oasis:names:tc:SAML:2.0:metadata';
const DS = 'http://www.w3.org/2000/09/xmldsig#';

export interface SamlMetadata {
  /** As it was uploaded. */
  readonly document: string;
  readonly entityId: string;
  readonly certificates: readonly X509Certificate[];
  /** Epoch milliseconds; from the document's own validUntil. */
  readonly validUntil: number | undefined;
}

export interface SamlMetadataSource {
  /** Throws an Error whose message says what is wrong with the document. */
  of(provider: SamlProvider): Promise<SamlMetadata>;
  /** Forgets a fetched document; true when the next call will fetch it again. */
  forget(provider: SamlProvider): boolean;
}

export function createSamlMetadataSource(): SamlMetadataSource {
  // A provider whose document is replaced is another object.
  const known = new WeakMap<SamlProvider, Promise<SamlMetadata>>();
  return {
    of: provider => {
      let metadata = known.get(provider);
      if (metadata === undefined) {
        metadata = load(provider);
        known.set(provider, metadata);
        // A document that could not be had is asked for again next time.
        metadata.catch(() => known.delete(provider));
      }
      return metadata;
    },
    forget: provider => 'url' in provider.metadata && known.delete(provider),
  };
}

async function load({ metadata }: SamlProvider): Promise<SamlMetadata> {
  if ('xml' in metadata) return readSamlMetadata(metadata.xml);
  if ('file' in metadata) return readSamlMetadata(await readFile(metadata.file, 'utf8'));
  return readSamlMetadata(await fetchText(metadata.url, MAX_BYTES));
}

/** Throws an Error that says what is missing. */
export function readSamlMetadata(xml: string): SamlMetadata {
  // IAM counts 1,000 to 10,000,000 characters and wants no byte order mark.
  if (xml.length < 1000 || xml.length > MAX_BYTES)
    throw new Error(`metadata has ${xml.length} characters, IAM takes 1,000 to 10,000,000`);
  if (xml.startsWith('\uFEFF')) throw new Error('metadata starts with a byte order mark');
  const entity = parseStrictXml(xml).documentElement;
  if (entity.namespaceURI !== MD || entity.localName !== 'EntityDescriptor')
    throw new Error('metadata is no EntityDescriptor');
  const entityId = attributeOf(entity, 'entityID');
  if (entityId === undefined || entityId === '') throw new Error('metadata has no entityID');
  const roles = childrenNamed(entity, MD, 'IDPSSODescriptor');
  if (roles.length !== 1) throw new Error('metadata has no IDPSSODescriptor, or several');
  if (childrenNamed(roles[0]!, MD, 'SingleSignOnService').length === 0)
    throw new Error('metadata has no SingleSignOnService');
  const validUntil = attributeOf(entity, 'validUntil');
  const end = validUntil === undefined ? undefined : readDateTime(validUntil);
  if (validUntil !== undefined && end === undefined) throw new Error('validUntil is not a time');
  return {
    document: xml,
    entityId,
    certificates: signingCertificates(roles[0]!),
    validUntil: end,
  };
}

/** Base64 of one certificate in DER, and of nothing else. */
function readCertificate(text: string): X509Certificate {
  const base64 = text.replace(/[\t\n\r ]/g, '');
  const der = Buffer.from(base64, 'base64');
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch {
    throw new Error('a signing certificate cannot be read');
  }
  if (der.toString('base64') !== base64 || !certificate.raw.equals(der))
    throw new Error('a signing certificate is not base64 of one certificate');
  return certificate;
}

function signingCertificates(role: Element): X509Certificate[] {
  // A key without `use` serves signing too (SAML metadata, section 2.4.1.1).
  const descriptors = childrenNamed(role, MD, 'KeyDescriptor').filter(
    key => (attributeOf(key, 'use') ?? 'signing') === 'signing',
  );
  const certificates = descriptors
    .flatMap(key => childrenNamed(key, DS, 'KeyInfo'))
    .flatMap(info => childrenNamed(info, DS, 'X509Data'))
    .flatMap(data => childrenNamed(data, DS, 'X509Certificate'))
    .map(element => readCertificate(textOf(element)));
  if (certificates.length === 0) throw new Error('metadata has no signing certificate');
  if (certificates.length > MAX_KEYS)
    throw new Error(`metadata has more than ${MAX_KEYS} signing keys`);
  for (const { publicKey } of certificates) {
    if (publicKey.asymmetricKeyType !== 'rsa') throw new Error('a signing key is not RSA');
    if ((publicKey.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_KEY_BITS)
      throw new Error(`a signing key has fewer than ${MIN_KEY_BITS} bits`);
  }
  return certificates;
}
