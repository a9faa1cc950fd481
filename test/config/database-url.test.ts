import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import pg from 'pg';
import { databaseUrlProblem } from '../../src/config/database-url.ts';
import { ENV, said, spoiled, written } from './written.ts';

const POSTGRES = spoiled(
  '{ sqlite: data/rolebridge.db }',
  '{ postgres: { url: { env: DATABASE_URL } } }',
);
const FAR = 'postgresql://bridge:s3cret@db.example.com:5432/rolebridge';

/**
 * What is said of each URL, and how pg would connect: in plain text, by TLS to anybody, or by TLS
 * to the right server.
 */
const CASES: readonly (readonly [
  url: string,
  said: 'problem' | 'warning' | 'nothing',
  way: 'plain' | 'anybody' | 'verified',
])[] = [
  [FAR, 'problem', 'plain'],
  [`${FAR}?sslmode=`, 'problem', 'plain'],
  [`${FAR}?sslmode=disable`, 'problem', 'plain'],
  [`${FAR}?sslmode=verify-full&sslmode=disable`, 'problem', 'plain'],
  [`${FAR}?SSLMODE=verify-full`, 'problem', 'plain'],
  ['postgresql://bridge@localhost/rolebridge?host=db.example.com', 'problem', 'plain'],
  ['postgresql://bridge@127.1/rolebridge', 'problem', 'plain'],
  ['postgresql://bridge@localhost.example.com/rolebridge', 'problem', 'plain'],
  ['postgresql://bridge@127.0.0.1,db.example.com/rolebridge', 'problem', 'plain'],
  ['postgresql://bridge@127.0.0.1,db.example.com?sslmode=disable', 'problem', 'plain'],
  [
    'postgresql://bridge@db.example.com/rolebridge?host=a,b&sslmode=verify-full',
    'problem',
    'verified',
  ],
  ['postgresql://bridge@localhost/rolebridge?target_session_attrs=standby', 'problem', 'plain'],
  [
    'postgresql://bridge@localhost,127.0.0.1/rolebridge?target_session_attrs=read-write',
    'nothing',
    'plain',
  ],
  [
    'postgresql://bridge@a.example.com,b.example.com/rolebridge?sslmode=require',
    'warning',
    'verified',
  ],
  [
    'postgresql://bridge@a.example.com,b.example.com/rolebridge?sslmode=verify-full',
    'nothing',
    'verified',
  ],
  ['postgresql:///rolebridge', 'problem', 'plain'],
  [`${FAR}?sslmode=Disable`, 'problem', 'verified'],
  [`${FAR}?sslmode=allow`, 'problem', 'verified'],
  [`${FAR}?ssl=true`, 'problem', 'verified'],
  [`${FAR}?sslmode=no-verify`, 'warning', 'anybody'],
  [`${FAR}?sslmode=require&uselibpqcompat=true`, 'warning', 'anybody'],
  [`${FAR}?sslmode=prefer&uselibpqcompat=true`, 'warning', 'anybody'],
  [`${FAR}?sslmode=require`, 'warning', 'verified'],
  [`${FAR}?sslmode=verify-ca`, 'warning', 'verified'],
  [`${FAR}?sslmode=verify-full`, 'nothing', 'verified'],
  [`${FAR}?sslmode=disable&sslmode=verify-full`, 'nothing', 'verified'],
  [`${FAR}?sslmode=verify-full&ssl=0`, 'nothing', 'verified'],
  ['postgres://bridge@localhost/rolebridge', 'nothing', 'plain'],
  ['postgres://bridge@LOCALHOST/rolebridge', 'nothing', 'plain'],
  ['postgres://bridge@127.0.0.1:5433/rolebridge', 'nothing', 'plain'],
  ['postgres://bridge@[::1]/rolebridge?sslmode=disable', 'nothing', 'plain'],
  ['postgresql:///rolebridge?host=/var/run/postgresql', 'nothing', 'plain'],
  ['postgresql://bridge@%2Fvar%2Frun%2Fpostgresql/rolebridge', 'nothing', 'plain'],
  [
    'postgresql://bridge@db.example.com/rolebridge?host=%2Fvar%2Frun%2Fpostgresql',
    'nothing',
    'plain',
  ],
];

function wayOf(url: string): 'plain' | 'anybody' | 'verified' {
  const { ssl } = new pg.Client({ connectionString: url }) as unknown as {
    ssl: boolean | { readonly rejectUnauthorized?: boolean };
  };
  if (ssl === false) return 'plain';
  return typeof ssl === 'object' && ssl.rejectUnauthorized === false ? 'anybody' : 'verified';
}

describe('a database URL', () => {
  for (const [url, expected, way] of CASES) {
    it(`${url}: ${expected}`, () => {
      const problem = databaseUrlProblem(url);
      assert.equal(
        problem === undefined ? 'nothing' : problem.warning ? 'warning' : 'problem',
        expected,
      );
      assert.equal(wayOf(url), way, 'pg does something else than is assumed here');
      assert.doesNotMatch(JSON.stringify(problem ?? ''), /s3cret|example/);
    });
  }

  it('is rejected when it sends sessions in plain text', () =>
    written(async ({ check }) => {
      const { configuration, problems } = await check(POSTGRES, { ...ENV, DATABASE_URL: FAR });
      assert.deepEqual(said(problems), [
        '4:22 store.postgres.url: points at a database on another machine without sslmode, so passwords and sessions may go there in plain text. Write sslmode=verify-full into the URL, and sslrootcert=FILE if the certificate comes from a CA of your own.',
      ]);
      assert.equal(configuration, undefined);
    }));

  it('is accepted with a warning when it does not verify the server', () =>
    written(async ({ check }) => {
      const { configuration, warnings } = await check(POSTGRES, {
        ...ENV,
        DATABASE_URL: `${FAR}?sslmode=require`,
      });
      assert.deepEqual(said(warnings), [
        '4:22 store.postgres.url: points at a database on another machine with sslmode=require, which does not verify that it is the right machine. Write sslmode=verify-full into the URL, and sslrootcert=FILE if the certificate comes from a CA of your own.',
      ]);
      assert.deepEqual(configuration?.store, { kind: 'postgres', url: `${FAR}?sslmode=require` });
    }));
});
