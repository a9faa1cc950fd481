/**
 * How a record is kept so that only the holder of its id can read it.
 *
 * A record is found by the SHA-256 of its id and sealed with AES-256-GCM under a key that HKDF-SHA256 (RFC 5869) draws
 * from the id itself. The id is never stored, so a stolen database or backup holds no session, no attempt and no proof.
 * Ids carry 256 random bits (core/ports Secrets), which is why a plain hash and an unsalted derivation are enough.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

/** What is sealed. The kind goes into key and seal, so that a record of one kind is never taken for another. */
export type SealedKind = 'session' | 'sign-in attempt';

/** The shape of what is sealed; raise it when that changes. Records with another number count as absent. */
const VERSION = 1;
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + NONCE_BYTES;

/** SHA-256 of an id or key: what the database knows it by, of one size whatever came in. */
export function hashOf(id: string): Uint8Array {
  return createHash('sha256').update(id, 'utf8').digest();
}

/** Seals a JSON value for the row of this kind and id: version, nonce, ciphertext, tag. */
export function seal(kind: SealedKind, id: string, value: object): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, keyOf(kind, id), nonce, { authTagLength: TAG_BYTES }).setAAD(bindingOf(kind, id));
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), nonce, ciphertext, cipher.getAuthTag()]);
}

/**
 * The value that was sealed for this kind and id; undefined when the bytes were altered, belong to another row or were
 * written in another version. The tag proves that we wrote them and the version that we wrote this shape, so the shape
 * is not checked again.
 */
export function unseal<T extends object>(kind: SealedKind, id: string, sealed: Uint8Array): T | undefined {
  if (sealed.length < HEADER_BYTES + TAG_BYTES || sealed[0] !== VERSION) return undefined;
  const nonce = sealed.subarray(1, HEADER_BYTES);
  const ciphertext = sealed.subarray(HEADER_BYTES, -TAG_BYTES);
  const decipher = createDecipheriv(CIPHER, keyOf(kind, id), nonce, { authTagLength: TAG_BYTES })
    .setAAD(bindingOf(kind, id))
    .setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return JSON.parse(Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8')) as T;
  } catch {
    return undefined;
  }
}

function keyOf(kind: SealedKind, id: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', id, '', `rolebridge store v${VERSION} ${kind}`, 32));
}

/** Additional authenticated data: the row that the sealed bytes belong to. */
function bindingOf(kind: SealedKind, id: string): Uint8Array {
  return Buffer.concat([Buffer.from(`${kind}\0`), hashOf(id)]);
}
