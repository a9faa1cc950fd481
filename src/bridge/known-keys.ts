/**
 * Notes in the store which keys this bridge uses, and finds those that took the place of others
 * (core/known-keys).
 */
import {
  type KnownKey,
  newKeys,
  type PresentKeys,
  type ReplacedKeys,
  replacedKeys,
} from '../core/known-keys.ts';
import type { Clock, KnownKeys } from '../core/ports.ts';
import { DAY, type Instant } from '../core/time.ts';

interface Ports {
  readonly knownKeys: KnownKeys;
  readonly clock: Clock;
}

/** A key in the place of others, at the start that saw it first. */
export interface NoticedKeys extends ReplacedKeys {
  /** Whether it was made in the last day: the other side cannot have it. */
  readonly isFresh: boolean;
}

const FRESH_MILLISECONDS = DAY * 1000;

/**
 * Notes the keys of the directory. Each key in the place of others is given to one caller, also
 * when several instances start at the same time; a database that knows no keys gives none, unless
 * its audit trail is older than the key.
 */
export async function noteKeys(
  { knownKeys, clock }: Ports,
  present: readonly PresentKeys[],
): Promise<readonly NoticedKeys[]> {
  const before = await knownKeys.all();
  const missing = newKeys(present, before);
  if (missing.length === 0) return [];
  const now = clock.now();
  const noted = await knownKeys.note(missing, now);
  // Read again: another instance can have noted keys of its own meanwhile.
  const replaced = replacedKeys(present, await knownKeys.all());
  const unrecorded = await unrecordedKeys(knownKeys, present, before);
  return [...replaced, ...unrecorded]
    .filter(({ use, active }) => noted.some(key => key.use === use && key.id === active))
    .map(keys => ({ ...keys, isFresh: isFresh(keys, now) }))
    .filter(({ before: others, isFresh: fresh }) => others.length > 0 || fresh);
}

/** Keys that are younger than the audit trail of a database that has noted none of that use. */
async function unrecordedKeys(
  knownKeys: KnownKeys,
  present: readonly PresentKeys[],
  known: readonly KnownKey[],
): Promise<readonly ReplacedKeys[]> {
  if (known.length > 0) return [];
  const began = await knownKeys.trailBegan();
  if (began === undefined) return [];
  return present
    .filter(({ createdAt, published }) => published.length === 1 && began < (createdAt ?? began))
    .map(({ use, active, createdAt }) => ({ use, active, createdAt, before: [] }));
}

function isFresh({ createdAt }: ReplacedKeys, now: Instant): boolean {
  return createdAt !== undefined && now - createdAt < FRESH_MILLISECONDS;
}
