/**
 * Reads an EncryptedAssertion (saml-core 2.3.4) from the strict tree: what of XML Encryption 1.1
 * this bridge takes, and nothing else (threats R14, ADR 49).
 *
 * Owns: the place of each part, the algorithms, the sizes. Does not own: decrypting (decryption).
 * All that is rejected here can be seen without a key, so each fault has its own name.
 */
import { refusal } from './refusal.ts';
import { XML_SIGNATURE } from './signature-shape.ts';
import { base64Binary, childrenNamed, elementsOf, type XmlElement } from './strict-xml.ts';

const XML_ENCRYPTION = 'http://www.w3.org/2001/04/xmlenc#';
export const XML_ENCRYPTION_11 = 'http://www.w3.org/2009/xmlenc11#';

/** A cipher of node:crypto. */
export interface ContentCipher {
  readonly cipher: `aes-${128 | 192 | 256}-${'gcm' | 'cbc'}`;
  readonly keyBytes: number;
  /** GCM tells whether the ciphertext was changed, CBC does not. */
  readonly mode: 'gcm' | 'cbc';
}

/** How the content key is encrypted. URIs of XML Encryption. */
export interface KeyTransport {
  readonly algorithm: string;
  readonly digest: string;
  /** Undefined where the algorithm defines it (rsa-oaep-mgf1p). */
  readonly mask: string | undefined;
}

/** An encrypted Assertion in the parts that decryption needs. */
export interface EncryptedContent {
  readonly content: ContentCipher;
  readonly transport: KeyTransport;
  readonly wrappedKey: Buffer;
  /** IV, ciphertext and, with GCM, the tag. */
  readonly ciphertext: Buffer;
}

const gcm = (bits: 128 | 192 | 256): readonly [string, ContentCipher] => [
  `${XML_ENCRYPTION_11}aes${bits}-gcm`,
  { cipher: `aes-${bits}-gcm`, keyBytes: bits / 8, mode: 'gcm' },
];
const cbc = (bits: 128 | 192 | 256): readonly [string, ContentCipher] => [
  `${XML_ENCRYPTION}aes${bits}-cbc`,
  { cipher: `aes-${bits}-cbc`, keyBytes: bits / 8, mode: 'cbc' },
];
/** The best first, as the metadata lists them. */
export const CONTENT_CIPHERS: ReadonlyMap<string, ContentCipher> = new Map([
  ...[gcm(256), gcm(192), gcm(128)],
  ...[cbc(256), cbc(192), cbc(128)],
]);

export const RSA_OAEP_MGF1P: string = `${XML_ENCRYPTION}rsa-oaep-mgf1p`;
export const RSA_OAEP_11: string = `${XML_ENCRYPTION_11}rsa-oaep`;
const RSA_1_5 = `${XML_ENCRYPTION}rsa-1_5`;
const SHA1 = `${XML_SIGNATURE}sha1`;
export const SHA256: string = `${XML_ENCRYPTION}sha256`;
/** Those that the library knows. SHA-1 is safe here: OAEP requires no collision resistance. */
const OAEP_DIGESTS = new Set([SHA1, SHA256, `${XML_ENCRYPTION}sha512`]);
const MGF1_SHA1 = `${XML_ENCRYPTION_11}mgf1sha1`;
export const MGF1_SHA256: string = `${XML_ENCRYPTION_11}mgf1sha256`;
const OAEP_MASKS = new Set([
  ...[MGF1_SHA1, MGF1_SHA256],
  ...[`${XML_ENCRYPTION_11}mgf1sha384`, `${XML_ENCRYPTION_11}mgf1sha512`],
]);

/** RSA of 2048 to 4096 bits. */
const WRAPPED_KEY_BYTES = [256, 512] as const;
/** An IV of 96 bits and a tag of 128 bits (XML Encryption 1.1, 5.2.4). */
const GCM_FRAME_BYTES = 12 + 16;
const CBC_BLOCK_BYTES = 16;

