/** The metadata of this bridge as a service provider (SAML V2.0 Metadata 2.4.4). */
import { X509Certificate } from 'node:crypto';
import { SAML_METADATA } from './metadata-entity.ts';
import { EMAIL_FORMAT, PERSISTENT_FORMAT, UNSPECIFIED_FORMAT } from './profile.ts';
import { SAML_PROTOCOL } from './response.ts';
import { XML_SIGNATURE } from './signature-shape.ts';

export interface SpMetadataOptions {
  readonly entityId: string;
  readonly acsUrl: string;
  /** Of the current, next and previous signing keys. */
  readonly certificatesPem: readonly string[];
  readonly requestsSigned: boolean;
}

/** The best first: a persistent NameID survives a change of name. */
const NAME_ID_FORMATS = [PERSISTENT_FORMAT, EMAIL_FORMAT, UNSPECIFIED_FORMAT];

export function spMetadataXml({
  entityId,
  acsUrl,
  certificatesPem,
  requestsSigned,
}: SpMetadataOptions): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<md:EntityDescriptor xmlns:md="${SAML_METADATA}" xmlns:ds="${XML_SIGNATURE}" entityID="${escaped(entityId)}">`,
    `  <md:SPSSODescriptor AuthnRequestsSigned="${requestsSigned}" WantAssertionsSigned="true" protocolSupportEnumeration="${SAML_PROTOCOL}">`,
    ...certificatesPem.flatMap(keyDescriptor),
    ...NAME_ID_FORMATS.map(format => `    <md:NameIDFormat>${format}</md:NameIDFormat>`),
    `    <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${escaped(acsUrl)}" index="0" isDefault="true"/>`,
    '  </md:SPSSODescriptor>',
    '</md:EntityDescriptor>',
    '',
  ].join('\n');
}

function keyDescriptor(certificatePem: string): string[] {
  const certificate = new X509Certificate(certificatePem).raw.toString('base64');
  return [
    '    <md:KeyDescriptor use="signing">',
    `      <ds:KeyInfo><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`,
    '    </md:KeyDescriptor>',
  ];
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, character => ENTITIES[character]!);
}
