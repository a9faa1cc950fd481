/**
 * Makes the records of people from the audit trail, for a store that was filled before there were
 * any.
 *
 * The trail says who signed in and under which names, and nothing of groups or attributes: those
 * stay unknown, and bound nothing, until the next sign-in.
 */
import type { ConnectorId, PersonId } from '../../core/identity.ts';
import type { PersonRecord } from '../../core/person-record.ts';
import type { Row, Value } from '../database.ts';
import type { Seal } from '../sealing.ts';
import type { Dialect } from './dialect.ts';

/** Rows to insert; one that is there already stays. */
export interface NewRows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Value[])[];
}

/**
 * How rows are made of rows: each database runs the query and inserts, in one transaction, in the
 * way that is fast for it.
 */
export interface Filling {
  readonly query: string;
  /** What the next rows of the query give. */
  take(rows: readonly Row[]): readonly NewRows[];
  /** What is left after the last row. */
  end(): readonly NewRows[];
  /** How far it is, for the log. */
  progress(): string;
}

export function fillPeople({ jsonText }: Dialect, seals: Seal): Filling {
  const names = jsonText('event', ['actor', 'username']);
  const connectors = jsonText('event', ['actor', 'connector']);
  let people: (readonly Value[])[] = [];
  let named: (readonly Value[])[] = [];
  let newest: Row | undefined;
  let done = 0;

  const keep = (row: Row): void => {
    const at = Number(row.at);
    const person = String(row.person) as PersonId;
    const record: PersonRecord = {
      person,
      connector: String(row.connector) as ConnectorId,
      username: String(row.username),
      signedInAt: at,
      assertedAt: at,
    };
    people.push([person, at, at, 1, 0, seals.seal('person', person, record)]);
    done += 1;
  };

  const made = (): NewRows[] => {
    const rows: NewRows[] = [
      {
        table: 'people',
        columns: ['person', 'asserted_at', 'signed_in_at', 'revision', 'generation', 'sealed'],
        rows: people,
      },
      { table: 'people_names', columns: ['name_hash', 'person'], rows: named },
    ];
    people = [];
    named = [];
    return rows;
  };

  return {
    query: `SELECT person, ${names} AS username, ${connectors} AS connector, max(at) AS at FROM audit_events
      WHERE type = 'sign-in.succeeded' AND person IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 4`,
    take: rows => {
      for (const row of rows) {
        named.push([seals.locate('person name', String(row.username)), String(row.person)]);
        if (newest !== undefined && newest.person !== row.person) keep(newest);
        newest = row;
      }
      return made();
    },
    end: () => {
      if (newest !== undefined) keep(newest);
      return made();
    },
    progress: () => `${done} users`,
  };
}
