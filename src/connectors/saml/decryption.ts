/**
 * Decrypts an Assertion that was read strictly (threats R14, ADR 49).
 *
 * Owns: which key fits, and that nothing tells why none does. Every key unwraps and decrypts, also
 * after another one did, and a content key that cannot be unwrapped is replaced by a random one
 * (implicit rejection): the work depends on the sizes alone, which the sender knows. Does not own:
 * the algorithms that are taken (encrypted-assertion), the plaintext (response).
 */
import { createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import { decryptKeyInfo } from 'xml-encryption';
import {
  type ContentCipher,
  type EncryptedContent,
  type KeyTransport,
  RSA_OAEP_11,
} from './encrypted-assertion.ts';

/** The two operations, which throw if they fail. */
export interface Operations {
  unwrap(wrappedKey: Buffer, transport: KeyTransport, key: KeyObject): Buffer;
  decipher(ciphertext: Buffer, contentKey: Buffer, content: ContentCipher): Buffer;
}

/** The plaintext in UTF-8, or undefined whatever the reason. Runs each operation once per key. */
export function decrypted(
  { content, transport, wrappedKey, ciphertext }: EncryptedContent,
  keys: readonly KeyObject[],
  { unwrap, decipher }: Operations = OPERATIONS,
): string | undefined {
  const attempts = keys.map(key => {
    const unwrapped = orUndefined(() => unwrap(wrappedKey, transport, key));
    const fits = unwrapped?.length === content.keyBytes;
    const contentKey = fits ? unwrapped : randomBytes(content.keyBytes);
    return { fits, plaintext: orUndefined(() => decipher(ciphertext, contentKey, content)) };
  });
  // With CBC a random key can leave a padding that looks good, so it is OAEP that tells the key.
  const plaintext = attempts.find(({ fits }) => fits)?.plaintext;
  return plaintext && orUndefined(() => UTF_8.decode(plaintext));
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const OPERATIONS: Operations = {
  // The library alone has OAEP with two digests. It reads a document that is written here, from
  // values of the allow-list, so its tolerant parser meets nothing of the response.
  unwrap: (wrappedKey, transport, key) =>
    decryptKeyInfo(keyDocument(wrappedKey, transport), {
      key: hasTwoDigests(transport) ? key.export({ type: 'pkcs8', format: 'pem' }) : key,
    }),
  decipher: (ciphertext, contentKey, content) =>
    content.mode === 'gcm'
      ? decipherGcm(ciphertext, contentKey, content)
      : decipherCbc(ciphertext, contentKey, content),
};

/** The library takes a KeyObject unless it must compute the padding itself. */
function hasTwoDigests({ algorithm, digest, mask }: KeyTransport): boolean {
  const maskDigest = algorithm === RSA_OAEP_11 ? mask!.replace(/^.*#mgf1/, '') : 'sha1';
  return maskDigest !== digest.replace(/^.*#/, '');
}

function keyDocument(wrappedKey: Buffer, { algorithm, digest, mask }: KeyTransport): string {
  return (
    `<EncryptedData><KeyInfo><EncryptedKey><EncryptionMethod Algorithm="${algorithm}">` +
    `<DigestMethod Algorithm="${digest}"/>${mask === undefined ? '' : `<MGF Algorithm="${mask}"/>`}` +
    `</EncryptionMethod><CipherData><CipherValue>${wrappedKey.toString('base64')}</CipherValue>` +
    '</CipherData></EncryptedKey></KeyInfo></EncryptedData>'
  );
}

const [GCM_IV_BYTES, GCM_TAG_BYTES, CBC_IV_BYTES] = [12, 16, 16];

function decipherGcm(ciphertext: Buffer, key: Buffer, { cipher }: ContentCipher): Buffer {
  const iv = ciphertext.subarray(0, GCM_IV_BYTES);
  const options = { authTagLength: GCM_TAG_BYTES };
  const decipher = createDecipheriv(cipher as 'aes-256-gcm', key, iv, options);
  decipher.setAuthTag(ciphertext.subarray(-GCM_TAG_BYTES));
  const encrypted = ciphertext.subarray(GCM_IV_BYTES, -GCM_TAG_BYTES);
  return Buffer.concat([decipher.update(encrypted), decipher.final()]);
}

/** The last byte counts the padding, whose other bytes are arbitrary (XML Encryption 1.1, 5.2). */
function decipherCbc(ciphertext: Buffer, key: Buffer, { cipher }: ContentCipher): Buffer {
  const decipher = createDecipheriv(cipher, key, ciphertext.subarray(0, CBC_IV_BYTES));
  decipher.setAutoPadding(false);
  const padded = Buffer.concat([
    decipher.update(ciphertext.subarray(CBC_IV_BYTES)),
    decipher.final(),
  ]);
  const padding = padded.at(-1)!;
  if (padding < 1 || padding > CBC_IV_BYTES) throw new RangeError('not a padding');
  return padded.subarray(0, -padding);
}

function orUndefined<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch {
    return undefined;
  }
}
