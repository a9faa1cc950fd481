/**
 * The schema as numbered steps, forward only, each written once for both databases.
 *
 * A released step is never edited: its SHA-256 is kept in the database and compared at every start,
 * so that a schema is known by what was run and not by hope. A change to the schema is a further
 * file here.
 */
import { createHash } from 'node:crypto';
import { BridgeError } from '../../core/errors.ts';
import type { StoreFacts } from '../../core/host-facts.ts';
import type { Seal } from '../sealing.ts';
import { firstTables } from './0001-first-tables.ts';
import { cliSessions } from './0002-cli-sessions.ts';
import { strangerEvents } from './0003-stranger-events.ts';
import { people } from './0004-people.ts';
import { containerTokens } from './0005-container-tokens.ts';
import { providerSessions } from './0006-provider-sessions.ts';
import { elevations } from './0007-elevations.ts';
import { workloads } from './0008-workloads.ts';
import { roleUses } from './0009-role-uses.ts';
import { knownKeys } from './0010-known-keys.ts';
import { keptMetadata } from './0011-kept-metadata.ts';
import { trailArchives } from './0012-trail-archives.ts';
import type { Dialect } from './dialect.ts';
import { type Filling, fillPeople } from './fill-people.ts';

/** A step in the words of one database, ready to run. */
export interface Step {
  readonly number: number;
  readonly sql: string;
  /** SHA-256 of `sql` in hexadecimal. */
  readonly checksum: string;
  /**
   * Run after `sql`, in the same transaction, when rows must be made of rows that were there
   * before.
   */
  readonly fill?: ((dialect: Dialect, seals: Seal) => Filling) | undefined;
}

interface WrittenStep {
  readonly write: (dialect: Dialect) => string;
  readonly fill?: Step['fill'];
}

const STEPS: readonly WrittenStep[] = [
  { write: firstTables },
  { write: cliSessions },
  { write: strangerEvents },
  { write: people, fill: fillPeople },
  { write: containerTokens },
  { write: providerSessions },
  { write: elevations },
  { write: workloads },
  { write: roleUses },
  { write: knownKeys },
  { write: keptMetadata },
  { write: trailArchives },
];

/** The schema that this version knows. */
export const NEWEST_STEP = STEPS.length;

/** The table that says which steps were run; the same statement in both databases. */
export const CREATE_MIGRATIONS_TABLE =
  'CREATE TABLE rolebridge_migrations (number INTEGER PRIMARY KEY, checksum TEXT NOT NULL)';

/** Every step for one database, in order. */
export function stepsFor(dialect: Dialect): readonly Step[] {
  return STEPS.map(({ write, fill }, index) => {
    const sql = write(dialect);
    return {
      number: index + 1,
      sql,
      checksum: createHash('sha256').update(sql).digest('hex'),
      fill,
    };
  });
}

/** A row of `rolebridge_migrations`. */
export interface AppliedStep {
  readonly number: number;
  readonly checksum: string;
}

/**
 * The steps that the database still needs; `place` names it in messages. Throws `unavailable` when
 * it has steps that this version does not know, or was made by other ones.
 */
export function pendingSteps(
  place: string,
  dialect: Dialect,
  applied: readonly AppliedStep[],
): readonly Step[] {
  const steps = stepsFor(dialect);
  const newest = Math.max(0, ...applied.map(row => row.number));
  if (newest > steps.length) {
    throw new BridgeError(
      'unavailable',
      `${place} has schema ${newest} of a newer rolebridge, and this one knows ${steps.length}; run the newer version, or restore a backup from before it`,
    );
  }
  for (const { number, checksum } of applied) {
    if (steps[number - 1]?.checksum === checksum) continue;
    throw new BridgeError(
      'unavailable',
      `${place} has a schema step ${number} that is not the one of this version; restore a backup, or point the store at an empty database`,
    );
  }
  const known = new Set(applied.map(row => row.number));
  return steps.filter(step => !known.has(step.number));
}

/** What a look at a database says of its schema, without a change. */
export function schemaOf(
  place: string,
  dialect: Dialect,
  applied: readonly AppliedStep[],
): Pick<StoreFacts, 'pendingSteps' | 'fault'> {
  try {
    return { pendingSteps: pendingSteps(place, dialect, applied).length };
  } catch (thrown) {
    const newest = Math.max(0, ...applied.map(({ number }) => number));
    const message = thrown instanceof BridgeError ? thrown.message : String(thrown);
    return {
      pendingSteps: 0,
      fault: { kind: newest > STEPS.length ? 'newer' : 'foreign', message },
    };
  }
}
