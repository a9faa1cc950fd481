/**
 * How a record is kept so that only who holds its id can read it, and only this bridge can have
 * written it.
 *
 * A record is found by the SHA-256 of its id and sealed with AES-256-GCM under a key that
 * HKDF-SHA256 (RFC 5869) draws from the id, with a secret of the bridge as salt that is in no
 * database. The id is never stored, so a stolen database or backup holds no session, no attempt and
 * no proof; and whoever can write rows, to an id of their own choice, lacks the secret. Ids carry
 * 256 random bits (core/ports Secrets), which is why a plain hash of them is enough. A user code
 * has 34, and a handle is no secret: for these the secret alone keeps readers out.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  randomBytes,
} from 'node:crypto';
import { BridgeError } from '../core/errors.ts';
import { createMemory } from './memory.ts';

/**
 * What is sealed. The kind goes into key and seal, so that a record of one kind is never taken for
 * another.
 */
export type SealedKind =
  | 'session'
  | 'person'
  | 'person block'
  | 'person name'
  | 'sign-in attempt'
  | 'cli session'
  | 'cli session summary'
  | 'cli session use'
  | 'device grant'
  | 'authorization code'
  | 'refresh token'
  | 'access token'
  | 'container token'
  | 'container token summary'
  | 'container token use';

export interface Seal {
  /** Seals a JSON value for the row of this kind and id: version, nonce, ciphertext, tag. */
  seal(kind: SealedKind, id: string, value: object): Uint8Array;
  /**
   * The value that was sealed for this kind and id; undefined when the bytes were altered, belong
   * to another row or were written under another secret or in another version. The tag proves that
   * somebody with the secret wrote them, and the version that it was in this shape, so the shape is
   * not checked again.
   */
  unseal<T extends object>(kind: SealedKind, id: string, sealed: Uint8Array): T | undefined;
  /**
   * What the database knows the id of such a record by: an HMAC-SHA256 under the secret. For ids
   * that people type (user codes), which have too few bits for a plain hash: whoever has the
   * database could try them all.
   */
  locate(kind: SealedKind, id: string): Uint8Array;
}

/**
 * How a record is sealed and the shape of what is in it; raise it when either changes. Records with
 * another number count as absent.
 */
const VERSION = 3;
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + NONCE_BYTES;
const KEY_BYTES = 32;
const SECRET_BYTES = 32;

/** SHA-256 of an id or key: what the database knows it by, of one size whatever came in. */
export function hashOf(id: string): Uint8Array {
  return hash('sha256', id, 'buffer');
}

/**
 * Seals under `secret`, 32 random bytes that every instance of one bridge shares. Throws `internal`
 * when it has another length.
 */
export function createSeal(secret: Uint8Array): Seal {
  // An empty salt would be taken without a word, and then the id alone would seal.
  if (secret.length !== SECRET_BYTES)
    throw new BridgeError(
      'internal',
      `the sealing secret of the store must have ${SECRET_BYTES} bytes`,
    );
  const keyOf = (kind: SealedKind, id: string): Uint8Array =>
    new Uint8Array(
      hkdfSync('sha256', id, secret, `rolebridge store v${VERSION} ${kind}`, KEY_BYTES),
    );
  const locatorKey = createSecretKey(
    new Uint8Array(
      hkdfSync('sha256', secret, '', `rolebridge store v${VERSION} locator`, KEY_BYTES),
    ),
  );
  // Deriving a key and opening a seal costs more than everything else about a request, and the same
  // bytes for the same id always open to the same value. Whether a record is still there, and with
  // which bytes, the database says each time.
  const opened = createMemory<{ readonly sealed: Uint8Array; readonly value: object }>();
  const places = createMemory<Uint8Array>();
  return {
    locate: (kind, id) => {
      const name = nameOf(kind, id);
      const known = places.get(name);
      if (known !== undefined) return known;
      const place = createHmac('sha256', locatorKey).update(`${kind}\0${id}`, 'utf8').digest();
      places.keep(name, place, place.byteLength);
      return place;
    },
    seal: (kind, id, value) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, keyOf(kind, id), nonce, {
        authTagLength: TAG_BYTES,
      }).setAAD(bindingOf(kind, id));
      const ciphertext = Buffer.concat([
        cipher.update(JSON.stringify(value), 'utf8'),
        cipher.final(),
      ]);
      return Buffer.concat([Buffer.of(VERSION), nonce, ciphertext, cipher.getAuthTag()]);
    },
    unseal: <T extends object>(kind: SealedKind, id: string, sealed: Uint8Array) => {
      const name = nameOf(kind, id);
      const found = opened.get(name);
      if (found !== undefined && Buffer.compare(found.sealed, sealed) === 0)
        return found.value as T;
      const value = open<T>(kind, id, sealed);
      if (value !== undefined)
        opened.keep(
          name,
          { sealed: Uint8Array.from(sealed), value: deeplyFrozen(value) },
          sealed.byteLength,
        );
      return value;
    },
  };

  function open<T extends object>(kind: SealedKind, id: string, sealed: Uint8Array): T | undefined {
    if (sealed.length < HEADER_BYTES + TAG_BYTES || sealed[0] !== VERSION) return undefined;
    const nonce = sealed.subarray(1, HEADER_BYTES);
    const ciphertext = sealed.subarray(HEADER_BYTES, -TAG_BYTES);
    const decipher = createDecipheriv(CIPHER, keyOf(kind, id), nonce, { authTagLength: TAG_BYTES })
      .setAAD(bindingOf(kind, id))
      .setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      return JSON.parse(
        Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8'),
      ) as T;
    } catch {
      return undefined;
    }
  }
}

/** What a record is remembered by, in this process: no id stays in memory. */
function nameOf(kind: SealedKind, id: string): string {
  return hash('sha256', `${kind}\0${id}`, 'base64');
}

/** What is remembered is given to many callers. */
export function deeplyFrozen<T extends object>(value: T): T {
  for (const part of Object.values(value))
    if (typeof part === 'object' && part !== null) deeplyFrozen(part);
  return Object.freeze(value);
}

/** Additional authenticated data: the row that the sealed bytes belong to. */
function bindingOf(kind: SealedKind, id: string): Uint8Array {
  return Buffer.concat([Buffer.from(`${kind}\0`), hashOf(id)]);
}
