import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { POSTGRES, SQLITE } from '../../src/store/migrations/dialect.ts';
import { stepsFor } from '../../src/store/migrations/migrations.ts';
import { changesBeyondAdding } from './migrations.ts';

describe('the steps of the schema', () => {
  for (const [name, dialect] of Object.entries({ SQLITE, POSTGRES }))
    it(`only add in ${name}, so that an older replica goes on beside a newer one`, () => {
      for (const { number, sql } of stepsFor(dialect))
        assert.deepEqual(changesBeyondAdding(sql), [], `step ${number}`);
    });
});

describe('the law on steps of the schema', () => {
  for (const sql of [
    'DROP TABLE sessions;',
    'ALTER TABLE sessions DROP COLUMN person;',
    'DROP INDEX sessions_person;',
    'ALTER TABLE sessions RENAME COLUMN person TO who;',
    'ALTER TABLE sessions RENAME TO browser_sessions;',
    'ALTER TABLE sessions ALTER COLUMN person TYPE BYTEA;',
    'ALTER TABLE sessions ALTER person SET NOT NULL;',
    'ALTER TABLE sessions ADD CONSTRAINT one UNIQUE (person);',
    'ALTER TABLE sessions ADD COLUMN shape TEXT NOT NULL;',
    'ALTER TABLE sessions ADD shape TEXT NOT NULL',
    'CREATE TABLE a (b TEXT);\nDELETE FROM sessions;',
    'UPDATE sessions SET person = NULL;',
  ])
    it(`finds ${JSON.stringify(sql)}`, () => {
      assert.equal(changesBeyondAdding(sql).length, 1);
    });

  for (const sql of [
    'ALTER TABLE sessions ADD COLUMN shape TEXT;',
    'ALTER TABLE sessions ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;',
    'ALTER TABLE sessions ADD COLUMN revision INTEGER DEFAULT 0 NOT NULL;',
    'CREATE TABLE a (b TEXT NOT NULL REFERENCES c (d) ON DELETE CASCADE);',
    'DROP TRIGGER audit_events_no_delete;',
  ])
    it(`allows ${JSON.stringify(sql)}`, () => {
      assert.deepEqual(changesBeyondAdding(sql), []);
    });
});
