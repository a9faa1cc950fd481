/**
 * The signing keys that a provider publishes (its JWKS), as sign-ins and logout tokens share them.
 * Does not own: what a token must say (oidc-client, oidc-logout-token).
 */
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import type { ServerMetadata } from 'openid-client';
import type { Clock } from '../core/ports.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import type { Outbound } from '../outbound.ts';
import { createKeyCache, isOfKeys, type KeyCache, type ReadKeys } from './key-cache.ts';
import { fetchKeySet } from './key-set.ts';

/** Older keys are fetched again. openid-client has the same limit, by the clock of the machine. */
const KEYS_FRESH: Seconds = 5 * MINUTE;
/** However many tokens with unknown keys arrive, they cause at most one fetch in this time. */
const FETCH_PAUSE: Seconds = 30;

export interface ProviderKeys {
  /** The keys that the last good sign-in or fetch left, unless they are old or in doubt. */
  known(metadata: ServerMetadata): JSONWebKeySet | undefined;
  keep(metadata: ServerMetadata, keys: JSONWebKeySet): void;
  /** A sign-in has failed with these keys: the next one fetches them again. */
  doubt(): void;
  /**
   * Verifies a token with the known keys, and once more with new ones if none of them fits.
   * Throws what `verify` throws, and `idp_unreachable`.
   */
  verifiedWith<T>(
    metadata: ServerMetadata,
    verify: (keyOf: JWTVerifyGetKey) => Promise<T>,
  ): Promise<T>;
}

export interface ProviderKeysOptions {
  readonly clock: Clock;
  readonly outbound: Outbound;
}

export function createProviderKeys({ clock, outbound }: ProviderKeysOptions): ProviderKeys {
  const life = { fresh: KEYS_FRESH, usable: KEYS_FRESH, pause: FETCH_PAUSE };
  let [cache, address]: [KeyCache, string | undefined] = [
    createKeyCache({ clock, life }),
    undefined,
  ];
  let doubted: JSONWebKeySet | undefined;
  /** Keys of another address are other keys. */
  const cacheOf = ({ jwks_uri: uri }: ServerMetadata): KeyCache => {
    if (address !== uri) [cache, address] = [createKeyCache({ clock, life }), uri];
    return cache;
  };
  return {
    known: metadata => {
      const keys = cacheOf(metadata).known()?.keys;
      return keys === doubted ? undefined : keys;
    },
    keep: (metadata, keys) => {
      doubted = undefined;
      cacheOf(metadata).keep(keys);
    },
    doubt: () => {
      doubted = cache.known()?.keys;
    },
    verifiedWith: (metadata, verify) => {
      const read = (): Promise<JSONWebKeySet> => fetchKeySet(outbound, metadata.jwks_uri!);
      return verifiedWith(cacheOf(metadata), read, verify);
    },
  };
}

async function verifiedWith<T>(
  cache: KeyCache,
  read: ReadKeys,
  verify: (keyOf: JWTVerifyGetKey) => Promise<T>,
): Promise<T> {
  const { keyOf } = await cache.current(read);
  try {
    return await verify(keyOf);
  } catch (fault) {
    const newer = isOfKeys(fault) ? await cache.newer(read) : undefined;
    if (newer === undefined) throw fault;
    return verify(newer.keyOf);
  }
}
