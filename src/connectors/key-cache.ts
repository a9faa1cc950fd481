/**
 * A JSON Web Key Set (RFC 7517) that someone else publishes, kept for a time.
 *
 * Owns: how old keys can become, and how often callers can have them read again. A token comes from
 * anyone, so it causes a reading only now and then. Does not own: where the keys are, nor what a
 * token must say.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../core/ports.ts';
import type { Instant, Seconds } from '../core/time.ts';

export interface KeyLife {
  /** Older keys are read again before they are used. */
  readonly fresh: Seconds;
  /** Up to this age, keys that cannot be read again are used all the same. */
  readonly usable: Seconds;
  /** However many tokens arrive, they cause at most one reading in this time. */
  readonly pause: Seconds;
  /** The same while there are no usable keys. Default: `pause`. */
  readonly pauseWithoutKeys?: Seconds | undefined;
}

export interface KeySet {
  readonly keys: JSONWebKeySet;
  readonly keyOf: JWTVerifyGetKey;
  readonly at: Instant;
}

export type ReadKeys = () => Promise<JSONWebKeySet>;

export interface KeyCache {
  /** The fresh keys, if there are any; reads nothing. */
  known(): KeySet | undefined;
  keep(keys: JSONWebKeySet): KeySet;
  /** The fresh keys, or usable ones if they cannot be read. Throws what `read` throws. */
  current(read: ReadKeys): Promise<KeySet>;
  /**
   * Newer keys for a token that the current ones do not fit; undefined if these were read just now.
   * Throws what `read` throws.
   */
  newer(read: ReadKeys): Promise<KeySet | undefined>;
  /** Reads keys in the background that are soon no longer fresh, so that callers seldom wait. */
  renewSoon(read: ReadKeys): void;
}

interface State {
  readonly clock: Clock;
  readonly life: KeyLife;
  kept: KeySet | undefined;
  /** The reading in progress. */
  running: Promise<KeySet> | undefined;
  readAt: Instant;
  fault: unknown;
}

export function createKeyCache(options: {
  readonly clock: Clock;
  readonly life: KeyLife;
}): KeyCache {
  const state: State = {
    ...options,
    ...{ kept: undefined, running: undefined },
    ...{ readAt: Number.NEGATIVE_INFINITY, fault: undefined },
  };
  return {
    known: () => keptWithin(state, state.life.fresh),
    keep: keys => keep(state, keys),
    current: read => current(state, read),
    newer: async read => (mayRead(state) ? reading(state, read) : undefined),
    renewSoon: read => {
      if (keptWithin(state, state.life.fresh / 2) === undefined && mayRead(state))
        reading(state, read).catch(() => {});
    },
  };
}

/** A new key has a new id, or an issuer without key ids has changed its key in place. */
export function isOfKeys(fault: unknown): boolean {
  return (
    fault instanceof errors.JWKSNoMatchingKey ||
    fault instanceof errors.JWSSignatureVerificationFailed
  );
}

function keptWithin({ kept, clock }: State, seconds: Seconds): KeySet | undefined {
  return kept !== undefined && clock.now() - kept.at < seconds * 1000 ? kept : undefined;
}

function keep(state: State, keys: JSONWebKeySet): KeySet {
  state.kept = { keys, keyOf: createLocalJWKSet(keys), at: state.clock.now() };
  return state.kept;
}

async function current(state: State, read: ReadKeys): Promise<KeySet> {
  const fresh = keptWithin(state, state.life.fresh);
  if (fresh !== undefined) return fresh;
  const usable = keptWithin(state, state.life.usable);
  if (!mayRead(state)) {
    if (usable !== undefined) return usable;
    throw state.fault;
  }
  try {
    return await reading(state, read);
  } catch (fault) {
    if (usable !== undefined) return usable;
    throw fault;
  }
}

function mayRead(state: State): boolean {
  const { running, clock, life, readAt } = state;
  const { pause, pauseWithoutKeys = pause } = life;
  const wait = keptWithin(state, life.usable) === undefined ? pauseWithoutKeys : pause;
  return running !== undefined || clock.now() >= readAt + wait * 1000;
}

/** One reading at a time; callers in the meantime wait for the same one. */
function reading(state: State, read: ReadKeys): Promise<KeySet> {
  if (state.running === undefined) {
    state.readAt = state.clock.now();
    state.running = read()
      .then(keys => keep(state, keys))
      .catch((fault: unknown) => {
        state.fault = fault;
        throw fault;
      })
      .finally(() => {
        state.running = undefined;
      });
  }
  return state.running;
}
