/**
 * The keys of a set that can verify tokens of an entry of `workloads`, and why others cannot.
 *
 * Does not own: where the set is, nor how long it counts (platform-keys.ts).
 */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { JSONWebKeySet, JWK } from 'jose';
import { listed } from '../../core/listed.ts';
import { bulkOf } from '../json-bulk.ts';
import { keySetIn, unreachable } from '../key-set.ts';
import { rsaWeakness } from '../rsa-weakness.ts';
import type { JwtEntry } from './entry.ts';
import { algorithmsOf } from './token-checks.ts';

type Entry = Pick<JwtEntry, 'kind' | 'id'>;

const MAX_KEYS = 200;
/** Members that only a private or symmetric key has (RFC 7518 section 6). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;
/** Members that a public key needs, by its `kty` (RFC 7518 section 6, RFC 8037 section 2). */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  RSA: ['n', 'e'],
  EC: ['crv', 'x', 'y'],
  OKP: ['crv', 'x'],
};
const ALGORITHMS: Readonly<Record<string, RegExp>> = { RSA: /^[PR]S/, EC: /^ES/, OKP: /^Ed/ };
/** Curves of these algorithms. */
const CURVES: Readonly<Record<string, readonly unknown[]>> = {
  EC: ['P-256', 'P-384', 'P-521'],
  OKP: ['Ed25519'],
};
/** A SPIFFE bundle marks the keys of JWT-SVIDs, beside those of X.509-SVIDs. */
const USES: Readonly<Record<JwtEntry['kind'], readonly unknown[]>> = {
  issuer: [undefined, 'sig'],
  spiffe: [undefined, 'sig', 'jwt-svid'],
};

/** The set in a file; `name` is for the error. Throws `idp_unreachable`. */
export function keySetOfFile(bytes: Uint8Array, name: string): JSONWebKeySet {
  const bulk = bulkOf(bytes);
  if (bulk !== undefined) throw unreachable(name, bulk);
  const keys = keySetIn(parsed(new TextDecoder().decode(bytes)));
  if (keys === undefined) throw unreachable(name, 'is not a JSON Web Key Set');
  return keys;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The public signature keys of the set. `use` is left out: jose does not know `jwt-svid`. Throws
 * `idp_unreachable` if there is none.
 */
export function usableKeys({ keys }: JSONWebKeySet, { kind, id }: Entry): JSONWebKeySet {
  const usable = keys.filter(key => isForTokens(key, kind));
  if (usable.length === 0)
    throw unreachable(
      `workloads.${id}`,
      'its key set has no public signature key; private and symmetric keys do not count',
    );
  if (usable.length > MAX_KEYS)
    throw unreachable(`workloads.${id}`, `its key set has more than ${MAX_KEYS} keys`);
  return { keys: usable.map(({ use: _, ...key }: JWK) => key as JWK & { kty: string }) };
}

function isForTokens(key: JWK, kind: JwtEntry['kind']): boolean {
  return (
    Object.hasOwn(NEEDED, String(key.kty)) &&
    USES[kind].includes(key.use) &&
    !SECRET_MEMBERS.some(member => Object.hasOwn(key, member))
  );
}

/** What the keys of a set are good for. */
export interface JudgedKeys {
  /** How many can verify tokens. */
  readonly good: number;
  /** The others of those that are for tokens, with the reason: `key 2 lacks n and e`. */
  readonly bad: readonly string[];
}

/** Throws `idp_unreachable`, as `usableKeys`. */
export function judgedKeys(set: JSONWebKeySet, entry: Entry): JudgedKeys {
  usableKeys(set, entry);
  const judged = set.keys.flatMap((key, at) =>
    isForTokens(key, entry.kind) ? [{ number: at + 1, why: whyUnfit(key, entry.kind) }] : [],
  );
  const bad = judged.filter(({ why }) => why !== undefined);
  return {
    good: judged.length - bad.length,
    bad: bad.map(({ number, why }) => `key ${number} ${why}`),
  };
}

/** Why a key verifies no token, as the end of a sentence that repeats nothing of it. */
function whyUnfit(key: JWK, kind: JwtEntry['kind']): string | undefined {
  const kty = String(key.kty);
  const members: Readonly<Record<string, unknown>> = { ...key };
  const missing = NEEDED[kty]!.filter(name => !isText(members[name]));
  if (missing.length > 0) return `lacks ${listed(missing)}`;
  if (CURVES[kty]?.includes(key.crv) === false)
    return `is on another curve than ${listed(CURVES[kty].map(String))}`;
  const algorithms = algorithmsOf(kind).filter(name => ALGORITHMS[kty]!.test(name));
  if (algorithms.length === 0) return 'is of a kind that signs no token of this entry';
  if (key.alg !== undefined && !algorithms.includes(key.alg))
    return 'names an algorithm (alg) that no token can have';
  if (key.key_ops !== undefined && !isList(key.key_ops, 'verify'))
    return 'cannot verify signatures by its key_ops';
  const publicKey = publicKeyOf(key);
  if (publicKey === undefined) return `has members that make no ${kty} key`;
  return kty === 'RSA' ? rsaWeakness(publicKey) : undefined;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isList(value: unknown, member: string): boolean {
  return Array.isArray(value) && value.includes(member);
}

function publicKeyOf(key: JWK): KeyObject | undefined {
  try {
    return createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
  } catch {
    return undefined;
  }
}
