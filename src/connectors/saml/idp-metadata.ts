/**
 * The metadata of an IdP (SAML V2.0 Metadata), reduced to what a sign-in needs.
 *
 * The document is trusted for its source, a file of the operator or an https address of the IdP; a
 * signature in it is not verified. Messages of faults can be shown on a page.
 */
import type { AuthenticationRequest } from '../../core/sign-in.ts';
import type { Instant } from '../../core/time.ts';
import { isSecureUrl } from '../../outbound.ts';
import { describedKey, type IdpKey, keysIn, verifyingKeys } from './idp-keys.ts';
import { isSamlIdp, NO_SINGLE, onlyEntity, requireSize, SAML_METADATA } from './metadata-entity.ts';
import { metadataFault, readingXml } from './metadata-fault.ts';
import { earliestEnd, instantOf } from './metadata-times.ts';
import { childrenNamed, parseStrictXml, type XmlElement, type XmlLimits } from './strict-xml.ts';

export interface IdpMetadata {
  readonly entityId: string;
  readonly signOn: SignOnService;
  /**
   * Certificates or public keys (PEM) that verify signatures; at least one, several while the IdP
   * rotates its key.
   */
  readonly signingCertificates: readonly string[];
  /** Signing keys that are not used, with the reason: sentences without their full stop. */
  readonly skippedKeys: readonly string[];
  readonly wantsSignedRequests: boolean;
  readonly validUntil: Instant | undefined;
}

/** Where and how a browser asks for a sign-in (SingleSignOnService). */
export interface SignOnService {
  readonly binding: AuthenticationRequest['binding'];
  readonly url: string;
}

/** The preferred first: a redirect shows no page in between. */
const SIGN_ON_BINDINGS = [
  ['redirect', 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect'],
  ['post', 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST'],
] as const;
const METADATA_LIMITS: XmlLimits = {
  maxElements: 20_000,
  maxDepth: 40,
  maxAttributes: 60_000,
  syntax: 'any',
};
/** saml-core 8.3.6. */
const MAX_ENTITY_ID = 1024;

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
  /** For signing, in the order of the document. */
  readonly keys: readonly IdpKey[];
}

/** Throws `connector_unavailable`. */
export function readIdpDocument(xml: string): IdpDocument {
  const entity = readingXml(() => entityIn(xml.replace(/^\uFEFF/, '')));
  const entityId = entity.attributes.get('entityID')?.trim() ?? '';
  if (entityId === '' || entityId.length > MAX_ENTITY_ID)
    throw metadataFault('has no usable entityID');
  const roles = childrenNamed(entity, SAML_METADATA, 'IDPSSODescriptor').filter(isSamlIdp);
  const [role, ...more] = roles;
  if (role === undefined) throw metadataFault(NO_SINGLE);
  // Which of them counts is undefined (saml-metadata 2.4.1).
  if (more.length > 0)
    throw metadataFault('describes its identity provider in more than one IDPSSODescriptor');
  return {
    entityId,
    role,
    wantsSignedRequests: ['true', '1'].includes(
      role.attributes.get('WantAuthnRequestsSigned')?.trim() ?? '',
    ),
    validUntil: endOf([entity, role]),
    keys: keysIn(role),
  };
}

/** The root, as `loadMetadata` gives it; else the only identity provider of several entities. */
function entityIn(xml: string): XmlElement {
  requireSize(xml.length);
  const root = parseStrictXml(xml, METADATA_LIMITS);
  const isEntity = root.namespace === SAML_METADATA && root.name === 'EntityDescriptor';
  return isEntity ? root : parseStrictXml(onlyEntity(xml), METADATA_LIMITS);
}

/** Throws `connector_unavailable` for a provider that the bridge cannot use. */
export function idpMetadataOf({ keys, role, ...rest }: IdpDocument): IdpMetadata {
  const { entityId, wantsSignedRequests, validUntil } = rest;
  return {
    entityId,
    signOn: signOnOf(role),
    signingCertificates: verifyingKeys(keys),
    skippedKeys: keys.filter(({ unused }) => unused !== undefined).map(describedKey),
    wantsSignedRequests,
    validUntil,
  };
}

function endOf(elements: readonly XmlElement[]): Instant | undefined {
  const texts = elements.flatMap(({ attributes }) => attributes.get('validUntil') ?? []);
  const first = earliestEnd(texts);
  if (first === undefined) return undefined;
  const instant = instantOf(first);
  if (instant === undefined) throw metadataFault('has a validUntil that is not a time');
  return instant;
}

function signOnOf(role: XmlElement): SignOnService {
  const services = childrenNamed(role, SAML_METADATA, 'SingleSignOnService');
  const named = SIGN_ON_BINDINGS.flatMap(([binding, name]) =>
    services
      .filter(({ attributes }) => attributes.get('Binding')?.trim() === name)
      .map(({ attributes }) => ({ binding, url: attributes.get('Location')?.trim() ?? '' })),
  );
  if (named.length === 0)
    throw metadataFault(
      'names no SingleSignOnService for the HTTP-Redirect or the HTTP-POST binding',
    );
  const usable = named.find(({ url }) => URL.canParse(url) && isSecureUrl(new URL(url)));
  if (usable === undefined) throw metadataFault('names a SingleSignOnService that is not https');
  return usable;
}
