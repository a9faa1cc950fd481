/**
 * Makes the records of people from the audit trail, for a store that was filled before there were any.
 *
 * The trail says who signed in and under which names, and nothing of groups or attributes: those stay unknown, and bound
 * nothing, until the next sign-in.
 */
import type { ConnectorId, PersonId } from '../../core/identity.ts';
import type { PersonRecord } from '../../core/person-record.ts';
import type { Row, Value } from '../database.ts';
import type { Seal } from '../sealing.ts';
import type { Dialect } from './dialect.ts';

/** A statement to run, with `values[0]` for `$1` and so on. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** How rows are made of rows: the databases run the query and the statements in one transaction, each in its way. */
export interface Filling {
  readonly query: string;
  /** The statements that the next rows of the query ask for. */
  take(rows: readonly Row[]): readonly Statement[];
  /** Those that are left after the last row. */
  end(): readonly Statement[];
  /** How far it is, for the log. */
  progress(): string;
}

/** Rows of one INSERT: far below the parameters that a statement may have. */
const AT_ONCE = 500;

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

  /** Inserts what waits, many rows at once; a row that is there already stays. */
  const flush = (): Statement[] => {
    const statements = [
      ...inserts('people (person, asserted_at, signed_in_at, revision, generation, sealed)', people),
      ...inserts('people_names (name_hash, person)', named),
    ];
    people = [];
    named = [];
    return statements;
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
      return flush();
    },
    end: () => {
      if (newest !== undefined) keep(newest);
      return flush();
    },
    progress: () => `${done} users`,
  };
}

function inserts(table: string, rows: readonly (readonly Value[])[]): Statement[] {
  const statements: Statement[] = [];
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    const some = rows.slice(from, from + AT_ONCE);
    let parameter = 0;
    const places = some.map(row => `(${row.map(() => `$${++parameter}`).join(', ')})`).join(', ');
    statements.push({ sql: `INSERT INTO ${table} VALUES ${places} ON CONFLICT DO NOTHING`, values: some.flat() });
  }
  return statements;
}