/** Throws `saml_response_refused`. */
export function readEncryptedAssertion(encrypted: XmlElement): EncryptedContent {
  for (const name of ['EncryptedData', 'EncryptedKey'])
    if ([...elementsOf(encrypted)].filter(element => element.name === name).length > 1)
      throw refusal(`the EncryptedAssertion contains more than one ${name}`);
  const [data] = childrenNamed(encrypted, XML_ENCRYPTION, 'EncryptedData');
  if (data === undefined) throw refusal('the EncryptedAssertion contains no EncryptedData');
  const key = encryptedKeyOf(encrypted, data);
  const type = data.attributes.get('Type') ?? ELEMENT;
  if (type !== ELEMENT) throw refusal('the EncryptedData is not of the type Element');
  requireAttributes(data, ['Id', 'Type', 'MimeType']);
  const [method, , value] = parts(data, ['EncryptionMethod', 'KeyInfo?', 'CipherData']);
  const content = contentCipherOf(method!);
  return {
    content,
    transport: keyTransportOf(partsOfKey(key)[0]!),
    wrappedKey: wrappedKeyOf(key),
    ciphertext: ciphertextOf(value!, content),
  };
}

const ELEMENT = `${XML_ENCRYPTION}Element`;
const ENCRYPTED_KEY = `${XML_ENCRYPTION}EncryptedKey`;

/**
 * Providers write the key into the KeyInfo of the data, or beside the data with a reference to it.
 * One key means one recipient: a second would be a choice for the author of the response.
 */
function encryptedKeyOf(encrypted: XmlElement, data: XmlElement): XmlElement {
  const beside = childrenNamed(encrypted, XML_ENCRYPTION, 'EncryptedKey');
  if (encrypted.children.length !== 1 + beside.length)
    throw refusal(
      'the EncryptedAssertion contains something other than encrypted data and its key',
    );
  const keyInfos = childrenNamed(data, XML_SIGNATURE, 'KeyInfo');
  const inside = keyInfos.flatMap(info => childrenNamed(info, XML_ENCRYPTION, 'EncryptedKey'));
  const [key] = [...inside, ...beside];
  if (key === undefined) throw refusal('the EncryptedAssertion contains no EncryptedKey');
  for (const hint of keyInfos.flatMap(info => info.children)) {
    if (hint.namespace !== XML_SIGNATURE || hint.name !== 'RetrievalMethod') continue;
    const { attributes } = hint;
    const isKey = (attributes.get('Type') ?? ENCRYPTED_KEY) === ENCRYPTED_KEY;
    if (!isKey || attributes.get('URI') !== `#${key.attributes.get('Id')}` || !isEmpty(hint))
      throw refusal('the RetrievalMethod does not refer to the EncryptedKey of the Assertion');
  }
  return key;
}

function partsOfKey(key: XmlElement): readonly (XmlElement | undefined)[] {
  requireAttributes(key, ['Id', 'Type', 'MimeType', 'Recipient']);
  const names = ['EncryptionMethod', 'KeyInfo?', 'CipherData', 'ReferenceList?', 'CarriedKeyName?'];
  return parts(key, names);
}

function contentCipherOf(method: XmlElement): ContentCipher {
  const content = CONTENT_CIPHERS.get(method.attributes.get('Algorithm') ?? '');
  if (content === undefined || !isEmpty(method))
    throw refusal(
      'the Assertion is encrypted with an algorithm other than AES-GCM and AES-CBC, so change the encryption algorithm at the IdP',
    );
  return content;
}

