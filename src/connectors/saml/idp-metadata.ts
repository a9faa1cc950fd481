/**
 * The metadata of an IdP (SAML V2.0 Metadata), reduced to what a sign-in needs.
 *
 * The document is trusted for its source, a file of the operator or an https address of the IdP; a
 * signature in it is not verified. Messages of faults can be shown on a page.
 */
import { X509Certificate } from 'node:crypto';
import { BridgeError } from '../../core/errors.ts';
import type { AuthenticationRequest } from '../../core/sign-in.ts';
import type { Instant } from '../../core/time.ts';
import { isSecureUrl } from '../../outbound.ts';
import { SAML_PROTOCOL } from './response.ts';
import { XML_SIGNATURE } from './signature-shape.ts';
import {
  childrenNamed,
  elementsOf,
  parseStrictXml,
  type XmlElement,
  type XmlLimits,
  XmlRefusal,
} from './strict-xml.ts';

export interface IdpMetadata {
  readonly entityId: string;
  readonly signOn: SignOnService;
  /**
   * Certificates (PEM) of the signing keys; at least one, several while the IdP rotates its key.
   */
  readonly signingCertificates: readonly string[];
  readonly wantsSignedRequests: boolean;
  readonly validUntil: Instant | undefined;
}

/** Where and how a browser asks for a sign-in (SingleSignOnService). */
export interface SignOnService {
  readonly binding: AuthenticationRequest['binding'];
  readonly url: string;
}

