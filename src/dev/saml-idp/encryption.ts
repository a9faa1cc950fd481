/**
 * Encrypts assertions to the key in a service provider's metadata (XML Encryption 1.1, SAML core
 * 2.3.4), by the Web Crypto API.
 */
import { type KeyObject, webcrypto } from 'node:crypto';
import { Refusal } from './refusal.ts';
import { childOf, type Markup, NAMESPACES, type XmlElement, xml } from './xml.ts';

const { subtle } = webcrypto;

interface Cipher {
  readonly uri: string;
  readonly name: 'AES-GCM' | 'AES-CBC';
  readonly bits: 128 | 192 | 256;
}

const gcm = (bits: Cipher['bits']): Cipher => ({
  ...{ uri: `${NAMESPACES.xenc11}aes${bits}-gcm`, name: 'AES-GCM', bits },
});
const cbc = (bits: Cipher['bits']): Cipher => ({
  ...{ uri: `${NAMESPACES.xenc}aes${bits}-cbc`, name: 'AES-CBC', bits },
});
const CIPHERS = {
  'aes-256-gcm': gcm(256),
  'aes-192-gcm': gcm(192),
  'aes-128-gcm': gcm(128),
  'aes-256-cbc': cbc(256),
  'aes-128-cbc': cbc(128),
};
export type CipherName = keyof typeof CIPHERS;
const IV_BYTES = { 'AES-GCM': 12, 'AES-CBC': 16 } as const satisfies Record<Cipher['name'], number>;

/** One digest for OAEP and its mask: the Web Crypto API has no two. */
interface KeyTransport {
  readonly algorithm: string;
  readonly hash: 'SHA-1' | 'SHA-256';
  readonly parameters: Markup;
}

const SHA256 = `${NAMESPACES.xenc}sha256`;
const MGF1_SHA256 = `${NAMESPACES.xenc11}mgf1sha256`;
const OLDER_OAEP: KeyTransport = {
  algorithm: `${NAMESPACES.xenc}rsa-oaep-mgf1p`,
  hash: 'SHA-1',
  parameters: xml``,
};
const OAEP_SHA256: KeyTransport = {
  algorithm: `${NAMESPACES.xenc11}rsa-oaep`,
  hash: 'SHA-256',
  parameters: xml`<ds:DigestMethod xmlns:ds="${NAMESPACES.ds}" Algorithm="${SHA256}"/><xenc11:MGF xmlns:xenc11="${NAMESPACES.xenc11}" Algorithm="${MGF1_SHA256}"/>`,
};

/** The key of a service provider, and what its metadata prefers. */
export interface Recipient {
  readonly key: KeyObject;
  /** In the order of the metadata. */
  readonly ciphers: readonly string[];
  readonly transport: KeyTransport;
}

/** The recipient that a KeyDescriptor describes by its EncryptionMethods. */
export function recipientOf(key: KeyObject, methods: readonly XmlElement[]): Recipient {
  const algorithms = methods.map(({ attributes }) => attributes.get('Algorithm') ?? '');
  const transports = methods.map(transportOf).filter(known => known !== undefined);
  return { key, ciphers: algorithms, transport: transports[0] ?? OLDER_OAEP };
}

function transportOf(method: XmlElement): KeyTransport | undefined {
  const algorithm = method.attributes.get('Algorithm');
  const digest = childOf(method, 'ds:DigestMethod')?.attributes.get('Algorithm');
  if (algorithm === OLDER_OAEP.algorithm && digest === undefined) return OLDER_OAEP;
  const mask = childOf(method, 'xenc11:MGF')?.attributes.get('Algorithm');
  const isSha256 = digest === SHA256 && mask === MGF1_SHA256;
  return algorithm === OAEP_SHA256.algorithm && isSha256 ? OAEP_SHA256 : undefined;
}

/**
 * The EncryptedAssertion of an assertion. `published` takes the first cipher of the metadata that
 * is known here. Throws a Refusal if there is no recipient.
 */
export async function encryptedAssertion(
  assertion: string,
  recipient: Recipient | undefined,
  wanted: CipherName | 'published',
): Promise<Markup> {
  if (recipient === undefined)
    throw new Refusal('The service provider publishes no key to encrypt assertions to.', 403);
  const { uri, name, bits } = wanted === 'published' ? firstKnown(recipient) : CIPHERS[wanted];
  const contentKey = await subtle.generateKey({ name, length: bits }, true, ['encrypt']);
  const iv = webcrypto.getRandomValues(new Uint8Array(IV_BYTES[name]));
  const text = new TextEncoder().encode(assertion);
  const encrypted = await subtle.encrypt({ name, iv }, contentKey, text);
  const ciphertext = Buffer.concat([iv, Buffer.from(encrypted)]).toString('base64');
  const wrapped = await wrappedKey(await subtle.exportKey('raw', contentKey), recipient);
  const { algorithm, parameters } = recipient.transport;
  return xml`
    <saml:EncryptedAssertion xmlns:saml="${NAMESPACES.saml}">
      <xenc:EncryptedData xmlns:xenc="${NAMESPACES.xenc}" Type="${NAMESPACES.xenc}Element">
        <xenc:EncryptionMethod Algorithm="${uri}"/>
        <ds:KeyInfo xmlns:ds="${NAMESPACES.ds}">
          <xenc:EncryptedKey>
            <xenc:EncryptionMethod Algorithm="${algorithm}">${parameters}</xenc:EncryptionMethod>
            <xenc:CipherData><xenc:CipherValue>${wrapped}</xenc:CipherValue></xenc:CipherData>
          </xenc:EncryptedKey>
        </ds:KeyInfo>
        <xenc:CipherData><xenc:CipherValue>${ciphertext}</xenc:CipherValue></xenc:CipherData>
      </xenc:EncryptedData>
    </saml:EncryptedAssertion>`;
}

function firstKnown({ ciphers }: Recipient): Cipher {
  const known = Object.values(CIPHERS);
  const preferred = ciphers.map(uri => known.find(cipher => cipher.uri === uri));
  return preferred.find(cipher => cipher !== undefined) ?? CIPHERS['aes-256-gcm'];
}

async function wrappedKey(
  contentKey: ArrayBuffer,
  { key, transport: { hash } }: Recipient,
): Promise<string> {
  const spki = Uint8Array.from(key.export({ type: 'spki', format: 'der' }));
  const algorithm = { name: 'RSA-OAEP', hash };
  const imported = await subtle.importKey('spki', spki, algorithm, false, ['encrypt']);
  return Buffer.from(await subtle.encrypt(algorithm, imported, contentKey)).toString('base64');
}
