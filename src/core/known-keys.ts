/**
 * Keys that a bridge of this database has used: which key took the place of others that AWS and
 * identity providers still expect.
 *
 * A key that comes by a rotation is in the directory together with another one for a time. A key
 * that was never there with another one, although others were known, means a lost directory, a
 * volume that is not mounted, or the directory of another bridge.
 */
import type { Instant } from './time.ts';

export type KeyUse =
  | 'saml'
  | 'web-identity'
  | 'service-provider'
  | 'service-provider-encryption'
  | 'sealing';

/** The keys of one use in the directory, by their ids. */
export interface PresentKeys {
  readonly use: KeyUse;
  /** The one that signs or seals, or that identity providers encrypt to. */
  readonly active: string;
  /** The active one, the next and the previous one. */
  readonly published: readonly string[];
  /** When the active one was created, by its certificate. */
  readonly createdAt?: Instant | undefined;
}

/** A key that a bridge of this database has used or published. */
export interface KnownKey {
  readonly use: KeyUse;
  readonly id: string;
  /** When a bridge noted it. */
  readonly since: Instant;
  /** Another key of this use that was in the directory with it. */
  readonly beside?: string | undefined;
}

export type NewKey = Pick<KnownKey, 'use' | 'id' | 'beside'>;

/** A key in the place of others. */
export interface ReplacedKeys {
  readonly use: KeyUse;
  readonly active: string;
  readonly createdAt?: Instant | undefined;
  /** When a bridge noted the active one; undefined if none did. */
  readonly since?: Instant | undefined;
  /** The others, newest first; empty if the bridge has worked before, with unknown keys. */
  readonly before: readonly string[];
}

/** Keys of the directory that the database does not know yet. */
export function newKeys(
  present: readonly PresentKeys[],
  known: readonly KnownKey[],
): readonly NewKey[] {
  return present.flatMap(({ use, active, published }) => {
    const ids = idsOf(use, known);
    const companion = published.find(id => ids.has(id));
    return published
      .filter(id => !ids.has(id))
      .map(id => ({ use, id, beside: id === active ? companion : active }));
  });
}

/**
 * Uses whose active key took the place of others without a rotation. `known` is in the order in
 * which the keys were noted.
 */
export function replacedKeys(
  present: readonly PresentKeys[],
  known: readonly KnownKey[],
): readonly ReplacedKeys[] {
  return present.flatMap(({ use, active, published, createdAt }) => {
    const ofUse = known.filter(key => key.use === use);
    const at = ofUse.findIndex(({ id }) => id === active);
    const own = ofUse[at];
    const isRotated =
      own === undefined ? ofUse.some(({ id }) => published.includes(id)) : own.beside !== undefined;
    const before = ofUse
      .slice(0, at < 0 ? undefined : at)
      .map(({ id }) => id)
      .filter(id => !published.includes(id))
      .toReversed();
    if (isRotated || before.length === 0) return [];
    return [{ use, active, createdAt, since: own?.since, before }];
  });
}

function idsOf(use: KeyUse, known: readonly KnownKey[]): ReadonlySet<string> {
  return new Set(known.filter(key => key.use === use).map(({ id }) => id));
}
