/**
 * The public keys of one entry of `workloads`, kept up to date: by discovery, from an address, or
 * from a file that a cluster's operator replaces.
 *
 * Keys belong to the entry: two clusters can have one issuer, and the keys of the one say nothing
 * of the other. A platform that is down makes its keys old, and stops nothing else.
 */
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';
import type { Clock } from '../../core/ports.ts';
import type { Availability } from '../../core/sign-in.ts';
import { HOUR, MINUTE, type Seconds } from '../../core/time.ts';
import type { WorkloadEntryId } from '../../core/workload.ts';
import type { Outbound } from '../../outbound.ts';
import { createKeyCache, type KeyCache, type KeyLife, type KeySet } from '../key-cache.ts';
import { fetchJson, fetchKeySet, unreachable } from '../key-set.ts';
import { allowsHttp, isEndpoint } from '../oidc-metadata.ts';
import { followingPermanently } from '../permanent-redirect.ts';
import type { JwtEntry } from './entry.ts';
import { keySetOfFile, usableKeys } from './usable-keys.ts';

/**
 * Keys that cannot be read again serve for a night. It is the longest time that a key counts which
 * the platform has withdrawn, if an attacker keeps its address from us.
 */
const USABLE: Seconds = 12 * HOUR;
/** An unknown key id is looked up at the platform at once, so that a new key counts at once. */
const FETCHED: KeyLife = {
  fresh: 10 * MINUTE,
  usable: USABLE,
  pause: MINUTE,
  pauseWithoutKeys: 5,
};
/** A file is read again soon, so that keys that are removed from it stop counting. */
const ON_DISK: KeyLife = { fresh: 5, usable: USABLE, pause: 1 };

export interface PlatformKeys {
  /** What was read and is fresh; sends no request. */
  known(): KeySet | undefined;
  /** Throws what reading throws. */
  current(): Promise<KeySet>;
  /** Undefined if they were read just now. Throws what reading throws. */
  newer(): Promise<KeySet | undefined>;
  renewSoon(): void;
  memory(): PlatformMemory;
}

/** What is known of the keys of an entry, for the same entry of a later configuration. */
export interface PlatformMemory {
  readonly entry: JwtEntry;
  readonly cache: KeyCache;
  /** Why they cannot be read; undefined if they can. */
  readonly fault: string | undefined;
}

export interface PlatformKeysOptions {
  readonly outbound: Outbound;
  readonly clock: Clock;
  /** Called when reading begins to fail, for another reason, or works again. */
  readonly onChange?: ((entry: WorkloadEntryId, availability: Availability) => void) | undefined;
  /** What an earlier configuration knew. */
  readonly before?: readonly PlatformMemory[] | undefined;
}

export function createPlatformKeys(
  entry: JwtEntry,
  { outbound, clock, onChange, before = [] }: PlatformKeysOptions,
): PlatformKeys {
  const isFile = entry.keys.kind === 'file';
  // A file is read at once, and can be another one now.
  const known = isFile ? undefined : before.find(memory => isDeepStrictEqual(memory.entry, entry));
  const { cache, fault: earlier } = known ?? {
    cache: createKeyCache({ clock, life: isFile ? ON_DISK : FETCHED }),
    fault: 'not read yet',
  };
  let fault = earlier;
  const become = (next: string | undefined): void => {
    if (next === fault) return;
    fault = next;
    onChange?.(
      entry.id,
      next === undefined
        ? { state: 'ready' }
        : { state: 'unavailable', reason: next, since: clock.now() },
    );
  };
  const read = async (): Promise<JSONWebKeySet> => {
    try {
      const keys = usableKeys(await published(entry, outbound), entry);
      become(undefined);
      return keys;
    } catch (thrown) {
      become((thrown as Error).message);
      throw thrown;
    }
  };
  return {
    known: cache.known,
    current: () => cache.current(read),
    newer: () => cache.newer(read),
    renewSoon: () => cache.renewSoon(read),
    memory: () => ({ entry, cache, fault }),
  };
}

async function published(entry: JwtEntry, outbound: Outbound): Promise<JSONWebKeySet> {
  const { keys } = entry;
  if (keys.kind === 'file') return keySetOfFile(await readFile(keys.file), keys.file);
  if (keys.kind === 'url') return fetchKeySet(outbound, keys.url);
  return fetchKeySet(outbound, await keySetAddress((entry as IssuerEntry).issuer, outbound));
}

type IssuerEntry = Extract<JwtEntry, { kind: 'issuer' }>;

const SETTING = 'set jwks.url to the address of the key set';
const Discovery = z.looseObject({ issuer: z.string(), jwks_uri: z.string().max(2048) });

/** `jwks_uri` of the issuer (OpenID Connect Discovery 1.0, section 4). */
async function keySetAddress(issuer: string, outbound: Outbound): Promise<string> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const following = followingPermanently(outbound, SETTING);
  const document = Discovery.safeParse(await fetchJson(following, address)).data;
  if (document === undefined) throw unreachable(address, 'has no issuer, or no jwks_uri');
  if (document.issuer !== issuer)
    throw unreachable(address, 'is of another issuer; the configured one must be exactly the same');
  if (!isEndpoint(allowsHttp(issuer))(document.jwks_uri))
    throw unreachable(address, 'jwks_uri is not a plain https URL');
  return document.jwks_uri;
}