export const SAML_METADATA = 'urn:oasis:names:tc:SAML:2.0:metadata';
/** The preferred first: a redirect shows no page in between. */
const SIGN_ON_BINDINGS = [
  ['redirect', 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect'],
  ['post', 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST'],
] as const;
/** AD FS describes every claim it knows: some hundred kilobytes. */
const MAX_METADATA_CHARACTERS = 2_000_000;
const METADATA_LIMITS: XmlLimits = {
  maxElements: 20_000,
  maxDepth: 40,
  maxAttributes: 60_000,
  comments: 'skipped',
};
/** Each key costs one more verification of a hostile response. */
const MAX_SIGNING_KEYS = 10;
const MIN_RSA_BITS = 2048;

/** Throws `connector_unavailable`. */
export function parseIdpMetadata(xml: string): IdpMetadata {
  return idpMetadataOf(readIdpDocument(xml));
}

/** A document that describes one identity provider, which need not be usable. */
export interface IdpDocument {
  readonly entityId: string;
  /** The IDPSSODescriptor. */
  readonly role: XmlElement;
  readonly wantsSignedRequests: boolean;
  readonly validUntil: Instant | undefined;
  /** Of signing keys, in the order of the document; at least one. */
  readonly certificates: readonly X509Certificate[];
}

/** Throws `connector_unavailable`. */
export function readIdpDocument(xml: string): IdpDocument {
  const entity = idpEntity(rootOf(xml));
  const [role, ...more] = idpRoles(entity);
  if (role === undefined || more.length > 0)
    throw fault('describes no single SAML 2.0 identity provider');
  const entityId = entity.attributes.get('entityID') ?? '';
  if (entityId === '' || entityId.length > 1024) throw fault('has no usable entityID');
  const ends = [entity, role].map(validUntilOf).filter(end => end !== undefined);
  return {
    entityId,
    role,
    wantsSignedRequests: ['true', '1'].includes(
      role.attributes.get('WantAuthnRequestsSigned') ?? '',
    ),
    validUntil: ends.length > 0 ? Math.min(...ends) : undefined,
    certificates: certificatesIn(role),
  };
}

/** Throws `connector_unavailable` for a provider that the bridge cannot use. */
export function idpMetadataOf({ certificates, role, ...rest }: IdpDocument): IdpMetadata {
  const { entityId, wantsSignedRequests, validUntil } = rest;
  return {
    entityId,
    signOn: signOnOf(role),
    signingCertificates: usableCertificates(certificates),
    wantsSignedRequests,
    validUntil,
  };
}

function fault(why: string, cause?: unknown): BridgeError {
  return new BridgeError('connector_unavailable', `the metadata of the identity provider ${why}`, {
    cause,
  });
}

function rootOf(xml: string): XmlElement {
  if (xml.length > MAX_METADATA_CHARACTERS)
    throw fault(`is larger than ${MAX_METADATA_CHARACTERS} characters`);
  try {
    return parseStrictXml(xml.replace(/^\uFEFF/, ''), METADATA_LIMITS);
  } catch (cause) {
    if (cause instanceof XmlRefusal) throw fault(cause.message, cause);
    throw cause;
  }
}

/**
 * The entity itself, or the only IdP of several entities. A federation of many IdPs is rejected.
 */
function idpEntity(root: XmlElement): XmlElement {
  const entities = [...elementsOf(root)].filter(
    ({ namespace, name }) => namespace === SAML_METADATA && name === 'EntityDescriptor',
  );
  const [entity, ...more] = entities.filter(candidate => idpRoles(candidate).length > 0);
  if (entity === undefined || more.length > 0)
    throw fault('describes no single SAML 2.0 identity provider');
  return entity;
}

function idpRoles(entity: XmlElement): XmlElement[] {
  return childrenNamed(entity, SAML_METADATA, 'IDPSSODescriptor').filter(role =>
    (role.attributes.get('protocolSupportEnumeration') ?? '').split(/\s+/).includes(SAML_PROTOCOL),
  );
}

function validUntilOf(element: XmlElement): Instant | undefined {
  const text = element.attributes.get('validUntil');
  if (text === undefined) return undefined;
  const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(instant)) throw fault('has a validUntil that is not a time in UTC');
  return instant;
}

function signOnOf(role: XmlElement): SignOnService {
  const services = childrenNamed(role, SAML_METADATA, 'SingleSignOnService');
  const named = SIGN_ON_BINDINGS.flatMap(([binding, name]) =>
    services
      .filter(({ attributes }) => attributes.get('Binding') === name)
      .map(({ attributes }) => ({ binding, url: attributes.get('Location') ?? '' })),
  );
  if (named.length === 0)
    throw fault('names no SingleSignOnService for the HTTP-Redirect or the HTTP-POST binding');
  const usable = named.find(({ url }) => URL.canParse(url) && isSecureUrl(new URL(url)));
  if (usable === undefined) throw fault('names a SingleSignOnService that is not https');
  return usable;
}

/** A KeyDescriptor without `use` serves for signing too (saml-metadata 2.4.1.1). */
function certificatesIn(role: XmlElement): X509Certificate[] {
  const certificates = childrenNamed(role, SAML_METADATA, 'KeyDescriptor')
    .filter(descriptor => (descriptor.attributes.get('use') ?? 'signing') === 'signing')
    .flatMap(descriptor => childrenNamed(descriptor, XML_SIGNATURE, 'KeyInfo'))
    .flatMap(info => childrenNamed(info, XML_SIGNATURE, 'X509Data'))
    .flatMap(data => childrenNamed(data, XML_SIGNATURE, 'X509Certificate'))
    .map(element => readCertificate(element.text));
  if (certificates.length === 0) throw fault('names no signing certificate');
  return certificates;
}

/**
 * Only the key of a certificate counts, not its dates or issuer (SAML V2.0 Metadata
 * Interoperability Profile 2.5). Keys that the engine does not support, such as EC keys, are left
 * out.
 */
function usableCertificates(certificates: readonly X509Certificate[]): string[] {
  const usable = certificates.filter(certificate => whyUnused(certificate) === undefined);
  if (usable.length === 0) throw fault(`names no RSA signing key of ${MIN_RSA_BITS} bits or more`);
  const distinct = [...new Set(usable.map(certificate => certificate.toString()))];
  if (distinct.length > MAX_SIGNING_KEYS)
    throw fault(`names more than ${MAX_SIGNING_KEYS} signing keys`);
  return distinct;
}

/** Why signatures of this key are not verified; undefined if they are. */
export function whyUnused({ publicKey }: X509Certificate): string | undefined {
  const { modulusLength = 0 } = publicKey.asymmetricKeyDetails ?? {};
  if (publicKey.asymmetricKeyType !== 'rsa') return 'is no RSA key';
  return modulusLength < MIN_RSA_BITS ? `has fewer than ${MIN_RSA_BITS} bits` : undefined;
}

function readCertificate(text: string): X509Certificate {
  const base64 = text.replace(/\s+/g, '');
  try {
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw new Error('not base64');
    return new X509Certificate(Buffer.from(base64, 'base64'));
  } catch (cause) {
    throw fault('contains a certificate that cannot be read', cause);
  }
}
