/**
 * Sealed records: only the holder of an id can read one, and only this bridge can write one.
 *
 * A record is found by the SHA-256 of its id and sealed with AES-256-GCM. HKDF-SHA256 (RFC 5869)
 * derives the key from the id; the salt is a secret of the bridge that is in no database. The id is
 * never stored, so a stolen database or backup discloses no session, attempt or proof. An attacker
 * who can write rows, for an id of their own choice, lacks the secret. Ids contain 256 random bits
 * (core/ports Secrets), so a plain hash of them is enough. A user code has 34 bits, and a handle is
 * not secret: these are protected by the bridge's secret alone.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { BridgeError } from '../core/errors.ts';
import { createMemory, type Memory } from './memory.ts';

/** Part of key and seal, so that a record of one kind cannot stand for a record of another. */
export type SealedKind =
  | 'session'
  | 'session summary'
  | 'person'
  | 'person block'
  | 'person name'
  | 'sign-in attempt'
  | 'provider session'
  | 'provider session name'
  | 'provider sign-out'
  | 'cli session'
  | 'cli session summary'
  | 'cli session use'
  | 'cli session step-up'
  | 'device grant'
  | 'device answer'
  | 'authorization code'
  | 'refresh token'
  | 'access token'
  | 'container token'
  | 'container token summary'
  | 'container token use'
  | 'elevation'
  | 'kept metadata'
  | 'workload block'
  | 'workload token'
  | 'workload token summary'
  | 'workload token use';

export interface Seal {
  /** Seals a JSON value for the row of this kind and id: version, nonce, ciphertext, tag. */
  seal(kind: SealedKind, id: string, value: object): Uint8Array;
  /**
   * The value that was sealed for this kind and id; undefined if the bytes were altered, belong to
   * another row, or were written under another secret or version. The tag proves that this bridge
   * wrote them, and the version that they have this shape, so the shape is not checked again.
   */
  unseal<T extends object>(kind: SealedKind, id: string, sealed: Uint8Array): T | undefined;
  /**
   * The key of such a record in the database: an HMAC-SHA256 of its id under the secret. For ids
   * that users type (user codes): they have too few bits for a plain hash, and anyone with the
   * database could try them all.
   */
  locate(kind: SealedKind, id: string): Uint8Array;
}

/**
 * Of the seal and of the shape of the values; raise it when either changes. Records of another
 * version count as absent.
 */
const VERSION = 3;
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + NONCE_BYTES;
const KEY_BYTES = 32;
const SECRET_BYTES = 32;

/** SHA-256 of an id or key, by which the database finds it. */
export function hashOf(id: string): Uint8Array {
  return hash('sha256', id, 'buffer');
}

/** The bridge's secret, what is derived from it, and what was opened last. */
interface Sealing {
  readonly secret: Uint8Array;
  readonly locatorKey: KeyObject;
  /**
   * Deriving a key and opening a seal costs more than the rest of a request, and the same bytes of
   * an id always open to the same value. The database is asked each time whether a record still
   * exists, and with which bytes.
   */
  readonly opened: Memory<{ readonly sealed: Uint8Array; readonly value: object }>;
  readonly places: Memory<Uint8Array>;
}

/**
 * Seals under `secret`: 32 random bytes that all instances of one bridge share. Throws `internal`
 * for any other length.
 */
export function createSeal(secret: Uint8Array): Seal {
  // An empty salt would be accepted, and then the id alone would seal.
  if (secret.length !== SECRET_BYTES)
    throw new BridgeError(
      'internal',
      `the sealing secret of the store must have ${SECRET_BYTES} bytes`,
    );
  const sealing: Sealing = {
    secret,
    locatorKey: createSecretKey(hkdf(secret, '', 'locator')),
    opened: createMemory(),
    places: createMemory(),
  };
  return {
    locate: (kind, id) => locate(sealing, kind, id),
    seal: (kind, id, value) => seal(keyOf(sealing, kind, id), bindingOf(kind, id), value),
    unseal: (kind, id, sealed) => unseal(sealing, { kind, id, sealed }),
  };
}

function locate({ places, locatorKey }: Sealing, kind: SealedKind, id: string): Uint8Array {
  const name = nameOf(kind, id);
  const known = places.get(name);
  if (known !== undefined) return known;
  const place = createHmac('sha256', locatorKey).update(`${kind}\0${id}`, 'utf8').digest();
  places.keep(name, place, place.byteLength);
  return place;
}

function seal(key: Uint8Array, binding: Uint8Array, value: object): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(binding);
  const text = JSON.stringify(value);
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), nonce, ciphertext, cipher.getAuthTag()]);
}

interface SealedRecord {
  readonly kind: SealedKind;
  readonly id: string;
  readonly sealed: Uint8Array;
}

function unseal<T extends object>(sealing: Sealing, record: SealedRecord): T | undefined {
  const { kind, id, sealed } = record;
  const { opened } = sealing;
  const name = nameOf(kind, id);
  const found = opened.get(name);
  if (found !== undefined && Buffer.compare(found.sealed, sealed) === 0) return found.value as T;
  const value = open<T>(sealing, record);
  if (value === undefined) return undefined;
  const kept = { sealed: Uint8Array.from(sealed), value: deeplyFrozen(value) };
  opened.keep(name, kept, sealed.byteLength);
  return value;
}

function open<T extends object>(
  sealing: Sealing,
  { kind, id, sealed }: SealedRecord,
): T | undefined {
  if (sealed.length < HEADER_BYTES + TAG_BYTES || sealed[0] !== VERSION) return undefined;
  const nonce = sealed.subarray(1, HEADER_BYTES);
  const ciphertext = sealed.subarray(HEADER_BYTES, -TAG_BYTES);
  const key = keyOf(sealing, kind, id);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(bindingOf(kind, id)).setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    const text = Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    return JSON.parse(text.toString('utf8')) as T;
  } catch {
    return undefined;
  }
}

function keyOf({ secret }: Sealing, kind: SealedKind, id: string): Uint8Array {
  return hkdf(id, secret, kind);
}

function hkdf(key: string | Uint8Array, salt: string | Uint8Array, use: string): Uint8Array {
  return new Uint8Array(
    hkdfSync('sha256', key, salt, `rolebridge store v${VERSION} ${use}`, KEY_BYTES),
  );
}

/** The name of a record in memory, where no id is kept. */
function nameOf(kind: SealedKind, id: string): string {
  return hash('sha256', `${kind}\0${id}`, 'base64');
}

/** Values in memory are given to many callers. */
export function deeplyFrozen<T extends object>(value: T): T {
  for (const part of Object.values(value))
    if (typeof part === 'object' && part !== null) deeplyFrozen(part);
  return Object.freeze(value);
}

/** Additional authenticated data: binds sealed bytes to their row. */
function bindingOf(kind: SealedKind, id: string): Uint8Array {
  return Buffer.concat([Buffer.from(`${kind}\0`), hashOf(id)]);
}
