/** The metadata of this bridge as a service provider (SAML V2.0 Metadata 2.4.4). */
import { X509Certificate } from 'node:crypto';
import {
  CONTENT_CIPHERS,
  MGF1_SHA256,
  RSA_OAEP_11,
  RSA_OAEP_MGF1P,
  SHA256,
  XML_ENCRYPTION_11,
} from './encrypted-assertion.ts';
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
  /** Undefined: providers encrypt nothing. */
  readonly encryption?: SpEncryption | undefined;
}

export interface SpEncryption {
  /** Of the one key that providers encrypt to. */
  readonly certificatePem: string;
  readonly allowCbc: boolean;
}

/** The best first: a persistent NameID survives a change of name. */
const NAME_ID_FORMATS = [PERSISTENT_FORMAT, EMAIL_FORMAT, UNSPECIFIED_FORMAT];

export function spMetadataXml({
  entityId,
  acsUrl,
  certificatesPem,
  requestsSigned,
  encryption,
}: SpMetadataOptions): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<md:EntityDescriptor xmlns:md="${SAML_METADATA}" xmlns:ds="${XML_SIGNATURE}" entityID="${escaped(entityId)}">`,
    `  <md:SPSSODescriptor AuthnRequestsSigned="${requestsSigned}" WantAssertionsSigned="true" protocolSupportEnumeration="${SAML_PROTOCOL}">`,
    ...certificatesPem.flatMap(certificate => keyDescriptor('signing', certificate)),
    ...(encryption === undefined ? [] : encryptionDescriptor(encryption)),
    ...NAME_ID_FORMATS.map(format => `    <md:NameIDFormat>${format}</md:NameIDFormat>`),
    `    <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${escaped(acsUrl)}" index="0" isDefault="true"/>`,
    '  </md:SPSSODescriptor>',
    '</md:EntityDescriptor>',
    '',
  ].join('\n');
}

function keyDescriptor(
  use: 'signing' | 'encryption',
  certificatePem: string,
  methods: readonly string[] = [],
): string[] {
  const certificate = new X509Certificate(certificatePem).raw.toString('base64');
  return [
    `    <md:KeyDescriptor use="${use}">`,
    `      <ds:KeyInfo><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`,
    ...methods.map(method => `      ${method}`),
    '    </md:KeyDescriptor>',
  ];
}

/**
 * One key, because providers choose among several as they like, or fail. The methods are in the
 * order of preference (SAML V2.0 Metadata 2.4.1.1); not all providers read them.
 */
function encryptionDescriptor({ certificatePem, allowCbc }: SpEncryption): string[] {
  const ciphers = [...CONTENT_CIPHERS].filter(([, { mode }]) => allowCbc || mode === 'gcm');
  return keyDescriptor('encryption', certificatePem, [
    ...ciphers.map(([algorithm]) => `<md:EncryptionMethod Algorithm="${algorithm}"/>`),
    `<md:EncryptionMethod Algorithm="${RSA_OAEP_11}"><ds:DigestMethod Algorithm="${SHA256}"/><xenc11:MGF xmlns:xenc11="${XML_ENCRYPTION_11}" Algorithm="${MGF1_SHA256}"/></md:EncryptionMethod>`,
    `<md:EncryptionMethod Algorithm="${RSA_OAEP_MGF1P}"/>`,
  ]);
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
