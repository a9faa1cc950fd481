/**
 * The signing keys that a provider publishes (its JWKS), as sign-ins and logout tokens share them.
 *
 * Owns: how old keys can become, and how often a token can have them fetched again. A logout token
 * comes from anyone, so it causes a request to the provider only now and then. Does not own: what a
 * token must say (oidc-client, oidc-logout-token).
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { ServerMetadata } from 'openid-client';
import { z } from 'zod';
import { BridgeError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import { type Instant, MINUTE, type Seconds } from '../core/time.ts';
import type { Outbound } from '../outbound.ts';
import { reaching } from './oidc-discovery.ts';

/** Older keys are fetched again. openid-client has the same limit, by the clock of the machine. */
const KEYS_FRESH: Seconds = 5 * MINUTE;
/** However many tokens with unknown keys arrive, they cause at most one fetch in this time. */
const FETCH_PAUSE: Seconds = 30;

const KeySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

export interface ProviderKeys {
  /** The keys that the last good sign-in or fetch left, unless they are old or in doubt. */
  known(): JSONWebKeySet | undefined;
  keep(keys: JSONWebKeySet): void;
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

interface Kept {
  readonly keys: JSONWebKeySet;
  readonly keyOf: JWTVerifyGetKey;
  readonly at: Instant;
}

interface State extends ProviderKeysOptions {
  kept: Kept | undefined;
  isInDoubt: boolean;
  /** The request in progress. */
  running: Promise<Kept> | undefined;
  fetchedAt: Instant;
}

export function createProviderKeys(options: ProviderKeysOptions): ProviderKeys {
  const state: State = {
    ...options,
    ...{ kept: undefined, isInDoubt: false },
    ...{ running: undefined, fetchedAt: Number.NEGATIVE_INFINITY },
  };
  return {
    known: () => (state.isInDoubt ? undefined : freshIn(state)?.keys),
    keep: keys => void keep(state, keys),
    doubt: () => {
      state.isInDoubt = true;
    },
    verifiedWith: (metadata, verify) => verifiedWith(state, metadata, verify),
  };
}

function freshIn({ kept, clock }: State): Kept | undefined {
  return kept !== undefined && clock.now() - kept.at < KEYS_FRESH * 1000 ? kept : undefined;
}

function keep(state: State, keys: JSONWebKeySet): Kept {
  state.isInDoubt = false;
  state.kept = { keys, keyOf: createLocalJWKSet(keys), at: state.clock.now() };
  return state.kept;
}

async function verifiedWith<T>(
  state: State,
  metadata: ServerMetadata,
  verify: (keyOf: JWTVerifyGetKey) => Promise<T>,
): Promise<T> {
  const known = freshIn(state);
  if (known === undefined) return verify((await fetched(state, metadata)).keyOf);
  try {
    return await verify(known.keyOf);
  } catch (fault) {
    if (!isOfKeys(fault) || !mayFetch(state)) throw fault;
    return verify((await fetched(state, metadata)).keyOf);
  }
}

/** A new key has a new id, or a provider without key ids has changed its key in place. */
function isOfKeys(fault: unknown): boolean {
  return (
    fault instanceof errors.JWKSNoMatchingKey ||
    fault instanceof errors.JWSSignatureVerificationFailed
  );
}

function mayFetch({ running, clock, fetchedAt }: State): boolean {
  return running !== undefined || clock.now() >= fetchedAt + FETCH_PAUSE * 1000;
}

/** One request at a time; callers in the meantime wait for the same one. */
async function fetched(state: State, metadata: ServerMetadata): Promise<Kept> {
  if (!mayFetch(state))
    throw unreachable(metadata, `asked less than ${FETCH_PAUSE} s ago, without success`);
  if (state.running === undefined) {
    state.fetchedAt = state.clock.now();
    state.running = request(state, metadata).then(keys => keep(state, keys));
    const over = (): void => {
      state.running = undefined;
    };
    state.running.then(over, over);
  }
  return state.running;
}

async function request({ outbound }: State, metadata: ServerMetadata): Promise<JSONWebKeySet> {
  const answer = await reaching(outbound, () => {})(metadata.jwks_uri!, {
    ...{ method: 'GET', headers: { accept: 'application/json' }, body: undefined },
    redirect: 'manual',
  });
  if (answer.status !== 200) throw unreachable(metadata, `answered with status ${answer.status}`);
  const keys = KeySet.safeParse(await answer.json().catch(() => undefined));
  if (!keys.success) throw unreachable(metadata, 'did not answer with a JSON Web Key Set');
  return keys.data;
}

function unreachable({ jwks_uri }: ServerMetadata, why: string): BridgeError {
  return new BridgeError('idp_unreachable', `${jwks_uri}: ${why}`);
}
