import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COMPATIBLE, type Compatible, LIMITS, type ReportedRow } from '../support/compatibility.ts';
import { differences, PARTLY, PASSED, rowsOf, UNSUPPORTED, withReported } from './compatibility.ts';
import { readPage } from './pages.ts';

const TABLES = ['Providers', 'Clients'] as const;

describe('docs/interoperability.md', () => {
  const page = readPage('interoperability.md');
  const declared: readonly Compatible[] = Object.values(COMPATIBLE);

  for (const table of TABLES) {
    it(`has a row for each of the declared ${table}, and no other`, () => {
      assert.deepEqual(
        rowsOf(page, table).map(({ name, by }) => [name, by]),
        declared.filter(row => row.table === table).map(({ name, by }) => [name, by]),
      );
    });

    it(`says of each of the ${table} which version passed, or what it cannot do, and when`, () => {
      for (const { name, version, shown, result, day } of rowsOf(page, table)) {
        const [verdict = '', ...limits] = result.split(/: |, /);
        assert.ok([PASSED, PARTLY, UNSUPPORTED].includes(verdict), `${name}: ${result}`);
        assert.equal(limits.length > 0, verdict !== PASSED, name);
        assert.deepEqual(
          limits.filter(limit => !LIMITS.includes(limit)),
          [],
          name,
        );
        assert.equal(shown === '', verdict === UNSUPPORTED, name);
        assert.match(version, /\d/, name);
        assert.match(day, /^\d{4}-\d{2}-\d{2}$/, name);
      }
    });
  }
});

describe('docs:compatibility', () => {
  const head = (first: string): string =>
    `| ${first} | version | by | shown | result | day |\n|---|---|---|---|---|---|\n`;
  const PAGE = [
    '# T\n\n| shown | meaning |\n|---|---|\n| alice | signs in |\n\n',
    `${head('provider')}| A | 1 | SAML | alice | passed | 2026-01-01 |\n\nText.\n\n`,
    head('client'),
  ].join('');
  const DECLARED = {
    a: { table: 'Providers', name: 'A', by: 'SAML' },
    b: { table: 'Clients', name: 'B', by: 'S3' },
  } as const;
  const report = (change: Partial<ReportedRow> = {}): ReportedRow => ({
    ...{ id: 'a', version: '2', shown: { alice: 'passed', bob: 'passed' }, day: '2026-02-02' },
    ...change,
  });

  it('writes what was reported, and nothing else', () => {
    const written = withReported(PAGE, [report(), report({ id: 'b' })], DECLARED);
    const expected = PAGE.replace('A | 1 | SAML | alice', 'A | 2 | SAML | alice, bob').replace(
      '2026-01-01',
      '2026-02-02',
    );
    assert.equal(written, `${expected}| B | 2 | S3 | alice, bob | passed | 2026-02-02 |\n`);
  });

  it('keeps a row that no run reported, and drops one that is no longer declared', () => {
    const { b } = DECLARED;
    const providers = rowsOf(withReported(PAGE, [], DECLARED), 'Providers');
    assert.deepEqual(providers, rowsOf(PAGE, 'Providers'));
    assert.deepEqual(rowsOf(withReported(PAGE, [], { b }), 'Providers'), []);
  });

  it('says that a declared row was not run', () => {
    const [row] = rowsOf(withReported(PAGE, [], DECLARED), 'Clients');
    assert.deepEqual([row?.name, row?.result], ['B', 'not run']);
  });

  it('names what failed', () => {
    const shown = { alice: 'passed', bob: 'failed', carol: 'failed' } as const;
    const [row] = rowsOf(withReported(PAGE, [report({ shown })], DECLARED), 'Providers');
    assert.equal(row?.result, 'failed: bob, carol');
  });

  it('counts what a client cannot do as no pass', () => {
    const some = { credentials: 'passed', 'no reason': 'passed' } as const;
    const none = { 'rejects the profile': 'passed' } as const;
    const rows = [some, none].map(
      shown => rowsOf(withReported(PAGE, [report({ shown })], DECLARED), 'Providers')[0],
    );
    assert.deepEqual(
      rows.map(row => [row?.shown, row?.result]),
      [
        ['credentials', 'partly: no reason'],
        ['', 'unsupported: rejects the profile'],
      ],
    );
  });

  it('sees another result, and neither another version nor another day', () => {
    const same = { alice: 'passed' } as const;
    const { a } = DECLARED;
    const after = (row: ReportedRow) => differences(PAGE, withReported(PAGE, [row], { a }));
    assert.deepEqual(after(report({ shown: same })), []);
    assert.equal(after(report()).length, 1);
    assert.equal(after(report({ shown: { alice: 'failed' } })).length, 1);
  });
});