function keyTransportOf(method: XmlElement): KeyTransport {
  const algorithm = method.attributes.get('Algorithm') ?? '';
  if (algorithm === RSA_1_5)
    throw refusal(
      'the content key is encrypted with RSA PKCS #1 v1.5 (rsa-1_5), which is not secure; set RSA-OAEP at the IdP',
    );
  if (algorithm !== RSA_OAEP_MGF1P && algorithm !== RSA_OAEP_11)
    throw refusal('the content key is encrypted with an algorithm other than RSA-OAEP');
  const [digests, masks] = [
    childrenNamed(method, XML_SIGNATURE, 'DigestMethod'),
    childrenNamed(method, XML_ENCRYPTION_11, 'MGF'),
  ];
  const isKnown =
    digests.length <= 1 &&
    masks.length <= (algorithm === RSA_OAEP_11 ? 1 : 0) &&
    method.children.length === digests.length + masks.length &&
    method.children.every(isEmpty);
  const digest = digests[0]?.attributes.get('Algorithm') ?? SHA1;
  const mask = masks[0]?.attributes.get('Algorithm') ?? MGF1_SHA1;
  if (!isKnown || !OAEP_DIGESTS.has(digest) || !OAEP_MASKS.has(mask))
    throw refusal(
      'the content key is encrypted with RSA-OAEP in a form that this bridge does not know; set SHA-256 or SHA-1 as its digest and mask at the IdP',
    );
  return { algorithm, digest, mask: algorithm === RSA_OAEP_11 ? mask : undefined };
}

function wrappedKeyOf(key: XmlElement): Buffer {
  const wrapped = cipherValueOf(partsOfKey(key)[2]!);
  const [least, most] = WRAPPED_KEY_BYTES;
  if (wrapped.length < least || wrapped.length > most)
    throw refusal('the EncryptedKey does not have the length of an RSA key of 2048 to 4096 bits');
  return wrapped;
}

function ciphertextOf(data: XmlElement, { mode }: ContentCipher): Buffer {
  const ciphertext = cipherValueOf(data);
  const fits =
    mode === 'gcm'
      ? ciphertext.length > GCM_FRAME_BYTES
      : ciphertext.length >= 2 * CBC_BLOCK_BYTES && ciphertext.length % CBC_BLOCK_BYTES === 0;
  if (!fits) throw refusal('the ciphertext is too short, or contains no whole number of blocks');
  return ciphertext;
}

function cipherValueOf(data: XmlElement): Buffer {
  const [value] = parts(data, ['CipherValue']);
  if (value!.children.length > 0 || value!.attributes.size > 0)
    throw refusal('a CipherValue contains something other than text');
  const bytes = base64Binary(value!.text);
  if (bytes === undefined) throw refusal('a CipherValue is not base64');
  return bytes;
}

/**
 * The children: exactly these in this order. One with a question mark may be missing, and is
 * undefined then. KeyInfo is of XML Signature, the others of XML Encryption.
 */
function parts(parent: XmlElement, names: readonly string[]): readonly (XmlElement | undefined)[] {
  const left = [...parent.children];
  const found = names.map(written => {
    const name = written.replace('?', '');
    const namespace = name === 'KeyInfo' ? XML_SIGNATURE : XML_ENCRYPTION;
    const fits = left[0]?.name === name && left[0].namespace === namespace;
    if (!fits && name === written) throw unexpectedParts(parent);
    return fits ? left.shift() : undefined;
  });
  if (left.length > 0) throw unexpectedParts(parent);
  return found;
}

function unexpectedParts({ name, children }: XmlElement) {
  return refusal(
    children.some(child => child.name === 'CipherReference')
      ? 'the ciphertext is a reference (CipherReference), which this bridge does not follow'
      : `the ${name} does not have exactly the parts that it must have`,
  );
}

function requireAttributes(element: XmlElement, known: readonly string[]): void {
  if ([...element.attributes.keys()].every(name => known.includes(name))) return;
  throw refusal(`the ${element.name} has an attribute that this bridge does not know`);
}

function isEmpty({ children, text }: XmlElement): boolean {
  return children.length === 0 && text.trim() === '';
}
