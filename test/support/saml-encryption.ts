/**
 * Encrypts Assertions as identity providers do, and as attackers would: every part can be changed.
 *
 * By node:crypto and by hand, with an OAEP of its own for two digests: it shares no code with what
 * decrypts.
 */
import {
  constants,
  createCipheriv,
  createHash,
  createPublicKey,
  type KeyObject,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';

const XENC = 'http://www.w3.org/2001/04/xmlenc#';
const XENC11 = 'http://www.w3.org/2009/xmlenc11#';
const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
export const MGF1P: string = `${XENC}rsa-oaep-mgf1p`;
export const OAEP11: string = `${XENC11}rsa-oaep`;
export const RSA15: string = `${XENC}rsa-1_5`;

type Digest = 'sha1' | 'sha256' | 'sha384' | 'sha512';
const DIGESTS: Readonly<Record<Digest, string>> = {
  sha1: `${DSIG}sha1`,
  sha256: `${XENC}sha256`,
  sha384: 'http://www.w3.org/2001/04/xmldsig-more#sha384',
  sha512: `${XENC}sha512`,
};

export interface EncryptionParts {
  readonly cipher: `aes-${128 | 192 | 256}-${'gcm' | 'cbc'}`;
  readonly transport: string;
  /** Of OAEP; written if given, else SHA-1. */
  readonly digest?: Digest | undefined;
  /** Of its mask; written if given, else SHA-1. */
  readonly mask?: Digest | undefined;
  /** Where the EncryptedKey is: in the KeyInfo of the data, or beside the data. */
  readonly place: 'inside' | 'beside';
  readonly type: string;
  /** Changes the bytes of the ciphertext, or of the encrypted key. */
  readonly ciphertext: (bytes: Buffer) => Buffer;
  readonly wrapped: (bytes: Buffer) => Buffer;
  readonly contentKey: Buffer;
  /** Of the IV; 12 for GCM and 16 for CBC. */
  readonly ivBytes: number;
}

/** The EncryptedAssertion of a plaintext, for the owner of the certificate. */
export function encryptAssertion(
  plaintext: string | Buffer,
  certificatePem: string,
  changes: Partial<EncryptionParts> = {},
): string {
  const cipher = changes.cipher ?? 'aes-256-gcm';
  const [, bits, mode] = /^aes-(\d+)-(...)$/.exec(cipher)!;
  const parts: EncryptionParts = {
    ...{ cipher, transport: MGF1P, place: 'inside', type: `${XENC}Element` },
    ...{ ciphertext: bytes => bytes, wrapped: bytes => bytes },
    ...{ contentKey: randomBytes(Number(bits) / 8), ivBytes: mode === 'gcm' ? 12 : 16 },
    ...changes,
  };
  const publicKey = createPublicKey(certificatePem);
  const wrapped = parts.wrapped(wrap(parts.contentKey, publicKey, parts));
  const bytes = parts.ciphertext(encrypt(Buffer.from(plaintext), parts));
  const key =
    `<xenc:EncryptedKey xmlns:xenc="${XENC}" Id="_key">${keyMethod(parts)}` +
    `${cipherData(wrapped)}</xenc:EncryptedKey>`;
  const info =
    parts.place === 'inside' ? key : `<ds:RetrievalMethod Type="${XENC}EncryptedKey" URI="#_key"/>`;
  const algorithm = `${mode === 'gcm' ? XENC11 : XENC}aes${bits}-${mode}`;
  return (
    `<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><xenc:EncryptedData xmlns:xenc="${XENC}" Id="_data" Type="${parts.type}">` +
    `<xenc:EncryptionMethod Algorithm="${algorithm}"/><ds:KeyInfo xmlns:ds="${DSIG}">${info}</ds:KeyInfo>` +
    `${cipherData(bytes)}</xenc:EncryptedData>${parts.place === 'beside' ? key : ''}</saml:EncryptedAssertion>`
  );
}

/** The Assertion of a Response, alone: with the namespaces that its ancestors declare. */
export function assertionOf(responseXml: string): string {
  const [assertion] = /<saml:Assertion.*<\/saml:Assertion>/s.exec(responseXml)!;
  return assertion.replace(
    '<saml:Assertion',
    '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"',
  );
}

/** The Response with another text in the place of its Assertion. */
export function withAssertion(responseXml: string, replacement: string): string {
  return responseXml.replace(/<saml:Assertion.*<\/saml:Assertion>/s, () => replacement);
}

function keyMethod({ transport, digest, mask }: EncryptionParts): string {
  const children = [
    digest && `<ds:DigestMethod xmlns:ds="${DSIG}" Algorithm="${DIGESTS[digest]}"/>`,
    mask && `<x:MGF xmlns:x="${XENC11}" Algorithm="${XENC11}mgf1${mask}"/>`,
  ];
  return `<xenc:EncryptionMethod Algorithm="${transport}">${children.join('')}</xenc:EncryptionMethod>`;
}

function cipherData(bytes: Buffer): string {
  const lines = bytes.toString('base64').replace(/.{76}/g, '$&\n');
  return `<xenc:CipherData><xenc:CipherValue>${lines}</xenc:CipherValue></xenc:CipherData>`;
}

function encrypt(plaintext: Buffer, { cipher, contentKey, ivBytes }: EncryptionParts): Buffer {
  const iv = randomBytes(ivBytes);
  if (cipher.endsWith('gcm')) {
    const encrypting = createCipheriv(cipher as 'aes-256-gcm', contentKey, iv);
    const text = Buffer.concat([encrypting.update(plaintext), encrypting.final()]);
    return Buffer.concat([iv, text, encrypting.getAuthTag()]);
  }
  const encrypting = createCipheriv(cipher, contentKey, iv).setAutoPadding(false);
  const padding = 16 - (plaintext.length % 16);
  const padded = Buffer.concat([plaintext, randomBytes(padding - 1), Buffer.of(padding)]);
  return Buffer.concat([iv, encrypting.update(padded), encrypting.final()]);
}

function wrap(
  contentKey: Buffer,
  key: KeyObject,
  { transport, digest = 'sha1', mask = 'sha1' }: EncryptionParts,
): Buffer {
  if (transport === RSA15)
    return publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, contentKey);
  const padded = oaep(contentKey, key.asymmetricKeyDetails!.modulusLength! / 8, digest, mask);
  return publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, padded);
}

/** EME-OAEP with an empty label (RFC 8017, 7.1.1). */
function oaep(message: Buffer, length: number, digest: Digest, mask: Digest): Buffer {
  const labelHash = createHash(digest).digest();
  const zeros = Buffer.alloc(length - message.length - 2 * labelHash.length - 2);
  const block = Buffer.concat([labelHash, zeros, Buffer.of(1), message]);
  const seed = randomBytes(labelHash.length);
  const maskedBlock = xor(block, mgf1(seed, block.length, mask));
  const maskedSeed = xor(seed, mgf1(maskedBlock, seed.length, mask));
  return Buffer.concat([Buffer.of(0), maskedSeed, maskedBlock]);
}

function mgf1(seed: Buffer, length: number, digest: Digest): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 0; Buffer.concat(blocks).length < length; counter++) {
    const suffix = Buffer.alloc(4);
    suffix.writeUInt32BE(counter);
    blocks.push(createHash(digest).update(seed).update(suffix).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((byte, at) => byte ^ other[at]!));
}
