/**
 * Where the two databases differ in the words of a schema. Statements on data do not differ
 * (store.ts).
 */
export interface Dialect {
  /** Any bytes. */
  readonly bytes: string;
  /** Milliseconds since 1970: 64 bits, which PostgreSQL's INTEGER does not have. */
  readonly instant: string;
  /** A primary key that the database counts up and never gives twice. */
  readonly counter: string;
  /** After the closing parenthesis of a table. SQLite checks column types only when told so. */
  readonly strict: string;
  /** A text in a column of JSON text, by its path. */
  jsonText(column: string, path: readonly string[]): string;
  /** Statements after which the table refuses every change to rows that are in it. */
  appendOnly(table: string): string;
  /**
   * Statements after which rows of an append-only table can be removed up to the newest `last_id`
   * of the table of its archives.
   */
  removableUpTo(table: string, archives: string): string;
  /** Statements after which rows of the table can be removed, and not changed. */
  unchangeable(table: string): string;
}

export const SQLITE: Dialect = {
  bytes: 'BLOB',
  instant: 'INTEGER',
  counter: 'INTEGER PRIMARY KEY AUTOINCREMENT',
  strict: ' STRICT',
  jsonText: (column, path) => `json_extract(${column}, '$.${path.join('.')}')`,
  // INSERT OR REPLACE removes the old row without asking the DELETE trigger, hence the third one.
  appendOnly: table =>
    [
      ['update', 'BEFORE UPDATE', ''],
      ['delete', 'BEFORE DELETE', ''],
      ['replace', 'BEFORE INSERT', ` WHEN EXISTS (SELECT 1 FROM ${table} WHERE id = NEW.id)`],
    ]
      .map(
        ([change, moment, condition]) =>
          `CREATE TRIGGER ${table}_no_${change} ${moment} ON ${table}${condition}\n` +
          `BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END;`,
      )
      .join('\n'),
  removableUpTo: (table, archives) =>
    `DROP TRIGGER ${table}_no_delete;\n` +
    `CREATE TRIGGER ${table}_no_delete BEFORE DELETE ON ${table}\n` +
    `WHEN OLD.id > (SELECT COALESCE(MAX(last_id), 0) FROM ${archives})\n` +
    `BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END;`,
  unchangeable: table =>
    `CREATE TRIGGER ${table}_no_update BEFORE UPDATE ON ${table}\n` +
    `BEGIN SELECT RAISE(ABORT, '${table} takes no change of a row'); END;`,
};

export const POSTGRES: Dialect = {
  bytes: 'BYTEA',
  instant: 'BIGINT',
  counter: 'BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  strict: '',
  jsonText: (column, path) => `${column}::json #>> '{${path.join(',')}}'`,
  appendOnly: table =>
    `CREATE FUNCTION ${table}_refuse_change() RETURNS trigger LANGUAGE plpgsql AS\n` +
    `$$ BEGIN RAISE EXCEPTION '${table} is append-only'; END $$;\n` +
    `CREATE TRIGGER ${table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ${table}\n` +
    `FOR EACH STATEMENT EXECUTE FUNCTION ${table}_refuse_change();`,
  // The archives are those of the schema of the table, whatever the search path of a session says.
  removableUpTo: (table, archives) =>
    `DROP TRIGGER ${table}_append_only ON ${table};\n` +
    `CREATE TRIGGER ${table}_append_only BEFORE UPDATE OR TRUNCATE ON ${table}\n` +
    `FOR EACH STATEMENT EXECUTE FUNCTION ${table}_refuse_change();\n` +
    `CREATE FUNCTION ${table}_refuse_removal() RETURNS trigger LANGUAGE plpgsql AS\n` +
    `$$ DECLARE archived BIGINT;\n` +
    `BEGIN\n` +
    `  EXECUTE format('SELECT COALESCE(MAX(last_id), 0) FROM %I.${archives}', TG_TABLE_SCHEMA)\n` +
    `    INTO archived;\n` +
    `  IF EXISTS (SELECT 1 FROM removed WHERE removed.id > archived) THEN\n` +
    `    RAISE EXCEPTION '${table} is append-only';\n` +
    `  END IF;\n` +
    `  RETURN NULL;\n` +
    `END $$;\n` +
    `CREATE TRIGGER ${table}_archived_only AFTER DELETE ON ${table}\n` +
    `REFERENCING OLD TABLE AS removed\n` +
    `FOR EACH STATEMENT EXECUTE FUNCTION ${table}_refuse_removal();`,
  unchangeable: table =>
    `CREATE FUNCTION ${table}_refuse_change() RETURNS trigger LANGUAGE plpgsql AS\n` +
    `$$ BEGIN RAISE EXCEPTION '${table} takes no change of a row'; END $$;\n` +
    `CREATE TRIGGER ${table}_unchangeable BEFORE UPDATE OR TRUNCATE ON ${table}\n` +
    `FOR EACH STATEMENT EXECUTE FUNCTION ${table}_refuse_change();`,
};
