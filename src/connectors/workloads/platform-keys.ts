/**
 * The public keys of one entry of `workloads`, kept up to date: by discovery, from an address, or
 * from a file that a cluster's operator replaces.
 *
 * Keys belong to the entry: two clusters can have one issuer, and the keys of the one say nothing
 * of the other. A platform that is down makes its keys old, and stops nothing else.
 */
import { readFile } from 'node:fs/promises';
import type { JSONWebKeySet, JWK } from 'jose';
import { z } from 'zod';
import type { Clock } from '../../core/ports.ts';
import type { Availability } from '../../core/sign-in.ts';
import { HOUR, MINUTE, type Seconds } from '../../core/time.ts';
import type { WorkloadEntryId } from '../../core/workload.ts';
import type { Outbound } from '../../outbound.ts';
import { bulkOf } from '../json-bulk.ts';
import { createKeyCache, type KeyLife, type KeySet } from '../key-cache.ts';
import { fetchJson, fetchKeySet, keySetIn, unreachable } from '../key-set.ts';
import { allowsHttp, isEndpoint } from '../oidc-metadata.ts';
import { followingPermanently } from '../permanent-redirect.ts';
import type { JwtEntry } from './entry.ts';

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
const MAX_KEYS = 200;

export interface PlatformKeys {
  /** What was read and is fresh; sends no request. */
  known(): KeySet | undefined;
  /** Throws what reading throws. */
  current(): Promise<KeySet>;
  /** Undefined if they were read just now. Throws what reading throws. */
  newer(): Promise<KeySet | undefined>;
  renewSoon(): void;
}

export interface PlatformKeysOptions {
  readonly outbound: Outbound;
  readonly clock: Clock;
  /** Called when reading begins to fail, for another reason, or works again. */
  readonly onChange?: ((entry: WorkloadEntryId, availability: Availability) => void) | undefined;
}

export function createPlatformKeys(
  entry: JwtEntry,
  { outbound, clock, onChange }: PlatformKeysOptions,
): PlatformKeys {
  const life = entry.keys.kind === 'file' ? ON_DISK : FETCHED;
  const cache = createKeyCache({ clock, life });
  let fault: string | undefined = 'not read yet';
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
      const keys = usableKeys(entry, await published(entry, outbound));
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
  };
}

async function published(entry: JwtEntry, outbound: Outbound): Promise<JSONWebKeySet> {
  const { keys } = entry;
  if (keys.kind === 'file') return keySetOfFile(keys.file);
  if (keys.kind === 'url') return fetchKeySet(outbound, keys.url);
  return fetchKeySet(outbound, await keySetAddress((entry as IssuerEntry).issuer, outbound));
}

type IssuerEntry = Extract<JwtEntry, { kind: 'issuer' }>;

async function keySetOfFile(file: string): Promise<JSONWebKeySet> {
  const bytes = await readFile(file);
  const bulk = bulkOf(bytes);
  if (bulk !== undefined) throw unreachable(file, bulk);
  const keys = keySetIn(parsed(bytes.toString('utf8')));
  if (keys === undefined) throw unreachable(file, 'is not a JSON Web Key Set');
  return keys;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

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

/** Members that only a private or symmetric key has (RFC 7518 section 6). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;
const PUBLIC_TYPES: readonly unknown[] = ['RSA', 'EC', 'OKP'];
/** A SPIFFE bundle marks the keys of JWT-SVIDs, beside those of X.509-SVIDs. */
const USES: Readonly<Record<JwtEntry['kind'], readonly unknown[]>> = {
  issuer: [undefined, 'sig'],
  spiffe: [undefined, 'sig', 'jwt-svid'],
};

/** The public signature keys of the set. `use` is left out: jose does not know `jwt-svid`. */
function usableKeys({ kind, id }: JwtEntry, { keys }: JSONWebKeySet): JSONWebKeySet {
  const usable = keys.filter(
    key =>
      PUBLIC_TYPES.includes(key.kty) &&
      USES[kind].includes(key.use) &&
      !SECRET_MEMBERS.some(member => Object.hasOwn(key, member)),
  );
  if (usable.length === 0)
    throw unreachable(
      `workloads.${id}`,
      'its key set has no public signature key; private and symmetric keys do not count',
    );
  if (usable.length > MAX_KEYS)
    throw unreachable(`workloads.${id}`, `its key set has more than ${MAX_KEYS} keys`);
  return { keys: usable.map(({ use: _, ...key }: JWK) => key as JWK & { kty: string }) };
}
