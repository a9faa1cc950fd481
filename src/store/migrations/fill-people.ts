/**
 * Creates the records of users from the audit trail, for a store that is older than these records.
 *
 * The trail names users and contains neither groups nor attributes: these stay unknown, and limit
 * nothing, until the next sign-in.
 */
import type { ConnectorId, PersonId } from '../../core/identity.ts';
import type { PersonRecord } from '../../core/person-record.ts';
import type { Row, Value } from '../database.ts';
import type { Seal } from '../sealing.ts';
import type { Dialect } from './dialect.ts';

/** Rows to insert; existing rows stay. */
export interface NewRows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Value[])[];
}

/**
 * New rows from existing ones. Each database runs the query and inserts, in one transaction, in the
 * way that is fast for it.
 */
export interface Filling {
  readonly query: string;
  /** The new rows from the next rows of the query. */
  take(rows: readonly Row[]): readonly NewRows[];
  /** The new rows that remain after the last one. */
  end(): readonly NewRows[];
  /** For the log. */
  progress(): string;
}

/** Rows for the two tables, and the newest row of the user whose rows are being read. */
interface Progress {
  readonly seals: Seal;
  people: (readonly Value[])[];
  names: (readonly Value[])[];
  newest: Row | undefined;
  done: number;
}

export function fillPeople({ jsonText }: Dialect, seals: Seal): Filling {
  const names = jsonText('event', ['actor', 'username']);
  const connectors = jsonText('event', ['actor', 'connector']);
  const progress: Progress = { seals, people: [], names: [], newest: undefined, done: 0 };
  return {
    query: `SELECT person, ${names} AS username, ${connectors} AS connector, max(at) AS at FROM audit_events
      WHERE type = 'sign-in.succeeded' AND person IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 4`,
    take: rows => {
      for (const row of rows) add(progress, row);
      return newRows(progress);
    },
    end: () => {
      keepNewest(progress);
      return newRows(progress);
    },
    progress: () => `${progress.done} users`,
  };
}

/** Rows of one user follow each other, the newest last. */
function add(progress: Progress, row: Row): void {
  const { seals, names, newest } = progress;
  names.push([seals.locate('person name', String(row.username)), String(row.person)]);
  if (newest?.person !== row.person) keepNewest(progress);
  progress.newest = row;
}

function keepNewest(progress: Progress): void {
  const { seals, people, newest } = progress;
  if (newest === undefined) return;
  const at = Number(newest.at);
  const person = String(newest.person) as PersonId;
  const record: PersonRecord = {
    person,
    connector: String(newest.connector) as ConnectorId,
    username: String(newest.username),
    signedInAt: at,
    assertedAt: at,
  };
  people.push([person, at, at, 1, 0, seals.seal('person', person, record)]);
  progress.done += 1;
}

function newRows(progress: Progress): NewRows[] {
  const { people, names } = progress;
  progress.people = [];
  progress.names = [];
  return [
    {
      table: 'people',
      columns: ['person', 'asserted_at', 'signed_in_at', 'revision', 'generation', 'sealed'],
      rows: people,
    },
    { table: 'people_names', columns: ['name_hash', 'person'], rows: names },
  ];
}
